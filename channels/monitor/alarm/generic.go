package alarm

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/butlerspb/vahta/dispatch/route"
)

// Mapping says where in a JSON body things stand, by paths of https://github.com/tidwall/gjson/blob/master/SYNTAX.md, such as
// alert.title or hosts.#.name. A path that leads nowhere says nothing; several paths are tried in turn.
type Mapping struct {
	Key      []string            `yaml:"key"`
	Title    []string            `yaml:"title"`
	Text     []string            `yaml:"text"`
	Severity []string            `yaml:"severity"`
	State    []string            `yaml:"state"`
	Resolved []string            `yaml:"resolved"` // values of state that mean that it is over; none = ok, resolved, recovered, closed, up, 0
	Began    []string            `yaml:"began"`    // RFC 3339
	Link     []string            `yaml:"link"`
	Labels   map[string][]string `yaml:"labels"` // by name
}

// over are the words of a state that mean that the trouble is over, where the mapping names none.
func over() []string {
	return []string{"ok", "resolved", "recovered", "recovery", "closed", "up", "0", "inactive", "normal"}
}

// Validate reports paths that can not be.
func (m Mapping) Validate() error {
	if len(m.Title)+len(m.Text) == 0 {
		return errors.New("mapping: title or text is required, or its tickets would be empty")
	}
	for name := range m.Labels {
		if name == "" {
			return errors.New("mapping.labels: a label has no name")
		}
	}
	return nil
}

// Generic reads any JSON by a mapping.
func Generic(raw []byte, m Mapping) (Alarm, error) {
	if !json.Valid(raw) { // bounds the depth, which gjson does not
		return Alarm{}, fmt.Errorf("read alarm: %w", errors.New("it is no JSON"))
	}
	body := gjson.ParseBytes(raw)
	a := Alarm{
		Key: find(body, m.Key), Title: find(body, m.Title), Text: find(body, m.Text), Labels: route.Labels{},
		Severity: route.ReadSeverity(find(body, m.Severity)), Began: clockOf(find(body, m.Began)), State: Firing,
	}
	words := m.Resolved
	if len(words) == 0 {
		words = over()
	}
	state := find(body, m.State)
	if state != "" && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, state) }) {
		a.State = Resolved
	}
	if l := find(body, m.Link); strings.HasPrefix(l, "http") {
		a.Links = []string{l}
	}
	for name, paths := range m.Labels {
		for _, p := range paths {
			body.Get(p).ForEach(func(_, v gjson.Result) bool {
				a.Labels.Add(name, bounded(v.String()))
				return true
			})
		}
	}
	if a.Key != "" && !a.Began.IsZero() {
		a.Event = a.Key + "/" + string(a.State) + "/" + digest(a.Title, a.Text, a.Began.String())
	}
	return check(a)
}

// find returns what the first path leads to.
func find(body gjson.Result, paths []string) string {
	for _, p := range paths {
		if v := strings.TrimSpace(body.Get(p).String()); v != "" {
			return bounded(v)
		}
	}
	return ""
}
