package casework

import (
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Order is one act of a person on one ticket. Exactly one of the acts is set.
type Order struct {
	Ticket string `json:"ticket,omitempty"` // number or id; empty with Open alone
	By     Author `json:"by"`

	Do       *Doing               `json:"do,omitempty"`
	Answer   *Answering           `json:"answer,omitempty"`
	Step     *Stepping            `json:"step,omitempty"`
	Tell     *dispatch.Word       `json:"tell,omitempty"`
	TellPlan *dispatch.PlanWord   `json:"tell_plan,omitempty"`
	Update   *dispatch.UpdateWord `json:"update,omitempty"`
	Restored *ticket.Restored     `json:"restored,omitempty"`
	Merge    *Merging             `json:"merge,omitempty"`
	Unmerge  *Unmerging           `json:"unmerge,omitempty"`
	Split    *Splitting           `json:"split,omitempty"`
	Link     *Linking             `json:"link,omitempty"`
	Reveal   *Revealing           `json:"reveal,omitempty"`
	Page     *Paging              `json:"page,omitempty"`
	Open     *Opening             `json:"open,omitempty"`
}

// Author is who gives an order, by which way.
type Author struct {
	Person  string           `json:"person"`
	Channel dispatch.Channel `json:"channel"`
	From    string           `json:"from,omitempty"` // network address, for the audit
	Key     string           `json:"key,omitempty"`  // a repeat with the same key is the same act
	Seen    int              `json:"seen,omitempty"` // the last line of the log that he has seen; 0 = not asked
	// Language ("ru" or "en") is that of refusals and of what is written into the log in words.
	Language string `json:"language,omitempty"`
}

// Doing is any decision that is one event of the log: see dispatch.Dispatcher.Do.
type Doing struct {
	Kind ticket.Kind     `json:"kind"`
	Body json.RawMessage `json:"body"`
}

// NewDoing wraps a body.
func NewDoing(b ticket.Body) (*Doing, error) {
	text, err := json.Marshal(b)
	return &Doing{b.Kind(), text}, err
}

// Answering answers a question of a check list, as it was typed.
type Answering struct {
	List     string `json:"list"`
	Question string `json:"question"`
	Typed    string `json:"answer"`
}

// Stepping says that a step of a runbook was carried out, skipped or failed.
type Stepping struct {
	Runbook string `json:"runbook"`
	Step    string `json:"step"`
	Result  string `json:"result,omitempty"` // done, skipped, failed; empty = done
	Note    string `json:"note,omitempty"`
	// Public says whether the client's report tells of it; nil = as the runbook says.
	Public *bool `json:"public,omitempty"`
}

// Merging makes the ticket a pointer to another.
type Merging struct {
	Into   string `json:"into"` // number or id
	Reason string `json:"reason,omitempty"`
}

// Unmerging takes a merge back.
type Unmerging struct {
	Reason string `json:"reason,omitempty"`
}

// Splitting makes a ticket of its own of a signal.
type Splitting struct {
	Signal string `json:"signal"` // channel/key
}

// Linking relates the ticket to another, or ends a relation.
type Linking struct {
	Relation ticket.Relation `json:"relation"`
	To       string          `json:"to"` // number or id
	End      bool            `json:"end,omitempty"`
}

// Revealing asks where the secret of an access is kept.
type Revealing struct {
	Asset  string `json:"asset"`
	Access string `json:"access"`
	Reason string `json:"reason"`
}

// Paging pages those who have a skill, one after another.
type Paging struct {
	Skill string `json:"skill"`
}

// Opening opens a ticket by hand.
type Opening struct {
	Text     string          `json:"text"`
	Class    ticket.Class    `json:"class,omitempty"`    // warning, request, task; empty = an incident
	Priority ticket.Priority `json:"priority,omitempty"` // 0 = critical for an incident, else normal
	Category ticket.Category `json:"category,omitempty"`
	Org      string          `json:"org,omitempty"`  // the client's id; empty = found by From
	From     ticket.Contact  `json:"from,omitzero"`  // who has asked
	Line     string          `json:"line,omitempty"` // whose people serve it; empty = the first
	Language string          `json:"language,omitempty"`
	Assignee string          `json:"assignee,omitempty"`
}

// Done is what came of an order.
type Done struct {
	Ticket dispatch.Ref    `json:"ticket"`         // that it was about; of Open and Split the new one
	Name   string          `json:"name,omitempty"` // of what was made in the ticket: a pause, session, task, time entry
	Told   []dispatch.Told `json:"told,omitempty"` // messages that go out
	// Children are tickets that a parent's word was passed on to.
	Children []dispatch.Ref `json:"children,omitempty"`
	Version  int            `json:"version,omitempty"` // of the plan or report
	Body     ticket.Body    `json:"-"`                 // of the event that was recorded
	Access   *Access        `json:"access,omitempty"`  // that was asked for
}

// Access is a way to an asset, as it is shown to who needs it.
type Access struct {
	Asset  string `json:"asset"`
	Way    string `json:"way"`
	Where  string `json:"where,omitempty"`
	Login  string `json:"login,omitempty"`
	Secret string `json:"secret,omitempty"` // where it is kept
}

var errOneAct = errors.New("an order has exactly one act")

// act returns the field that is set.
func (o Order) act() (string, error) {
	v, name := reflect.ValueOf(o), ""
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() != reflect.Pointer || f.IsNil() {
			continue
		}
		if name != "" {
			return "", errOneAct
		}
		name = v.Type().Field(i).Name
	}
	if name == "" {
		return "", errOneAct
	}
	return name, nil
}

// author is the author as the dispatcher knows it.
func (a Author) at(now time.Time) dispatch.Author {
	return dispatch.Author{Person: a.Person, Channel: a.Channel, Key: a.Key, Seen: a.Seen, At: now}
}
