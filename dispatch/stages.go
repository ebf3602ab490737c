package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// move changes the stage: sessions that are open end with the ticket, the time
// of the stage is written down, and the client is told in writing.
func (a *act) move(b ticket.Moved) error {
	before := a.ticket()
	b.Unreported = strings.TrimSpace(b.Unreported)
	b, err := a.closes(b)
	if err != nil {
		return err
	}
	if err := a.do(b); err != nil {
		return err
	}
	log, err := a.log()
	if err != nil {
		return nil //nolint:nilerr // a stage can be moved while the record is away; the rest needs the whole log
	}
	if err := a.stageOver(log, before); err != nil {
		return err
	}
	return a.status(b.To, b.Reason)
}

// closes refuses to end an emergency of which nobody has said why it happened, or
// has told the client so: unless it is said why not. What is not true is not kept.
func (a *act) closes(b ticket.Moved) (ticket.Moved, error) {
	t := a.ticket()
	if b.To != ticket.Closed || t.Priority != ticket.Critical || !t.Open() {
		b.Unreported = ""
		return b, nil
	}
	dossier, err := a.dossier()
	if b.Unreported != "" && errors.Is(err, ErrAway) {
		return b, nil // the reason is said, whatever the record has
	}
	if err != nil {
		return b, err
	}
	cause, report := dossier.CauseKnown(), dossier.ReportOut()
	switch {
	case cause && report:
		b.Unreported = ""
	case b.Unreported != "":
	case cause:
		return b, a.refuse(b, "it is critical and its report was not sent: send it, or say why the ticket is closed without (--without-report)")
	case report:
		return b, a.refuse(b, "it is critical and has no root cause: write it, or say why the ticket is closed without (--without-report)")
	default:
		return b, a.refuse(b, "it is critical and has neither a root cause nor a report that was sent: write them, or say why the ticket is closed without (--without-report)")
	}
	return b, nil
}

// status tells the client in writing which stage was reached; those whose word
// is another message say nothing.
func (a *act) status(to ticket.Stage, word string) error {
	t := a.ticket()
	text, ok := clientTexts(t.Language)["status."+to.String()]
	if !ok || t.Class != ticket.Incident && to != ticket.Closed && to != ticket.Cancelled {
		return nil
	}
	text = strings.TrimSpace(strings.NewReplacer("{statement}", word, "{reason}", word).Replace(text))
	return a.tell(Word{Purpose: ticket.ForStatus, Text: text}, false, false)
}

// Stabilise says that the main function works again: the engineer's statement
// and the check that showed it. The client is told in his words.
func (d *Dispatcher) Stabilise(ctx context.Context, ref Ref, by Author, r ticket.Restored) ([]Told, error) {
	done, err := d.perform(ctx, ref, by, func(a *act) error { return a.restored(r) })
	if err != nil {
		return nil, fmt.Errorf("stabilise ticket %s: %w", ref.Number, err)
	}
	return toldOf(done), nil
}

func (a *act) restored(b ticket.Restored) error {
	if strings.TrimSpace(b.Statement) == "" || strings.TrimSpace(b.Check) == "" {
		return a.refuse(b, "it needs what works again and the check that has shown it")
	}
	before := a.ticket()
	if err := a.do(b); err != nil {
		return err
	}
	if a.ticket().Stage < ticket.Stabilised {
		if err := a.do(ticket.Moved{To: ticket.Stabilised}); err != nil {
			return err
		}
	}
	log, err := a.log()
	if err != nil {
		return nil //nolint:nilerr // as in move
	}
	if err := a.stageOver(log, before); err != nil {
		return err
	}
	t := a.ticket()
	if t.Class != ticket.Incident {
		return nil
	}
	text := strings.ReplaceAll(clientTexts(t.Language)["status.stabilised"], "{statement}", b.Statement)
	return a.tell(Word{Purpose: ticket.ForStatus, Text: strings.TrimSpace(text)}, true, false)
}

// rootCause takes a version of the root cause. Its class must be one that reports
// have words for; logs keep what they have.
func (a *act) rootCause(b ticket.RootCaused) error {
	b.Class = strings.ToLower(strings.TrimSpace(b.Class))
	if classes := ticket.CauseClasses(); b.Class != "" && !slices.Contains(classes, b.Class) {
		return a.refuse(b, "%q is no class of a cause; use %s", b.Class, strings.Join(classes, ", "))
	}
	return a.do(b)
}

// Pause lets the clocks that may pause stand still, and returns the pause's name.
// It ends by itself when its time is over, and by any word of the client.
func (d *Dispatcher) Pause(ctx context.Context, ref Ref, by Author, p ticket.Paused) (string, error) {
	e, err := d.Do(ctx, ref, by, p)
	if err != nil {
		return "", err
	}
	if b, ok := e.Body.(ticket.Paused); ok {
		return b.Pause, nil
	}
	return p.Pause, nil
}

func (a *act) pause(b ticket.Paused) error {
	switch b.Reason {
	case ticket.WaitsForClient, ticket.WaitsForVendor, ticket.WaitsForAccess, ticket.WaitsForWindow:
	default:
		return a.refuse(b, "%q is no reason; use client, third_party, no_access or agreed_window", b.Reason)
	}
	from := b.From
	if from.IsZero() {
		from = a.at
	}
	if !b.Until.After(from) {
		return a.refuse(b, "its expected end is not after its beginning")
	}
	if a.at.Sub(from) > backdated && !a.d.dir.Load().lead(a.by.Person) {
		return a.refuse(b, "it begins more than %v in the past: only a shift lead may enter it", backdated)
	}
	log, err := a.log()
	if err != nil {
		return err
	}
	if b.Reason == ticket.WaitsForClient && !slices.ContainsFunc(log, asks) {
		return a.refuse(b, "no question was sent to the client: ask him first, or write a public note of what is waited for")
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(log, func(e ticket.Event) bool { p, ok := e.Body.(ticket.Paused); return ok && p.Pause == name })
	}
	if b.Pause == "" {
		b.Pause = freeName("p", taken)
	} else if taken(b.Pause) {
		return a.refuse(b, "there is a pause %s already", b.Pause)
	}
	return a.do(b)
}

// asks reports whether the client knows that something is waited for.
func asks(e ticket.Event) bool {
	switch b := e.Body.(type) {
	case ticket.Messaged:
		return b.Human
	case ticket.Noted:
		return b.Public
	case ticket.Updated, ticket.PlanTold, ticket.Contacted:
		return true
	}
	return false
}

// Resume ends a pause; an empty name ends all.
func (d *Dispatcher) Resume(ctx context.Context, ref Ref, by Author, pause string) error {
	return d.Amend(ctx, ref, by, ticket.Resumed{Pause: pause, Reason: "desk"})
}

// heard adds to a change what any word of a client does to a ticket: the pauses
// that wait for him are over.
func (d *Dispatcher) heard(c Case, change Change, e ticket.Event) (Change, error) {
	t := c.Ticket
	if row, ok := change.row(t.ID); ok {
		t = row
	}
	if !t.Open() || len(t.Pauses) == 0 {
		return change, nil
	}
	return c.take(change, ticket.Event{Ticket: t.ID, At: e.At, By: byVahta, Body: ticket.Resumed{Reason: "signal"}})
}

// Reopen begins a new cycle of a ticket whose trouble is back, and pages when it
// is Critical.
func (d *Dispatcher) Reopen(ctx context.Context, ref Ref, by Author, r ticket.Reopened) error {
	return d.Amend(ctx, ref, by, r)
}

// reopenedReason is why people are paged for a ticket whose trouble is back.
const reopenedReason = "reopened"

func (d *Dispatcher) reopen(a *act, b ticket.Reopened) error {
	change, err := d.reopens(a.c, a.change, ticket.Event{
		Ticket: a.c.Ticket.ID, At: a.at, By: a.by.Person, Channel: string(a.by.Channel), Body: b,
	}, a.by.Person)
	if err != nil {
		return err
	}
	a.change = change
	if a.by.Key != "" {
		a.change.Events[0].Key = actKey(a.by.Key, 0)
	}
	return nil
}

// reopens adds a reopening to a change. When the ticket needs a page again, its
// timer is due at once; who has reopened it at the desk has it.
func (d *Dispatcher) reopens(c Case, change Change, e ticket.Event, holder string) (Change, error) {
	change, err := c.take(change, e)
	if err != nil {
		return change, err
	}
	t, _ := change.row(c.Ticket.ID)
	if !t.NeedsPage() {
		return change, nil
	}
	if holder != "" {
		return c.take(change, ticket.Event{Ticket: t.ID, At: e.At, By: holder, Channel: e.Channel, Body: ticket.Acknowledged{How: reopenedReason}})
	}
	change, err = c.take(change, ticket.Event{Ticket: t.ID, At: e.At, By: byVahta, Body: ticket.PageRaised{Reason: reopenedReason}})
	if err != nil {
		return change, err
	}
	return change.set(c.pageTimer().moved(e.At)), nil
}

// planKnown moves a ticket to PlanSent once its plan was told.
func (d *Dispatcher) planKnown(ctx context.Context, c Case, change Change, at time.Time, by string) (Change, error) {
	t := c.Ticket
	if row, ok := change.row(t.ID); ok {
		t = row
	}
	if !t.Open() || t.Stage >= ticket.PlanSent {
		return change, nil
	}
	change, err := c.take(change, ticket.Event{Ticket: t.ID, At: at, By: by, Body: ticket.Moved{To: ticket.PlanSent}})
	if err != nil {
		return change, err
	}
	log, fault := d.wholeLog(ctx, refOf(t))
	if fault != nil {
		return change, nil //nolint:nilerr // the plan is known whether or not the time of the stage can be told
	}
	return c.stageTime(change, log, t, at)
}
