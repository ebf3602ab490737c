package guard

import "testing"

// BenchmarkBegin is what a permit costs on the way to an INVITE.
func BenchmarkBegin(b *testing.B) {
	g, err := New(rules(), Deps{Known: func(string) Known { return Known{Roster: true} }})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p, err := g.Begin(Call{Purpose: Page, Number: "+79210000001"})
		if err != nil {
			b.Fatal(err)
		}
		p.End()
	}
}
