package trunk

import (
	"slices"
	"testing"
)

// TestDoubted: an operator that failed the line's self-test is used after others, but before those that are known to be
// worse, and never not at all.
func TestDoubted(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Operators = []Operator{
		{Name: "a", Host: "192.0.2.1", Number: "+74957770000", MaxChannels: 3},
		{Name: "b", Host: "192.0.2.2", Number: "+74957770001"},
	}
	trunks, err := New(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	order := func() (names []string) {
		for _, d := range trunks.Route("+79215550000") {
			names = append(names, d.Trunk)
		}
		return names
	}
	check := func(what string, want ...string) {
		t.Helper()
		if got := order(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("nobody is doubted", "a", "b")
	trunks.Doubt("a", true)
	trunks.Doubt("nobody", true)
	check("a is doubted", "b", "a")
	if !trunks.Status()[0].Doubted {
		t.Error("the status does not say so")
	}
	for range missesToDown {
		trunks.beat(trunks.Get("b"), false, 0, "silent")
	}
	check("b is down", "a", "b")
	trunks.Doubt("a", false)
	check("a is proved", "a", "b")

	for range 2 {
		trunks.Reserve("a")
	}
	if !trunks.HasRoom("a", 1) || trunks.HasRoom("a", 2) || !trunks.HasRoom("b", 100) {
		t.Error("the room for calls is wrong")
	}
}
