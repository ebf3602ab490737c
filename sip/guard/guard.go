package guard

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Deps are what the guard asks of the world. Known is needed for anything to leave.
type Deps struct {
	// Known says where a number stands; it reads memory only.
	Known func(number string) Known
	// Exempt names addresses that are never banned: peers of the configuration; nil = none.
	Exempt func(netip.Addr) bool
	// File keeps the day's figures and the stop over a restart; "" = nowhere.
	File       string
	Now        func() time.Time // nil = time.Now
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Guard holds the rules in force.
type Guard struct {
	cfg  Config
	deps Deps
	zone *time.Location
	file *file
	*Security
	// Bans are the sources that are not heard for a while.
	Bans *Bans

	mu      sync.Mutex
	classes map[string]Class // guarded by mu: of numbers that were dialled lately; the tables are slow to ask
	stop    Stop             // guarded by mu
	budget  budget           // guarded by mu
	last    uint64           // guarded by mu: number of the last permit
	alarms  [2]string        // guarded by mu: the days for which each alarm has been told
}

// Refusal is why a call did not leave.
type Refusal struct { //nolint:errname // a refusal is what callers, and the field, call it
	Call   Call
	Reason Reason
}

// Error says what was refused and what to do about it.
func (r *Refusal) Error() string {
	return fmt.Sprintf("call for %s to %s does not leave: %s", r.Call.Purpose, Mask(r.Call.Number), remedies[r.Reason])
}

//nolint:gochecknoglobals // a table that is never written to
var remedies = map[Reason]string{
	StopInForce:   "the toll stop is in force; `vahta toll go` ends it",
	DeniedPrefix:  "its prefix is under toll.deny",
	NoPurpose:     "nobody said what it is for",
	PremiumNumber: "premium, shared-cost and satellite numbers are never dialled",
	AbroadNumber:  "it is abroad; set toll.abroad and a prefix under toll.allow",
	NotAllowed:    "it is neither on the roster nor on a card nor under a prefix of toll.allow",
	AccountLimit:  "the phone has toll.per_account calls already",
	BudgetSpent:   "the day's budget is spent but for paging; raise toll.day_minutes or toll.day_money",
	NotOurs:       "it is none of our own lines",
}

// New checks the configuration and reads the figures of the day.
func New(cfg Config, deps Deps) (*Guard, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("toll rules: %w", err)
	}
	if cfg.Country == "" {
		return nil, errors.New("toll rules: country: is empty, so nobody could tell what is abroad")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Known == nil {
		deps.Known = func(string) Known { return Known{} }
	}
	zone, err := cfg.location()
	if err != nil {
		return nil, fmt.Errorf("toll rules: zone: %w", err)
	}
	g := &Guard{cfg: cfg, deps: deps, zone: zone, classes: map[string]Class{}, budget: newBudget(), Security: NewSecurity(deps.Log, deps.Registerer, deps.Now)}
	g.Bans = NewBans(deps.Exempt, g.Tell)
	g.file = newFile(deps.File, deps.Log)
	if s, ok := g.file.read(); ok {
		g.stop = s.Stop
		g.budget.day, g.budget.minutes, g.budget.money = s.Day, s.Minutes, s.Money
	}
	g.budget.turn(g.day(deps.Now()))
	newMetrics(deps.Registerer, g)
	return g, nil
}

func (g *Guard) day(now time.Time) string { return now.In(g.zone).Format(time.DateOnly) }

// Permit is the right to one INVITE to an operator and what comes of it. End must follow, whatever happens.
type Permit struct {
	// Limit is how long the call may last from its answer if no other is made; 0 = no limit of ours. [Permit.Next] knows of the
	// others.
	Limit time.Duration

	g    *Guard
	id   uint64
	once sync.Once
}

// Begin asks whether a call may leave. The error is a [*Refusal]; it has been told as a security event.
func (g *Guard) Begin(call Call) (*Permit, error) {
	known := g.deps.Known(call.Number)
	now := g.deps.Now()
	g.mu.Lock()
	p, why, over := g.begin(call, known, now)
	g.mu.Unlock()
	if over != "" {
		g.Tell(Event{Kind: TollExceeded, Source: call.Source, Account: call.Account, CallID: call.CallID, Detail: over})
	}
	if why == Permitted {
		return p, nil
	}
	g.Tell(Event{
		Kind: TollRefused, Source: call.Source, Account: call.Account, CallID: call.CallID,
		Detail: fmt.Sprintf("%s to %s by %s: %s", call.Purpose, Mask(call.Number), call.Trunk, why),
	})
	return nil, &Refusal{Call: call, Reason: why}
}

// Alarms of a spent budget; each is told once a day.
const (
	overOthers = iota // its part for other purposes
	overPaging        // all of it
)

// alarm returns the text of an alarm the first time on a day. mu is held.
func (g *Guard) alarm(which int) string {
	if g.alarms[which] == g.budget.day {
		return ""
	}
	g.alarms[which] = g.budget.day
	if which == overPaging {
		return "the day's whole budget is spent, reserve included; paging goes on"
	}
	return "the day's budget is spent but for paging: call-backs and own calls are refused"
}

// begin is called with mu held; over is the alarm to tell, if any.
func (g *Guard) begin(call Call, known Known, now time.Time) (p *Permit, why Reason, over string) {
	g.budget.turn(g.day(now))
	if why := g.cfg.judge(call, g.class(call.Number), known, g.stop); why != Permitted {
		return nil, why, ""
	}
	if call.Purpose == Own && g.budget.placed(call.Account) >= g.cfg.PerAccount {
		return nil, AccountLimit, ""
	}
	price := g.cfg.price(call.Number)
	minutes, money := g.budget.spent(now)
	limit, room := g.cfg.allowance(call.Purpose, price, minutes, money)
	switch {
	case call.Purpose == Page:
		limit = 0
		if !room {
			over = g.alarm(overPaging)
		}
	case !room:
		return nil, BudgetSpent, g.alarm(overOthers)
	case call.Purpose == Own && (limit == 0 || limit > g.cfg.MaxCall):
		limit = g.cfg.MaxCall
	}
	g.last++
	g.budget.open[g.last] = &running{call: call, price: price, begun: now}
	return &Permit{Limit: limit, g: g, id: g.last}, Permitted, over
}

// maxClasses bounds what is remembered of numbers.
const maxClasses = 4096

// class is called with mu held.
func (g *Guard) class(number string) Class {
	class, ok := g.classes[number]
	if !ok {
		class = ClassOf(number, g.cfg.Country)
		if len(g.classes) >= maxClasses {
			clear(g.classes)
		}
		g.classes[number] = class
	}
	return class
}

// Answered tells that the call costs from now on. A nil permit is one that costs nothing.
func (p *Permit) Answered() {
	if p == nil {
		return
	}
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	if r := p.g.budget.open[p.id]; r != nil && r.answered.IsZero() {
		r.answered = p.g.deps.Now()
	}
}

// Next is asked when the call is answered, and again after each wait that it returns: ok is false when the call must end now,
// because the day's budget has no further minute for it or because it is too long. A nil permit goes on for ever.
func (p *Permit) Next() (wait time.Duration, ok bool) {
	if p == nil {
		return time.Hour, true
	}
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	return p.g.cfg.next(&p.g.budget, p.id, p.g.deps.Now())
}

// End tells that the call is over. Further calls do nothing.
func (p *Permit) End() {
	if p == nil {
		return
	}
	p.once.Do(func() {
		now := p.g.deps.Now()
		p.g.mu.Lock()
		p.g.budget.turn(p.g.day(now))
		cost := p.g.budget.end(p.id, now)
		s := p.g.state()
		p.g.mu.Unlock()
		if cost {
			p.g.file.write(s)
		}
	})
}

// state is what is kept; mu is held.
func (g *Guard) state() saved {
	return saved{Day: g.budget.day, Minutes: g.budget.minutes, Money: g.budget.money, Stop: g.stop}
}

// Stop puts a stop in force, or ends it with [StopNone]. Calls in progress go on.
func (g *Guard) Stop(s Stop, who string) {
	g.mu.Lock()
	g.stop = s
	state := g.state()
	g.mu.Unlock()
	g.file.write(state)
	_ = g.file.flush() // a stop that a crash forgets is none; the fault is in the log
	g.Tell(Event{Kind: TollStop, Detail: fmt.Sprintf("%q by %s", s, who)})
}

// Status is what commands and screens show.
type Status struct {
	Stop       Stop    `json:"stop"`
	Day        string  `json:"day"`
	Minutes    float64 `json:"minutes"`
	DayMinutes int     `json:"day_minutes"`
	Money      float64 `json:"money"`
	DayMoney   float64 `json:"day_money"`
	Reserve    int     `json:"reserve_percent"`
	Calls      int     `json:"calls"` // permitted now
	Bans       []Ban   `json:"bans,omitempty"`
	Events     []Event `json:"events,omitempty"`
}

// Ban is an address that is not heard.
type Ban struct {
	Source netip.Addr `json:"source"`
	Until  time.Time  `json:"until"`
}

// Spent is the part of the day's budget that is spent, of minutes or money, whichever is more.
func (s Status) Spent() (share float64) {
	if s.DayMinutes > 0 {
		share = s.Minutes / float64(s.DayMinutes)
	}
	if s.DayMoney > 0 {
		share = max(share, s.Money/s.DayMoney)
	}
	return share
}

// Lift ends the ban of an address; false when it was not banned.
func (g *Guard) Lift(addr netip.Addr) bool { return g.Bans.Lift(g.deps.Now(), addr) }

// Status returns the day's figures, running calls counted, and the last security events.
func (g *Guard) Status() Status {
	now := g.deps.Now()
	bans := g.Bans.sorted(now)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.budget.turn(g.day(now))
	minutes, money := g.budget.spent(now)
	return Status{
		Stop: g.stop, Day: g.budget.day, Minutes: minutes, DayMinutes: g.cfg.DayMinutes, Money: money, DayMoney: g.cfg.DayMoney,
		Reserve: g.cfg.Reserve, Calls: len(g.budget.open), Bans: bans, Events: g.Last(),
	}
}

// Mask hides the end of a number: events are kept longer than the call. What is too long to be one is cut.
func Mask(number string) string {
	const short, long = 6, 24
	if len(number) <= short {
		return number
	}
	return strings.ToValidUTF8(number[:min(len(number)-4, long)], "") + "****"
}
