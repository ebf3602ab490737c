package shift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
)

// company is a day and night rota of two, with a scheduler who is never on duty.
const company = `
people:
  - {id: anna, name: Анна, devices: [{kind: softphone, account: anna}, {kind: mobile, number: "+79210000001"}]}
  - {id: boris, name: Борис, language: en, devices: [{kind: mobile, number: "+79210000002"}]}
  - {id: clara, name: Клара, roles: [scheduler], devices: [{kind: mobile, number: "+79210000003"}]}
schedules:
  - id: duty
    name: Дежурные
    zone: Europe/Moscow
    tracks:
      - id: primary
        layers:
          - {id: days, members: [anna], windows: [{from: "09:00", to: "21:00"}]}
          - {id: nights, members: [boris], windows: [{from: "21:00", to: "09:00"}]}
`

func rosterOf(tb testing.TB, text string) oncall.Roster {
	tb.Helper()
	var r oncall.Roster
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&r); err != nil {
		tb.Fatal(err)
	}
	if err := r.Validate(); err != nil {
		tb.Fatal(err)
	}
	return r
}

func snapshotOf(tb testing.TB, text string) *dispatch.Snapshot {
	tb.Helper()
	return snapshotOn(tb, rosterOf(tb, text))
}

func snapshotOn(tb testing.TB, r oncall.Roster) *dispatch.Snapshot {
	tb.Helper()
	s, err := dispatch.NewSnapshot(dispatch.Source{Roster: r, Lines: []dispatch.Line{{ID: "main", Schedule: r.Schedules[0].ID}}})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// at reads a civil time of Moscow.
func at(tb testing.TB, text string) time.Time {
	tb.Helper()
	return in(tb, "Europe/Moscow", text)
}

func in(tb testing.TB, zone, text string) time.Time {
	tb.Helper()
	z, err := oncall.LoadZone(zone)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := oncall.ParseCivil(text)
	if err != nil {
		tb.Fatal(err)
	}
	return z.Resolve(c, oncall.First).UTC()
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// show writes items as lines, in a zone: when, until when, kind, who, the starts.
func show(tb testing.TB, zone string, items []Item) []string {
	tb.Helper()
	z, err := oncall.LoadZone(zone)
	must(tb, err)
	var lines []string
	for _, i := range items {
		var line strings.Builder
		fmt.Fprintf(&line, "%s-%s %s %s%s", oncall.CivilAt(i.At, z), oncall.CivilAt(i.Until, z).Clock(), i.Kind, i.Person, i.Schedule)
		for _, turn := range i.Turns {
			line.WriteString(" " + turn.Track + "@" + oncall.CivilAt(turn.Start, z).Clock().String())
		}
		lines = append(lines, line.String())
	}
	return lines
}

// ringer is whoever answers the phone.
type ringer struct {
	t     testing.TB
	on    func(n dispatch.Notice) dispatch.Result
	carer func() *Carer

	mu    sync.Mutex
	calls []string // guarded by mu
}

// Notify implements dispatch.Notifier.
func (r *ringer) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	if n.Kind == dispatch.NoticeEvent {
		r.note("%s", eventOf(r.t, n))
		return dispatch.ResultDelivered, nil
	}
	result := r.on(n)
	r.note("ring %s %s %s day %d: %s", n.To, n.Shift.Kind, n.Shift.Clock, n.Shift.Day, result)
	if result == dispatch.ResultAcknowledged || result == dispatch.ResultEscalate {
		if err := r.carer().AnswerShift(ctx, n, result, time.Now()); err != nil {
			return dispatch.ResultFailed, errors.New("not saved")
		}
	}
	if n.Report != nil {
		o := map[dispatch.Result]dispatch.AttemptOutcome{dispatch.ResultAcknowledged: dispatch.AttemptAcknowledged, dispatch.ResultEscalate: dispatch.AttemptEscalated}
		n.Report(dispatch.Attempt{Person: n.To, Device: n.Devices[0], Outcome: o[result], At: time.Now()})
	}
	return result, nil
}

func (r *ringer) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	z, _ := oncall.LoadZone("Europe/Moscow")
	r.calls = append(r.calls, oncall.CivilAt(time.Now(), z).String()+" "+fmt.Sprintf(format, args...))
}

func (r *ringer) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// outage is a record that can be away.
type outage struct {
	*store.Memory

	mu   sync.Mutex
	away bool // guarded by mu
}

func (o *outage) set(away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = away
}

func (o *outage) gone() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		return dispatch.ErrAway
	}
	return nil
}

// Confirmations implements dispatch.Care.
func (o *outage) Confirmations(ctx context.Context, since time.Time) ([]dispatch.Confirmation, error) {
	if err := o.gone(); err != nil {
		return nil, err
	}
	return o.Memory.Confirmations(ctx, since)
}

// ConfirmTurn implements dispatch.Care.
func (o *outage) ConfirmTurn(ctx context.Context, c dispatch.Confirmation) error {
	if err := o.gone(); err != nil {
		return err
	}
	return o.Memory.ConfirmTurn(ctx, c)
}
