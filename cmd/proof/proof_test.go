package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDrillsInShort runs the smoke version of the drills with the real
// programs. It judges what was lost, doubled or not answered; figures that are
// times or sizes are only logged, for other tests run on the same processors.
func TestDrillsInShort(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts many processes")
	}
	dir := t.TempDir()
	for name, pkg := range map[string]string{"vahta": "../vahta", "proof": "."} {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, name), pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", pkg, err, out)
		}
	}
	groups := []string{"desk-pair", "flood", "kill,descriptors,journal,flat", "desk-kill,desk-postgres", "redis,claims", "store-locked,store-away", "store-readonly,store-full"}
	const atOnce = 3 // more of them starve each other
	turn := make(chan struct{}, atOnce)
	var running sync.WaitGroup // they wait more than they work: not as subtests, of which only as many run as there are processors
	for _, group := range groups {
		running.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			runShort(t, dir, group)
		})
	}
	running.Wait()
	var o options
	for _, d := range drills() {
		if !slices.ContainsFunc(groups, func(g string) bool { o.only = g; return o.wants(d.name) }) {
			t.Errorf("drill %s is in no group of this test", d.name)
		}
	}
}

func runShort(t *testing.T, dir, group string) {
	t.Helper()
	var out, log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "proof"), "-short", "-only", group, "-vahta", filepath.Join(dir, "vahta"))
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run() // 1 when a figure does not hold
	figures, bad := 0, false
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var f figure
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			t.Errorf("line %q: %v", lines.Text(), err)
			continue
		}
		figures++
		switch {
		case f.Holds:
		case f.Unit == "run" && strings.Contains(f.Note, errHere.Error()):
			t.Logf("%s: %s", f.Name, f.Note)
		case f.Unit == "count" || f.Unit == "run":
			bad = true
			t.Errorf("%s is %v, want %s: %s", f.Name, f.Value, f.Goal, f.Note)
		default:
			t.Logf("%s is %v, goal %s: %s", f.Name, f.Value, f.Goal, f.Note)
		}
	}
	if figures == 0 {
		bad = true
		t.Errorf("no figures: %v", err)
	}
	if bad {
		t.Logf("\n%s", log.String())
	}
}

// The oracle itself must see what it is for.

func TestOverlapsAreSeen(t *testing.T) {
	t.Parallel()
	at := func(s float64) time.Time { return time.Unix(1000, 0).Add(time.Duration(s * float64(time.Second))) }
	for name, c := range map[string]struct {
		list  []span
		since time.Time
		want  int
	}{
		"one after another":        {[]span{{at(0), at(1)}, {at(1), at(2)}}, time.Time{}, 0},
		"noted a moment late":      {[]span{{at(0), at(1.1)}, {at(1), at(2)}}, time.Time{}, 0},
		"two at once":              {[]span{{at(0), at(3)}, {at(1), at(2)}}, time.Time{}, 1},
		"a long one hides nothing": {[]span{{at(0), at(9)}, {at(1), at(2)}, {at(3), at(4)}}, time.Time{}, 2},
		"before the fault":         {[]span{{at(0), at(3)}, {at(1), at(2)}}, at(2), 0},
	} {
		if got := overlaps(c.list, c.since); len(got) != c.want {
			t.Errorf("%s: %q, want %d", name, got, c.want)
		}
	}
}

func TestAuditSees(t *testing.T) {
	t.Parallel()
	n := &node{name: "a", rig: &rig{drill: "test"}}
	list := []*contact{{number: "+1", node: n}, {number: "+2", node: n}}
	whole := func() record {
		var r record
		for i, number := range []string{"+1", "+2"} {
			id := "t" + number
			r.tickets = append(r.tickets, recordedTicket{ID: id, Year: 26, Seq: int64(i + 1), Opened: int64(i+1) * 2e6, Caller: number})
			r.calls = append(r.calls, recordedCall{ID: "c" + number, Ticket: id, Caller: number, Ended: 9, Result: "served"})
			for _, kind := range []string{"opened", "attempted", "accepted", "call_ended"} {
				r.events = append(r.events, recordedEvent{Ticket: id, Kind: kind, Call: "c" + number})
			}
		}
		return r
	}
	if f := audit(list, whole()); f.total() != 0 {
		t.Errorf("a whole record has faults: %+v", f)
	}
	for name, c := range map[string]struct {
		spoil func(*record)
		find  func(faults) []string
	}{
		"ticket gone": {func(r *record) { r.tickets = r.tickets[1:] }, func(f faults) []string { return f.missing }},
		"two tickets": {func(r *record) {
			r.tickets = append(r.tickets, recordedTicket{ID: "x", Seq: 3, Opened: 9e6, Caller: "+1"})
		}, func(f faults) []string { return f.doubled }},
		"one number twice":  {func(r *record) { r.tickets[1].Seq = 1 }, func(f faults) []string { return f.doubled }},
		"order of numbers":  {func(r *record) { r.tickets[0].Seq = 7 }, func(f faults) []string { return f.disorder }},
		"no outcome":        {func(r *record) { r.calls[0].Ended = 0 }, func(f faults) []string { return f.incomplete }},
		"no attempt":        {func(r *record) { r.events = slices.Delete(r.events, 1, 2) }, func(f faults) []string { return f.incomplete }},
		"accepted twice":    {func(r *record) { r.events = append(r.events, r.events[2]) }, func(f faults) []string { return f.incomplete }},
		"call_ended is not": {func(r *record) { r.events = r.events[:7] }, func(f faults) []string { return f.incomplete }},
	} {
		r := whole()
		c.spoil(&r)
		if got := c.find(audit(list, r)); len(got) != 1 {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

func TestAcknowledgedThingsAreHeldAgainstTheRecord(t *testing.T) {
	t.Parallel()
	seen := func(id, kind, ticket, call string) hook {
		h := hook{ID: id, Type: kind}
		h.Ticket.ID, h.Data.Call = ticket, call
		return h
	}
	rec := record{
		tickets: []recordedTicket{{ID: "t", Year: 26, Seq: 1, Caller: "+1"}},
		calls:   []recordedCall{{ID: "c", Ticket: "t", Caller: "+1", Ended: 5, Result: "broken"}},
		events:  []recordedEvent{{Ticket: "t", Kind: "accepted", Call: "c"}},
	}
	lost, doubled := acknowledged(nil, []hook{seen("1", "call.accepted", "t", "c")}, rec)
	if len(lost)+len(doubled) != 0 {
		t.Errorf("lost %q, doubled %q", lost, doubled)
	}
	if lost, _ = acknowledged(nil, []hook{seen("1", "call.outcome", "t", "c"), seen("2", "ticket.opened", "gone", "")}, rec); len(lost) != 2 {
		t.Errorf("an outcome and a ticket that are not on record: %q", lost)
	}
	if _, doubled = acknowledged(nil, []hook{seen("1", "call.accepted", "t", "c"), seen("2", "call.accepted", "t", "c")}, rec); len(doubled) != 1 {
		t.Errorf("one acceptance as two events: %q", doubled)
	}
	rec.events = append(rec.events, rec.events[0])
	if _, doubled = acknowledged(nil, nil, rec); len(doubled) != 1 {
		t.Errorf("one acceptance twice in the log: %q", doubled)
	}
	rec.tickets[0].Acked = "e1"
	rec.events = append(rec.events, recordedEvent{Ticket: "t", At: 4, Kind: "attempted", Page: 1})
	if left := unfollowed(rec); len(left) != 1 || !strings.Contains(left[0], "nobody heard of it") {
		t.Errorf("a cut call with a page before it: %q", left)
	}
	rec.events = append(rec.events, recordedEvent{Ticket: "t", At: 6, Kind: "recall_tried"})
	if left := unfollowed(rec); len(left) != 0 {
		t.Errorf("a cut call whose client was rung: %q", left)
	}
	rec.recalls = []recordedCall{{ID: "back", Ticket: "t", Caller: "+1", Ended: 7, Result: "broken"}}
	if left := unfollowed(rec); len(left) != 1 {
		t.Errorf("a cut call back that nobody followed: %q", left)
	}
}
