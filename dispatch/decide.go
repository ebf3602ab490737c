package dispatch

import (
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// chainFor returns the tiers that serve the line at now: its schedule's chain,
// or its own ladder, with its own static numbers when it has some.
func chainFor(s *Snapshot, l Line, now time.Time) []oncall.Tier {
	var tiers []oncall.Tier
	static := l.Static
	if l.Schedule == "" {
		tiers = ladderTiers(s.Roster, l)
		if len(static) == 0 {
			static = s.Roster.Static
		}
	} else {
		for _, t := range s.Duty.Chain(l.Schedule, now) {
			if t.Name != oncall.Static {
				tiers = append(tiers, t)
			} else if len(static) == 0 {
				static = t.Numbers
			}
		}
	}
	if len(static) > 0 {
		tiers = append(tiers, oncall.Tier{Name: oncall.Static, Numbers: static, RingTime: oncall.DefaultRingTime})
	}
	return tiers
}

// fromLadder marks people who stand on a line's fixed ladder.
const fromLadder oncall.Source = "ladder"

// ladderTiers is the fixed ladder of a line without a schedule. Disabled
// people and repeats are left out.
func ladderTiers(roster oncall.Roster, l Line) []oncall.Tier {
	var tiers []oncall.Tier
	seen := map[string]bool{}
	for i, step := range l.Ladder {
		t := oncall.Tier{Name: fmt.Sprintf("step %d", i+1), Parallel: step.Parallel, RingTime: step.RingTime}
		for _, id := range step.People {
			if p, ok := roster.Person(id); ok && p.Eligible() && !seen[id] {
				seen[id] = true
				t.Duties = append(t.Duties, oncall.Duty{
					Person: id, Track: t.Name, Provenance: oncall.Provenance{Source: fromLadder, ID: l.ID},
				})
			}
		}
		if len(t.Duties) > 0 {
			tiers = append(tiers, t)
		}
	}
	return tiers
}

// planFor decides whom a call on the line rings at now.
func planFor(s *Snapshot, l Line, ref Ref, now time.Time) Plan {
	p := Plan{
		Line: LineInfo{
			ID: l.ID, Name: l.Name, Language: l.Language, Greeting: l.Greeting,
			Schedule: l.Schedule, DIDs: l.DIDs, Record: !l.NoRecording,
		},
		Ref: ref, At: now, AnswerAfter: l.AnswerAfter, ProgressEvery: l.ProgressEvery,
		Rounds: l.Rounds, Exhausted: l.Exhausted,
	}
	for _, tier := range chainFor(s, l, now) {
		if tier.Name == oncall.Static {
			p.Static = tier.Numbers
			continue
		}
		r := Rung{Name: tier.Name, Parallel: tier.Parallel, RingTime: ringTime(tier.RingTime, l.RingTime)}
		for _, d := range tier.Duties {
			if person, ok := s.Roster.Person(d.Person); ok {
				r.Duties = append(r.Duties, Candidate{
					Person: person, Provenance: d.Provenance.String(), Devices: person.Devices, Until: d.Until,
				})
			}
		}
		p.Rungs = append(p.Rungs, r)
	}
	return p
}

// ringTime returns the tier's own time unless it is the default and the line
// sets one.
func ringTime(tier, line time.Duration) time.Duration {
	if line > 0 && (tier == 0 || tier == oncall.DefaultRingTime) {
		return line
	}
	if tier == 0 {
		return oncall.DefaultRingTime
	}
	return tier
}

// caller is who a call comes from, as far as its signal tells.
type caller struct {
	number client.Number
	match  client.Match
	party  string // whose open ticket it joins; empty = nobody's
}

// identify reads the caller of a call. A caller who withholds the number is
// nobody's party: two strangers must not share a ticket.
func identify(b *client.Book, c CallSignal) caller {
	if c.Anonymous {
		return caller{}
	}
	n, err := b.Numbering().Parse(c.Caller)
	if err != nil {
		return caller{}
	}
	who := caller{number: n, match: b.Match(n), party: numberParty(n)}
	if who.match.Contact != "" && who.match.Level == client.Known {
		who.party = "contact:" + who.match.Org + "/" + who.match.Contact
	}
	return who
}

// parties are the keys under which the caller's open ticket is found.
func (c caller) parties() []string {
	if c.party == "" {
		return nil
	}
	return []string{c.party, numberParty(c.number)}
}

func numberParty(n client.Number) string {
	if n == "" {
		return ""
	}
	return "number:" + string(n)
}

// By of events that no person made.
const (
	byCaller = "caller"
	byVahta  = "vahta"
)

// intake is what a call becomes: the change without notices, and the ticket
// after it.
type intake struct {
	change Change
	ticket ticket.Ticket
	joined bool
}

// decideIntake lets a call join the open case of its party, or opens a
// Critical ticket with the given id and number and the page timer that keeps
// it from being forgotten.
func decideIntake(sig Signal, line Line, who caller, open *Case, fresh ticket.Opened, guard time.Duration) (intake, error) {
	in := intake{joined: open != nil}
	call := callID(sig)
	e := ticket.Event{At: sig.At, By: byCaller, Channel: string(sig.Channel), Key: "signal:" + sig.Key}
	var before ticket.Ticket
	if in.joined {
		before = open.Ticket
		e.Ticket = before.ID
		e.Body = ticket.Joined{Call: call, Caller: who.number, Name: sig.Call.CallerName, Line: line.ID}
	} else {
		fresh.Priority, fresh.Line, fresh.Language = ticket.Critical, line.ID, line.Language
		fresh.Call, fresh.Caller, fresh.Name = call, who.number, sig.Call.CallerName
		fresh.Client, fresh.Party = who.match, who.party
		if who.match.FirstContact > 0 {
			fresh.Limit = who.match.FirstContact
		}
		if who.match.Language != "" {
			fresh.Language = who.match.Language
		}
		e.Ticket, e.Body = fresh.ID, fresh
	}
	after, err := before.Apply(e)
	if err != nil {
		return in, err
	}
	in.ticket = after
	in.change = Change{
		Signal: &sig, Taken: Taken{Ticket: after.ID, Number: after.Number.String(), Joined: in.joined},
		Events: []ticket.Event{e},
		Calls: []CallRecord{{
			ID: call, Ref: refOf(after), Line: line.ID, DID: sig.Call.DID, Caller: who.number,
			CallerName: sig.Call.CallerName, Trunk: sig.Call.Trunk, StartedAt: sig.At,
		}},
	}
	if in.joined {
		in.change.Open = after.ID
	} else {
		in.change.Ticket = &in.ticket
		in.change.Timers = []Timer{{Ticket: after.ID, Kind: TimerPage, DueAt: sig.At.Add(guard), Gen: 1}}
	}
	return in, nil
}

func callID(sig Signal) string {
	if sig.Call.CallID != "" {
		return sig.Call.CallID
	}
	return sig.Key
}

func refOf(t ticket.Ticket) Ref { return Ref{ID: t.ID, Number: t.Number.String()} }
