package privacy

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Holdings is what is kept of one person.
type Holdings struct {
	Person     string                `json:"person"`
	Org        string                `json:"client,omitempty"`
	Contact    string                `json:"contact,omitempty"`
	Card       *client.Contact       `json:"card,omitempty"` // nil = on no card
	Tickets    []HeldTicket          `json:"tickets"`
	Recordings []HeldRecording       `json:"recordings"`
	Files      []dispatch.Attachment `json:"files"` // that nobody else has sent
}

// HeldTicket is a ticket with the words of one person, and those to them.
type HeldTicket struct {
	ID       string              `json:"id"`
	Number   string              `json:"number"`
	OpenedAt time.Time           `json:"opened_at"`
	Open     bool                `json:"open,omitempty"`
	Signals  []ticket.SignalLine `json:"reports"`
	Messages []ticket.Message    `json:"messages"`
	Reports  int                 `json:"report_versions,omitempty"` // that were made of the ticket
}

// HeldRecording is the recording of a call of one person.
type HeldRecording struct {
	Call     string        `json:"call"`
	Ticket   string        `json:"ticket,omitempty"` // number
	At       time.Time     `json:"at"`
	Name     string        `json:"name"` // empty = the call has none
	Duration time.Duration `json:"duration_ns"`
	Node     string        `json:"node,omitempty"` // on whose disk
	Here     bool          `json:"here"`           // it lies on this node's disk
}

// everything is more than a record holds.
const everything = 1 << 30

// found is all of a person, as it was read.
type found struct {
	Holdings

	who   *subject
	cases []folder
	calls []dispatch.CallRecord // theirs, with a ticket or without; those of Recordings are the first ones, in its order
	hold  bool                  // the client is under legal hold
	node  string                // this one
}

// folder is one ticket that has them.
type folder struct {
	d       ticket.Dossier
	alone   bool                    // nobody else has asked in it
	signals []dispatch.SignalRecord // theirs
	theirs  bool                    // they have asked in it, or were told; else it only names them
}

// find looks for all that is kept of a person.
func (p *Privacy) find(ctx context.Context, person string) (*found, error) {
	book := p.deps.Directory.Load().Book
	who, err := find(book, person)
	if err != nil {
		return nil, err
	}
	f := &found{who: who, node: p.deps.Node, Holdings: Holdings{
		Person: who.String(), Org: who.Org, Contact: who.Contact, Card: who.card,
		Tickets: []HeldTicket{}, Recordings: []HeldRecording{}, Files: []dispatch.Attachment{},
	}}
	if o, ok := book.Resolve(who.Org); ok {
		f.hold = o.LegalHold
	}
	list, err := p.dossiers(ctx, who)
	if err != nil {
		return nil, err
	}
	back := map[string]bool{} // calls back to them, by id
	for _, d := range list {
		if err := p.take(ctx, f, d, back); err != nil {
			return nil, err
		}
	}
	if err := p.takeCalls(ctx, f, back); err != nil {
		return nil, err
	}
	if f.Card == nil && len(f.cases) == 0 && len(f.calls) == 0 {
		return nil, unknown("nothing is kept of %s: no card, no ticket and no call has such a person",
			"о %s ничего не хранится: такого человека нет ни в карточке, ни в тикете, ни в звонке", person)
	}
	return f, nil
}

// dossiers reads the tickets that may be about a person, and learns from all of them before anything is judged.
func (p *Privacy) dossiers(ctx context.Context, who *subject) ([]ticket.Dossier, error) {
	list, err := p.deps.Archive.Tickets(ctx, dispatch.TicketFilter{Limit: everything})
	if err != nil {
		return nil, err
	}
	var all []ticket.Dossier
	for _, t := range list {
		if !who.concerns(t) {
			continue
		}
		log, err := p.deps.Archive.Events(ctx, t.ID)
		if err != nil {
			return nil, fmt.Errorf("read the log of ticket %s: %w", t.Number, err)
		}
		d, err := ticket.Compile(log)
		if err != nil {
			return nil, fmt.Errorf("read the log of ticket %s: %w", t.Number, err)
		}
		who.learn(d)
		all = append(all, d)
	}
	return slices.DeleteFunc(all, func(d ticket.Dossier) bool { return !who.searched(d) }), nil
}

// take adds what one ticket has of a person.
func (p *Privacy) take(ctx context.Context, f *found, d ticket.Dossier, back map[string]bool) error {
	who := f.who
	t := HeldTicket{
		ID: d.Ticket.ID, Number: d.Ticket.Number.String(), OpenedAt: d.Ticket.OpenedAt, Open: d.Ticket.Open(), Reports: len(d.Versions),
		Signals: []ticket.SignalLine{}, Messages: []ticket.Message{},
	}
	c := folder{d: d, alone: true}
	files, others, mine := c.sort(who, &t)
	for _, m := range d.Messages {
		if who.is(m.To) {
			t.Messages = append(t.Messages, m)
		}
	}
	for _, call := range d.Calls {
		theirs := call.Caller != "" && who.isNumber(call.Caller)
		back[call.ID] = back[call.ID] || call.Caller == "" && mine[call.Report]
		c.theirs = c.theirs || theirs || back[call.ID]
	}
	c.theirs = c.theirs || len(t.Signals)+len(t.Messages) > 0 || mine[1]
	if err := p.takeSignals(ctx, f, &c, t); err != nil {
		return err
	}
	if !c.theirs {
		if p.names(who, d) {
			f.cases = append(f.cases, c)
		}
		return nil
	}
	f.cases, f.Tickets = append(f.cases, c), append(f.Tickets, t)
	list, err := p.deps.Files.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: d.Ticket.ID, Limit: everything})
	if err != nil {
		return err
	}
	for _, a := range list {
		if (files[a.Hash] || c.alone) && !others[a.Hash] && a.Erased.IsZero() {
			f.Files = append(f.Files, a)
		}
	}
	return nil
}

// sort parts what a ticket was told into the person's and that of others: files by their hashes, and which stories are theirs.
func (c *folder) sort(who *subject, t *HeldTicket) (files, others map[string]bool, mine map[int]bool) {
	files, others, mine = map[string]bool{}, map[string]bool{}, map[int]bool{}
	for _, s := range c.d.Stories {
		mine[s.Report] = who.is(s.From)
		c.alone = c.alone && (mine[s.Report] || s.Machine)
		for _, signal := range s.Signals {
			of := others
			if who.is(signal.From) {
				t.Signals, of = append(t.Signals, signal), files
			} else if !signal.Machine {
				c.alone = false
			}
			for _, hash := range signal.Files {
				of[hash] = true
			}
		}
	}
	return files, others, mine
}

// takeSignals adds the raw signals that are the person's.
func (p *Privacy) takeSignals(ctx context.Context, f *found, c *folder, t HeldTicket) error {
	if p.deps.Signals == nil {
		return nil
	}
	list, err := p.deps.Signals.ListSignals(ctx, dispatch.SignalFilter{Ticket: t.ID, Raw: true, Limit: everything})
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, s := range t.Signals {
		named[s.Signal] = true
	}
	needles := f.who.needles()
	for _, r := range list {
		call := r.Call != nil && r.Call.Caller != "" && f.who.is(ticket.Contact{Channel: client.ChannelCall, Address: p.number(r.Call.Caller)})
		if call || named[string(r.Channel)+"/"+r.Key] || c.theirs && c.alone || needles.in(string(r.Raw)) {
			r.Raw = nil
			c.signals = append(c.signals, r)
		}
	}
	return nil
}

// number is a caller as the book writes numbers.
func (p *Privacy) number(raw string) string {
	n, err := p.deps.Directory.Load().Book.Numbering().Parse(raw)
	if err != nil {
		return raw
	}
	return string(n)
}

// names reports whether a log names the person without being about them.
func (p *Privacy) names(who *subject, d ticket.Dossier) bool {
	x := eraser{who: who, needles: who.needles()}
	for _, e := range d.Log {
		if _, changed, err := x.event(e); changed || err != nil {
			return true
		}
	}
	return false
}

// takeCalls adds the calls of a person: those with a ticket and those without, and those back to them.
func (p *Privacy) takeCalls(ctx context.Context, f *found, back map[string]bool) error {
	list, err := p.deps.Archive.Calls(ctx, dispatch.CallFilter{Limit: everything})
	if err != nil {
		return err
	}
	var silent []dispatch.CallRecord
	for _, c := range list {
		if !back[c.ID] && (c.Caller == "" || !f.who.isNumber(c.Caller)) {
			continue
		}
		if c, err = p.deps.Archive.Call(ctx, c.ID); err != nil { // with its detail
			return fmt.Errorf("read call %s: %w", c.ID, err)
		}
		if c.Caller == "" && !c.Detail.Recording.Erased.IsZero() {
			continue // was erased before
		}
		if c.Detail.Recording.Path == "" || !c.Detail.Recording.Erased.IsZero() {
			silent = append(silent, c)
			continue
		}
		f.calls = append(f.calls, c)
		f.Recordings = append(f.Recordings, HeldRecording{
			Call: c.ID, Ticket: c.Ref.Number, At: c.StartedAt, Duration: c.Detail.Recording.Duration, Node: c.Node, Here: p.deps.Vault.HasCall(c),
			Name: filepath.Base(c.Detail.Recording.Path),
		})
	}
	f.calls = append(f.calls, silent...)
	return nil
}
