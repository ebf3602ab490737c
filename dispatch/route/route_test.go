package route_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch/route"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func matchers(t *testing.T, list ...string) (out []route.Matcher) {
	t.Helper()
	for _, s := range list {
		var m route.Matcher
		if err := m.UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func known(org string) bool { return org == "romashka" || org == "mebel" }

// labels reads "name=value name=value".
func labels(s string) route.Labels {
	l := route.Labels{}
	for pair := range strings.FieldsSeq(s) {
		name, value, _ := strings.Cut(pair, "=")
		l.Add(name, value)
	}
	return l
}

func TestMatcher(t *testing.T) {
	t.Parallel()
	tests := []struct {
		matcher, labels string
		want            bool
	}{
		{"host=db1", "host=db1", true},
		{"host=db1", "host=db12", false},
		{"host=db1", "", false},
		{"host=", "", true}, // a label that is not there is empty
		{"host!=db1", "", true},
		{"host!=db1", "host=db1 host=db2", false},
		{"group=b", "group=a group=b", true},
		{`host=~"db.*"`, "host=db12", true},
		{`host=~db.*`, "host=db12", true},
		{`host=~"b.*"`, "host=db12", false}, // the whole value
		{`host=~"a|db1"`, "host=db12", false},
		{`host!~"db.*"`, "host=web1", true},
		{`host!~"db.*"`, "host=db1", false},
		{"ключ=знач", "ключ=знач", true},
		{`host = "db1"`, "host=db1", true},
	}
	for _, tt := range tests {
		if got := matchers(t, tt.matcher)[0].Matches(labels(tt.labels)); got != tt.want {
			t.Errorf("%s of %q is %v, want %v", tt.matcher, tt.labels, got, tt.want)
		}
	}
	for _, bad := range []string{"", "host", "=db1", "host!db1", `host=~"("`} {
		var m route.Matcher
		if err := m.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was read as %v", bad, m)
		}
	}
}

// TestDecide: what the labels of an alarm mean. The table is the manual's example.
func TestDecide(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	table := route.Table{
		Rules: []route.Rule{
			{Match: matchers(t, "env=test"), Warning: true, Final: true},
			{Match: matchers(t, `host_group=~"Ромашка(/.*)?"`), Org: "romashka"},
			{Match: matchers(t, `trigger=~".*(?i)ransom.*"`), Category: ticket.Security, Priority: ticket.Critical},
			{Match: matchers(t, `host_group=~".*/Net"`), Category: ticket.NetworkDown, Line: "net"},
			{Match: matchers(t, "host_group=Ромашка/Net"), Line: "main"}, // said already
		},
		Windows: []route.Window{
			{Match: matchers(t, "host=db1"), From: at.Add(-time.Hour), To: at.Add(time.Hour), Why: "переезд"},
			{Match: matchers(t, "host=db1"), From: at.Add(-time.Hour), To: at.Add(2 * time.Hour), Why: "и диски"},
			{Match: matchers(t, "host=db2"), From: at, To: at.Add(time.Hour)},
			{Match: matchers(t, "host=db3"), From: at.Add(-time.Hour), To: at},
		},
	}
	if err := table.Validate(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, labels string
		severity     route.Severity
		want         route.Decision
	}{
		{"severe, of a client by its label", "client=mebel severity=high", 0, route.Decision{Org: "mebel", Priority: ticket.Critical}},
		{"severe, of nobody we know", "client=nobody severity=disaster", 0, route.Decision{Priority: ticket.High}},
		{"severe, of a client by its group", "host_group=Ромашка/DB", route.Disaster, route.Decision{Org: "romashka", Priority: ticket.Critical, Rules: []int{2}}},
		{"one of several groups", "host_group=Linux host_group=Ромашка", route.High, route.Decision{Org: "romashka", Priority: ticket.Critical, Rules: []int{2}}},
		{"rules add up, the first word counts", "host_group=Ромашка/Net", route.Average, route.Decision{Org: "romashka", Line: "net", Category: ticket.NetworkDown, Priority: ticket.Normal, Rules: []int{2, 4}}},
		{"a rule's priority is above the severity", "trigger=Ransomware", route.Warning, route.Decision{Category: ticket.Security, Priority: ticket.Critical, Rules: []int{3}}},
		{"a final rule", "env=test host_group=Ромашка", route.Disaster, route.Decision{Warning: true, Rules: []int{1}}},
		{"a warning wakes nobody", "client=mebel severity=warning", 0, route.Decision{Org: "mebel", Priority: ticket.Low, Warning: true}},
		{"what the source says is above its labels", "client=mebel severity=warning", route.High, route.Decision{Org: "mebel", Priority: ticket.Critical}},
		{"no severity: the dispatcher decides", "client=mebel", 0, route.Decision{Org: "mebel"}},
		{"a strange severity", "client=mebel severity=purple", 0, route.Decision{Org: "mebel"}},
		{"maintenance until the last end", "host=db1 client=mebel severity=high", 0, route.Decision{Org: "mebel", Priority: ticket.Critical, Held: at.Add(2 * time.Hour), Why: "и диски"}},
		{"maintenance begins", "host=db2", 0, route.Decision{Held: at.Add(time.Hour)}},
		{"maintenance has ended", "host=db3", 0, route.Decision{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tt.want, table.Decide(labels(tt.labels), tt.severity, at, known)); d != "" {
				t.Errorf("decided (-want +got):\n%s", d)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	err := route.Table{
		Rules:   []route.Rule{{}, {Category: "fire"}, {Warning: true, Priority: ticket.Critical}, {Priority: 9}},
		Windows: []route.Window{{From: at, To: at}},
	}.Validate()
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, want := range []string{"rules[0]: says nothing", `rules[1].category: "fire"`, "rules[2]: a warning is not critical", "rules[3].priority: 9", "maintenance[0].match: required", "maintenance[0]: from"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
}

// TestSeverityNeverFalls: with the same labels a worse severity never makes an alarm less urgent.
func TestSeverityNeverFalls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := route.Labels{}
		l.Add("client", rapid.SampledFrom([]string{"", "mebel", "nobody"}).Draw(t, "client"))
		a, b := route.Severity(rapid.IntRange(1, 5).Draw(t, "a")), route.Severity(rapid.IntRange(1, 5).Draw(t, "b"))
		less, more := route.Table{}.Decide(l, min(a, b), time.Time{}, known), route.Table{}.Decide(l, max(a, b), time.Time{}, known)
		if more.Priority > less.Priority || more.Warning && !less.Warning {
			t.Fatalf("severity %d is %+v, severity %d is %+v", min(a, b), less, max(a, b), more)
		}
	})
}
