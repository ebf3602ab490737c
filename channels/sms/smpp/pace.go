package smpp

import "time"

// The behaviour of a pace when the peer asks for less.
const (
	paceHold    = time.Second // nothing is sent after a refusal
	paceFloor   = 20          // the slowest rate is the configured one divided by this
	paceRecover = time.Minute // from nothing to the configured rate
	paceBurst   = 10          // what has been saved up is sent at once: rate / paceBurst, at least one
)

// pace is a rate that falls when the peer is busy and recovers by itself:
// halved at once, regained evenly. Its zero value is not usable.
type pace struct {
	top    float64 // messages a second
	rate   float64
	tokens float64
	at     time.Time // of tokens and rate
	hold   time.Time // nothing before
	fell   time.Time
}

func newPace(top float64, now time.Time) *pace {
	return &pace{top: top, rate: top, tokens: 1, at: now}
}

func (p *pace) advance(now time.Time) {
	d := now.Sub(p.at).Seconds()
	if d <= 0 {
		return
	}
	p.at = now
	burst := max(1, p.rate/paceBurst)
	p.tokens = min(burst, p.tokens+p.rate*d)
	p.rate = min(p.top, p.rate+p.top*d/paceRecover.Seconds())
}

// next is when one message may leave, not before now.
func (p *pace) next(now time.Time) time.Time {
	p.advance(now)
	if now.Before(p.hold) {
		return p.hold
	}
	if p.tokens >= 1 {
		return now
	}
	return now.Add(time.Duration((1-p.tokens)/p.rate*float64(time.Second)) + time.Millisecond)
}

// take counts a message that leaves.
func (p *pace) take(now time.Time) {
	p.advance(now)
	p.tokens--
}

// fall answers a refusal of a message that left at sent. Those that were on
// their way together make the rate fall once.
func (p *pace) fall(now, sent time.Time) {
	p.advance(now)
	p.hold = now.Add(paceHold)
	if !p.fell.IsZero() && !sent.After(p.fell) {
		return
	}
	p.fell = now
	p.rate = max(p.top/paceFloor, p.rate/2)
	p.tokens = 1
}
