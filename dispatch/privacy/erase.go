package privacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Reason says why something is not erased.
type Reason string

// The reasons.
const (
	UnderHold  Reason = "legal_hold"  // of the client: nothing is erased until it is lifted
	TicketOpen Reason = "ticket_open" // an engineer has to know who asks
	CallRuns   Reason = "call_runs"   // it is being recorded
	Elsewhere  Reason = "elsewhere"   // a recording on the disk of another node, which destroys it at its next look
	ReportMade Reason = "report"      // a document between two companies
	CardNeeded Reason = "card_needed" // because of an open ticket, or a call
	AuditStays Reason = "audit"       // who has asked for what, this erasure, and what edits of cards said in free words
	Backups    Reason = "backups"     // until they expire
)

// Stay is a thing that is not erased.
type Stay struct {
	What string `json:"what"` // number of a ticket, name of a recording; empty = in general
	Node string `json:"node,omitempty"`
	Why  Reason `json:"why"`
}

// Plan is what an erasure would do.
type Plan struct {
	Found      Holdings `json:"found"`
	Tickets    []string `json:"tickets"`    // numbers: the person's words, name and ways go out of their logs
	Mentions   []string `json:"mentions"`   // numbers: tickets that only name them
	Recordings []string `json:"recordings"` // names
	Files      int      `json:"files"`
	Signals    int      `json:"signals"` // whose bytes go
	Calls      int      `json:"calls"`   // whose caller goes
	Card       bool     `json:"card"`
	Stays      []Stay   `json:"stays"`
}

// Erased is what an erasure has come to.
type Erased struct {
	Plan
	At  time.Time `json:"at"`
	By  string    `json:"by"`
	Why string    `json:"reason"`
}

// Plan says what an erasure would do, and what would stay; nothing is done.
func (p *Privacy) Plan(ctx context.Context, d Demand) (Plan, error) {
	f, err := p.find(ctx, d.Person)
	if err != nil {
		return Plan{}, told(fmt.Errorf("look what is kept of %s: %w", d.Person, err), d.Language)
	}
	return f.plan(), nil
}

// plan decides what goes and what stays.
func (f *found) plan() Plan {
	plan := Plan{Found: f.Holdings, Tickets: []string{}, Mentions: []string{}, Recordings: []string{}, Stays: []Stay{}}
	stay := func(what, node string, why Reason) { plan.Stays = append(plan.Stays, Stay{what, node, why}) }
	if f.hold {
		stay("", "", UnderHold)
		return plan
	}
	kept := map[string]bool{} // tickets that are open
	needed := false
	for _, c := range f.cases {
		number := c.d.Ticket.Number.String()
		switch {
		case c.d.Ticket.Open():
			kept[number], needed = true, needed || c.theirs
			stay(number, "", TicketOpen)
			continue
		case c.theirs:
			plan.Tickets = append(plan.Tickets, number)
		default:
			plan.Mentions = append(plan.Mentions, number)
		}
		plan.Signals += len(c.signals)
		if len(c.d.Versions) > 0 {
			stay(number, "", ReportMade)
		}
	}
	for i, c := range f.calls {
		switch {
		case c.EndedAt.IsZero():
			needed = true
			stay(c.ID, c.Node, CallRuns)
		case kept[c.Ref.Number]:
		default:
			plan.Calls++
			if i < len(f.Recordings) && f.Recordings[i].Here {
				plan.Recordings = append(plan.Recordings, f.Recordings[i].Name)
			} else if i < len(f.Recordings) && c.Node != f.node {
				stay(f.Recordings[i].Name, c.Node, Elsewhere)
			}
		}
	}
	plan.Files = len(f.goingFiles())
	switch {
	case f.Card == nil:
	case needed:
		stay(f.Person, "", CardNeeded)
	default:
		plan.Card = true
	}
	stay("", "", AuditStays)
	stay("", "", Backups)
	return plan
}

// goingFiles are the files of tickets that are closed.
func (f *found) goingFiles() (list []dispatch.Attachment) {
	open := map[string]bool{}
	for _, c := range f.cases {
		open[c.d.Ticket.ID] = c.d.Ticket.Open()
	}
	for _, a := range f.Files {
		if !open[a.Ticket] {
			list = append(list, a)
		}
	}
	return list
}

// Erase does what Plan says. What fails may be demanded again: it goes on where it broke off.
func (p *Privacy) Erase(ctx context.Context, d Demand) (Erased, error) {
	e, err := p.erase(ctx, d)
	if err != nil {
		return e, told(fmt.Errorf("erase %s: %w", d.Person, err), d.Language)
	}
	return e, nil
}

func (p *Privacy) erase(ctx context.Context, d Demand) (Erased, error) {
	f, err := p.find(ctx, d.Person)
	if err != nil {
		return Erased{}, err
	}
	if err := d.check(f.who); err != nil {
		return Erased{}, err
	}
	e := Erased{Plan: f.plan(), At: p.deps.Now().UTC(), By: d.By.Person, Why: d.Why}
	if f.hold {
		return e, refuse("%s is under legal hold: nothing of theirs is erased until it is lifted (`vahta client set %s --legal-hold=false`)",
			"у %s запрет на удаление: ничего не стирается, пока он не снят (`vahta client set %s --legal-hold=false`)", f.Org, f.Org)
	}
	x := eraser{who: f.who, needles: f.who.needles()}
	decided, err := p.decide(ctx, d, f, x)
	if err != nil {
		return e, err
	}
	if err := p.tell(ctx, d, dispatch.ActErase, "", "person "+f.Person, f.brief()); err != nil {
		return e, err
	}
	if err := p.eraseSounds(ctx, d, f); err != nil {
		return e, err
	}
	for _, one := range decided {
		if err := p.eraseTicket(ctx, d, f, x, one); err != nil {
			return e, fmt.Errorf("ticket %s: %w", one.of.d.Ticket.Number, err)
		}
	}
	if err := p.eraseLooseCalls(ctx, d, f, x); err != nil {
		return e, err
	}
	if !e.Card {
		return e, nil
	}
	return e, p.eraseCard(ctx, d, f, x) // last: a repeated erasure finds by the card what the first one did not get to
}

// eraseSounds destroys recordings and files.
func (p *Privacy) eraseSounds(ctx context.Context, d Demand, f *found) error {
	for i, r := range f.Recordings {
		if c := f.calls[i]; !r.Here || c.EndedAt.IsZero() || f.open(c.Ref.ID) {
			continue
		}
		if err := p.tell(ctx, d, dispatch.ActErase, r.Ticket, "recording "+r.Name, ""); err != nil {
			return err
		}
		if err := p.deps.Vault.EraseCall(f.calls[i]); err != nil {
			return err
		}
	}
	for _, a := range f.goingFiles() {
		if err := p.tell(ctx, d, dispatch.ActErase, f.number(a.Ticket), "attachment "+a.Hash, ""); err != nil {
			return err
		}
		if err := p.deps.Vault.Erase(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (f *found) open(id string) bool {
	return slices.ContainsFunc(f.cases, func(c folder) bool { return c.d.Ticket.ID == id && c.d.Ticket.Open() })
}

func (f *found) number(id string) string {
	for _, c := range f.cases {
		if c.d.Ticket.ID == id {
			return c.d.Ticket.Number.String()
		}
	}
	return ""
}

// maxConflicts is how often a ticket is decided on anew because somebody has acted on it meanwhile.
const maxConflicts = 5

// decision is what is to be written of one ticket.
type decision struct {
	of    folder
	write dispatch.TicketErasure // without a Ticket: nothing
}

// decide makes all that is to be written, before any of it is: what can not be read or would not be read again leaves everything as
// it was.
func (p *Privacy) decide(ctx context.Context, d Demand, f *found, x eraser) (list []decision, err error) {
	for _, c := range f.cases {
		if c.d.Ticket.Open() {
			continue
		}
		x = x.in(c)
		e, err := p.erasure(ctx, d, f, x, c)
		if err != nil {
			return nil, fmt.Errorf("nothing was erased: ticket %s: %w", c.d.Ticket.Number, err)
		}
		list = append(list, decision{c, e})
	}
	if f.Card == nil || p.deps.Rotas == nil {
		return list, nil
	}
	if _, err := p.edits(ctx, x); err != nil {
		return nil, fmt.Errorf("nothing was erased: the history of the card: %w", err)
	}
	return list, nil
}

// eraseTicket takes the person's words out of one ticket.
func (p *Privacy) eraseTicket(ctx context.Context, d Demand, f *found, x eraser, one decision) (err error) {
	x = x.in(one.of)
	for range maxConflicts {
		if one.write.Ticket == nil {
			return nil
		}
		if err = p.deps.Record.EraseTicket(ctx, one.write); !errors.Is(err, dispatch.ErrConflict) {
			return err
		}
		var again error
		if one.write, again = p.erasure(ctx, d, f, x, one.of); again != nil {
			return again
		}
	}
	return err
}

// erasure decides on one ticket, as it is now.
func (p *Privacy) erasure(ctx context.Context, d Demand, f *found, x eraser, c folder) (e dispatch.TicketErasure, err error) {
	t, err := p.deps.Archive.Find(ctx, c.d.Ticket.Number)
	if err != nil {
		return e, err
	}
	if t.Open() {
		return e, refuse("it was opened again this very moment; close it and repeat", "тикет только что снова открыт; закройте его и повторите")
	}
	log, err := p.deps.Archive.Events(ctx, t.ID)
	if err != nil {
		return e, err
	}
	after := slices.Clone(log)
	for i, line := range log {
		short, changed, err := x.event(line)
		if err != nil {
			return e, err
		}
		if changed {
			after[i], e.Events = short, append(e.Events, short)
		}
	}
	if _, err := ticket.Compile(after); err != nil {
		return e, fmt.Errorf("the log would not be read without them: %w", err)
	}
	for _, r := range c.signals {
		sig := r.Signal
		if sig.Call != nil {
			sig.Call = &dispatch.CallSignal{Line: sig.Call.Line, DID: sig.Call.DID, CallID: sig.Call.CallID, Trunk: sig.Call.Trunk}
		}
		e.Signals = append(e.Signals, sig)
	}
	state, err := x.state(t)
	e.Calls = f.bareCalls(x, t, p.deps.Now().UTC())
	if err != nil || len(e.Events)+len(e.Signals)+len(e.Calls) == 0 {
		return e, err
	}
	e.Ticket, e.Audit = &state, p.entry(d, dispatch.ActRedact, "", "", "")
	return e, err
}

// bareCalls are the person's calls of a ticket, without them.
func (f *found) bareCalls(x eraser, t ticket.Ticket, now time.Time) (list []dispatch.CallRecord) {
	for _, c := range f.calls {
		if c.Ref.ID != t.ID || c.EndedAt.IsZero() {
			continue
		}
		c = x.call(c)
		if c.Detail.Recording.Path != "" {
			c.Detail.Recording.Erased = now // what lies on another node's disk, that node destroys
		}
		list = append(list, c)
	}
	return list
}

// eraseLooseCalls takes the person out of calls that have no ticket.
func (p *Privacy) eraseLooseCalls(ctx context.Context, d Demand, f *found, x eraser) error {
	list := f.bareCalls(x, ticket.Ticket{}, p.deps.Now().UTC())
	if len(list) == 0 {
		return nil
	}
	return p.deps.Record.EraseTicket(ctx, dispatch.TicketErasure{Calls: list, Audit: p.entry(d, dispatch.ActRedact, "", "", "")})
}

// eraseCard takes the person off the card, and off the card as it was in the log of edits.
func (p *Privacy) eraseCard(ctx context.Context, d Demand, f *found, x eraser) error {
	forget := client.Change{Forget: &client.Person{Org: f.Org, Contact: f.Contact}, Reason: d.Why}
	if _, err := p.deps.Cards.Commit(ctx, forget, d.By, nil); err != nil {
		return err
	}
	if p.deps.Rotas == nil {
		return nil
	}
	list, err := p.edits(ctx, x)
	if err != nil || len(list) == 0 {
		return err
	}
	return p.deps.Record.EraseEdits(ctx, dispatch.EditsErasure{Entries: list, Audit: p.entry(d, dispatch.ActRedact, "", "", "")})
}

// edits are the lines of the log of edits that have the person, without them.
func (p *Privacy) edits(ctx context.Context, x eraser) (list []dispatch.RotaEntry, err error) {
	log, err := p.deps.Rotas.RotaHistory(ctx, dispatch.RotaFilter{Key: edit.Key{Kind: edit.Organisation}, Limit: everything})
	if err != nil {
		return nil, err
	}
	for _, line := range slices.Backward(log) {
		changed, err := x.line(&line)
		if err != nil {
			return nil, fmt.Errorf("edit %d: %w", line.Revision, err)
		}
		if changed {
			list = append(list, line)
		}
	}
	return list, nil
}

// line takes the person out of a line of the log of edits.
func (x eraser) line(e *dispatch.RotaEntry) (changed bool, err error) {
	for _, list := range []*[]edit.Record{&e.Before, &e.After} {
		*list = slices.Clone(*list)
		for i, r := range *list {
			if r.Kind != edit.Organisation || !x.who.ours(r.ID) || len(r.Body) == 0 {
				continue
			}
			short, err := x.card(r.Body)
			if err != nil {
				return false, err
			}
			if !bytes.Equal(short, r.Body) {
				(*list)[i].Body, changed = short, true
			}
		}
	}
	if !changed {
		return false, nil
	}
	e.Reason = x.needles.replace(e.Reason)
	if len(e.Edit) > 0 {
		e.Edit, err = x.edit(e.Edit)
	}
	return true, err
}
