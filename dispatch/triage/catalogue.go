package triage

import (
	"slices"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Words is a text in the languages of the house.
type Words struct {
	RU string `yaml:"ru" json:"ru,omitempty"`
	EN string `yaml:"en" json:"en,omitempty"`
}

// In returns the text in a language ("ru" or "en"), or in the other one when it has none.
func (w Words) In(language string) string {
	if w.EN == "" || language == "ru" && w.RU != "" {
		return w.RU
	}
	return w.EN
}

// IsZero reports whether there is no text.
func (w Words) IsZero() bool { return w == Words{} }

// Catalogue is all that is known: topics, check lists, runbooks, in the order of the files. It is made by Shipped and With.
type Catalogue struct {
	Topics   []Topic   `yaml:"topics" json:"topics"`
	Lists    []List    `yaml:"lists" json:"lists"`
	Runbooks []Runbook `yaml:"runbooks" json:"runbooks"`

	patterns [][]pattern // of the phrases of each topic
}

// Topic is a kind of trouble.
type Topic struct {
	ID       string          `yaml:"id" json:"id"`
	Category ticket.Category `yaml:"category" json:"category"`
	Title    Words           `yaml:"title" json:"title"`
	Lists    []string        `yaml:"lists" json:"lists,omitempty"`
	Runbooks []string        `yaml:"runbooks" json:"runbooks,omitempty"`
	Skill    string          `yaml:"skill" json:"skill,omitempty"` // of the specialist to page
	// Weight puts the more dangerous reading of a text first.
	Weight int `yaml:"weight" json:"weight,omitempty"`
	// Phrases are how clients tell of it; see Phrase.
	Phrases []Phrase `yaml:"phrases" json:"phrases,omitempty"`
}

// List is a check list.
type List struct {
	ID        string     `yaml:"id" json:"id"`
	Version   int        `yaml:"version" json:"version"` // raised whenever a question changes
	Title     Words      `yaml:"title" json:"title"`
	Questions []Question `yaml:"questions" json:"questions"`
}

// Type is what an answer must be.
type Type string

// The types of answers.
const (
	YesNo Type = "yes_no"
	Text  Type = "text"
	Host  Type = "host" // a name or an address of a machine, perhaps with a port
	Time  Type = "time"
)

// Question is one of a check list.
type Question struct {
	ID   string `yaml:"id" json:"id"`
	Type Type   `yaml:"type" json:"type"`
	Ask  Words  `yaml:"ask" json:"ask"`
	// Hint says why it is asked or how to find out.
	Hint Words `yaml:"hint" json:"hint,omitzero"`
	// If names a question of the list and the answer to it without which this one is not asked.
	If *Condition `yaml:"if" json:"if,omitempty"`
	// Must says that triage is not complete without an answer.
	Must bool `yaml:"must" json:"must,omitempty"`
}

// Condition is an answer that another question depends on.
type Condition struct {
	Question string `yaml:"question" json:"question"`
	Is       string `yaml:"is" json:"is"` // canonical
}

// Runbook is what to do, step by step.
type Runbook struct {
	ID      string `yaml:"id" json:"id"`
	Version int    `yaml:"version" json:"version"` // raised whenever a step changes
	Title   Words  `yaml:"title" json:"title"`
	// When says in which case it is the right one.
	When  Words  `yaml:"when" json:"when,omitzero"`
	Steps []Step `yaml:"steps" json:"steps"`
}

// Step is one of a runbook.
type Step struct {
	ID string `yaml:"id" json:"id"`
	Do Words  `yaml:"do" json:"do"`
	// Check is how one sees that it worked.
	Check Words `yaml:"check" json:"check,omitzero"`
	// Careful is what may go wrong.
	Careful Words `yaml:"careful" json:"careful,omitzero"`
	// Done is how the client's report tells of it; a step without it is for us alone.
	Done Words `yaml:"done" json:"done,omitzero"`
}

// Public reports whether the client's report tells of the step.
func (s Step) Public() bool { return !s.Done.IsZero() }

// Told is the step as the log tells it once it was carried out.
func (s Step) Told(language string) string {
	if s.Public() {
		return s.Done.In(language)
	}
	return s.Do.In(language)
}

// Topic finds a topic by its id.
func (c *Catalogue) Topic(id string) (Topic, bool) {
	return find(c.Topics, id, func(t Topic) string { return t.ID })
}

// List finds a check list by its id.
func (c *Catalogue) List(id string) (List, bool) {
	return find(c.Lists, id, func(l List) string { return l.ID })
}

// Runbook finds a runbook by its id.
func (c *Catalogue) Runbook(id string) (Runbook, bool) {
	return find(c.Runbooks, id, func(r Runbook) string { return r.ID })
}

// Question finds a question by its id.
func (l List) Question(id string) (Question, bool) {
	return find(l.Questions, id, func(q Question) string { return q.ID })
}

// Step finds a step by its id.
func (r Runbook) Step(id string) (Step, bool) {
	return find(r.Steps, id, func(s Step) string { return s.ID })
}

func find[T any](list []T, id string, of func(T) string) (found T, ok bool) {
	at := slices.IndexFunc(list, func(v T) bool { return of(v) == id })
	if at < 0 {
		return found, false
	}
	return list[at], true
}

// Asked returns the questions that are to be asked when these answers (canonical, by question) are known: those whose condition
// holds. Those that were answered are among them.
func (l List) Asked(answers map[string]string) []Question {
	return slices.DeleteFunc(slices.Clone(l.Questions), func(q Question) bool {
		return q.If != nil && answers[q.If.Question] != q.If.Is
	})
}

// Owed returns the questions that must be answered and are not.
func (l List) Owed(answers map[string]string) []Question {
	return slices.DeleteFunc(l.Asked(answers), func(q Question) bool {
		_, answered := answers[q.ID]
		return answered || !q.Must
	})
}

// Of returns the topics of a category.
func (c *Catalogue) Of(category ticket.Category) []Topic {
	return slices.DeleteFunc(slices.Clone(c.Topics), func(t Topic) bool { return t.Category != category })
}

// ListsFor returns the check lists of a category's topics, each once.
func (c *Catalogue) ListsFor(category ticket.Category) []List {
	var ids []string
	for _, t := range c.Of(category) {
		ids = append(ids, t.Lists...)
	}
	return slices.DeleteFunc(slices.Clone(c.Lists), func(l List) bool { return !slices.Contains(ids, l.ID) })
}

// RunbooksFor returns the runbooks of a category's topics, each once.
func (c *Catalogue) RunbooksFor(category ticket.Category) []Runbook {
	var ids []string
	for _, t := range c.Of(category) {
		ids = append(ids, t.Runbooks...)
	}
	return slices.DeleteFunc(slices.Clone(c.Runbooks), func(r Runbook) bool { return !slices.Contains(ids, r.ID) })
}

// Name is a category in words: what is on the red button.
func Name(c ticket.Category, language string) string {
	w := map[ticket.Category]Words{
		ticket.Uncategorised: {"без категории", "uncategorised"},
		ticket.ServiceDown:   {"отказ ключевого сервиса", "key service down"},
		ticket.Security:      {"угроза безопасности", "security threat"},
		ticket.DataLoss:      {"потеря данных", "data loss"},
		ticket.NetworkDown:   {"отказ сети", "network down"},
	}[c]
	if w.IsZero() {
		return string(c)
	}
	return w.In(language)
}
