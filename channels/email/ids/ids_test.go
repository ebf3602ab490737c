package ids_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/channels/email/ids"
)

// drawer keeps one secret, as the record does.
type drawer struct {
	kept []byte
	away error
}

func (d *drawer) Secret(_ context.Context, _ string, fresh []byte) ([]byte, error) {
	if d.away != nil {
		return nil, d.away
	}
	if d.kept == nil {
		d.kept = fresh
	}
	return d.kept, nil
}

func loaded(t *testing.T, domain string, d *drawer) *ids.Maker {
	t.Helper()
	m := ids.New(domain)
	if err := m.Load(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAnIDNamesItsTicket(t *testing.T) {
	t.Parallel()
	d := &drawer{}
	m := loaded(t, "desk.example", d)
	other := loaded(t, "new.example", d) // another node, after the domain has changed
	rapid.Check(t, func(r *rapid.T) {
		ticket := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Filter(func(b []byte) bool { return uuid.UUID(b) != uuid.Nil }).Draw(r, "ticket")).String()
		notice := rapid.String().Draw(r, "notice")
		id := m.Message(ticket, notice)
		if id != m.Message(ticket, notice) {
			r.Fatal("a retry has another id")
		}
		if len(id) > 100 || strings.ContainsAny(id, "<> \t\r\n") {
			r.Fatalf("%q is no id for a header", id)
		}
		for _, form := range []string{id, "<" + id + ">", strings.ToUpper(id), m.Root(ticket)} {
			if got, ok := other.Ticket(form); !ok || got != ticket {
				r.Fatalf("%s names %q, %v; want %s", form, got, ok, ticket)
			}
		}
		at := rapid.IntRange(len("vahta."), strings.IndexByte(id, '@')-1).Draw(r, "changed")
		forged := []byte(id)
		if forged[at] = 'a'; id[at] == 'a' {
			forged[at] = 'b'
		}
		if got, ok := m.Ticket(string(forged)); ok {
			r.Fatalf("the forged %s names %s", forged, got)
		}
	})
}

func TestOtherIDsNameNothing(t *testing.T) {
	t.Parallel()
	m := loaded(t, "desk.example", &drawer{})
	stranger := loaded(t, "desk.example", &drawer{})
	ticket := uuid.NewString()
	for _, id := range []string{"", "<>", "abc@desk.example", "vahta.@desk.example", "vahta.aaaa@desk.example", stranger.Message(ticket, "n"), m.Message("", "n")} {
		if got, ok := m.Ticket(id); ok {
			t.Errorf("%q names %s", id, got)
		}
	}
	if m.Message(ticket, "a") == m.Message(ticket, "b") || m.Message(ticket, "") == m.Root(ticket) {
		t.Error("two mails have one id")
	}
	if id := m.Message("", "n"); !strings.HasSuffix(id, "@desk.example") {
		t.Errorf("a mail about no ticket has the id %q", id)
	}
	if id := m.Message("no uuid", "n"); id != "" {
		t.Errorf("a ticket that is none has the id %q", id)
	}
}

func TestNothingIsMadeWithoutTheSecret(t *testing.T) {
	t.Parallel()
	m := ids.New("desk.example")
	d := &drawer{away: errors.New("away")}
	if err := m.Load(t.Context(), d); !errors.Is(err, d.away) {
		t.Fatal(err)
	}
	if m.Loaded() || m.Message(uuid.NewString(), "n") != "" {
		t.Fatal("an id was made without a secret")
	}
	d.kept, d.away = []byte("short"), nil
	if err := m.Load(t.Context(), d); err == nil {
		t.Fatal("a secret of five bytes was taken")
	}
}
