package alarm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/route"
)

// group is what Alertmanager and Grafana send: alerts that belong together. What either lacks stays empty.
type group struct {
	GroupKey          string            `json:"groupKey"`
	Receiver          string            `json:"receiver"`
	Status            string            `json:"status"`
	Title             string            `json:"title"`
	Message           string            `json:"message"`
	ExternalURL       string            `json:"externalURL"`
	OrgID             int64             `json:"orgId"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	Alerts            []alert           `json:"alerts"`
}

// alert is one member of a group.
type alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     string            `json:"startsAt"`
	EndsAt       string            `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
	DashboardURL string            `json:"dashboardURL"`
	PanelURL     string            `json:"panelURL"`
	SilenceURL   string            `json:"silenceURL"`
	ImageURL     string            `json:"imageURL"`
	ValueString  string            `json:"valueString"`
}

// Alertmanager reads a notification of version 4 as one trouble: its group. One that holds firing and resolved alerts is firing.
func Alertmanager(raw []byte) (Alarm, error) {
	g, err := readGroup(raw)
	if err != nil {
		return Alarm{}, err
	}
	return check(g.alarm())
}

// Grafana reads a webhook of unified alerting, which is a group too. A body that a template of the user's has replaced has neither
// alerts nor a group; its title and message are read as they are.
func Grafana(raw []byte) (Alarm, error) {
	g, err := readGroup(raw)
	if err != nil {
		return Alarm{}, err
	}
	a := g.alarm()
	if slices.ContainsFunc(g.Alerts, func(x alert) bool { return x.Labels["alertname"] == "TestAlert" && x.Labels["instance"] == "Grafana" }) {
		a.State = Test // the button "Test" of a contact point
	}
	return check(a)
}

// Split parts a notification of Alertmanager or Grafana into its alerts, each as a body of its own that reads as a group of one.
func Split(raw []byte) ([][]byte, error) {
	g, err := readGroup(raw)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("part alarms: %w", err)
	}
	var members []json.RawMessage
	if err := json.Unmarshal(all["alerts"], &members); err != nil || len(g.Alerts) < 1 {
		return [][]byte{raw}, nil //nolint:nilerr // without alerts it is one word
	}
	out := make([][]byte, 0, len(members))
	for i, m := range members {
		one := map[string]any{"receiver": g.Receiver, "status": g.Alerts[i].Status, "externalURL": g.ExternalURL, "orgId": g.OrgID, "alerts": []json.RawMessage{m}}
		body, err := json.Marshal(one)
		if err != nil {
			return nil, fmt.Errorf("part alarms: %w", err)
		}
		out = append(out, body)
	}
	return out, nil
}

func readGroup(raw []byte) (g group, err error) {
	if err := json.Unmarshal(raw, &g); err != nil {
		return g, fmt.Errorf("read alarm as a JSON object: %w", err)
	}
	return g, nil
}

// alarm is what a group says.
func (g group) alarm() Alarm {
	a := Alarm{Labels: route.Labels{}, Count: len(g.Alerts) + g.TruncatedAlerts, State: Firing, Title: g.Title}
	firing := !strings.EqualFold(g.Status, "resolved")
	if len(g.Alerts) > 0 {
		firing = slices.ContainsFunc(g.Alerts, func(x alert) bool { return !x.resolved() })
	}
	var told, texts []string
	for _, x := range g.Alerts {
		a.take(x)
		told = append(told, x.name()+"/"+x.StartsAt+"/"+strings.ToLower(x.Status))
		texts = append(texts, x.tell())
	}
	for _, set := range []map[string]string{g.GroupLabels, g.CommonLabels} {
		for name, v := range set {
			a.Labels.Add(name, v)
		}
	}
	if firing {
		a.Ended = time.Time{} // of a part only
	} else {
		a.State = Resolved
	}
	g.name(&a, told)
	a.Text = join(append([]string{g.Message}, texts...)...)
	if len(g.Alerts) > 0 && strings.Contains(g.Message, "**Firing**") {
		a.Text = join(texts...) // Grafana's own list says the same in more words
	}
	return a
}

// take adds an alert to what its group says.
func (a *Alarm) take(x alert) {
	for name, v := range x.Labels {
		a.Labels.Add(name, v)
	}
	if !x.resolved() {
		a.Severity = max(a.Severity, x.severity())
	} else if at := clockOf(x.EndsAt); at.After(a.Ended) {
		a.Ended = at
	}
	if at := clockOf(x.StartsAt); !at.IsZero() && (a.Began.IsZero() || at.Before(a.Began)) {
		a.Began = at
	}
	for _, l := range []string{x.PanelURL, x.DashboardURL, x.GeneratorURL, x.ImageURL} {
		if strings.HasPrefix(l, "http") && !slices.Contains(a.Links, l) && len(a.Links) < maxLinks {
			a.Links = append(a.Links, l)
		}
	}
}

// maxLinks is how many links of a group are shown.
const maxLinks = 5

// name gives key, event and title.
func (g group) name(a *Alarm, told []string) {
	slices.Sort(told)
	switch {
	case g.GroupKey != "":
		a.Key = g.GroupKey
	case len(g.Alerts) > 0:
		a.Key = g.Alerts[0].name()
	}
	if len(told) > 0 {
		a.Event = digest(append([]string{a.Key}, told...)...) + "/" + string(a.State)
	}
	if len(a.Key) > maxKey { // a group by many labels
		a.Key = digest(a.Key)
	}
	if a.Title != "" {
		return
	}
	title := g.CommonLabels["alertname"]
	if s := cmpFirst(g.CommonAnnotations["summary"], g.CommonAnnotations["title"]); s != "" {
		title = s
	}
	if title == "" && len(g.Alerts) > 0 {
		title = g.Alerts[0].title()
	}
	if a.Count > 1 && title != "" {
		title = fmt.Sprintf("%s (%d)", title, a.Count)
	}
	a.Title = title
}

// maxKey is the longest key that is kept as it is.
const maxKey = 200

// name is the alert's own name: the fingerprint, which is that of its labels, or one made of them as old senders have none.
func (x alert) name() string {
	if x.Fingerprint != "" {
		return x.Fingerprint
	}
	l := route.Labels{}
	for n, v := range x.Labels {
		l.Add(n, v)
	}
	return digest(l.String())
}

func (x alert) title() string {
	return cmpFirst(x.Annotations["summary"], x.Annotations["title"], x.Labels["alertname"])
}

// resolved reports whether it is over.
func (x alert) resolved() bool { return strings.EqualFold(x.Status, "resolved") }

// severity is what its labels say.
func (x alert) severity() route.Severity {
	return route.ReadSeverity(cmpFirst(x.Labels["severity"], x.Labels["priority"], x.Labels["level"]))
}

// tell is an alert for people.
func (x alert) tell() string {
	head := x.title()
	if where := cmpFirst(x.Labels["instance"], x.Labels["host"], x.Labels["node"], x.Labels["pod"]); where != "" {
		head += " · " + where
	}
	if x.resolved() {
		head = "✓ " + head
	}
	return strings.TrimSpace(head + "\n" + cmpFirst(x.Annotations["description"], x.Annotations["message"], x.ValueString))
}

// cmpFirst returns the first text that says something.
func cmpFirst(list ...string) string {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}
