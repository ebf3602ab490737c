package shift

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// stuck is a record that takes no change whose ID has the text.
type stuck struct {
	*store.Memory

	text string
}

// Commit implements Store.
func (s stuck) Commit(ctx context.Context, c dispatch.Change) error {
	if strings.Contains(c.ID, s.text) {
		return errors.New("this one is not taken")
	}
	return s.Memory.Commit(ctx, c)
}

// What can not be told keeps nothing else from being told: the alarm behind a
// hand-over goes out whether its tickets, or it itself, can not be had.
func TestOneItemDoesNotSilenceTheOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tickets func(context.Context) ([]ticket.Ticket, error)
		stuck   string
		handed  bool
	}{
		"tickets can not be listed": {func(context.Context) ([]ticket.Ticket, error) { return nil, errors.New("one can not be read") }, "nothing", true},
		"tickets never come": {func(ctx context.Context) ([]ticket.Ticket, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, "nothing", true},
		"the hand-over is not taken": {nil, "handover", false},
		"listing breaks off":         {func(context.Context) ([]ticket.Ticket, error) { panic("a fault") }, "nothing", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(at(t, "2026-11-10 08:59")))
				m := store.NewMemory()
				cfg := Default()
				cfg.Subscribers = []dispatch.Subscriber{{Channel: dispatch.ChannelWebhook, To: "crm"}}
				carer, err := New(cfg, Deps{Store: stuck{m, c.stuck}, Directory: dispatch.NewDirectory(snapshotOf(t, company)), Tickets: c.tickets})
				must(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- carer.Run(ctx) }()
				time.Sleep(3 * time.Minute)
				cancel()
				must(t, <-done)
				alarms, err := m.ClaimNotices(t.Context(), dispatch.NoticeShift, time.Now(), time.Minute, 100)
				must(t, err)
				if !slices.ContainsFunc(alarms, func(n dispatch.Notice) bool { return strings.Contains(n.ID, "unconfirmed") }) {
					t.Errorf("nobody is told of the unconfirmed start: %d notices", len(alarms))
				}
				events, err := m.ClaimNotices(t.Context(), dispatch.NoticeEvent, time.Now(), time.Minute, 100)
				must(t, err)
				at := slices.IndexFunc(events, func(n dispatch.Notice) bool { return strings.Contains(string(n.Body), dispatch.EventShiftHandover) })
				if handed := at >= 0; handed != c.handed {
					t.Errorf("handed over: %v", handed)
				} else if handed && !strings.Contains(string(events[at].Body), `"open_unknown":true`) {
					t.Errorf("the note does not say that tickets are missing: %s", events[at].Body)
				}
			})
		})
	}
}

// A note whose tickets could not be listed does not say that there are none.
func TestNoteWithoutTicketsSaysSo(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-03-10 09:00")
	n := Handover(snapshotOf(t, company), "duty", now, nil)
	n.Unlisted = true
	for language, want := range map[string]string{"en": "ARE NOT KNOWN", "ru": "НЕИЗВЕСТНЫ"} {
		if text := n.Text(language, now); !strings.Contains(text, want) || strings.Contains(text, "No open") || strings.Contains(text, "заявок нет") {
			t.Errorf("%s: %q", language, text)
		}
	}
}

// While the record is away the log says whom nobody tells, again and again, and
// when that is over.
func TestAnOutageIsLoud(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(at(t, "2026-11-10 08:44")))
		record := &outage{Memory: store.NewMemory()}
		record.set(true)
		var said bytes.Buffer
		c, err := New(Default(), Deps{
			Store: record, Directory: dispatch.NewDirectory(snapshotOf(t, annaOnly)),
			Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelInfo})),
		})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		time.Sleep(26 * time.Minute) // from the reminder on
		record.set(false)
		time.Sleep(time.Minute)
		cancel()
		must(t, <-done)
		text := said.String()
		if n := strings.Count(text, "level=ERROR"); n != 3 {
			t.Errorf("said %d times, want at 08:45, 08:55, 09:05:\n%s", n, text)
		}
		for _, want := range []string{"soon anna", "unconfirmed anna", "told of their shifts again"} {
			if !strings.Contains(text, want) {
				t.Errorf("the log does not say %q:\n%s", want, text)
			}
		}
	})
}

// An outage from before the reminder until well after the start, longer than
// half an hour: the alarm is told when it is over, by one node, once.
func TestAlarmOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, annaOnly, "2026-03-11 08:40", 2, only("clara", dispatch.ResultAcknowledged))
		h.record.set(true)
		h.until("2026-03-11 09:45")
		h.record.set(false)
		h.until("2026-03-11 14:00")
		var rung []string
		for _, l := range h.rings.seen() {
			if strings.Contains(l, " ring ") {
				rung = append(rung, l)
			}
		}
		if len(rung) != 1 || !late30(rung[0], "2026-03-11 09:45 ring clara unconfirmed") {
			t.Errorf("%q", rung)
		}
	})
}
