package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

var night = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

// sentAt makes the pages that a person was sent: "ticket/party@minutes" before.
func sentAt(list ...string) (sent []dispatch.Send) {
	for i, text := range list {
		var ticket, party string
		var minutes float64
		if _, err := fmt.Sscanf(strings.NewReplacer("/", " ", "@", " ").Replace(text), "%s %s %g", &ticket, &party, &minutes); err != nil {
			panic(err)
		}
		sent = append(sent, dispatch.Send{
			Notice: fmt.Sprint("n", i), Ticket: ticket, Page: i + 1, Party: party, Channel: dispatch.ChannelVoice,
			At: night.Add(-time.Duration(minutes * float64(time.Minute))),
		})
	}
	return sent
}

// A page to somebody who was sent others, by what they were about.
func TestJudge(t *testing.T) {
	t.Parallel()
	const old, client = "t1", "romashka"
	for name, c := range map[string]struct {
		sent   []dispatch.Send
		ticket string
		party  string
		reason string
		until  time.Duration // from now, when paging gives the page up
		want   dispatch.Result
		wait   time.Duration
	}{
		"nothing was sent":                              {nil, old, client, "", 2 * time.Minute, "", 0},
		"the last one was a minute ago":                 {sentAt("t1/romashka@1"), old, client, "", 2 * time.Minute, "", 0},
		"less than a minute ago it waits":               {sentAt("t1/romashka@0.5"), old, client, "", 2 * time.Minute, dispatch.ResultPostponed, 30 * time.Second},
		"unless paging has gone on by then":             {sentAt("t1/romashka@0.5"), old, client, "", 20 * time.Second, dispatch.ResultLimited, 0},
		"another ticket of the client waits as well":    {sentAt("t1/romashka@0.5"), "t2", client, "", 2 * time.Minute, dispatch.ResultPostponed, 30 * time.Second},
		"and is bundled when it can not":                {sentAt("t1/romashka@0.5"), "t2", client, "", 20 * time.Second, dispatch.ResultBundled, 0},
		"another client's first page goes at once":      {sentAt("t1/romashka@0.5"), "t2", "lutik", "", 2 * time.Minute, "", 0},
		"a stranger's does not":                         {sentAt("t1/romashka@0.5"), "t2", "?host", "", 2 * time.Minute, dispatch.ResultPostponed, 30 * time.Second},
		"strangers leave two of five to clients":        {sentAt("a/?a@10", "b/?b@9", "c/?c@8"), "t2", "?d", "", 2 * time.Minute, dispatch.ResultLimited, 0},
		"… who have them at once":                       {sentAt("a/?a@10", "b/?b@9", "c/?c@0.1"), "t2", "lutik", "", 2 * time.Minute, "", 0},
		"its second one does not":                       {sentAt("t2/lutik@5", "t1/romashka@0.5"), "t2", "lutik", "", 20 * time.Second, dispatch.ResultLimited, 0},
		"a caller who was lost is at once":              {sentAt("t1/romashka@0.1"), "t2", client, "abandoned", 2 * time.Minute, "", 0},
		"his second page is not":                        {sentAt("t2/romashka@0.1"), "t2", client, "abandoned", 3 * time.Second, dispatch.ResultLimited, 0},
		"three within a quarter of an hour":             {sentAt("t1/romashka@14", "t1/romashka@9", "t1/romashka@2"), old, client, "", 2 * time.Minute, dispatch.ResultPostponed, time.Minute},
		"… and the next one is far":                     {sentAt("t1/romashka@10", "t1/romashka@9", "t1/romashka@2"), old, client, "", 2 * time.Minute, dispatch.ResultLimited, 0},
		"… are over when the first is that old":         {sentAt("t1/romashka@15", "t1/romashka@9", "t1/romashka@2"), old, client, "", 2 * time.Minute, "", 0},
		"… another client is beyond them":               {sentAt("t1/romashka@10", "t1/romashka@9", "t1/romashka@2"), "t2", "lutik", "", 2 * time.Minute, "", 0},
		"… five whatever the client are the ceiling":    {sentAt("a/a@10", "b/b@9", "c/c@8", "d/d@7", "e/e@6"), "t2", "lutik", "", 2 * time.Minute, dispatch.ResultLimited, 0},
		"… which a lost caller passes":                  {sentAt("a/a@10", "b/b@9", "c/c@8", "d/d@7", "e/e@6"), "t2", "lutik", "broken", 2 * time.Minute, "", 0},
		"seven within an hour":                          {sentAt("t1/r@59", "t1/r@50", "t1/r@45", "t1/r@40", "t1/r@30", "t1/r@25", "t1/r@20"), old, "r", "", 30 * time.Second, dispatch.ResultLimited, 0},
		"a client of an hour ago is new again":          {sentAt("t1/r@59", "t1/r@50", "t1/r@45", "t1/r@40", "t1/r@30", "t1/r@25", "t1/r@20"), "t9", "r", "", 30 * time.Second, "", 0},
		"machines of clients leave one to people":       {sentAt("a/a@10", "b/b@9", "c/c@8", "d/d@7"), "t2", "machine of lutik", "", 2 * time.Minute, dispatch.ResultLimited, 0},
		"… who have it at once":                         {sentAt("a/a@10", "b/b@9", "c/c@8", "d/d@7"), "t2", "lutik", "", 2 * time.Minute, "", 0},
		"a part of a page that has begun is no new one": {[]dispatch.Send{{Notice: "x", Ticket: "t7", Page: 100, At: night}}, "t7", client, "", time.Second, "", 0},
	} {
		one := dispatch.Send{Notice: "new", Ticket: c.ticket, Page: 100, Party: c.party, Channel: dispatch.ChannelVoice, At: night}
		n := dispatch.Notice{ID: "new", Kind: dispatch.NoticePage, Reason: c.reason, Known: !strings.HasPrefix(c.party, "?"), Machine: strings.HasPrefix(c.party, "machine"), Until: night.Add(c.until)}
		got := DefaultLimits().judge(c.sent, n, one)
		if got.result != c.want || c.wait > 0 && !got.until.Equal(night.Add(c.wait)) {
			t.Errorf("%s: %q until %v, want %q", name, got.result, got.until.Sub(night), c.want)
		}
	}
}

// Whatever comes, nobody is paged more than five times within a quarter of an
// hour but for callers who were lost, nor more often than the limits allow about
// what he has heard of; and what is put off goes out when its time has come.
func TestNobodyIsPagedTooOften(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limits := DefaultLimits()
		var sent []dispatch.Send
		now := night
		for i := range rapid.IntRange(1, 60).Draw(t, "pages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 240).Draw(t, "after")) * time.Second)
			party := fmt.Sprint("p", rapid.IntRange(0, 12).Draw(t, "party"))
			one := dispatch.Send{
				Notice: fmt.Sprint("n", i), Ticket: party + "-" + fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "ticket")), Page: i + 1, Party: party,
				Channel: dispatch.ChannelVoice, At: now,
			}
			n := dispatch.Notice{ID: one.Notice, Known: rapid.Bool().Draw(t, "known"), Until: now.Add(2 * time.Minute)}
			v := limits.judge(sent, n, one)
			if v.result == dispatch.ResultPostponed {
				if !v.until.After(now) || !v.until.Before(n.Until) {
					t.Fatalf("put off from %v to %v", now, v.until)
				}
				then := one
				then.At = v.until
				if again := limits.judge(sent, n, then); again.result != "" {
					t.Fatalf("put off until %v, and then %q", v.until, again.result)
				}
			}
			if v.result != "" {
				continue
			}
			fresh := !slices.ContainsFunc(sent, func(s dispatch.Send) bool { return s.Ticket == one.Ticket })
			sent = append(sent, one)
			if got := after(sent, now.Add(-quarter)); got > ceiling {
				t.Fatalf("%d pages within a quarter of an hour", got)
			}
			for _, l := range limits[dispatch.ChannelVoice] {
				if got := after(sent, now.Add(-l.Within)); got > l.Most && !fresh {
					t.Fatalf("the person has heard of it, and %d pages within %v", got, l.Within)
				}
			}
		}
	})
}

// paging is a desk that gives up no page and notes what became of them.
type paging struct {
	desk

	mu  sync.Mutex
	all map[dispatch.Result]int // guarded by mu
}

func (p *paging) RecordDelivery(ctx context.Context, d dispatch.Delivery) error {
	p.mu.Lock()
	p.all[d.Result]++
	p.mu.Unlock()
	return p.desk.RecordDelivery(ctx, d)
}

func (p *paging) count(r dispatch.Result) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[r]
}

// watch runs a worker that limits pages and returns how to stop it.
func watch(t *testing.T, s *store.Memory, r *far, sends dispatch.Sends) (*Worker, *paging, func()) {
	t.Helper()
	d := &paging{desk: desk{s}, all: map[dispatch.Result]int{}}
	w, err := New(Default(), Deps{Source: s, Desk: d, Sends: sends, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: r}})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop := sync.OnceFunc(func() { cancel(); must(t, <-ended) })
	t.Cleanup(stop)
	return w, d, stop
}

func pageOf(ticket, party, reason string) dispatch.Notice {
	return dispatch.Notice{
		ID: "page-" + ticket + fmt.Sprint(time.Now().UnixNano()), Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, To: "anna", Page: 1,
		Ref: dispatch.Ref{ID: ticket}, Party: party, Known: !strings.HasPrefix(party, "?"), Reason: reason, DueAt: time.Now(), Until: time.Now().Add(2 * time.Minute),
	}
}

// Fifty clients at once: five pages reach the engineer, nothing is lost, and
// a client whose call was cut is not kept waiting.
func TestStormOfClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) { return dispatch.ResultNoAnswer, nil }}
		w, d, _ := watch(t, s, r, s)
		for i := range 50 {
			put(t, s, w, pageOf(fmt.Sprint("t", i), fmt.Sprint("client", i), ""))
		}
		wait(10 * time.Second)
		put(t, s, w, pageOf("call", "client3", "abandoned"))
		wait(3 * time.Second)
		r.mu.Lock()
		pages := len(r.got)
		last := r.got[pages-1]
		r.mu.Unlock()
		if pages != 6 || !strings.HasPrefix(last, "10s page-call") {
			t.Errorf("%d pages, the last one %s", pages, last)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.all[dispatch.ResultLimited] != 45 || d.all[dispatch.ResultNoAnswer] != 6 {
			t.Errorf("results %v", d.all)
		}
	})
}

// Fifty strangers at once: one page, and the next after its minute; a client of
// ours who comes meanwhile is not kept waiting.
func TestStormOfStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) { return dispatch.ResultNoAnswer, nil }}
		w, _, _ := watch(t, s, r, s)
		for i := range 50 {
			put(t, s, w, pageOf(fmt.Sprint("t", i), fmt.Sprint("?host", i), ""))
		}
		wait(30 * time.Second)
		put(t, s, w, pageOf("ours", "romashka", ""))
		wait(5 * time.Minute)
		var at []string
		for line := range strings.SplitSeq(r.seen(), " ") {
			if strings.HasPrefix(line, "page-ours") {
				at[len(at)-1] += " ours"
			} else if !strings.Contains(line, "page-") {
				at = append(at, strings.TrimPrefix(line, "["))
			}
		}
		if got := strings.Join(at, ", "); got != "0s, 30s ours, 1m30s" {
			t.Errorf("pages at %s", got)
		}
	})
}

// One client's fifty tickets: the second page waits for its minute, and so on;
// the others are bundled.
func TestStormOfOneClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) { return dispatch.ResultNoAnswer, nil }}
		w, d, _ := watch(t, s, r, s)
		for i := range 50 {
			put(t, s, w, pageOf(fmt.Sprint("t", i), "romashka", ""))
		}
		wait(15 * time.Minute)
		var at []string
		for line := range strings.FieldsSeq(r.seen()) {
			if !strings.Contains(line, "page-") {
				at = append(at, strings.TrimPrefix(line, "["))
			}
		}
		if got := strings.Join(at, " "); got != "0s 1m0s" {
			t.Errorf("pages at %s", got)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.all[dispatch.ResultBundled] != 48 {
			t.Errorf("results %v", d.all)
		}
	})
}

// A page that reached nobody is no page: however many have failed, the first one
// for which there is a way rings, on this node and on the next one, whether the
// store could be told or not. What rang counts, and what is under way.
func TestPagesThatReachedNobodyCountForNothing(t *testing.T) {
	t.Parallel()
	rang := dispatch.Attempt{Outcome: dispatch.AttemptNoAnswer}
	for name, c := range map[string]struct {
		result dispatch.Result
		err    error
		tried  []dispatch.Attempt
		counts bool
	}{
		"no way":             {result: dispatch.ResultUnreachable},
		"no trunk":           {result: dispatch.ResultFailed, err: errors.New("no route")},
		"nobody said how":    {err: errors.New("no route")},
		"withdrawn":          {result: dispatch.ResultWithdrawn},
		"nothing but tried":  {result: dispatch.ResultUnreachable, tried: []dispatch.Attempt{{Outcome: dispatch.AttemptSilent}}},
		"one device rang":    {result: dispatch.ResultUnreachable, tried: []dispatch.Attempt{rang}, counts: true},
		"it rang":            {result: dispatch.ResultNoAnswer, counts: true},
		"he hung up":         {result: dispatch.ResultDeclined, counts: true},
		"he was speaking":    {result: dispatch.ResultBusy, counts: true},
		"a mailbox answered": {result: dispatch.ResultNoAck, counts: true},
		"he has it":          {result: dispatch.ResultAcknowledged, counts: true},
		"he passed it on":    {result: dispatch.ResultEscalate, counts: true},
		"it was told":        {result: dispatch.ResultDelivered, counts: true},
	} {
		for _, fault := range []error{nil, errors.New("disk full")} {
			t.Run(fmt.Sprint(name, ", the store ", fault), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s, sends := store.NewMemory(), store.NewMemory()
					r := &far{start: time.Now(), on: func(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
						for _, a := range c.tried {
							n.Report(a)
						}
						sends.Fail(fault) // it went out, and the store does not hear how it ended
						return c.result, c.err
					}}
					w, d, stop := watch(t, s, r, sends)
					for i := range 8 {
						sends.Fail(nil)
						n := pageOf(fmt.Sprint("t", i), "romashka", "")
						n.Until = time.Now() // it can not wait
						put(t, s, w, n)
						wait(time.Second)
					}
					sends.Fail(nil)
					want := 0
					if c.counts {
						want = 7
					}
					if d.count(dispatch.ResultBundled) != want || strings.Count(r.seen(), "page-") != 8-want {
						t.Errorf("%s: %d bundled", r.seen(), d.count(dispatch.ResultBundled))
					}
					stop()
					if fault != nil && !c.counts {
						return // what only this node knows the next one does not
					}
					w, d, _ = watch(t, s, r, sends)
					n := pageOf("t9", "romashka", "")
					n.Until = time.Now()
					put(t, s, w, n)
					wait(time.Second)
					if held := d.count(dispatch.ResultBundled) > 0; held != c.counts {
						t.Errorf("after a restart %d bundled", d.count(dispatch.ResultBundled))
					}
				})
			})
		}
	}
}

// A page that is under way counts: nobody knows yet how it ends.
func TestPageUnderWayCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) {
			<-time.After(30 * time.Second)
			return dispatch.ResultUnreachable, nil
		}}
		w, d, _ := watch(t, s, r, s)
		soon := func(ticket string) {
			n := pageOf(ticket, "romashka", "")
			n.Until = time.Now()
			put(t, s, w, n)
			wait(time.Second)
		}
		soon("a")
		soon("b")
		if d.count(dispatch.ResultBundled) != 1 {
			t.Errorf("while one rings %d bundled", d.count(dispatch.ResultBundled))
		}
		wait(30 * time.Second)
		soon("c")
		wait(31 * time.Second)
		if d.count(dispatch.ResultBundled) != 1 || d.count(dispatch.ResultUnreachable) != 2 {
			t.Errorf("once it has failed %d bundled", d.count(dispatch.ResultBundled))
		}
	})
}

// A restart forgets no page, nor does a store that does not answer for a while.
func TestLimitsOutliveRestartAndOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, sends := store.NewMemory(), store.NewMemory()
		r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) { return dispatch.ResultNoAnswer, nil }}
		soon := func(w *Worker, ticket string) { // a page that can not wait
			n := pageOf(ticket, "romashka", "")
			n.Until = time.Now()
			put(t, s, w, n)
			wait(time.Second)
		}
		w, _, stop := watch(t, s, r, sends)
		soon(w, "a")
		stop()
		w, d, _ := watch(t, s, r, sends)
		soon(w, "b")
		if d.all[dispatch.ResultBundled] != 1 {
			t.Errorf("after a restart %v", d.all)
		}
		wait(time.Minute)
		soon(w, "c")
		sends.Fail(errors.New("disk full"))
		soon(w, "d")
		wait(time.Minute)
		soon(w, "e")
		if d.all[dispatch.ResultBundled] != 2 || d.all[dispatch.ResultNoAnswer] != 2 {
			t.Errorf("while the store does not answer %v", d.all)
		}
	})
}

func TestLimitsValidate(t *testing.T) {
	t.Parallel()
	bad := Limits{dispatch.ChannelVoice: {{0, time.Minute}, {1, 0}, {1, 25 * time.Hour}}}
	if err := bad.Validate(); err == nil || strings.Count(err.Error(), "voice[") != 3 {
		t.Error(err)
	}
}
