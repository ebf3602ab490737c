package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// told notes what became of each notice, in its desk's words.
type told struct {
	results

	full []dispatch.Delivery // guarded by mu
}

func (d *told) RecordDelivery(ctx context.Context, del dispatch.Delivery) error {
	d.mu.Lock()
	d.full = append(d.full, del)
	d.mu.Unlock()
	return d.results.RecordDelivery(ctx, del)
}

// A message to a client is tried for minutes and then has failed for good, so
// that another channel can carry it in time; what no retry can mend, and a
// channel that nobody has set up, fails at once.
func TestMessagesToClients(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		channel dispatch.Channel
		answers []error
		tries   int
		want    dispatch.Result
		within  time.Duration
	}{
		"arrives":                    {"email", []error{nil}, 1, dispatch.ResultDelivered, 0},
		"arrives at the second try":  {"email", []error{errors.New("450 try later")}, 2, dispatch.ResultDelivered, 5 * time.Second},
		"the address is wrong":       {"email", []error{fmt.Errorf("550 no such user: %w", dispatch.ErrPermanent)}, 1, dispatch.ResultFailed, 0},
		"the server stays away":      {"email", repeated(errors.New("connection refused"), 20), 6, dispatch.ResultFailed, 5 * time.Minute},
		"nobody set the channel up":  {"pigeon", nil, 0, dispatch.ResultFailed, 0},
		"asked to wait for too long": {"email", []error{later10m{errors.New("429")}}, 1, dispatch.ResultFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				r := &far{on: func(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
					tries++
					if len(c.answers) < tries || c.answers[tries-1] == nil {
						n.Stamp("<1@mx>")
						return dispatch.ResultDelivered, nil
					}
					return "", c.answers[tries-1]
				}}
				s := store.NewMemory()
				d := &told{results: results{desk: desk{s}}}
				cfg := Default()
				cfg.Jitter = func() float64 { return 0 }
				w, err := New(cfg, Deps{Source: s, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{"email": r}})
				must(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- w.Run(ctx) }()
				start := time.Now()
				put(t, s, w, dispatch.Notice{
					ID: "m", Kind: dispatch.NoticeClient, Channel: c.channel, To: "petrov@example.ru", DueAt: start,
					Message: dispatch.ClientMessage{ID: "m1", Text: "Инженер занимается вашей заявкой."},
				})
				wait(time.Hour)
				cancel()
				must(t, <-ended)
				last := d.full[len(d.full)-1]
				if tries != c.tries || last.Result != c.want || !last.Final || last.At.Add(last.Took).Sub(start) > c.within {
					t.Errorf("%d tries, %+v after %v", tries, last, last.At.Sub(start))
				}
				if delivered := last.Result == dispatch.ResultDelivered; delivered != (last.Stamp == "<1@mx>") || last.Notice.Message.ID != "m1" {
					t.Errorf("stamp %q of message %q", last.Stamp, last.Notice.Message.ID)
				}
			})
		})
	}
}

type later10m struct{ error }

func (later10m) RetryAfter() time.Duration { return 10 * time.Minute }

func repeated(err error, n int) []error {
	list := make([]error, n)
	for i := range list {
		list[i] = err
	}
	return list
}

// What goes with a message is read while it is sent, and is nowhere afterwards.
func TestEnclosedIsReadWhenItIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got string
		r := &far{on: func(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
			in, err := n.Open(ctx, n.Message.Enclosed[0])
			must(t, err)
			b, err := io.ReadAll(in)
			must(t, errors.Join(err, in.Close()))
			got = n.Message.Enclosed[0].Name + " " + string(b)
			return dispatch.ResultDelivered, nil
		}}
		s := store.NewMemory()
		d := &told{results: results{desk: desk{s}}}
		w, err := New(Default(), Deps{
			Source: s, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{"email": r},
			Open: func(_ context.Context, about dispatch.Ref, e dispatch.Enclosure) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader(about.Number + " " + e.Type)), nil
			},
		})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		put(t, s, w, dispatch.Notice{
			ID: "m", Kind: dispatch.NoticeClient, Channel: "email", To: "petrov@example.ru", Ref: dispatch.Ref{ID: "t", Number: "VH-1"}, DueAt: time.Now(),
			Message: dispatch.ClientMessage{ID: "m1", Text: "Отчёт готов.", Enclosed: []dispatch.Enclosure{{Name: "r.pdf", Type: "application/pdf", Report: 1}}},
		})
		wait(time.Minute)
		cancel()
		must(t, <-ended)
		if got != "r.pdf VH-1 application/pdf" {
			t.Errorf("the channel has read %q", got)
		}
		if last := d.full[len(d.full)-1]; last.Result != dispatch.ResultDelivered || last.Notice.Open != nil {
			t.Errorf("%+v", last)
		}
	})
}
