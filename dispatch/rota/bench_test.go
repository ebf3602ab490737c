package rota_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// manyOverrides is the company after years of corrections, half of them still to come.
func manyOverrides(tb testing.TB, n int) dispatch.Source {
	tb.Helper()
	src := source(tb)
	for i := range n {
		at := began().Add(time.Duration(i-n/2) * 7 * time.Hour)
		src.Roster.Overrides = append(src.Roster.Overrides, oncall.Override{
			ID: fmt.Sprintf("o%d", i), Schedule: "duty", Track: "primary", At: began().Add(time.Duration(i-n) * time.Hour),
			Changes: []oncall.Change{{From: oncall.InstantPoint(at), To: oncall.InstantPoint(at.Add(2 * time.Hour)), Add: "vera", Remove: "anna"}},
		})
	}
	return src
}

// An edit beside 5,000 overrides, of one of them and of all rules.
func BenchmarkEditBesideManyOverrides(b *testing.B) {
	s := store.NewMemory()
	k, err := dispatch.NewKeeper(dispatch.KeeperDeps{
		Store: s, Rotas: s, Node: "a", Now: began,
		Encode: func(src dispatch.Source) ([]byte, error) { return json.Marshal(src) },
		Decode: func(raw []byte) (src dispatch.Source, err error) { return src, json.Unmarshal(raw, &src) },
	})
	must(b, err)
	dir, err := k.Load(b.Context(), manyOverrides(b, 5000))
	must(b, err)
	r, err := rota.New(rota.Deps{Store: s, Directory: dir, Refresh: k.Follow, Node: "a", Now: began, Rest: oncall.DefaultRestRules()})
	must(b, err)
	fresh := source(b).Roster
	duty, _ := fresh.Schedule("duty")
	rules := edit.Edit{Schedule: &edit.NewRules{ID: "duty", Rules: duty.RulesAt(began())}}
	rules.Schedule.Tracks[0].Layers[0].Members = []oncall.Member{{"boris"}, {"vera"}}
	for name, what := range map[string]edit.Edit{"override": cover(), "rules": rules} {
		b.Run("preview "+name, func(b *testing.B) {
			for b.Loop() {
				_, err := r.Preview(b.Context(), what, scheduler())
				must(b, err)
			}
		})
	}
	b.Run("commit", func(b *testing.B) {
		for b.Loop() {
			_, err := r.Commit(b.Context(), cover(), scheduler(), nil)
			must(b, err)
		}
	})
}
