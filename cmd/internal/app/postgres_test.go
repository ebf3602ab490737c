package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store/pgtest"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestStoryOnPostgres: the whole product with its record on a PostgreSQL server. A client calls and hangs up before anybody picks
// up; the engineer on duty is paged until he presses 1, and from there on the incident runs to the report that the client reads.
func TestStoryOnPostgres(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	database, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := storyRig(t, "2026-11-16", "09:01:00", func(c *config.Config) { c.Store.URL = config.Address(server.URL(database)) })
	s.pageMonday()
	s.askMonday()
	s.diagnoseMonday()
	s.restoreMonday()
	s.explainMonday()
	s.readMonday(t)
	s.verified()
}

// pageMonday: the client gives up while the phone of the engineer rings. He is paged at once, and takes the ticket.
func (s *incident) pageMonday() {
	s.Helper()
	caller := startPhone(s.TB, "caller", "udp", phone.Answer{})
	s.must(s.ivan.Answer(phone.Ringing()))
	call, err := caller.Dial(s.Context(), fmt.Sprintf("sip:hotline@%s", s.addr("udp")), phone.Options{From: "+79215550118"})
	s.must(err)
	wait(s.TB, incoming(s.TB, s.ivan, 1), phone.Rang)
	s.must(s.ivan.Answer(phone.Answering(20*time.Millisecond, phone.Talk{Tone: 700})))
	call.Hangup()
	page := incoming(s.TB, s.ivan, 2)
	wait(s.TB, page, phone.Heard)
	open, err := s.app.Dispatcher().ListTickets(s.Context(), dispatch.TicketFilter{OpenOnly: true, Limit: 10})
	s.must(err)
	if len(open) != 1 || open[0].Priority != ticket.Critical || open[0].Assignee != "" || open[0].Client.Org != "romashka" {
		s.Fatalf("open tickets: %+v", open)
	}
	s.number = open[0].Number.String()
	s.clock.set(s.at("09:01:19"))
	page.Press("1", phone.RFC4733)
	wait(s.TB, page, phone.Ended)
	until(s.TB, "the ticket is taken", func() bool { return s.look().Ticket.Assignee == "ivan" })
	s.clock.set(s.at("09:03:00"))
	s.do("ivan", ticket.Contacted{Channel: "call", With: "Мария Орлова", Talk: time.Minute})
}
