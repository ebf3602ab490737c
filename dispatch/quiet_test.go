package dispatch_test

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// TestNobodyAnswersAMachine: a message that must not be answered automatically becomes a ticket as any other one, and gets no receipt.
func TestNobodyAnswersAMachine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m       dispatch.MessageSignal
		receipt bool
	}{
		"a person": {dispatch.MessageSignal{From: from("email", "anna@mebel.example"), Text: "1C is down", Priority: ticket.Critical}, true},
		"a disk that writes mail": {
			dispatch.MessageSignal{From: from("email", "nas@mebel.example"), Text: "RAID degraded", Priority: ticket.Critical, Quiet: true}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := store.NewMemory()
			d := dispatcher(t, s, func(cfg *dispatch.Config, deps *dispatch.Deps) {
				cfg.Written = []dispatch.Channel{dispatch.ChannelEmail}
				deps.Signals, deps.Now = s, func() time.Time { return night }
			})
			d.Register(dispatch.ChannelEmail, dispatch.Decoding{Decode: dispatch.DecodeJSON})
			id, err := d.Receive(t.Context(), dispatch.Signal{Channel: dispatch.ChannelEmail, Key: "1", At: night, Message: &c.m})
			must(t, err)
			opened, err := d.Intake(t.Context(), id)
			must(t, err)
			log, err := d.Events(t.Context(), opened.Ref)
			must(t, err)
			told := false
			for _, e := range log {
				switch b := e.Body.(type) {
				case ticket.Opened:
					if b.Priority != ticket.Critical {
						t.Errorf("priority %v", b.Priority)
					}
				case ticket.Messaged:
					told = told || b.Purpose == ticket.ForReceipt
				}
			}
			if told != c.receipt {
				t.Errorf("a receipt is sent: %v, want %v", told, c.receipt)
			}
		})
	}
}
