package watchdog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is what the watchdog looks at.
type world struct {
	mu        sync.Mutex
	timer     time.Time                         // guarded by mu; when the next one is due
	notices   map[dispatch.NoticeKind]time.Time // guarded by mu
	late      []dispatch.Overdue                // guarded by mu
	away      error                             // guarded by mu
	deaf      error                             // guarded by mu; of who waits for signs of life
	beats     int                               // guarded by mu
	panics    bool                              // guarded by mu
	hangs     map[string]chan struct{}          // guarded by mu; who is asked answers when it is closed, whatever the context says
	questions int                               // guarded by mu; put to who hangs
}

// hang waits as long as a part of the world does.
func (w *world) hang(part string) {
	w.mu.Lock()
	held := w.hangs[part]
	if held != nil {
		w.questions++
	}
	w.mu.Unlock()
	if held != nil {
		<-held
	}
}

func (w *world) set(f func()) { w.mu.Lock(); defer w.mu.Unlock(); f() }

func (w *world) NextTimer(context.Context) (time.Time, error) {
	w.hang("timers")
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.panics {
		panic("bug")
	}
	return w.timer, w.away
}

func (w *world) NextNotice(_ context.Context, kind dispatch.NoticeKind) (time.Time, error) {
	w.hang("notices")
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.notices[kind], w.away
}

func (w *world) OverdueSteps(context.Context, time.Duration) []dispatch.Overdue {
	w.hang("desk")
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.late
}

func (w *world) beat(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf == nil {
		w.beats++
	}
	return w.deaf
}

// guard runs a watchdog over a world and returns its log.
func guard(t *testing.T, of *world) (*Watchdog, *bytes.Buffer) {
	t.Helper()
	var book bytes.Buffer
	w, err := New(Default(), Deps{Queue: of, Desk: of, Beat: of.beat, Log: slog.New(slog.NewTextHandler(&book, nil)), Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w, &book
}

func minutes(n int) { <-time.After(time.Duration(n)*time.Minute + time.Second); synctest.Wait() }

// Signs of life go out every minute while all is well, stay away while
// something is not, and come again when it is mended; the log tells of each
// turn once.
func TestSignsOfLife(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault string
		spoil func(*world, time.Time)
	}{
		"timers that nobody fetches": {FaultTimers, func(w *world, now time.Time) { w.timer = now.Add(-time.Minute) }},
		"pages that do not go out": {string(dispatch.NoticePage), func(w *world, now time.Time) {
			w.notices = map[dispatch.NoticeKind]time.Time{dispatch.NoticePage: now.Add(-time.Minute)}
		}},
		"messages to clients that do not go out": {string(dispatch.NoticeClient), func(w *world, now time.Time) {
			w.notices = map[dispatch.NoticeKind]time.Time{dispatch.NoticeClient: now.Add(-time.Hour)}
		}},
		"tickets whose step was not taken": {FaultSteps, func(w *world, _ time.Time) {
			w.late = []dispatch.Overdue{{Ref: dispatch.Ref{ID: "t", Number: "VH-26-000001"}, Kind: dispatch.TimerPage, By: time.Hour}}
		}},
		"a store without an answer": {FaultStore, func(w *world, _ time.Time) { w.away = errors.New("disk full") }},
		"nobody takes the sign":     {FaultBeat, func(w *world, _ time.Time) { w.deaf = errors.New("no route") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				of := &world{}
				w, book := guard(t, of)
				minutes(5)
				of.set(func() {
					if of.beats != 5 {
						t.Errorf("%d signs of life in five minutes", of.beats)
					}
					c.spoil(of, time.Now())
				})
				minutes(5)
				of.set(func() {
					if of.beats != 5 {
						t.Errorf("%d signs of life while something was wrong", of.beats-5)
					}
				})
				if f := w.Faults(); len(f) != 1 || f[0].Name != c.fault || f[0].Detail == "" || time.Since(f[0].Since) < 4*time.Minute {
					t.Errorf("faults %+v", f)
				}
				of.set(func() { of.timer, of.notices, of.late, of.away, of.deaf = time.Time{}, nil, nil, nil, nil })
				minutes(5)
				of.set(func() {
					if of.beats != 10 {
						t.Errorf("%d signs of life after it was mended", of.beats-5)
					}
				})
				if len(w.Faults()) != 0 || strings.Count(book.String(), "level=ERROR") != 1 || strings.Count(book.String(), "level=INFO") != 1 {
					t.Errorf("faults %+v, log:\n%s", w.Faults(), book)
				}
			})
		})
	}
}

// A question that gets no answer is a fault itself, and no sign of life goes out.
// It is put once, however long it hangs, and the other questions are put all the
// same. When the answer comes, all is well again.
func TestWhoDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for part, fault := range map[string]string{"timers": FaultStore, "notices": FaultStore, "desk": FaultDesk} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				held := make(chan struct{})
				of := &world{hangs: map[string]chan struct{}{part: held}}
				of.late = []dispatch.Overdue{{Ref: dispatch.Ref{ID: "t", Number: "VH-26-000001"}, Kind: dispatch.TimerPage, By: time.Hour}}
				w, book := guard(t, of)
				minutes(3)
				names := map[string]string{}
				for _, f := range w.Faults() {
					names[f.Name] = f.Detail
				}
				if !strings.Contains(names[fault], "no answer") || part != "desk" && names[FaultSteps] == "" {
					t.Errorf("faults %v", names)
				}
				of.set(func() {
					if of.beats != 0 || of.questions != 1 {
						t.Errorf("%d signs of life, %d questions to who hangs", of.beats, of.questions)
					}
					of.hangs, of.late = nil, nil
				})
				close(held)
				minutes(2)
				of.set(func() {
					if of.beats == 0 || len(w.Faults()) != 0 {
						t.Errorf("%d signs of life, faults %+v\n%s", of.beats, w.Faults(), book)
					}
				})
			})
		})
	}
}

// What is due ahead, or a little late, is no fault; nor is a broken look the end
// of all looks.
func TestWhatIsNoFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := &world{panics: true}
		w, _ := guard(t, of)
		minutes(1)
		of.set(func() {
			of.panics = false
			of.timer = time.Now().Add(50 * time.Second) // at the next look it is due for nine seconds
			of.notices = map[dispatch.NoticeKind]time.Time{dispatch.NoticePage: time.Now().Add(time.Second), dispatch.NoticeEvent: time.Now().Add(-time.Hour)}
		})
		minutes(1)
		of.set(func() {
			if of.beats != 1 {
				t.Errorf("%d signs of life, faults %+v", of.beats, w.Faults())
			}
		})
	})
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	var late []dispatch.Overdue
	for n := range 5 {
		late = append(late, dispatch.Overdue{Ref: dispatch.Ref{Number: fmt.Sprint("VH-", n)}, Kind: dispatch.TimerPage, By: time.Duration(n) * time.Minute, None: n == 4})
	}
	if got := describe(late); got != "VH-4 had no page timer, VH-3: page since 3m0s, VH-2: page since 2m0s, and 2 more" {
		t.Error(got)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	if _, err := New(Config{}, Deps{}); err == nil || strings.Count(err.Error(), "want more than zero") != 6 {
		t.Error(err)
	}
	if _, err := New(Default(), Deps{}); err == nil {
		t.Error("a watchdog of nothing")
	}
}
