package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/selftest"
)

// outageLife is how long other nodes know of an outage whose node says nothing more.
const outageLife = 24 * time.Hour

// noticed marks the alarm of another node, to which this one has only added a note.
const noticed = "noticed:"

// byVahta is the author of what the server writes by itself.
const byVahta = "vahta"

// raiseOutage opens a ticket about a line that fails its self-test; its pages go by other operators first. Where another
// node has opened one already, its log gets a note.
func (a *App) raiseOutage(ctx context.Context, o selftest.Outage) (string, error) {
	text := outageText(o, a.cfg.Node)
	key := outageKey(o.Trunk)
	if v, err := a.rotation.Get(ctx, key); err == nil && len(v) > 0 {
		if t, err := a.desk.Ticket(ctx, string(v)); err == nil && t.Open() {
			return noticed + t.ID, a.desk.Note(ctx, dispatch.Ref{ID: t.ID, Number: t.Number.String()}, dispatch.Author{Person: byVahta}, ticket.Noted{Text: text})
		}
	}
	id, now := "selftest-"+o.Report.ID, time.Now()
	opened, err := a.desk.OpenCall(ctx, dispatch.Signal{
		Channel: dispatch.ChannelCall, Key: id, At: now,
		Call: &dispatch.CallSignal{
			Line: a.lineOf(o.Number), CallerName: "self-test: " + o.Trunk, Anonymous: true, // nobody's: it joins no caller's ticket
			CallID: id, Trunk: o.Trunk,
		},
	})
	if err != nil {
		return "", fmt.Errorf("open a ticket about line %s: %w", o.Trunk, err)
	}
	// Whatever of this fails, the ticket will be paged.
	err = errors.Join(
		a.desk.Note(ctx, opened.Ref, dispatch.Author{Person: byVahta}, ticket.Noted{Text: text}),
		a.desk.RecordOutcome(ctx, dispatch.Outcome{Ref: opened.Ref, Call: id, Result: dispatch.CallFailed, Cause: "self_test_failed", At: now}),
		a.rotation.Put(ctx, key, []byte(opened.ID), outageLife),
	)
	if err != nil {
		a.log.Warn("the ticket about a line lacks something", "trunk", o.Trunk, "ticket", opened.Number, "err", err.Error())
	}
	return opened.ID, nil
}

func outageKey(trunk string) string { return rotation.KindOutage + "/" + url.QueryEscape(trunk) }

// lineOf returns the hotline of a number, or the first.
func (a *App) lineOf(number string) string {
	directory := a.desk.Directory().Load()
	if l, ok := directory.LineFor(number); ok {
		return l.ID
	}
	for _, l := range directory.Lines() {
		return l.ID
	}
	return ""
}

func outageText(o selftest.Outage, node string) string {
	text := fmt.Sprintf("The line by operator %s (%s) failed its self-test %d times in a row, last with %s: %s.",
		o.Trunk, o.Number, o.Fails, o.Report.Result, o.Report.Text)
	if o.OK.IsZero() {
		text += " It was never proved."
	} else {
		text += " Last proof: " + o.OK.UTC().Format(time.RFC3339) + "."
	}
	return text + fmt.Sprintf(" Node %s. `vahta selftest run %s` tests it again.", node, o.Trunk)
}

// clearOutage writes that the line is well again, and closes the ticket unless somebody has it: then it is his to close.
func (a *App) clearOutage(ctx context.Context, trunk, alarm, text string) error {
	id, noted := strings.CutPrefix(alarm, noticed)
	if !noted { // the next outage is another one, whether or not the ticket of this one is closed
		if err := a.rotation.Delete(ctx, outageKey(trunk)); err != nil {
			return fmt.Errorf("clear the alarm of a line: %w", err)
		}
	}
	t, err := a.desk.Ticket(ctx, id)
	switch {
	case errors.Is(err, dispatch.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("clear the alarm of a line: %w", err)
	case !t.Open():
		return nil
	}
	ref, by := dispatch.Ref{ID: t.ID, Number: t.Number.String()}, dispatch.Author{Person: byVahta}
	err = a.desk.Note(ctx, ref, by, ticket.Noted{Text: text + " (node " + a.cfg.Node + ")"})
	if err == nil && !noted && t.Acknowledged.IsZero() {
		err = a.desk.CloseUnreported(ctx, ref, by, text, text) // our own line: nobody waits for a report
	}
	if err != nil {
		return fmt.Errorf("clear the alarm of a line: %w", err)
	}
	return nil
}

// examineLines says when each line was last proved.
func examineLines(c config.Config, now time.Time) []Finding {
	kept, err := selftest.ReadHistories(filepath.Join(c.Data, selfTestFile))
	if err != nil {
		return []Finding{{"self-test", false, err.Error()}}
	}
	past := map[string]selftest.History{}
	for _, h := range kept {
		past[h.Trunk] = h
	}
	var fs []Finding
	for _, l := range linesToTest(c) {
		h := past[l.Trunk]
		fs = append(fs, examineLine(c.SelfTest.Every, l, &h, now))
	}
	return fs
}

// late is after how many intervals without a proof something is wrong.
const late = 3

func examineLine(every time.Duration, l selftest.Line, h *selftest.History, now time.Time) Finding {
	f := Finding{What: "self-test", OK: true, Text: l.Trunk + ": never proved"}
	if !h.OK.IsZero() {
		how := "by a test"
		if h.ByCalls {
			how = "by calls of people"
		}
		f.Text = fmt.Sprintf("%s: proved %s ago %s", l.Trunk, now.Sub(h.OK).Round(time.Second), how)
		if h.MOS > 0 {
			f.Text += fmt.Sprintf(", sound %.1f of 4.4", h.MOS)
		}
	}
	tested := every > 0 && !l.Off
	switch {
	case h.Result.Verdict() && h.Result != selftest.OK:
		f.OK = false
		f.Text += fmt.Sprintf("; the last test failed %s ago: %s: %s", now.Sub(h.Last).Round(time.Second), h.Result, h.Text)
		if h.Suspended {
			f.Text += "; it is not tested by itself until `vahta selftest run " + l.Trunk + "` passes"
		}
	case tested && !h.OK.IsZero() && now.Sub(h.OK) > late*every:
		f.OK = false
		f.Text += fmt.Sprintf("; self_test.every is %s: does the server run?", every)
		if h.Passed != "" {
			f.Text = strings.TrimSuffix(f.Text, " does the server run?") + " not tested: " + h.Passed
		}
	case h.OK.IsZero():
		f.Text += "; `vahta selftest run " + l.Trunk + "` proves it by a call to " + l.Number
	}
	return f
}
