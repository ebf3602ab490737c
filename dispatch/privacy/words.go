package privacy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Gone is what stands where words were.
const Gone = "[erased]"

// eraser takes the words of one person out of what is kept.
type eraser struct {
	who     *subject
	needles needles
	alone   bool // nobody else has asked in the ticket at hand
	opener  bool // they have opened it
}

// in is the eraser for one ticket.
func (x eraser) in(c folder) eraser {
	x.alone, x.opener = c.alone, len(c.d.Stories) > 0 && x.who.is(c.d.Stories[0].From)
	return x
}

// event returns a line of a log without the words of the person; changed is false when it has none.
func (x eraser) event(e ticket.Event) (_ ticket.Event, changed bool, err error) {
	raw, err := json.Marshal(e.Body)
	if err != nil {
		return e, false, fmt.Errorf("read line %d: %w", e.Seq, err)
	}
	kind := e.Body.Kind()
	short, err := x.rewrite(raw, wordsOfKind[kind], func(o map[string]any) { x.said(kind, o) })
	if err != nil || bytes.Equal(short, raw) {
		return e, false, err
	}
	if e.Body, err = ticket.DecodeBody(kind, short); err != nil {
		return e, false, err
	}
	again, err := json.Marshal(e.Body)
	return e, !bytes.Equal(again, raw), err
}

// state is event for the state of a ticket.
func (x eraser) state(t ticket.Ticket) (ticket.Ticket, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return t, fmt.Errorf("read ticket %s: %w", t.Number, err)
	}
	short, err := x.rewrite(raw, wordsOfTicket, nil)
	if err != nil {
		return t, err
	}
	var after ticket.Ticket
	if err := json.Unmarshal(short, &after); err != nil {
		return t, fmt.Errorf("write ticket %s: %w", t.Number, err)
	}
	after.Version = t.Version
	return after, nil
}

// call returns the record of a call of the person without them.
func (x eraser) call(c dispatch.CallRecord) dispatch.CallRecord {
	c.Detail.Note = x.needles.replace(c.Detail.Note)
	c.Caller, c.CallerName = "", ""
	return c
}

// rewrite takes the person out of an object in JSON: words are its fields that hold words; first, if any, sees the whole before.
func (x eraser) rewrite(raw []byte, words []string, first func(map[string]any)) ([]byte, error) {
	var o map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // as it was written
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("read what is kept: %w", err)
	}
	if first != nil {
		first(o)
	}
	x.object(o)
	for _, field := range words {
		if list, inner, ok := strings.Cut(field, "."); ok {
			each, _ := o[list].([]any)
			for _, v := range each {
				if one, ok := v.(map[string]any); ok {
					x.field(one, inner)
				}
			}
			continue
		}
		x.field(o, field)
	}
	return json.Marshal(o)
}

// field takes the person out of one field that holds words, or a list of them.
func (x eraser) field(o map[string]any, name string) {
	switch v := o[name].(type) {
	case string:
		o[name] = x.needles.replace(v)
	case []any:
		for i := range v {
			if s, ok := v[i].(string); ok {
				v[i] = x.needles.replace(s)
			}
		}
	}
}

// said takes out what the person has said or was told.
func (x eraser) said(kind ticket.Kind, o map[string]any) {
	theirs := x.contact(o["from"]) || x.contact(o["to"])
	switch kind { //nolint:exhaustive // the others hold no words of a client
	case ticket.KindOpened, ticket.KindReported, ticket.KindSignalled:
		if machine, _ := o["machine"].(bool); theirs && !machine {
			blank(o, "text")
		}
	case ticket.KindMessaged:
		if theirs {
			blank(o, "text")
			blank(o, "subject")
		}
	case ticket.KindRated:
		if x.alone {
			blank(o, "comment")
		}
	case ticket.KindContacted, ticket.KindConfirmed, ticket.KindPlanTold:
		if x.alone {
			blank(o, "with")
		}
	}
}

func blank(o map[string]any, field string) {
	if s, _ := o[field].(string); s != "" {
		o[field] = Gone
	}
}

// contact reports whether a value is a party of a ticket, and this person.
func (x eraser) contact(v any) bool {
	o, ok := v.(map[string]any)
	if !ok {
		return false
	}
	c := ticket.Contact{Channel: text(o["channel"]), Address: text(o["address"])}
	if m, ok := o["client"].(map[string]any); ok {
		c.Client.Org, c.Client.Contact = text(m["org"]), text(m["contact"])
	}
	return c.Channel != "" && x.who.is(c)
}

// object takes the person out of what names them by fields: parties, callers, matches with a card.
func (x eraser) object(o map[string]any) {
	for _, side := range []string{"from", "to"} {
		c, ok := o[side].(map[string]any)
		if !ok {
			continue
		}
		if x.contact(c) {
			delete(c, "address")
			delete(c, "name")
			delete(c, "party")
			delete(o, "caller_name") // of the line that opens a ticket: the sender
		}
		x.match(c)
	}
	x.match(o)
	if o["stage"] != nil && x.opener { // the state has of the sender only this
		delete(o, "caller_name")
	}
	if n := text(o["caller"]); n != "" && x.who.isNumber(client.Number(n)) {
		delete(o, "caller")
		delete(o, "caller_name")
	}
	for _, owed := range []any{o, o["call_back"]} { // the state has it in an object of its own, and "number" is its own
		if owed, ok := owed.(map[string]any); ok && owed["call"] != nil && owed["id"] == nil && x.who.isNumber(client.Number(text(owed["number"]))) {
			owed["number"] = ""
		}
	}
	if x.who.party(text(o["party"])) {
		delete(o, "party")
	}
	if _, source, ok := strings.Cut(strings.TrimPrefix(text(o["storm"]), "storm:"), ":"); ok && x.who.party(source) {
		delete(o, "storm")
	}
	x.parties(o)
}

// match takes the person out of what a card has said of a party.
func (x eraser) match(o map[string]any) {
	m, ok := o["client"].(map[string]any)
	if ok && x.who.Contact != "" && text(m["contact"]) == x.who.Contact && x.who.ours(text(m["org"])) {
		delete(o, "caller_name")
		delete(m, "contact")
		delete(m, "contact_name")
	}
}

// parties takes the person out of whose signals join a ticket since another was merged into it.
func (x eraser) parties(o map[string]any) {
	absorbed, _ := o["absorbed"].([]any)
	for _, v := range append([]any{o}, absorbed...) {
		one, ok := v.(map[string]any)
		if !ok {
			continue
		}
		list, _ := one["parties"].([]any)
		for i := range list {
			if x.who.party(text(list[i])) {
				list[i] = Gone
			}
		}
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// edit returns an edit of cards, as it was asked for, without the person: the cards themselves it has by id only.
func (x eraser) edit(raw []byte) ([]byte, error) {
	var o map[string]json.RawMessage
	var change struct {
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("read an edit: %w", err)
	}
	if o["clients"] == nil {
		return raw, nil
	}
	err := json.Unmarshal(o["clients"], &change)
	if err != nil || !x.needles.in(change.Reason) {
		return raw, err
	}
	if o["clients"], err = x.rewrite(o["clients"], []string{"reason"}, nil); err != nil {
		return nil, err
	}
	return json.Marshal(o)
}

// card returns a card of the person's client, as the log of edits keeps it, without them. What is no such card stays as it is.
func (x eraser) card(raw []byte) ([]byte, error) {
	var o struct {
		Contacts []json.RawMessage `json:"contacts"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("read a card: %w", err)
	}
	var kept []json.RawMessage
	for _, c := range o.Contacts {
		var id struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(c, &id); err != nil {
			return nil, fmt.Errorf("read a contact: %w", err)
		}
		if id.ID != x.who.Contact {
			kept = append(kept, c)
		}
	}
	if len(kept) == len(o.Contacts) {
		return raw, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read a card: %w", err)
	}
	delete(all, "contacts")
	if len(kept) > 0 {
		list, err := json.Marshal(kept)
		if err != nil {
			return nil, fmt.Errorf("write a card: %w", err)
		}
		all["contacts"] = list
	}
	short, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("write a card: %w", err)
	}
	return short, nil
}
