package library_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// vast has a ticket for every id: the index alone is of full size, for it is all that costs.
type vast struct{}

func (vast) Load(_ context.Context, id string) (dispatch.Case, error) {
	return dispatch.Case{Ticket: ticket.Ticket{ID: id, Category: ticket.DataLoss}}, nil
}

func (vast) Find(context.Context, ticket.Number) (ticket.Ticket, error) {
	return ticket.Ticket{}, dispatch.ErrNotFound
}

func (vast) Events(_ context.Context, id string) ([]ticket.Event, error) {
	return []ticket.Event{{Ticket: id, Body: ticket.Opened{ID: id, Text: "слово1 слово20 слово300"}}}, nil
}

// BenchmarkSimilar looks for what is like a story of ten words among 50,000 tickets of 20 lines each, a million lines of a log:
// of an organisation with 500 of them, with the category, nothing remembered.
func BenchmarkSimilar(b *testing.B) {
	cfg := store.Default()
	cfg.Path = filepath.Join(b.TempDir(), "vahta.db")
	db, err := store.Open(b.Context(), cfg, store.Deps{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- db.Run(ctx) }()
	b.Cleanup(func() { stop(); <-ended; _ = db.Close() })
	fill(b, db, 50_000, 20)
	l, err := library.New(library.Deps{Texts: db, Articles: db, Tickets: vast{}})
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"usual words":  "слово1 слово2 слово5 слово20 слово50 слово120 слово300 слово700 слово1500 слово4000",
		"common words": "слово0 слово1 слово2 слово3 слово4 слово5 слово6 слово7 слово8 слово9",
		"rare words":   "слово9001 слово9203 слово9407 слово12001 слово14009 слово15013 слово16001 слово17011 слово18013 слово19997",
	} {
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			var worst time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := l.Similar(b.Context(), library.Story{Text: text, Org: "client-7", Category: string(ticket.DataLoss)}); err != nil {
					b.Fatal(err)
				}
				worst = max(worst, time.Since(began))
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "ms-worst")
		})
	}
}

// fill indexes tickets whose words are as frequent as those of a language.
func fill(b *testing.B, db *store.SQL, tickets, lines int) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.1, 4, 20_000)
	var list []dispatch.Indexed
	for n := range tickets {
		var text strings.Builder
		for range lines * 12 {
			fmt.Fprintf(&text, "слово%d ", zipf.Uint64())
		}
		list = append(list, dispatch.Indexed{
			TextKey: dispatch.TextKey{Kind: dispatch.TextTicket, Ref: fmt.Sprintf("t%06d", n)}, Org: fmt.Sprintf("client-%d", n%100),
			At: monday.Add(time.Duration(n) * time.Minute), Upto: lines, Terms: append(kb.Terms(text.String()), fmt.Sprintf("org:client-%d", n%100)),
		})
		if len(list) == 500 || n == tickets-1 {
			if err := db.Index(b.Context(), list); err != nil {
				b.Fatal(err)
			}
			list = list[:0]
		}
	}
}
