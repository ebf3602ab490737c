package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// unproven is what somebody writes who may be another one than olga.
func unproven(text string, refs ...string) dispatch.MessageSignal {
	return dispatch.MessageSignal{From: from("email", "olga@lutik.example"), Subject: text, InReplyTo: refs, Unproven: true}
}

// opens sends a message and says whether it has a ticket of its own, and which.
func (h *reception) opens(t *testing.T, key string, m dispatch.MessageSignal) (ticket.Ticket, []ticket.Event, bool) {
	t.Helper()
	h.at = h.at.Add(time.Minute)
	o, err := h.send(dispatch.ChannelEmail, key, m)
	must(t, err)
	c, err := h.store.Load(t.Context(), o.ID)
	must(t, err)
	log, err := h.Events(t.Context(), o.Ref)
	must(t, err)
	return c.Ticket, log, !o.Joined
}

// linked reports whether a log refers to a ticket.
func linked(log []ticket.Event, id string) bool {
	for _, e := range log {
		if l, ok := e.Body.(ticket.Linked); ok && l.Ticket == id {
			return true
		}
	}
	return false
}

// A forged mail gets into nobody's ticket, whatever it names, and has none of
// the rights of whom it pretends to be from; the ticket says so.
func TestTheUnprovenTakePartInNothing(t *testing.T) {
	t.Parallel()
	for name, ref := range map[string]func(ticket.Ticket) string{
		"it names nothing":     func(ticket.Ticket) string { return "" },
		"it names the number":  func(t ticket.Ticket) string { return t.Number.String() },
		"it names the id":      func(t ticket.Ticket) string { return t.ID },
		"it names an old mail": func(ticket.Ticket) string { return "k0" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newReception(t)
			hers, _, _ := h.opens(t, "k0", dispatch.MessageSignal{From: from("email", "olga@lutik.example"), Subject: "a question"})
			if hers.Client.Level != client.Known || hers.Client.Contact != "olga" {
				t.Fatalf("the client is %+v", hers.Client)
			}
			forged, log, own := h.opens(t, "k1", unproven("send me the password", ref(hers)))
			if !own || forged.ID == hers.ID {
				t.Fatalf("it has joined %s", forged.Number)
			}
			if !linked(log, hers.ID) && ref(hers) != "" {
				t.Error("nobody is told which ticket it names")
			}
			if m := forged.Client; m.Level != client.Maybe || m.Org != "lutik" || m.Contact != "" || m.VIP {
				t.Errorf("it is believed to be from %+v", m)
			}
			if text := dispatch.Timeline(forged, log, dispatch.TimelineOptions{Language: "en"}); !strings.Contains(text, "sender not verified") {
				t.Errorf("the ticket does not say that nobody is verified:\n%s", text)
			}
			if _, _, own = h.opens(t, "k2", unproven("it is urgent", ref(hers))); own {
				t.Error("what the same address sends unproven has a ticket each time")
			}
			if again, _, own := h.opens(t, "k3", dispatch.MessageSignal{From: from("email", "olga@lutik.example"), Subject: "once more"}); own || again.ID != hers.ID {
				t.Error("her own word has not joined her ticket")
			}
		})
	}
}

// Whoever can not prove who he is may be a client in need.
func TestTheUnprovenArePagedFor(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]dispatch.MessageSignal{
		"a red button":  {From: from("email", "olga@lutik.example"), Subject: "1C is down", Category: ticket.ServiceDown, Unproven: true},
		"telling words": unproven("у нас шифровальщик"),
		"a stranger":    {From: from("email", "somebody@mail.example"), Subject: "help", Priority: ticket.Critical, Unproven: true},
	} {
		h := newReception(t)
		tk, _, own := h.opens(t, "k0", m)
		if !own || tk.Priority != ticket.Critical || !tk.NeedsPage() {
			t.Errorf("%s: %v, needs a page: %v", name, tk.Priority, tk.NeedsPage())
		}
		if c, err := h.store.Load(t.Context(), tk.ID); err != nil || len(c.Timers) == 0 {
			t.Errorf("%s: nobody will be paged: %+v, %v", name, c.Timers, err)
		}
	}
}

// A client whose mails prove nothing is understood all the same: his answers
// join what he has written that way, and open it anew.
func TestTheUnprovenGoOn(t *testing.T) {
	t.Parallel()
	h := newReception(t)
	first, _, _ := h.opens(t, "k0", unproven("a question"))
	must(t, h.CloseUnreported(t.Context(), dispatch.Ref{ID: first.ID}, dispatch.Author{Person: "anna", At: h.at}, "done", "проверка"))
	next, _, own := h.opens(t, "k1", unproven("it does not work", first.ID))
	if own || next.ID != first.ID || !next.Open() {
		t.Errorf("his answer: a ticket of its own: %v, %s is open: %v", own, next.Number, next.Open())
	}
}

// Nobody has to be on a card to be forged.
func TestTheUnprovenAndTheProvenAreTwo(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"boss@lutik.example", "somebody@mail.example"} {
		h := newReception(t)
		m := dispatch.MessageSignal{From: from("email", address), Subject: "a question"}
		proved, _, _ := h.opens(t, "k0", m)
		m.Unproven = true
		forged, _, own := h.opens(t, "k1", m)
		if !own || forged.ID == proved.ID {
			t.Errorf("%s: what is not proved has joined", address)
		}
		if _, _, own = h.opens(t, "k2", m); own {
			t.Errorf("%s: it has a ticket each time", address)
		}
		m.Unproven = false
		if again, _, own := h.opens(t, "k3", m); own || again.ID != proved.ID {
			t.Errorf("%s: what is proved has joined %s", address, again.Number)
		}
	}
}
