package oncall_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// Corrections that lie elsewhere change nothing in a span, so an excerpt answers for it as the whole rota does.
func TestExcerptAnswersAsTheWhole(t *testing.T) {
	t.Parallel()
	shorter := false
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		whole, excerpts := oncall.Compile(w.roster), oncall.NewExcerpts(&w.roster)
		for _, at := range w.moments(t, 8) {
			r := excerpts.Around(sec(at), sec(at+3600))
			shorter = shorter || len(r.Absences)+len(r.Overrides)+len(r.Temporaries) < len(w.roster.Absences)+len(w.roster.Overrides)+len(w.roster.Temporaries)
			part := oncall.Compile(r)
			for _, track := range []string{"primary", "secondary", "lead"} {
				if d := cmp.Diff(shifts(whole, track, at, at+3600), shifts(part, track, at, at+3600)); d != "" {
					t.Fatalf("%s on %s (-whole +excerpt):\n%s\n%s", w.moment(at), track, d, w.text())
				}
			}
		}
	})
	if !shorter {
		t.Error("no excerpt was shorter than its rota")
	}
}
