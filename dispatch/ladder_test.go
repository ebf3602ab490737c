package dispatch_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// with makes the house's company another one.
func with(t *testing.T, change func(*dispatch.Source)) func(*dispatch.Deps) {
	t.Helper()
	src := source()
	change(&src)
	s, err := dispatch.NewSnapshot(src)
	must(t, err)
	return func(d *dispatch.Deps) { d.Directory = dispatch.NewDirectory(s) }
}

// steps is a company with a policy of its own.
func steps(t *testing.T, list ...escalation.Rung) func(*dispatch.Deps) {
	t.Helper()
	return with(t, func(s *dispatch.Source) { s.Policy = escalation.Policy{Steps: list} })
}

// seen is see, whatever the order of what happens at once.
func (h *house) seen(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	list := strings.Split(h.phones.pages(), ", ")
	slices.SortStableFunc(list, func(a, b string) int {
		at := func(s string) time.Duration { d, _ := time.ParseDuration(strings.Fields(s + " -")[0]); return d }
		return cmp.Or(cmp.Compare(at(a), at(b)), strings.Compare(a, b))
	})
	if got := strings.Join(list, ", "); got != want {
		t.Errorf("pages: %s\nwant:  %s", got, want)
	}
}

// lost opens a ticket whose caller gave up.
func (h *house) lost(t *testing.T) dispatch.Ref {
	t.Helper()
	o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
	must(t, err)
	h.lose(t, o, "a", dispatch.CallAbandoned)
	return o.Ref
}

// The ladder of first contact, on a line with two rungs and an emergency number: nobody answers.
func TestLadderOfFirstContact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), nil, with(t, func(s *dispatch.Source) {
			s.Policy = escalation.Default()
			s.Roster.People[2].Roles = []oncall.Role{oncall.Head}
		}))
		h.lost(t)
		wait(14*time.Minute + 30*time.Second)
		h.seen(t, "0s anna, 3m0s anna, 3m0s boris, 7m30s vera, 12m0s vera, 13m30s anna, 13m30s static, 13m50s boris, 14m10s vera")
	})
}

// Two people are paged at once; the key of one silences the other, and the log tells of both.
func TestSeveralAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna": {{time.Hour, dispatch.ResultNoAnswer, nil}}, "boris": {{7 * time.Second, dispatch.ResultAcknowledged, nil}},
		}, steps(t, escalation.Rung{Targets: []string{"tier:1", "tier:2"}, Together: true}, escalation.Rung{Targets: []string{escalation.Chain}}))
		ref := h.lost(t)
		wait(time.Hour)
		h.seen(t, "0s anna, 0s boris")
		if tk, _ := h.Ticket(t.Context(), ref.ID); tk.Acknowledged.By != "boris" {
			t.Errorf("ticket %+v", tk.Acknowledged)
		}
		h.phones.mu.Lock()
		defer h.phones.mu.Unlock()
		if got := strings.Join(h.phones.cut, " "); got != "anna" {
			t.Errorf("silenced: %q, want anna", got)
		}
	})
}

// Pages under way at a restart go on, each once, and their results count.
func TestSeveralAtOnceSurviveARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		two := steps(t, escalation.Rung{Targets: []string{"tier:1", "tier:2"}, Together: true}, escalation.Rung{Targets: []string{oncall.Static}})
		h := open(t, s, map[string][]answer{"anna": {{time.Hour, "", nil}}, "boris": {{time.Hour, "", nil}}}, two)
		ref := h.lost(t)
		wait(5 * time.Second)
		h.seen(t, "0s anna, 0s boris")
		h.stop()
		h = open(t, s, map[string][]answer{
			"anna": {{5 * time.Second, dispatch.ResultNoAnswer, nil}}, "boris": {{9 * time.Second, dispatch.ResultAcknowledged, nil}},
		}, two)
		wait(10 * time.Minute)
		h.seen(t, "0s anna, 0s boris")
		if tk, _ := h.Ticket(t.Context(), ref.ID); tk.Acknowledged.By != "boris" {
			t.Errorf("ticket %+v", tk.Acknowledged)
		}
	})
}

// A person's own rules: the softphone at once, the mobile half a minute later. A key in between and the mobile never rings.
func TestOwnRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first answer
		want  string
	}{
		"no key":        {answer{20 * time.Second, dispatch.ResultNoAnswer, nil}, "0s anna, 30s anna, 50s boris"},
		"unreachable":   {answer{time.Second, dispatch.ResultUnreachable, nil}, "0s anna, 1s anna, 21s boris"}, // nobody waits for a dead device
		"declined":      {answer{time.Second, dispatch.ResultDeclined, nil}, "0s anna, 1s boris"},
		"passed on":     {answer{time.Second, dispatch.ResultEscalate, nil}, "0s anna, 1s boris"},
		"acknowledged":  {answer{10 * time.Second, dispatch.ResultAcknowledged, nil}, "0s anna"},
		"rings for ten": {answer{10 * time.Minute, dispatch.ResultNoAnswer, nil}, "0s anna, 30s anna, 2m0s boris"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, store.NewMemory(), map[string][]answer{
					"anna":  {c.first, {20 * time.Second, dispatch.ResultNoAnswer, nil}},
					"boris": {{time.Second, dispatch.ResultAcknowledged, nil}},
				}, with(t, func(s *dispatch.Source) {
					anna := &s.Roster.People[0]
					anna.Devices = append(anna.Devices, oncall.Device{Kind: oncall.Mobile, Number: "+79215550100"})
					anna.Notify = []oncall.NotifyRule{
						{Channel: "voice", Devices: []oncall.DeviceKind{oncall.Softphone}},
						{After: 30 * time.Second, Channel: "voice", Devices: []oncall.DeviceKind{oncall.Mobile}},
					}
				}))
				h.lost(t)
				wait(130 * time.Second)
				h.see(t, c.want)
			})
		})
	}
}

// A step that is wanted after the acknowledgement goes out at its time, once; its key takes nothing.
func TestAfterAcknowledgement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, map[string][]answer{
			"anna": {{10 * time.Second, dispatch.ResultAcknowledged, nil}}, "vera": {{5 * time.Second, dispatch.ResultAcknowledged, nil}},
		}, steps(t, escalation.Rung{Targets: []string{"tier:1"}},
			escalation.Rung{At: 2 * time.Minute, Targets: []string{"person:vera"}, AfterAck: true},
			escalation.Rung{At: 3 * time.Minute, Targets: []string{oncall.Everyone}}))
		ref := h.lost(t)
		wait(time.Hour)
		h.see(t, "0s anna, 2m0s vera")
		if tk, _ := h.Ticket(t.Context(), ref.ID); tk.Acknowledged.By != "anna" {
			t.Errorf("ticket %+v", tk.Acknowledged)
		}
		if c, _ := s.Load(t.Context(), ref.ID); len(paging(c.Timers)) != 0 {
			t.Errorf("timers left: %+v", c.Timers)
		}
	})
}

// Closed is closed, also for such a step.
func TestAfterAcknowledgementUntilClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, map[string][]answer{"anna": {{10 * time.Second, dispatch.ResultAcknowledged, nil}}, "vera": {{time.Hour, "", nil}}},
			steps(t, escalation.Rung{Targets: []string{"tier:1"}}, escalation.Rung{At: 2 * time.Minute, Targets: []string{"person:vera", oncall.Everyone}, AfterAck: true}))
		ref := h.lost(t)
		wait(2*time.Minute + 5*time.Second)
		h.see(t, "0s anna, 2m0s vera")
		must(t, h.CloseUnreported(t.Context(), ref, dispatch.Author{Person: "anna"}, "done", "проверка"))
		wait(time.Hour)
		h.see(t, "0s anna, 2m0s vera")
		if c, _ := s.Load(t.Context(), ref.ID); len(paging(c.Timers)) != 0 {
			t.Errorf("timers left: %+v", c.Timers)
		}
	})
}

// Taken and forgotten: half an hour later whoever has it is paged again, then the others, until somebody acts.
func TestTakenAndForgotten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		take func(*testing.T, *house) dispatch.Ref
		want string
	}{
		"by a page": {func(t *testing.T, h *house) dispatch.Ref { t.Helper(); return h.lost(t) }, "0s anna, 30m5s anna, 30m25s boris"},
		"on a call, before any page": {func(t *testing.T, h *house) dispatch.Ref {
			t.Helper()
			o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
			must(t, err)
			must(t, h.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: "a", Person: "anna", At: time.Now()}))
			return o.Ref
		}, "30m0s anna, 30m5s boris"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, store.NewMemory(), map[string][]answer{
					"anna":  {{5 * time.Second, dispatch.ResultAcknowledged, nil}, {20 * time.Second, dispatch.ResultNoAnswer, nil}},
					"boris": {{time.Second, dispatch.ResultAcknowledged, nil}},
				}, with(t, func(s *dispatch.Source) { s.Policy.RepageAfter = 30 * time.Minute }))
				if name != "by a page" {
					h.phones.answers["anna"] = h.phones.answers["anna"][1:]
					h.phones.answers["anna"][0].after = 5 * time.Second
				}
				ref := c.take(t, h)
				wait(31 * time.Minute)
				h.see(t, c.want)
				log, err := h.Events(t.Context(), ref)
				must(t, err)
				if !slices.ContainsFunc(log, func(e ticket.Event) bool { return e.Body == ticket.PageRaised{Reason: ticket.Forgotten, Again: true} }) {
					t.Errorf("log %+v", log)
				}
				must(t, h.CloseUnreported(t.Context(), ref, dispatch.Author{Person: "boris"}, "done", "проверка"))
				wait(time.Hour)
				h.see(t, c.want)
			})
		})
	}
}

// A ticket that somebody has, and that is watched, is paged at once when a later call of its client reaches nobody.
func TestTakenAndNeededAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna":  {{5 * time.Second, dispatch.ResultAcknowledged, nil}, {20 * time.Second, dispatch.ResultNoAnswer, nil}},
			"boris": {{time.Second, dispatch.ResultAcknowledged, nil}},
		}, with(t, func(s *dispatch.Source) { s.Policy.RepageAfter = time.Hour }))
		ref := h.lost(t)
		wait(10 * time.Minute)
		o, err := h.OpenCall(t.Context(), call("b", "89211234567"))
		must(t, err)
		h.lose(t, o, "b", dispatch.CallAbandoned)
		wait(10 * time.Minute)
		h.see(t, "0s anna, 10m0s anna, 10m20s boris")
		if tk, _ := h.Ticket(t.Context(), ref.ID); tk.Acknowledged.By != "boris" {
			t.Errorf("ticket %+v", tk.Acknowledged)
		}
	})
}

// Who works on what he has taken is left in peace.
func TestTakenAndWorkedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}},
			with(t, func(s *dispatch.Source) { s.Policy.RepageAfter = 30 * time.Minute }))
		ref := h.lost(t)
		for range 4 {
			wait(20 * time.Minute)
			must(t, h.Note(t.Context(), ref, dispatch.Author{Person: "anna"}, ticket.Noted{Text: "at it"}))
		}
		h.see(t, "0s anna")
		wait(31 * time.Minute)
		h.see(t, "0s anna, 1h50m0s anna")
	})
}

// A page timer of an earlier version is read: the page under way is that of the notice which waits in the outbox, and paging
// goes on behind it.
func TestTimerOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, map[string][]answer{"anna": {{time.Hour, "", nil}}})
		ref := h.lost(t)
		wait(5 * time.Second)
		h.see(t, "0s anna")
		h.stop()
		c, err := s.Load(t.Context(), ref.ID)
		must(t, err)
		timer := paging(c.Timers)[0]
		timer.Gen++
		timer.State, err = json.Marshal(map[string]any{
			"Phase": "ringing", "Round": 1, "Step": 0, "Waited": true, "Paged": []string{"anna"}, "Due": timer.DueAt,
			"Current": map[string]any{"Number": 1, "Round": 1, "Tier": "step 1", "Person": "anna", "RingTime": 20 * time.Second},
			"tried":   []any{},
		})
		must(t, err)
		must(t, s.Commit(t.Context(), dispatch.Change{Timers: []dispatch.Timer{timer}}))
		h = open(t, s, map[string][]answer{"anna": {{3 * time.Second, dispatch.ResultNoAnswer, nil}}, "boris": {{time.Second, dispatch.ResultAcknowledged, nil}}})
		wait(10 * time.Minute)
		h.see(t, "0s anna, 3s anna, 6s boris")
		if tk, _ := h.Ticket(t.Context(), ref.ID); tk.Acknowledged.By != "boris" {
			t.Errorf("ticket %+v", tk.Acknowledged)
		}
	})
}

// A timer that nobody can read starts anew.
func TestUnreadableTimerStartsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, nil)
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.stop()
		wait(time.Minute)
		c, err := s.Load(t.Context(), o.ID)
		must(t, err)
		timer := paging(c.Timers)[0]
		timer.Gen, timer.State, timer.DueAt = timer.Gen+1, []byte(`{"machine":7}`), time.Now()
		must(t, s.Commit(t.Context(), dispatch.Change{Timers: []dispatch.Timer{timer}}))
		h = open(t, s, map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}})
		wait(time.Minute)
		h.see(t, "0s anna")
	})
}

// Whose turn it is survives a restart: who was paged about the last ticket comes last about the next one.
func TestTurnsSurviveARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		turns := steps(t, escalation.Rung{Targets: []string{oncall.Everyone}, RoundRobin: true})
		ack := map[string][]answer{
			"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}, "boris": {{time.Second, dispatch.ResultAcknowledged, nil}}, "vera": {{time.Second, dispatch.ResultAcknowledged, nil}},
		}
		h := open(t, s, ack, turns)
		h.lost(t)
		wait(time.Minute)
		h.see(t, "0s anna")
		h.stop()
		h = open(t, s, ack, turns)
		for i, caller := range []string{"89210000001", "89210000002", "89210000003"} {
			id := string(rune('b' + i))
			o, err := h.OpenCall(t.Context(), call(id, caller))
			must(t, err)
			h.lose(t, o, id, dispatch.CallAbandoned)
			wait(time.Minute)
		}
		h.see(t, "0s boris, 1m0s vera, 2m0s anna")
	})
}

// The promise is proved with the people of every hour ahead, not only of the one at which somebody asks: at night the line
// has one engineer, whose page may last too long.
func TestPromiseIsProvedForAllHours(t *testing.T) {
	t.Parallel()
	zone, err := oncall.LoadZone("Europe/Moscow")
	must(t, err)
	layer := func(id, who string, from, to oncall.Clock) oncall.Layer {
		return oncall.Layer{ID: id, Members: []oncall.Member{{who}}, From: oncall.NewCivil(2026, 1, 1, 0, 0, 0), Windows: []oncall.Window{{From: from, To: to}}}
	}
	src := source()
	src.Roster.Schedules = []oncall.Schedule{{ID: "duty", Zone: zone, Tracks: []oncall.Track{
		{ID: "primary", Layers: []oncall.Layer{layer("day", "anna", 8*3600, 20*3600), layer("night", "boris", 20*3600, 8*3600)}},
	}}}
	src.Lines = []dispatch.Line{{ID: "main", Schedule: "duty"}}
	src.Roster.People[1].Devices = []oncall.Device{{Kind: oncall.Mobile, Number: "+79215550100", RingTime: 3 * time.Minute}}
	src.Policy = escalation.Policy{AckTimeout: 3 * time.Minute, Steps: []escalation.Rung{
		{Targets: []string{"primary"}, Repeat: 2}, {Delay: 5 * time.Minute, Targets: []string{oncall.Everyone, oncall.Static}, Together: true},
	}}
	snap, err := dispatch.NewSnapshot(src)
	must(t, err)
	noon := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	var got []string
	for _, w := range snap.Warnings(noon) {
		got = append(got, w.Error())
	}
	all := strings.Join(got, "\n")
	if !strings.Contains(all, "escalation.steps[0].repeat: ") || !strings.Contains(all, "(from Mon 2026-01-05 17:00 UTC on)") {
		t.Errorf("warnings:\n%s", all)
	}
}
