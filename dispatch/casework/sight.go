package casework

import (
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/triage"
)

// Sight is all that there is to see of a ticket.
type Sight struct {
	ticket.Dossier

	Clocks []sla.Clock `json:"clocks"` // as they stand now
	// Suggested are the topics that the texts of the ticket suggest, the likeliest first; the engineer decides.
	Suggested []Hint `json:"suggested"`
	// Sheets and Routes are the check lists and runbooks of those topics and of the category, and those that were begun.
	Sheets []Sheet `json:"sheets"`
	Routes []Route `json:"routes"`
}

// Hint is a topic that the texts of the ticket suggest.
type Hint struct {
	Topic    string          `json:"topic"`
	Title    triage.Words    `json:"title"`
	Category ticket.Category `json:"category"`
	Skill    string          `json:"skill,omitempty"`
	Why      string          `json:"why"` // words of the text
}

// Sheet is a check list as far as it was filled in.
type Sheet struct {
	triage.List

	Answers map[string]ticket.Line[ticket.Answered] `json:"answers,omitempty"` // by question
	Owed    []string                                `json:"owed,omitempty"`    // questions that must be answered and are not
}

// Route is a runbook as far as it was gone.
type Route struct {
	triage.Runbook

	Taken map[string]ticket.Line[ticket.Stepped] `json:"taken,omitempty"` // by step
}

// look composes the sight of a dossier at now.
func look(c *triage.Catalogue, d ticket.Dossier, now time.Time) Sight {
	s := Sight{Dossier: d, Clocks: d.Clocks(now), Suggested: []Hint{}, Sheets: []Sheet{}, Routes: []Route{}}
	lists, runbooks := map[string]bool{}, map[string]bool{}
	for _, hit := range c.Suggest(texts(d)) {
		t := hit.Topic
		s.Suggested = append(s.Suggested, Hint{t.ID, t.Title, t.Category, t.Skill, hit.Why})
		note(t, lists, runbooks)
	}
	if len(s.Suggested) == 0 {
		for _, t := range c.Of(d.Ticket.Category) {
			note(t, lists, runbooks)
		}
	}
	for _, a := range d.Answers {
		lists[a.Body.List] = true
	}
	for _, st := range d.Steps {
		runbooks[st.Body.Runbook] = true
	}
	for _, l := range c.Lists {
		if lists[l.ID] {
			s.Sheets = append(s.Sheets, sheet(l, d.Answers))
		}
	}
	for _, r := range c.Runbooks {
		if runbooks[r.ID] {
			s.Routes = append(s.Routes, route(r, d.Steps))
		}
	}
	return s
}

func note(t triage.Topic, lists, runbooks map[string]bool) {
	for _, id := range t.Lists {
		lists[id] = true
	}
	for _, id := range t.Runbooks {
		runbooks[id] = true
	}
}

// texts are the words of the client and of who wrote down what the client said.
func texts(d ticket.Dossier) string {
	parts := []string{d.Opened.Text, d.Triage.Summary, strings.Join(d.Triage.Services, ". ")}
	for _, st := range d.Stories {
		parts = append(parts, st.Text)
		for _, sig := range st.Signals {
			parts = append(parts, sig.Text)
		}
	}
	for _, a := range d.Answers {
		if a.Body.Type == string(triage.Text) && a.Body.Question == "what" {
			parts = append(parts, a.Body.Answer)
		}
	}
	for _, e := range d.Log {
		if n, ok := e.Body.(ticket.Noted); ok {
			parts = append(parts, n.Text)
		}
	}
	return strings.Join(parts, ".\n")
}

func sheet(l triage.List, answers []ticket.Line[ticket.Answered]) Sheet {
	s := Sheet{List: l, Answers: map[string]ticket.Line[ticket.Answered]{}}
	known := map[string]string{}
	for _, a := range answers {
		if a.Body.List == l.ID {
			s.Answers[a.Body.Question], known[a.Body.Question] = a, a.Body.Answer
		}
	}
	for _, q := range l.Owed(known) {
		s.Owed = append(s.Owed, q.ID)
	}
	return s
}

func route(r triage.Runbook, steps []ticket.Line[ticket.Stepped]) Route {
	out := Route{Runbook: r, Taken: map[string]ticket.Line[ticket.Stepped]{}}
	for _, st := range steps {
		if st.Body.Runbook == r.ID {
			out.Taken[st.Body.Step] = st // the last word counts
		}
	}
	return out
}

// Sheet returns a check list of the catalogue as far as it was filled in on this ticket.
func (s Sight) Sheet(c *triage.Catalogue, id string) (Sheet, bool) {
	l, ok := c.List(id)
	return sheet(l, s.Answers), ok
}

// Route returns a runbook of the catalogue as far as it was gone on this ticket.
func (s Sight) Route(c *triage.Catalogue, id string) (Route, bool) {
	r, ok := c.Runbook(id)
	return route(r, s.Steps), ok
}
