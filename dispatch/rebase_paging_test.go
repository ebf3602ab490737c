package dispatch

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// watchedCase is an open ticket whose policy pages again what was taken and forgotten.
func watchedCase(t *testing.T) Case {
	t.Helper()
	c, _ := openedCase(t, "")
	raw, err := watchFrom(escalation.Policy{RepageAfter: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	c.Timers[0].State = raw
	return c
}

// What was decided on pages while the record was away fits the ticket as it is by then.
func TestRebasePages(t *testing.T) {
	t.Parallel()
	plain, _ := openedCase(t, "")
	watched := watchedCase(t)
	ack := ticket.Acknowledged{How: "cli"}
	taken := watched.after(t, at(watched, "anna", ack))
	search := Timer{Ticket: "t", Kind: skillTimer("1c"), DueAt: noon, Gen: 1}
	asked := Change{ID: "y", Open: "t", Timers: []Timer{search}}
	moved := func(c Case) Case {
		c.Timers = append([]Timer(nil), c.Timers...)
		c.Timers[0].Gen += 5
		return c
	}
	searched := func(c Case, gen int64) Case {
		s := search
		s.Gen = gen
		c.Timers = append(append([]Timer(nil), c.Timers...), s)
		return c
	}
	closed := plain.after(t, at(plain, "anna", ticket.Moved{To: ticket.Closed, Reason: "done"}))
	for name, tt := range map[string]struct {
		stored Case
		change Change
		page   int64 // generation of the page timer that is set; 0 = none
		search int64
		drop   bool // the page timer is removed
	}{
		"taken":                               {moved(plain), at(plain, "anna", ack), 0, 0, true},
		"taken, and watched":                  {moved(watched), at(watched, "anna", ack), 7, 0, false},
		"taken; the record has begun a watch": {moved(watched), at(plain, "anna", ack), 7, 0, false},
		"a note on what is watched":           {moved(taken), at(taken, "anna", ticket.Noted{Text: "at it"}), 8, 0, false},
		"closed while it was watched":         {moved(taken), at(taken, "anna", ticket.Moved{To: ticket.Closed, Reason: "x"}), 0, 0, true},
		"a search":                            {moved(plain), asked, 0, 1, false},
		"a search that moved":                 {searched(plain, 4), asked, 0, 5, false},
		"a search on what is closed":          {closed, asked, 0, 0, false},
	} {
		got, err := Rebase(tt.stored, tt.change)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var page, search int64
		for _, timer := range got.Timers {
			if timer.Kind == TimerPage {
				page = timer.Gen
			} else {
				search = timer.Gen
			}
		}
		drop := false
		for _, k := range got.Drop {
			drop = drop || k == TimerKey{"t", TimerPage}
		}
		if page != tt.page || search != tt.search || drop != tt.drop {
			t.Errorf("%s: page timer %d, search %d, dropped %v; want %d, %d, %v", name, page, search, drop, tt.page, tt.search, tt.drop)
		}
	}
}

// Which pages are still wanted when their turn comes.
func TestWants(t *testing.T) {
	t.Parallel()
	state := func(pages ...escalation.Page) []byte {
		raw, err := pagingState{Machine: escalation.State{Phase: escalation.Paging, Policy: &escalation.Policy{}, Pages: pages}}.encode()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	open, _ := openedCase(t, "")
	open.Timers[0].State = state(escalation.Page{Number: 1, Person: "anna"}, escalation.Page{Number: 2, Person: "boris", AfterAck: true})
	taken, closed, unread, none := open, open, open, open
	taken.Ticket.Acknowledged = ticket.Taken{By: "anna", At: noon}
	closed.Ticket.Stage = ticket.Closed
	unread = unread.withState(TimerPage, []byte("["))
	none.Timers = nil
	searched := taken
	searched.Timers = append(searched.Timers[:1:1], Timer{Ticket: "t", Kind: skillTimer("1c"), Gen: 1, State: state(escalation.Page{Number: 1000, Person: "vera"})})
	byBoris := taken
	byBoris.Ticket.Acknowledged.By = "boris"
	for name, tt := range map[string]struct {
		c    Case
		n    Notice
		want bool
	}{
		"under way":                                 {open, Notice{Page: 1, To: "anna"}, true},
		"paging has gone on":                        {open, Notice{Page: 3, To: "anna"}, false},
		"taken":                                     {taken, Notice{Page: 1, To: "anna"}, false},
		"wanted all the same":                       {taken, Notice{Page: 2, To: "boris"}, true},
		"wanted all the same, and he has it":        {byBoris, Notice{Page: 2, To: "boris"}, false},
		"closed":                                    {closed, Notice{Page: 2, To: "boris"}, false},
		"nobody can read the state":                 {unread, Notice{Page: 9, To: "anna"}, true},
		"there is no state":                         {none, Notice{Page: 9, To: "anna"}, true},
		"a specialist, though it is taken":          {searched, Notice{Page: 1000, Skill: "1c", To: "vera"}, true},
		"a specialist, the search has gone on":      {searched, Notice{Page: 1001, Skill: "1c", To: "vera"}, false},
		"a specialist of another search":            {searched, Notice{Page: 1000, Skill: "2c", To: "vera"}, false},
		"a specialist, the search is over":          {open, Notice{Page: 1000, Skill: "1c", To: "vera"}, false},
		"of the ladder, with a specialist's number": {searched, Notice{Page: 1000, To: "vera"}, false},
	} {
		if got := tt.c.wants(tt.n); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
