package shift

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
)

// house is nodes that share a record, and people with phones.
type house struct {
	t      *testing.T
	record *outage
	dir    *dispatch.Directory
	rings  *ringer
	carers []*Carer
	cfg    Config
	stop   context.CancelFunc
	done   chan error
	parts  int
}

// open begins at a civil time of Moscow, with so many nodes.
func open(t *testing.T, roster, when string, nodes int, on func(n dispatch.Notice) dispatch.Result) *house {
	t.Helper()
	time.Sleep(time.Until(at(t, when)))
	h := &house{
		t: t, record: &outage{Memory: store.NewMemory()}, dir: dispatch.NewDirectory(snapshotOf(t, roster)),
		rings: &ringer{t: t, on: on}, cfg: Default(), done: make(chan error, 16),
	}
	h.cfg.Subscribers = []dispatch.Subscriber{{Channel: dispatch.ChannelWebhook, To: "crm"}}
	h.rings.carer = func() *Carer { return h.carers[0] }
	h.start(nodes)
	t.Cleanup(h.close)
	return h
}

func (h *house) start(nodes int) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	h.stop = cancel
	oc := outbox.Default()
	oc.Poll = time.Minute                  // the days are long
	var runs []func(context.Context) error // all are set up before one begins: the first to ring asks for h.carers
	for range nodes {
		var w *outbox.Worker
		c, err := New(h.cfg, Deps{Store: h.record, Directory: h.dir, Wake: func() { w.Wake() }})
		must(h.t, err)
		w, err = outbox.New(oc, outbox.Deps{Source: h.record, Desk: Router{Carer: c, Desk: plain{h.record}}, Notifiers: map[dispatch.Channel]dispatch.Notifier{
			dispatch.ChannelVoice: h.rings, dispatch.ChannelWebhook: h.rings,
		}})
		must(h.t, err)
		h.carers = append(h.carers, c)
		runs = append(runs, c.Run, w.Run)
	}
	for _, run := range runs {
		h.parts++
		go func() { h.done <- run(ctx) }()
	}
}

func (h *house) close() {
	h.stop()
	for ; h.parts > 0; h.parts-- {
		must(h.t, <-h.done)
	}
}

// until lets time pass to a civil time of Moscow.
func (h *house) until(when string) {
	h.t.Helper()
	time.Sleep(time.Until(at(h.t, when)))
	synctest.Wait()
}

// want compares what has happened; hand-overs are left out.
func (h *house) want(lines ...string) {
	h.t.Helper()
	var got []string
	for _, l := range h.rings.seen() {
		if !strings.Contains(l, "shift.handover") {
			got = append(got, l)
		}
	}
	slices.Sort(got) // what happens in one minute has no order
	if diff := cmp.Diff(lines, got); diff != "" {
		h.t.Error(diff)
	}
}

// plain is the desk of everything but shifts.
type plain struct{ store *outage }

func (plain) StillNeeded(_ context.Context, n dispatch.Notice) (dispatch.Notice, bool) {
	return n, true
}

func (p plain) RecordDelivery(ctx context.Context, d dispatch.Delivery) error {
	return p.store.Commit(ctx, dispatch.Change{Delivery: &d})
}

func always(r dispatch.Result) func(dispatch.Notice) dispatch.Result {
	return func(dispatch.Notice) dispatch.Result { return r }
}

// only has one person answer so, and nobody else pick up.
func only(person string, r dispatch.Result) func(dispatch.Notice) dispatch.Result {
	return func(n dispatch.Notice) dispatch.Result {
		if n.To == person {
			return r
		}
		return dispatch.ResultNoAnswer
	}
}

// annaOnly has one turn a day.
const annaOnly = `
people:
  - {id: anna, name: Анна, devices: [{kind: mobile, number: "+79210000001"}]}
  - {id: clara, name: Клара, roles: [scheduler], devices: [{kind: mobile, number: "+79210000003"}]}
schedules:
  - id: duty
    zone: Europe/Moscow
    tracks: [{id: primary, layers: [{id: days, members: [anna], windows: [{from: "09:00", to: "21:00"}]}]}]
`

// A key in the evening is her word: no second call; subscribers hear it all.
// Two nodes make one call.
func TestConfirmedInTheEvening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, annaOnly, "2026-03-10 18:00", 2, always(dispatch.ResultAcknowledged))
		h.until("2026-03-11 12:00")
		h.want(
			`2026-03-10 19:00 ring anna reminder 09:00 day 1: acknowledged`,
			`2026-03-10 19:00 shift.confirmed anna {"how":"voice","at":"2026-03-10T16:00:00Z"}`,
			`2026-03-10 19:00 shift.reminder anna {"when":"evening","confirmed":false}`,
			`2026-03-11 08:45 shift.reminder anna {"when":"soon","confirmed":true}`,
		)
	})
}

// Nobody picks up: three calls in the evening, three before the start, and then
// the scheduler is rung.
func TestUnconfirmedTellsTheScheduler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, annaOnly, "2026-03-10 18:00", 2, only("clara", dispatch.ResultAcknowledged))
		h.until("2026-03-11 12:00")
		h.want(
			`2026-03-10 19:00 ring anna reminder 09:00 day 1: no_answer`,
			`2026-03-10 19:00 shift.reminder anna {"when":"evening","confirmed":false}`,
			`2026-03-10 19:05 ring anna reminder 09:00 day 1: no_answer`,
			`2026-03-10 19:10 ring anna reminder 09:00 day 1: no_answer`,
			`2026-03-11 08:45 ring anna reminder 09:00 day 0: no_answer`,
			`2026-03-11 08:45 shift.reminder anna {"when":"soon","confirmed":false}`,
			`2026-03-11 08:50 ring anna reminder 09:00 day 0: no_answer`,
			`2026-03-11 08:55 ring anna reminder 09:00 day 0: no_answer`,
			`2026-03-11 09:00 ring clara unconfirmed 09:00 day 0: acknowledged`,
			`2026-03-11 09:00 shift.unconfirmed anna {"told":["clara"]}`,
		)
		list, err := h.record.Proofs(t.Context())
		must(t, err)
		if len(list) != 1 || list[0].Person != "clara" || list[0].How != HowKey {
			t.Errorf("proofs %+v", list)
		}
	})
}

// Key 2 tells the scheduler at once; who is talking to a caller is tried later
// and that is no try.
func TestDeclinedAndBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		h := open(t, annaOnly, "2026-03-10 18:00", 1, func(n dispatch.Notice) dispatch.Result {
			if n.To == "clara" {
				return dispatch.ResultAcknowledged
			}
			if calls++; calls < 5 {
				return dispatch.ResultBusy
			}
			return dispatch.ResultEscalate
		})
		h.until("2026-03-10 23:00")
		h.want(
			`2026-03-10 19:00 ring anna reminder 09:00 day 1: busy`,
			`2026-03-10 19:00 shift.reminder anna {"when":"evening","confirmed":false}`,
			`2026-03-10 19:05 ring anna reminder 09:00 day 1: busy`,
			`2026-03-10 19:10 ring anna reminder 09:00 day 1: busy`,
			`2026-03-10 19:15 ring anna reminder 09:00 day 1: busy`,
			`2026-03-10 19:20 ring anna reminder 09:00 day 1: escalate`,
			`2026-03-10 19:20 ring clara declined 09:00 day 1: acknowledged`,
			`2026-03-10 19:20 shift.declined anna {"how":"voice","told":["clara"]}`,
		)
	})
}

// Who can not come is not asked again; when the rota still has him at the start
// the scheduler is told once more. A word that he comes after all replaces it.
func TestDeclinedIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		comes bool
		want  []string
	}{
		"still on the rota": {false, []string{
			`2026-03-11 08:45 shift.reminder anna {"when":"soon","confirmed":false}`,
			`2026-03-11 09:00 ring clara unconfirmed 09:00 day 0: acknowledged`,
			`2026-03-11 09:00 shift.unconfirmed anna {"told":["clara"]}`,
		}},
		"comes after all": {true, []string{`2026-03-11 08:45 shift.reminder anna {"when":"soon","confirmed":true}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, annaOnly, "2026-03-10 18:00", 1, func(n dispatch.Notice) dispatch.Result {
					if n.To == "clara" {
						return dispatch.ResultAcknowledged
					}
					return dispatch.ResultEscalate
				})
				h.until("2026-03-10 23:00")
				before := len(h.rings.seen())
				if c.comes {
					_, err := h.carers[0].Confirm(t.Context(), "anna", "anna", "cli")
					must(t, err)
				}
				h.until("2026-03-11 12:00")
				got := slices.DeleteFunc(h.rings.seen()[before:], func(line string) bool {
					return strings.Contains(line, "shift.confirmed") || strings.Contains(line, "shift.handover")
				})
				slices.Sort(got)
				if !slices.Equal(got, c.want) {
					t.Errorf("after he had declined:\n%s", strings.Join(got, "\n"))
				}
			})
		})
	}
}

// A command's word counts as a key does; a turn that is taken away meanwhile is
// not told of, though the call waited already.
func TestWhatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(h *house)
		want   string // the calls of the next morning
	}{
		"nothing": {func(*house) {}, "08:45 08:50 08:55 clara clara clara"},
		"confirmed by a command": {func(h *house) {
			if list, err := h.carers[0].Confirm(h.t.Context(), "anna", "anna", "cli"); err != nil || len(list) != 2 {
				h.t.Error("her turn of now and the next one:", list, err)
			}
		}, ""},
		"off the rota": {func(h *house) {
			h.dir.Replace(snapshotOf(h.t, strings.Replace(annaOnly, "members: [anna]", "members: [clara]", 1)))
		}, ""},
		"later on": {func(h *house) {
			h.dir.Replace(snapshotOf(h.t, strings.Replace(annaOnly, `from: "09:00"`, `from: "10:00"`, 1)))
		}, "09:45 09:50 09:55 clara"},
		"disabled": {func(h *house) {
			h.dir.Replace(snapshotOf(h.t, strings.Replace(annaOnly, `{id: anna,`, `{id: anna, disabled: true,`, 1)))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, annaOnly, "2026-03-10 18:00", 1, always(dispatch.ResultNoAnswer))
				h.until("2026-03-10 19:02") // the second call waits
				c.change(h)
				h.carers[0].Wake()
				h.until("2026-03-11 10:01")
				var got []string
				for _, l := range h.rings.seen() {
					if rest, ok := strings.CutPrefix(l, "2026-03-11 "); ok && strings.Contains(l, " ring anna reminder") {
						got = append(got, rest[:5])
					} else if ok && strings.Contains(l, " ring clara unconfirmed") {
						got = append(got, "clara")
					}
				}
				if s := strings.Join(got, " "); s != c.want {
					t.Errorf("calls %q, want %q", s, c.want)
				}
			})
		})
	}
}

// Who has taken the line himself has said so: no call, no alarm.
func TestOwnTakeoverNeedsNoWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, company, "2026-03-10 12:00", 1, always(dispatch.ResultNoAnswer))
		r := rosterOf(t, company)
		now := time.Now().Truncate(time.Second)
		r.Overrides = []oncall.Override{{ID: "take", Schedule: "duty", Track: "primary", Kind: oncall.Takeover, By: "boris", At: now, Changes: []oncall.Change{
			{From: oncall.InstantPoint(now), To: oncall.InstantPoint(now.Add(time.Hour)), Add: "boris", Remove: "anna"},
		}}}
		h.dir.Replace(snapshotOn(t, r))
		h.carers[0].Wake()
		h.until("2026-03-10 12:59")
		for _, l := range h.rings.seen() {
			if strings.Contains(l, "unconfirmed boris") || strings.Contains(l, "ring boris") {
				t.Error(l)
			}
		}
	})
}

// While the record is away nobody is told; when it is back, once, what still helps.
func TestAnOutage(t *testing.T) {
	t.Parallel()
	for back, want := range map[string]string{
		"2026-03-10 20:00": "2026-03-10 20:00 ring anna",
		"2026-03-11 06:00": "2026-03-11 08:45 ring anna", // not at six in the morning
		"2026-03-11 08:50": "2026-03-11 08:50 ring anna",
		"2026-03-11 09:10": "2026-03-11 09:10 ring clara",
		"2026-03-11 12:00": "",
	} {
		t.Run(back, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, annaOnly, "2026-03-10 18:00", 2, always(dispatch.ResultAcknowledged))
				h.record.set(true)
				h.until(back)
				for _, l := range h.rings.seen() {
					if strings.Contains(l, " ring ") {
						t.Error("rung during the outage:", l)
					}
				}
				h.record.set(false)
				h.until("2026-03-11 14:00")
				var got []string
				for _, l := range h.rings.seen() {
					if strings.Contains(l, " ring ") {
						got = append(got, l)
					}
				}
				if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !late30(got[0], want)) {
					t.Errorf("calls %q, want %q once", got, want)
				}
			})
		})
	}
}

// late30 compares two lines; the look at the record may come half a minute late.
func late30(got, want string) bool {
	return strings.HasPrefix(strings.Replace(got, ":30 ring", " ring", 1), want)
}

// The node dies after the commit and before the send: the next one rings, once.
func TestCrashBetweenCommitAndSend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, annaOnly, "2026-03-10 18:00", 0, always(dispatch.ResultAcknowledged))
		h.until("2026-03-10 19:00")
		c, err := New(h.cfg, Deps{Store: h.record, Directory: h.dir})
		must(t, err)
		c.look(t.Context()) // and no more of this node
		h.until("2026-03-10 19:03")
		h.start(2)
		h.until("2026-03-10 21:00")
		n := 0
		for _, l := range h.rings.seen() {
			if strings.Contains(l, " ring anna") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d calls: %q", n, h.rings.seen())
		}
	})
}

// Without voice only events tell.
func TestWithoutVoice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, annaOnly, "2026-03-10 18:00", 0, always(dispatch.ResultAcknowledged))
		h.cfg.Voice = false
		h.start(1)
		h.until("2026-03-11 12:00")
		h.want(
			`2026-03-10 19:00 shift.reminder anna {"when":"evening","confirmed":false}`,
			`2026-03-11 08:45 shift.reminder anna {"when":"soon","confirmed":false}`,
			`2026-03-11 09:00 shift.unconfirmed anna {"told":["clara"]}`,
		)
	})
}
