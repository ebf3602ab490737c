package guard

import (
	"math"
	"time"
)

// budget is what a day has cost so far, and the calls that still cost something. It is pure: all instants come in.
type budget struct {
	day     string // "2026-01-31" in the configured zone
	minutes float64
	money   float64
	open    map[uint64]*running
}

// running is a permitted call.
type running struct {
	call     Call
	price    float64   // of a minute
	answered time.Time // zero while it rings
	begun    time.Time
	granted  float64 // minutes that it may have by now; those that have not begun count in the budget, but not in the bill
}

func newBudget() budget { return budget{open: map[uint64]*running{}} }

// turn begins a new day when there is one; calls that run over midnight are counted to the day in which they end.
func (b *budget) turn(day string) {
	if b.day != day {
		b.day, b.minutes, b.money = day, 0, 0
	}
}

// spent is what the day has cost if all running calls ended at now: one minute at least of each.
func (b *budget) spent(now time.Time) (minutes, money float64) {
	minutes, money = b.minutes, b.money
	for _, r := range b.open {
		m := max(r.granted, r.minutes(now))
		minutes += m
		money += m * r.price
	}
	return minutes, money
}

// minutes begun of a call; one that rings counts as one.
func (r *running) minutes(now time.Time) float64 {
	if r.answered.IsZero() {
		return 1
	}
	return max(1, math.Ceil(now.Sub(r.answered).Minutes()))
}

// end takes a call off and says whether it has cost anything: an unanswered one has not.
func (b *budget) end(id uint64, now time.Time) (cost bool) {
	r := b.open[id]
	if r == nil {
		return false
	}
	delete(b.open, id)
	if r.answered.IsZero() {
		return false
	}
	m := r.minutes(now)
	b.minutes += m
	b.money += m * r.price
	return true
}

// allowance is how long a call may last at the price from now on; room is false when not even a minute is left. Paging has
// the whole budget, others what is not reserved.
func (c Config) allowance(p Purpose, price, minutes, money float64) (limit time.Duration, room bool) {
	share := 1 - float64(c.Reserve)/100
	if p == Page {
		share = 1
	}
	left := math.Inf(1)
	if c.DayMinutes > 0 {
		left = float64(c.DayMinutes)*share - minutes
	}
	if c.DayMoney > 0 && price > 0 {
		left = min(left, (c.DayMoney*share-money)/price)
	}
	if left < 1 {
		return 0, false
	}
	if math.IsInf(left, 1) || left > float64(math.MaxInt64/int64(time.Minute)) {
		return 0, true
	}
	return time.Duration(math.Floor(left)) * time.Minute, true
}

// grantAhead is how long before a minute ends the next one is asked for.
const grantAhead = time.Second

// next tells after how long an answered call is to be looked at again; ok is false when it must end now. A further minute is
// granted when the budget has room for it.
func (c Config) next(b *budget, id uint64, now time.Time) (wait time.Duration, ok bool) {
	r := b.open[id]
	if r == nil || r.answered.IsZero() || r.call.Purpose == Page {
		return time.Minute, true
	}
	most := time.Duration(math.MaxInt64)
	if r.call.Purpose == Own {
		most = c.MaxCall
	}
	r.granted = max(r.granted, 1)
	lasted := now.Sub(r.answered)
	if lasted >= most {
		return 0, false
	}
	if paid := time.Duration(r.granted) * time.Minute; lasted+grantAhead >= paid {
		minutes, money := b.spent(now)
		if _, room := c.allowance(r.call.Purpose, r.price, minutes, money); !room {
			return 0, false
		}
		r.granted = max(r.granted, r.minutes(now)) + 1
	}
	paid := time.Duration(r.granted) * time.Minute
	return max(time.Millisecond, min(paid-grantAhead, most)-lasted), true
}

// placed counts the running calls of a phone.
func (b *budget) placed(account string) (n int) {
	for _, r := range b.open {
		if r.call.Purpose == Own && r.call.Account == account {
			n++
		}
	}
	return n
}
