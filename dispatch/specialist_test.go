package dispatch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// specialists is a company in which boris, whose certificate has run out, vera and anna know 1c.
func specialists(t *testing.T) func(*dispatch.Deps) {
	t.Helper()
	return with(t, func(s *dispatch.Source) {
		for i := range s.Roster.People {
			s.Roster.People[i].Skills = []string{"1c"}
		}
		s.Roster.People[0].Skills = append(s.Roster.People[0].Skills, "network")
		s.Roster.People[1].Certificates = []oncall.Certificate{{Name: "1C", Expires: oncall.NewCivil(1999, 1, 1, 0, 0, 0)}}
	})
}

// taken opens a ticket that anna has.
func (h *house) taken(t *testing.T) dispatch.Ref {
	t.Helper()
	o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
	must(t, err)
	must(t, h.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: "a", Person: "anna", At: time.Now()}))
	h.lose(t, o, "a", dispatch.CallServed)
	return o.Ref
}

func names(list []dispatch.Specialist) string {
	all := make([]string, len(list))
	for i, p := range list {
		all[i] = p.Person
		if p.Expired {
			all[i] += "!"
		}
	}
	return strings.Join(all, " ")
}

// specialistEvents are the lines of a search in a ticket's log.
func (h *house) specialistEvents(t *testing.T, ref dispatch.Ref) string {
	t.Helper()
	log, err := h.Events(t.Context(), ref)
	must(t, err)
	var list []string
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.SpecialistAsked:
			list = append(list, fmt.Sprintf("%s asks for %s: %v, expired %v", e.By, b.Skill, b.People, b.Expired))
		case ticket.SpecialistTook:
			list = append(list, fmt.Sprintf("%s took it, expired %v", b.Person, b.Expired))
		case ticket.SpecialistMissed:
			list = append(list, fmt.Sprintf("missed after %d", b.Tries))
		}
	}
	return strings.Join(list, "; ")
}

// Specialists are paged one after another although somebody has the ticket; the one with the expired certificate comes last
// and is marked. The ticket stays with whoever has it.
func TestSpecialistIsPaged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, map[string][]answer{
			"anna": {{time.Second, dispatch.ResultBusy, nil}}, "vera": {{20 * time.Second, dispatch.ResultNoAnswer, nil}},
			"boris": {{5 * time.Second, dispatch.ResultAcknowledged, nil}},
		}, specialists(t))
		ref := h.taken(t)
		asked, err := h.PageSpecialist(t.Context(), ref, " 1C", dispatch.Author{Person: "anna", Channel: dispatch.ChannelCLI})
		must(t, err)
		if got := names(asked); got != "anna vera boris!" {
			t.Errorf("asked %s", got)
		}
		wait(time.Hour)
		h.see(t, "0s anna, 1s vera, 21s boris")
		if got := h.specialistEvents(t, ref); got != "anna asks for 1c: [anna vera boris], expired [boris]; boris took it, expired true" {
			t.Error(got)
		}
		tk, err := h.Ticket(t.Context(), ref.ID)
		must(t, err)
		if tk.Acknowledged.By != "anna" {
			t.Errorf("the ticket is %s's", tk.Acknowledged.By)
		}
		if c, _ := s.Load(t.Context(), ref.ID); len(paging(c.Timers)) != 0 {
			t.Errorf("timers left: %+v", c.Timers)
		}
		log, err := h.Events(t.Context(), ref)
		must(t, err)
		text := dispatch.Timeline(tk, log, dispatch.TimelineOptions{Language: "ru"})
		for _, line := range []string{
			"нужен специалист «1c» (просит anna); вызываем по очереди: anna, vera, boris (сертификат истёк)", "специалист «1c» подтвердил: boris (сертификат истёк)",
		} {
			if !strings.Contains(text, line) {
				t.Errorf("%s\nlacks %q", text, line)
			}
		}
	})
}

// A request that is repeated by its key pages nobody again, also when the search is over; one whose author has not seen what
// others did since is refused.
func TestSpecialistIsAskedForOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{"vera": {{time.Second, dispatch.ResultAcknowledged, nil}, {time.Second, dispatch.ResultAcknowledged, nil}}}, specialists(t))
		ref := h.taken(t)
		by := dispatch.Author{Person: "boris", Channel: dispatch.ChannelAPI, Key: "form-1"}
		for range 2 {
			asked, err := h.PageSpecialist(t.Context(), ref, "network", by)
			must(t, err)
			if len(asked) == 0 {
				t.Error("nobody is named")
			}
			wait(time.Hour)
		}
		if got := strings.Count(h.specialistEvents(t, ref), "asks for"); got != 1 {
			t.Errorf("asked for %d times: %s", got, h.specialistEvents(t, ref))
		}
		log, err := h.Events(t.Context(), ref)
		must(t, err)
		must(t, h.Note(t.Context(), ref, dispatch.Author{Person: "anna"}, ticket.Noted{Text: "it was the cable"}))
		var seen *dispatch.SeenError
		_, err = h.PageSpecialist(t.Context(), ref, "network", dispatch.Author{Person: "boris", Seen: len(log)})
		if !errors.As(err, &seen) {
			t.Errorf("who has not seen the last word paged a specialist: %v", err)
		}
		if _, err := h.Split(t.Context(), ref, dispatch.Author{Person: "boris", Seen: len(log)}, "call/a"); !errors.As(err, &seen) {
			t.Errorf("who has not seen the last word split: %v", err)
		}
	})
}

// Nobody takes it: three rounds, then the search is given up, loudly.
func TestSpecialistIsMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), nil, specialists(t))
		ref := h.taken(t)
		_, err := h.PageSpecialist(t.Context(), ref, "network", dispatch.Author{Person: "boris"})
		must(t, err)
		wait(time.Minute)
		_, err = h.PageSpecialist(t.Context(), ref, "network", dispatch.Author{Person: "boris"}) // goes on, and begins none anew
		must(t, err)
		wait(time.Hour)
		h.see(t, "0s anna, 1m20s anna, 2m40s anna")
		if got := h.specialistEvents(t, ref); got != "boris asks for network: [anna], expired []; missed after 3" {
			t.Error(got)
		}
		_, err = h.PageSpecialist(t.Context(), ref, "network", dispatch.Author{Person: "boris"}) // once more
		must(t, err)
		wait(time.Second)
		h.see(t, "0s anna, 1m20s anna, 2m40s anna, 1h1m0s anna")
	})
}

// A search and the ladder go on side by side; the specialist's key takes a ticket that nobody has.
func TestSpecialistTakesTheTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"anna": {{time.Hour, dispatch.ResultNoAnswer, nil}, {10 * time.Second, dispatch.ResultBusy, nil}}, "vera": {{10 * time.Second, dispatch.ResultAcknowledged, nil}},
		}, specialists(t))
		ref := h.lost(t)
		wait(time.Second)
		_, err := h.PageSpecialist(t.Context(), ref, "1c", dispatch.Author{Person: "boris"})
		must(t, err)
		wait(time.Hour)
		h.see(t, "0s anna, 1s vera")
		if tk, _ := h.Ticket(t.Context(), ref.ID); tk.Acknowledged.By != "vera" {
			t.Errorf("the ticket is %q's", tk.Acknowledged.By)
		}
	})
}

// The ticket is taken, then closed: the search goes on, then ends; the telephone stops ringing.
func TestSearchEndsWithTheTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, map[string][]answer{"anna": {{time.Hour, dispatch.ResultNoAnswer, nil}}, "boris": {{time.Hour, "", nil}}}, specialists(t))
		ref := h.lost(t)
		wait(time.Second)
		_, err := h.PageSpecialist(t.Context(), ref, "network", dispatch.Author{Person: "boris"})
		must(t, err)
		wait(time.Second)
		must(t, h.Acknowledge(t.Context(), ref, "vera", "cli", time.Now()))
		wait(time.Second)
		h.phones.mu.Lock()
		cut := len(h.phones.cut)
		h.phones.mu.Unlock()
		if cut != 1 {
			t.Errorf("%d pages cut by the acknowledgement, want that of the ladder", cut)
		}
		must(t, h.CloseUnreported(t.Context(), ref, dispatch.Author{Person: "vera"}, "done", "проверка"))
		wait(time.Hour)
		h.see(t, "0s anna, 1s anna")
		h.phones.mu.Lock()
		defer h.phones.mu.Unlock()
		if len(h.phones.cut) != 2 {
			t.Errorf("cut: %v", h.phones.cut)
		}
		if c, _ := s.Load(t.Context(), ref.ID); len(paging(c.Timers)) != 0 {
			t.Errorf("timers left: %+v", c.Timers)
		}
		if _, err := h.PageSpecialist(t.Context(), ref, "network", dispatch.Author{Person: "boris"}); err == nil {
			t.Error("a specialist for a closed ticket")
		}
	})
}

// A search goes on after a restart.
func TestSearchSurvivesARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		h := open(t, s, map[string][]answer{"anna": {{time.Hour, "", nil}}}, specialists(t))
		ref := h.taken(t)
		_, err := h.PageSpecialist(t.Context(), ref, "1c", dispatch.Author{Person: "anna"})
		must(t, err)
		wait(time.Second)
		h.see(t, "0s anna")
		h.stop()
		h = open(t, s, map[string][]answer{"anna": {{time.Second, dispatch.ResultDeclined, nil}}, "vera": {{time.Second, dispatch.ResultAcknowledged, nil}}}, specialists(t))
		wait(time.Hour)
		h.see(t, "0s anna, 1s vera")
		if got := h.specialistEvents(t, ref); !strings.HasSuffix(got, "vera took it, expired false") {
			t.Error(got)
		}
	})
}

// Two searches that begin at the same moment ring both of theirs at once, and the key of one withdraws nothing of the other.
func TestSearchesBeginTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{
			"vera": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}, "boris": {{8 * time.Second, dispatch.ResultAcknowledged, nil}},
		}, with(t, func(s *dispatch.Source) {
			s.Roster.People[1].Skills, s.Roster.People[2].Skills = []string{"network"}, []string{"1c"}
		}))
		ref := h.taken(t)
		for _, skill := range []string{"1c", "network"} {
			_, err := h.PageSpecialist(t.Context(), ref, skill, dispatch.Author{Person: "anna"})
			must(t, err)
		}
		wait(5 * time.Minute)
		if got := h.phones.pages(); got != "0s vera, 0s boris" && got != "0s boris, 0s vera" {
			t.Errorf("pages: %s", got)
		}
		if got := h.specialistEvents(t, ref); !strings.Contains(got, "vera took it") || !strings.Contains(got, "boris took it") {
			t.Error(got)
		}
	})
}

// Nobody has the skill: refused, with the skills there are.
func TestNoSpecialist(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), nil, specialists(t))
		ref := h.taken(t)
		_, err := h.PageSpecialist(t.Context(), ref, "cobol", dispatch.Author{Person: "anna"})
		none, ok := errors.AsType[*dispatch.NoSpecialistError](err)
		if !ok || strings.Join(none.Known, " ") != "1c network" {
			t.Errorf("%v", err)
		}
		if got := h.specialistEvents(t, ref); got != "" {
			t.Error(got)
		}
	})
}
