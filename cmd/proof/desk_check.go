package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// desk is what a ticket is to an outside observer: a list of notes that only
// grows, each note in it once, and one who has taken it.
type deskState struct {
	notes  string // keys, each with a blank behind it
	holder string
}

// deskModel says which histories of one ticket can be: each act took place at
// one moment between the question and the answer, all in one order.
var deskModel = porcupine.Model{ //nolint:gochecknoglobals // a constant
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byTicket := map[string][]porcupine.Operation{}
		var order []string
		for _, o := range history {
			id := o.Input.(asked).Ticket //nolint:forcetypeassert // steps make them
			if byTicket[id] == nil {
				order = append(order, id)
			}
			byTicket[id] = append(byTicket[id], o)
		}
		var parts [][]porcupine.Operation
		for _, id := range order {
			parts = append(parts, byTicket[id])
		}
		return parts
	},
	Init: func() any { return deskState{} },
	Step: func(state, input, output any) (bool, any) {
		s, a := state.(deskState), input.(asked) //nolint:forcetypeassert // as above
		t, certain := output.(told)              // nil = nobody knows
		switch a.Do {
		case askNote:
			if !strings.Contains(s.notes, a.Key+" ") {
				s.notes += a.Key + " "
			}
			return true, s
		case askTake:
			if s.holder == "" {
				s.holder = a.By
			}
			return !certain || t.Holder == s.holder, s
		case askRead:
			list := strings.Join(append(slices.Clone(t.Notes), ""), " ")
			return list == s.notes && t.Holder == s.holder, s
		}
		return false, s
	},
}

// operations are the steps on tickets, for the checker. What nobody knows the
// end of may take place at any time after its beginning, also never.
func operations(history []step) []porcupine.Operation {
	var list []porcupine.Operation
	for i, s := range history {
		if s.ask.Ticket == "" {
			continue
		}
		o := porcupine.Operation{ClientId: s.client, Input: s.ask, Call: s.from, Output: s.answer, Return: s.to}
		if s.uncertain {
			o.ClientId, o.Output, o.Return = 1000+i, nil, math.MaxInt64 // the client goes on meanwhile
		}
		list = append(list, o)
	}
	return list
}

// judgement is what the record has against what was said.
type judgement struct {
	lost, doubled, broken []string

	tickets, notes int
}

// judge reads the record, that nobody serves any more, and holds it against
// what the clients remember.
func (c *crowd) judge(ctx context.Context, place string) (j judgement, err error) {
	db, err := store.Open(ctx, store.At(place), store.Deps{})
	if err != nil {
		return j, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.IntegrityCheck(ctx); err != nil {
		j.broken = append(j.broken, err.Error())
	}
	numbers := map[string]string{}
	opened := map[string]string{} // ticket → signal
	joined := map[string]bool{}   // tickets that have further signals: a storm
	for key, said := range c.signals {
		_, taken, err := db.Signal(ctx, dispatch.SignalID{Channel: drillChannel, Key: key})
		switch {
		case err != nil:
			j.lost = append(j.lost, fmt.Sprintf("signal %s: %v", key, err))
			continue
		case taken.Ticket == "":
			j.lost = append(j.lost, fmt.Sprintf("signal %s has no ticket", key))
			continue
		case said != "" && said != taken.Ticket:
			j.doubled = append(j.doubled, fmt.Sprintf("signal %s became ticket %s and %s", key, said, taken.Ticket))
		}
		if other, twice := opened[taken.Ticket]; twice && !taken.Joined && !joined[taken.Ticket] {
			j.lost = append(j.lost, fmt.Sprintf("signals %s and %s have one ticket", key, other))
		}
		opened[taken.Ticket], joined[taken.Ticket] = key, joined[taken.Ticket] || taken.Joined
		if other, twice := numbers[taken.Number]; twice && other != taken.Ticket {
			j.doubled = append(j.doubled, fmt.Sprintf("number %s is that of %s and %s", taken.Number, other, taken.Ticket))
		}
		numbers[taken.Number] = taken.Ticket
	}
	for id := range c.busy { // those that were opened by hand
		if _, of := opened[id]; !of {
			opened[id] = ""
		}
	}
	want := c.said()
	for id := range opened {
		if err := db.Verify(ctx, id); err != nil {
			j.broken = append(j.broken, err.Error())
		}
		log, err := db.Events(ctx, id)
		if err != nil {
			return j, err
		}
		j.hold(id, log, want[id])
	}
	j.tickets = len(opened)
	return j, nil
}

// saying is what was acknowledged about one ticket.
type saying struct {
	notes  map[string]bool
	holder string
}

// said collects what was acknowledged, by ticket.
func (c *crowd) said() map[string]*saying {
	all := map[string]*saying{}
	for _, s := range c.history {
		if s.uncertain || s.ask.Ticket == "" {
			continue
		}
		w := all[s.ask.Ticket]
		if w == nil {
			w = &saying{notes: map[string]bool{}}
			all[s.ask.Ticket] = w
		}
		switch s.ask.Do {
		case askNote:
			w.notes[s.ask.Key] = true
		case askTake:
			w.holder = s.answer.Holder
		}
	}
	return all
}

// hold compares a log with what was said of it.
func (j *judgement) hold(id string, log []ticket.Event, want *saying) {
	notes, holder := notesOf(log)
	j.notes += len(notes)
	times := map[string]int{}
	for _, n := range notes {
		if times[n]++; times[n] == 2 {
			j.doubled = append(j.doubled, fmt.Sprintf("ticket %s: %s is there twice", id, n))
		}
	}
	openings := 0
	for _, e := range log {
		if _, is := e.Body.(ticket.Opened); is {
			openings++
		}
	}
	if openings != 1 {
		j.doubled = append(j.doubled, fmt.Sprintf("ticket %s was opened %d times", id, openings))
	}
	if want == nil {
		return
	}
	for n := range want.notes {
		if times[n] == 0 {
			j.lost = append(j.lost, fmt.Sprintf("ticket %s: %s", id, n))
		}
	}
	if want.holder != "" && want.holder != holder {
		j.lost = append(j.lost, fmt.Sprintf("ticket %s: %s was told to have it, and %q has", id, want.holder, holder))
	}
}

// checkOrder lets porcupine look for one order of all acts on each ticket.
func (r *rig) checkOrder(name string, history []step) {
	const patience = 2 * time.Minute
	ops := operations(history)
	var found []string
	switch porcupine.CheckOperationsTimeout(deskModel, ops, patience) {
	case porcupine.Illegal:
		found = append(found, "no order of the acts on a ticket explains what was answered: "+illegal(ops))
	case porcupine.Unknown:
		r.say("%s: no answer within %v", name, patience)
		found = append(found, "the checker did not end")
	case porcupine.Ok:
	}
	r.none(name, found)
}

// illegal names the first ticket whose history can not be.
func illegal(ops []porcupine.Operation) string {
	for _, part := range deskModel.Partition(ops) {
		if porcupine.CheckOperations(deskModel, part) {
			continue
		}
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
		var text strings.Builder
		for _, o := range part {
			fmt.Fprintf(&text, "\n  %d..%d %+v -> %+v", o.Call, o.Return, o.Input, o.Output)
		}
		return text.String()
	}
	return ""
}
