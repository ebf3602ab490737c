package app_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
	"github.com/butlerspb/vahta/sip/phone"
)

// onSchedule is a company of three engineers whose line has a schedule: by the file e1 is on duty, always.
func onSchedule(t *testing.T) ([]*phone.Phone, string) {
	t.Helper()
	phones, people := engineers(t, accepting(), accepting(), accepting())
	return phones, people + `shifts: {voice: false} # whoever is just told of a turn talks, and the next one is rung
schedules:
  - id: duty
    name: Duty
    zone: UTC
    tracks: [{id: primary, layers: [{id: always, members: [e1]}]}]
lines:
  - {id: main, dids: [main], language: en, ring_time: 10s, answer_after: 1m, schedule: duty}
`
}

// rota is what the commands ask of a node.
func (n *node) rota() desk.Rota {
	n.Helper()
	r, done, err := desk.OpenRota(within(n.TB), filepath.Join(n.dir, "data"), n.record, nil)
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { _ = done() })
	return r
}

// handsOff edits the rota at this node: e2 is on duty until the hand-off, and then e3. Whoever goes by the file rings e1.
func (n *node) handsOff(at time.Time) rota.Committed {
	n.Helper()
	begin, end := oncall.InstantPoint(time.Now().Add(time.Second)), oncall.InstantPoint(at.Add(time.Hour))
	done, err := n.rota().Commit(within(n.TB), edit.Edit{Reason: "test", Override: &oncall.Override{
		Schedule: "duty", Track: "primary",
		Changes: []oncall.Change{
			{From: begin, To: oncall.InstantPoint(at), Remove: "e1", Add: "e2"},
			{From: begin, To: oncall.InstantPoint(at), Remove: "e3", Add: "e2"}, // of an earlier hand-off
			{From: oncall.InstantPoint(at), To: end, Remove: "e1", Add: "e3"},
		},
	}}, edit.Author{Person: "test", Channel: "cli"}, nil)
	if err != nil {
		n.Fatal(err)
	}
	until(n.TB, "the edit has begun", func() bool { return time.Now().After(begin.In(oncall.Zone{})) })
	return done
}

// soon is a hand-off that leaves time for a call before it.
func soon(d time.Duration) time.Time { return time.Now().Add(d).Truncate(time.Second) }

// reaches calls the line and returns who takes the call, and when it came.
func (n *node) reaches() (string, time.Time) {
	n.Helper()
	n.callers++
	from := fmt.Sprintf("+7916700%s%03d", fmt.Sprint(int(n.id[0]))[:1], n.callers)
	s := n.talk("main", from)
	s.Hangup()
	<-s.Done()
	var call dispatch.CallRecord
	until(n.TB, "the call is on record", func() bool {
		calls := n.calls()
		i := slices.IndexFunc(calls, func(c dispatch.CallRecord) bool { return string(c.Caller) == from && !c.EndedAt.IsZero() })
		if i >= 0 {
			call = calls[i]
		}
		return i >= 0
	})
	return call.AcceptedBy, call.StartedAt
}

// before and after are a call on each side of a hand-off.
func (n *node) before(at time.Time) {
	n.Helper()
	who, came := n.reaches()
	if !came.Before(at) {
		n.Fatalf("node %s: the machine is too slow: the call came %s after the hand-off", n.id, came.Sub(at))
	}
	if who != "e2" {
		n.Errorf("node %s: before the hand-off %s took the call, want e2", n.id, who)
	}
}

func (n *node) after(at time.Time) {
	n.Helper()
	until(n.TB, "the hand-off", func() bool { return time.Now().After(at) })
	if who, _ := n.reaches(); who != "e3" {
		n.Errorf("node %s: after the hand-off %s took the call, want e3", n.id, who)
	}
}

// rotaStatus is what /status says of the rota.
func (n *node) rotaStatus() (revision float64, from, hash string) {
	n.Helper()
	s := n.status()["directory"].(map[string]any)["rota"].(map[string]any)
	v := s["version"].(map[string]any)
	return v["revision"].(float64), s["from"].(string), v["hash"].(string)
}

// TestRotaWithoutTheRecord: the record is away at the start, and dies and comes back while the node runs. Calls go on by the
// rota that was edited last, across hand-offs.
func TestRotaWithoutTheRecord(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes, and waits for hand-offs")
	}
	_, company := onSchedule(t)
	c := newCluster(t, "", company)
	a := c.node("a")
	if who, _ := a.reaches(); who != "e1" {
		t.Errorf("by the file %s took the call, want e1", who)
	}
	at := soon(40 * time.Second)
	done := a.handsOff(at)
	a.signal(syscall.SIGTERM)
	a.gone()

	release := locked(t, a.record)
	a.start()
	if revision, from, _ := a.rotaStatus(); from != "local copy" || revision != float64(done.Version.Revision) {
		t.Errorf("without the record the node works with revision %v from %s", revision, from)
	}
	a.before(at)
	if _, err := a.rota().Commit(t.Context(), edit.Edit{Take: &edit.Take{Schedule: "duty", Person: "e1"}}, edit.Author{Person: "e1", Channel: "cli"}, nil); !errors.Is(err, rota.ErrAway) {
		t.Errorf("edited without the record: %v", err)
	}
	a.after(at)
	release()
	until(t, "the record has confirmed the rota", func() bool { _, from, _ := a.rotaStatus(); return from == "store" })

	at = soon(30 * time.Second)
	a.handsOff(at)
	if err := os.Rename(a.record, a.record+".elsewhere"); err != nil {
		t.Fatal(err)
	}
	a.before(at)
	a.after(at)
	if err := os.Rename(a.record+".elsewhere", a.record); err != nil {
		t.Fatal(err)
	}
	until(t, "the record is back", func() bool { return a.status()["record"] == "ok" })
	if who, _ := a.reaches(); who != "e3" {
		t.Errorf("with the record again %s took the call, want e3", who)
	}
}

// TestFirstStartWithoutTheRecord: nothing was ever stored. Calls go by the file, and when the record comes it begins with that.
func TestFirstStartWithoutTheRecord(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	phones, company := onSchedule(t)
	c := newCluster(t, "", company)
	if err := exec.CommandContext(t.Context(), "sqlite3", c.record, "VACUUM").Run(); err != nil {
		t.Fatal(err)
	}
	release := locked(t, c.record)
	a := c.node("a")
	s := a.talk("main", "+79167000001")
	incoming(t, phones[0], 1)
	s.Hangup()
	<-s.Done()
	if revision, from, _ := a.rotaStatus(); revision != 0 || from != "configuration" {
		t.Errorf("revision %v from %s", revision, from)
	}
	release()
	until(t, "the record has the rota", func() bool { revision, from, _ := a.rotaStatus(); return revision == 1 && from == "store" })
	log, err := a.rota().History(t.Context(), dispatch.RotaFilter{})
	if err != nil || len(log) != 1 || log[0].By.Channel != "file" {
		t.Errorf("the log has %+v, %v", log, err)
	}
}

// TestRotaOfTwoNodes: Redis is away at the start of two nodes, comes, and dies. An edit at one reaches the other within five
// seconds all the same, and both say with which they work.
func TestRotaOfTwoNodes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes, and waits for hand-offs")
	}
	redis := redistest.Start(t, redistest.Options{})
	redis.Kill()
	_, company := onSchedule(t)
	c := newCluster(t, redis.URL(), company)
	a, b := c.node("a"), c.node("b")
	agree := func() {
		t.Helper()
		began := time.Now()
		until(t, "both nodes work with one rota", func() bool {
			_, _, one := a.rotaStatus()
			_, _, other := b.rotaStatus()
			return one == other
		})
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the other node took %s", took)
		}
	}
	at := soon(30 * time.Second)
	done := a.handsOff(at)
	agree()
	b.before(at)
	if err := redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "both use Redis", func() bool {
		mode := func(n *node) any { return n.status()["rotation"].(map[string]any)["mode"] }
		return mode(a) == "redis" && mode(b) == "redis"
	})
	b.after(at)
	until(t, "each node says with which rota all work", func() bool {
		nodes, _ := a.status()["nodes"].([]any)
		return len(nodes) == 2 && !slices.ContainsFunc(nodes, func(n any) bool {
			return n.(map[string]any)["rota"] != float64(done.Version.Revision)
		})
	})
	at = soon(30 * time.Second)
	b.handsOff(at)
	agree()
	redis.Kill()
	a.before(at)
	a.after(at)
	at = soon(20 * time.Second)
	a.handsOff(at)
	agree()
	line := b.said("rota in force")
	if line["revision"] == nil {
		t.Errorf("the log says %v", line)
	}
	until(t, "the metrics say so", func() bool {
		_, text := b.get("/metrics")
		return strings.Contains(text, "vahta_rota_revision 4\n") && strings.Contains(text, "vahta_rota_nodes_differ 0\n")
	})
}

// copyRecord copies the database as a backup does.
func copyRecord(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "sqlite3", from, ".timeout 10000", "VACUUM INTO '"+to+"'").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestRecordIsRestoredOlder: somebody puts a backup in the record's place, once while both nodes are down and once under a
// running one. The nodes know of later edits: calls go by these, before and after a hand-off, and the record gets them back.
func TestRecordIsRestoredOlder(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes, and waits for hand-offs")
	}
	_, company := onSchedule(t)
	c := newCluster(t, "", company)
	a, b := c.node("a"), c.node("b")
	backup := filepath.Join(t.TempDir(), "backup.db")
	copyRecord(t, c.record, backup)
	at := soon(45 * time.Second)
	done := a.handsOff(at)
	until(t, "both nodes know", func() bool { _, _, hash := b.rotaStatus(); return hash == done.Version.Hash })
	for _, n := range []*node{a, b} {
		n.signal(syscall.SIGTERM)
		n.gone()
	}
	for _, part := range []string{"-wal", "-shm"} {
		_ = os.Remove(c.record + part)
	}
	again := backup + ".again"
	copyRecord(t, backup, again)
	if err := os.Rename(backup, c.record); err != nil {
		t.Fatal(err)
	}
	a.start()
	b.start()
	a.said("older than this node's")
	a.before(at)
	b.before(at)
	a.after(at)
	b.after(at)
	restored := func() bool {
		revision, from, hash := a.rotaStatus()
		_, _, other := b.rotaStatus()
		return hash == done.Version.Hash && other == hash && from == "store" && revision > float64(done.Version.Revision)
	}
	untilWithin(t, 5*time.Second, "the record has the later rota, and both nodes work with it", restored)
	log, err := b.rota().History(t.Context(), dispatch.RotaFilter{Limit: 1})
	if err != nil || len(log) != 1 || log[0].By.Channel != "node" || !strings.Contains(log[0].Reason, "restored older") {
		t.Errorf("the log says %+v, %v", log, err)
	}

	if err := os.Rename(again, c.record); err != nil { // under the running nodes
		t.Fatal(err)
	}
	until(t, "the later rota is written back once more", func() bool {
		log, err := b.rota().History(t.Context(), dispatch.RotaFilter{Limit: 1})
		return err == nil && len(log) == 1 && log[0].By.Channel == "node" && log[0].Content == done.Version.Hash
	})
	for _, n := range []*node{a, b} {
		if who, _ := n.reaches(); who != "e3" {
			t.Errorf("node %s: %s took the call, want e3", n.id, who)
		}
	}
}
