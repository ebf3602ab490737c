package privacy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Gone is what stands where words were.
const Gone = "[erased]"

// eraser takes the words of one person out of what is kept.
type eraser struct {
	who     *subject
	needles *regexp.Regexp // nil = none
	alone   bool           // nobody else has asked in the ticket at hand
}

// event returns a line of a log without the words of the person; changed is false when it has none.
func (x eraser) event(e ticket.Event) (_ ticket.Event, changed bool, err error) {
	raw, err := json.Marshal(e.Body)
	if err != nil {
		return e, false, fmt.Errorf("read line %d: %w", e.Seq, err)
	}
	short, err := x.rewrite(raw, func(v any) any { return x.said(e.Body.Kind(), v) })
	if err != nil || bytes.Equal(short, raw) {
		return e, false, err
	}
	if e.Body, err = ticket.DecodeBody(e.Body.Kind(), short); err != nil {
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
	short, err := x.rewrite(raw, nil)
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

// call returns the record of a call without the person, if it is theirs.
func (x eraser) call(c dispatch.CallRecord, theirs bool) (dispatch.CallRecord, error) {
	raw, err := json.Marshal(c.Detail)
	if err != nil {
		return c, fmt.Errorf("read call %s: %w", c.ID, err)
	}
	short, err := x.rewrite(raw, nil)
	if err != nil {
		return c, err
	}
	c.Detail = dispatch.CallDetail{}
	if err := json.Unmarshal(short, &c.Detail); err != nil {
		return c, fmt.Errorf("write call %s: %w", c.ID, err)
	}
	if theirs {
		c.Caller, c.CallerName = "", ""
	}
	return c, nil
}

// rewrite takes the person out of JSON; first, if any, sees the whole before.
func (x eraser) rewrite(raw []byte, first func(any) any) ([]byte, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // as it was written
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read what is kept: %w", err)
	}
	if first != nil {
		v = first(v)
	}
	return json.Marshal(x.walk(v))
}

// said takes out what the person has said or was told.
func (x eraser) said(kind ticket.Kind, v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
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
	return o
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

// walk goes through a value and everything in it.
func (x eraser) walk(v any) any {
	switch v := v.(type) {
	case string:
		if x.needles == nil {
			return v
		}
		return x.needles.ReplaceAllString(v, Gone)
	case []any:
		for i := range v {
			v[i] = x.walk(v[i])
		}
	case map[string]any:
		x.object(v)
		for k := range v {
			v[k] = x.walk(v[k])
		}
	}
	return v
}

// object takes the person out of what names them by fields: parties, callers, matches with a card.
func (x eraser) object(o map[string]any) {
	if x.contact(o) {
		for _, field := range []string{"address", "name", "party"} {
			delete(o, field)
		}
	}
	for field, name := range map[string]string{"caller": "caller_name", "number": ""} {
		if n := text(o[field]); n != "" && x.who.isNumber(client.Number(n)) {
			delete(o, field)
			delete(o, name)
		}
	}
	if contact := text(o["contact"]); contact != "" && x.who.Contact == contact && x.who.ours(text(o["org"])) {
		delete(o, "contact")
		delete(o, "contact_name")
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
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
