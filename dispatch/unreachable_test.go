package dispatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// A plan that could not be written to the client does not silence the next word:
// it is tried anew, and whoever has the ticket is called anew.
func TestUpdateAfterAPlanThatFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ack := answer{5 * time.Second, dispatch.ResultAcknowledged, nil}
		b := newBureau(t, store.NewMemory(), map[string][]answer{"anna": {ack, ack}})
		ref := b.served("a", "89217654321") // Olga has an e-mail address and nothing else
		b.mail.fail(errGone)
		_, err := b.SavePlan(t.Context(), ref, anna(), ticket.Planned{
			Hypothesis: "дисках", Actions: []string{"перезапуск"}, Fallback: "копия", ETA: time.Now().Add(2 * time.Hour),
		})
		must(t, err)
		_, err = b.TellPlan(t.Context(), ref, anna(), dispatch.PlanWord{})
		must(t, err)
		b.until(10 * time.Minute)
		told, _, err := b.Update(t.Context(), ref, anna(), dispatch.UpdateWord{Text: "Меняем диск.", Next: time.Now().Add(20 * time.Minute)})
		must(t, err)
		if len(told) != 1 || told[0].To.Address != "olga@romashka.example" {
			t.Errorf("told %+v", told)
		}
		b.until(12 * time.Minute)
		b.see("59s anna, 10m0s anna")
		b.expect("log", b.told(ref, ticket.KindOpened, ticket.KindAccepted, ticket.KindCallEnded, ticket.KindTimed), `
			59s anna planned 1 complete true
			59s anna messaged plan email
			59s vahta message_failed email
			59s vahta attempted anna acknowledged
			10m0s anna updated
			10m0s anna messaged update email
			10m0s vahta message_failed email
			10m0s vahta attempted anna acknowledged`)
	})
}

// What is written to a client's page is delivered where clients can open it; else
// whoever has the ticket is called, as with any message that does not arrive.
func TestPageThatNobodyCanOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		up   []dispatch.Channel
		want string
	}{
		"open": {[]dispatch.Channel{dispatch.ChannelPortal}, `
			0s anna messaged reply portal
			0s vahta message_sent portal`},
		"not there": {nil, `
			0s anna messaged reply portal
			0s vahta message_failed portal
			0s vahta attempted anna acknowledged`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBureau(t, store.NewMemory(), map[string][]answer{"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}},
					func(cfg *dispatch.Config) { cfg.Written = c.up })
				ref, err := b.Open(t.Context(), anna(), dispatch.NewTicket{
					From: ticket.Contact{Channel: "portal", Address: "olga"}, Text: "Ничего не работает", Priority: ticket.Critical, Assignee: "anna",
				})
				must(t, err)
				_, err = b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Смотрю."})
				must(t, err)
				b.until(time.Minute)
				b.expect("log", b.told(ref, ticket.KindOpened, ticket.KindTimed, ticket.KindAcknowledged), c.want)
			})
		})
	}
}
