package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
)

// BenchmarkFindTexts looks for words among 50,000 tickets of 20 lines each: a million lines of a log. The index alone is made,
// for it is all that a question reads.
func BenchmarkFindTexts(b *testing.B) {
	for name, s := range map[string]record{"sqlite": open(b), "postgres": openPostgres(b, servers.URL(b))} {
		fillTexts(b, s, 50_000, 20)
		for what, question := range map[string]string{
			"rare word": "слово19999", "common word": "слово1", "three words": "слово1 слово20 слово300", "host": "srv-777.client-77.example",
			"number": "8 921 000 07 77", "nothing": "телепатия",
		} {
			terms := kb.Question(question)
			b.Run(name+"/"+strings.ReplaceAll(what, " ", "_"), func(b *testing.B) {
				n := 0
				for b.Loop() {
					list, err := s.FindTexts(b.Context(), dispatch.TextQuestion{Terms: terms, Limit: 200})
					if err != nil {
						b.Fatal(err)
					}
					n = len(list)
				}
				b.ReportMetric(float64(n), "found")
			})
		}
	}
}

// fillTexts indexes tickets whose words are as frequent as those of a language.
func fillTexts(b *testing.B, s record, tickets, lines int) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.1, 4, 20_000)
	began := time.Now()
	var list []dispatch.Indexed
	for n := range tickets {
		var text strings.Builder
		fmt.Fprintf(&text, "srv-%d.client-%d.example +7 921 %07d ", n, n%100, n)
		for range lines * 12 {
			fmt.Fprintf(&text, "слово%d ", zipf.Uint64())
		}
		list = append(list, indexed(dispatch.TextTicket, fmt.Sprintf("t%06d", n), fmt.Sprintf("client-%d", n%100), lines, "", text.String()))
		if len(list) == 500 || n == tickets-1 {
			if err := s.Index(b.Context(), list); err != nil {
				b.Fatal(err)
			}
			list = list[:0]
		}
	}
	b.Logf("%d tickets indexed in %s", tickets, time.Since(began).Round(time.Millisecond))
}
