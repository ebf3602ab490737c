package privacy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/edit"
)

// report brings a signal as it is written.
func (r *rig) report(key string, from map[string]string, text string) dispatch.Opened {
	r.Helper()
	r.now = r.now.Add(time.Minute)
	raw, err := json.Marshal(map[string]any{"from": from, "text": text, "category": "service_down"})
	r.must(err)
	id, err := r.d.Receive(r.Context(), dispatch.Signal{Channel: dispatch.ChannelAPI, Key: key, At: r.now, Raw: raw})
	r.must(err)
	o, err := r.d.Intake(r.Context(), id)
	r.must(err)
	return o
}

// words is the log of a ticket as one text.
func (r *rig) words(ref dispatch.Ref) string {
	r.Helper()
	log, err := r.db.Events(r.Context(), ref.ID)
	r.must(err)
	raw, err := json.Marshal(log)
	r.must(err)
	return string(raw)
}

// TestNamesakes: a contact may be called as an engineer, as a word of the program, or as a part of other words: nobody and nothing
// else loses anything.
func TestNamesakes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	card := source().Clients[0]
	card.Contacts = append(card.Contacts, client.Contact{ID: "a1", Name: "Anna", Numbers: []string{"+7 812 123-45-67"}, Addresses: []client.Address{{Channel: "email", Value: "a@romashka.example"}}})
	_, err := r.cards.Commit(ctx, client.Change{Put: []client.Organisation{card}}, edit.Author{Person: "anna"}, nil)
	r.must(err)
	o := r.report("one", map[string]string{"channel": "email", "address": "a@romashka.example", "name": "normal"}, "it is down")
	r.add(o.Ref, ticket.Acknowledged{How: "cli"})
	r.add(o.Ref, ticket.Assigned{To: "anna"})
	r.add(o.Ref, ticket.Attempted{Person: "anna", Page: true, Outcome: "delivered"})
	r.add(o.Ref, ticket.Noted{Text: "Anna called from 123-45-67, 8 812 123-45-67, 0078121234567, (812)123–45–67; Annapolis and annals, no 4123-45-678, nothing normal; ann.a@romashka.example, aa@romashka.example; mail a@romashka.example."})
	r.closeTicket(o.Ref)
	guest := r.report("two", map[string]string{"channel": "email", "address": "guest@gmail.example", "name": "Guest"}, "Anna of another company, all is normal")
	r.closeTicket(guest.Ref)
	before, err := r.db.Load(ctx, o.ID)
	r.must(err)
	_, err = r.Erase(ctx, demand("romashka/a1"))
	r.must(err)
	r.verify()
	c, err := r.db.Load(ctx, o.ID)
	r.must(err)
	is, was := c.Ticket, before.Ticket
	if is.Acknowledged != was.Acknowledged || is.Assignee != "anna" || is.Stage != was.Stage || is.Priority != was.Priority || is.OpenedAt != was.OpenedAt {
		t.Errorf("the ticket: %+v, was %+v", is, was)
	}
	log := r.words(o.Ref)
	for _, word := range []string{
		`"person":"anna"`, `"to":"anna"`, `"by":"anna"`, "Annapolis and annals, no 4123-45-678, nothing normal; ann.a@romashka.example, aa@romashka.example; mail [erased].",
		"[erased] called from [erased], [erased], [erased], [erased];",
	} {
		if !strings.Contains(log, word) {
			t.Errorf("no %q in %s", word, log)
		}
	}
	if strings.Contains(log, "it is down") {
		t.Errorf("their words: %s", log)
	}
	if text := r.words(guest.Ref); !strings.Contains(text, "Anna of another company, all is normal") || strings.Contains(text, "[erased]") {
		t.Errorf("somebody whom nobody knows: %s", text)
	}
}

// TestNameOfASender: what a sender calls himself is taken out where he is named, and is no word to look for.
func TestNameOfASender(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.report("one", map[string]string{"channel": "email", "address": "li@x.example", "name": "normal"}, "all normal but the mail")
	r.add(o.Ref, ticket.Noted{Text: "li@x.example: back to normal"})
	r.closeTicket(o.Ref)
	other := r.report("two", map[string]string{"channel": "email", "address": "wu@y.example"}, "as li@x.example said")
	r.closeTicket(other.Ref)
	was, err := r.db.Load(t.Context(), o.ID)
	r.must(err)
	_, err = r.Erase(t.Context(), demand("email:LI@x.example"))
	r.must(err)
	r.verify()
	c, err := r.db.Load(t.Context(), o.ID)
	r.must(err)
	if c.Ticket.Priority != was.Ticket.Priority || c.Ticket.Party != "" || c.Ticket.Name != "" || strings.Contains(c.Ticket.Storm, "li@") {
		t.Errorf("the ticket: %+v", c.Ticket)
	}
	if log := r.words(o.Ref); !strings.Contains(log, "[erased]: back to normal") || strings.Contains(log, "but the mail") || strings.Contains(log, `name":"normal"`) {
		t.Errorf("the log: %s", log)
	}
	if log := r.words(other.Ref); strings.Contains(log, "[erased]") {
		t.Errorf("a ticket of somebody else: %s", log)
	}
}

// TestAllOrNothing: a ticket that can not be decided on keeps every other from being written.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.mail("one", "petr@mail.example", "тайна-первая")
	r.closeTicket(first.Ref)
	second := r.mail("two", "petr@mail.example", "тайна-вторая")
	r.closeTicket(second.Ref)
	r.refuse.Store(first.Number)
	if _, err := r.Erase(t.Context(), demand("romashka/p1")); err == nil {
		t.Fatal("erased what can not be read")
	}
	for _, o := range []dispatch.Opened{first, second} {
		if log := r.words(o.Ref); !strings.Contains(log, "тайна") {
			t.Errorf("half of it was written: %s", log)
		}
	}
	if trail, err := r.db.AuditTrail(t.Context(), dispatch.AuditFilter{}); err != nil || len(trail) != 0 {
		t.Errorf("the audit: %+v, %v", trail, err)
	}
	r.refuse.Store("")
	_, err := r.Erase(t.Context(), demand("romashka/p1"))
	r.must(err)
}

// TestReasonNamesNobody: the audit stays, so what it keeps must not name the person; refusals speak the language of who asks.
func TestReasonNamesNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := demand("romashka/p1")
	d.Why, d.Language = "просит Пётр Петров", "ru"
	if _, err := r.Erase(t.Context(), d); err == nil || !strings.Contains(err.Error(), "причин") {
		t.Errorf("the reason: %v", err)
	}
	d = demand("romashka/nobody")
	d.Language = "ru"
	for name, ask := range map[string]func() error{
		"plan":  func() error { _, err := r.Plan(t.Context(), d); return err },
		"erase": func() error { _, err := r.Erase(t.Context(), d); return err },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), "ничего не хранится") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
