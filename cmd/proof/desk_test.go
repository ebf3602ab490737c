package main

import (
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// The outside checker takes what can be, and nothing else.
func TestDeskHistories(t *testing.T) {
	t.Parallel()
	note := func(from, to int64, key string) step {
		return step{from: from, to: to, ask: asked{Do: askNote, Key: key, Ticket: "t"}}
	}
	take := func(from, to int64, by, holder string) step {
		return step{client: 1, from: from, to: to, ask: asked{Do: askTake, Ticket: "t", By: by}, answer: told{Holder: holder}}
	}
	read := func(from, to int64, holder string, notes ...string) step {
		return step{client: 2, from: from, to: to, ask: asked{Do: askRead, Ticket: "t"}, answer: told{Holder: holder, Notes: notes}}
	}
	cut := func(s step) step { s.uncertain = true; return s }
	for name, c := range map[string]struct {
		history []step
		can     bool
	}{
		"one after another":           {[]step{note(1, 2, "a"), note(3, 4, "b"), read(5, 6, "", "a", "b")}, true},
		"at once, in either order":    {[]step{note(1, 4, "a"), note(1, 4, "b"), read(5, 6, "", "b", "a")}, true},
		"a repeat is the same act":    {[]step{note(1, 2, "a"), note(3, 4, "a"), read(5, 6, "", "a")}, true},
		"what was cut may be there":   {[]step{cut(note(1, 2, "a")), read(3, 4, ""), read(5, 6, "", "a")}, true},
		"what was cut may not":        {[]step{cut(note(1, 2, "a")), read(3, 4, "")}, true},
		"the first one has it":        {[]step{take(1, 2, "anna", "anna"), take(3, 4, "boris", "anna"), read(5, 6, "anna")}, true},
		"an acknowledged note lost":   {[]step{note(1, 2, "a"), read(3, 4, "")}, false},
		"a note twice":                {[]step{note(1, 2, "a"), read(3, 4, "", "a", "a")}, false},
		"an order that was not":       {[]step{note(1, 2, "a"), note(3, 4, "b"), read(5, 6, "", "b", "a")}, false},
		"a note that comes and goes":  {[]step{cut(note(1, 2, "a")), read(3, 4, "", "a"), read(5, 6, "")}, false},
		"two have it":                 {[]step{take(1, 2, "anna", "anna"), take(3, 4, "boris", "boris")}, false},
		"an acknowledgement was lost": {[]step{take(1, 2, "anna", "anna"), read(3, 4, "")}, false},
		"from before it was asked":    {[]step{read(1, 2, "", "a"), note(3, 4, "a")}, false},
	} {
		ops := operations(c.history)
		if got := porcupine.CheckOperations(deskModel, ops); got != c.can {
			t.Errorf("%s: can be: %v", name, got)
		}
		if said := illegal(ops); (said == "") != c.can {
			t.Errorf("%s: %q", name, said)
		}
	}
}

// The record is held against what was acknowledged.
func TestDeskJudgement(t *testing.T) {
	t.Parallel()
	log := func(texts ...string) []ticket.Event {
		list := []ticket.Event{{Body: ticket.Opened{}}}
		for _, text := range texts {
			list = append(list, ticket.Event{Body: ticket.Noted{Text: text}})
		}
		return append(list, ticket.Event{By: "anna", Body: ticket.Acknowledged{}})
	}
	want := &saying{notes: map[string]bool{"note-a": true}, holder: "anna"}
	var j judgement
	j.hold("t", log("note-a", "note-unheard", "something else"), want)
	if len(j.lost)+len(j.doubled) != 0 || j.notes != 2 {
		t.Errorf("a whole log: %+v", j)
	}
	for name, c := range map[string]struct {
		log  []ticket.Event
		find func(judgement) []string
		says string
	}{
		"a lost note":     {log("note-b"), func(j judgement) []string { return j.lost }, "note-a"},
		"a doubled note":  {log("note-a", "note-a"), func(j judgement) []string { return j.doubled }, "twice"},
		"another holder":  {log("note-a")[:2], func(j judgement) []string { return j.lost }, "anna was told"},
		"opened twice":    {append(log("note-a"), ticket.Event{Body: ticket.Opened{}}), func(j judgement) []string { return j.doubled }, "2 times"},
		"not opened here": {log("note-a")[1:], func(j judgement) []string { return j.doubled }, "0 times"},
	} {
		var j judgement
		j.hold("t", c.log, want)
		if found := c.find(j); len(found) != 1 || !strings.Contains(found[0], c.says) {
			t.Errorf("%s: %+v", name, j)
		}
	}
}
