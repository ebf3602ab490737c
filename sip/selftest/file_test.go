package selftest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHistoriesOutliveARestart: what is known of a line is read as it was written; a damaged file is told and costs nothing.
func TestHistoriesOutliveARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "selftest.json")
	if list, err := ReadHistories(file); err != nil || list != nil {
		t.Errorf("before the first test: %v, %v", list, err)
	}
	want := History{
		Trunk: "op", OK: noon, Last: noon.Add(time.Hour), Result: NotBack, Text: "no call came in", Fails: 3, Alarm: "VH-26-000010",
		Passed: "the server drains", NotBefore: noon.Add(2 * time.Hour), Suspended: true, ByCalls: true, Ringing: 1, Answered: 2, MOS: 4.4,
	}
	tester := &Tester{deps: Deps{File: file, Lines: []Line{{Trunk: "op"}}}, past: map[string]*History{"op": &want}}
	tester.keep()
	list, err := ReadHistories(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]History{want}, list); diff != "" {
		t.Error(diff)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadHistories(file); err == nil {
		t.Error("a damaged file is not told")
	}
}
