package send

import (
	"testing"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// BenchmarkCompose is a mail made, without a server.
func BenchmarkCompose(b *testing.B) {
	d := draftOf(word(true, ticket.ForReply))
	from, err := recipient(word(true, ticket.ForReply))
	if err != nil {
		b.Fatal(err)
	}
	d.from, d.to, d.thread = from, from, Thread{ID: "a@b", Root: "r@b"}
	for b.Loop() {
		m, err := compose(d)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := m.WriteTo(discard{}); err != nil || n == 0 {
			b.Fatal(n, err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
