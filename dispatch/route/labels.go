package route

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Labels are what a source says of an alarm. Names are compared as they are written.
type Labels map[string][]string

// Add notes one value of a name. Empty values and repeats are left out.
func (l Labels) Add(name string, values ...string) {
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(l[name], v) {
			l[name] = append(l[name], v)
		}
	}
}

// First returns the first value of the first name that has one.
func (l Labels) First(names ...string) string {
	for _, n := range names {
		if len(l[n]) > 0 {
			return l[n][0]
		}
	}
	return ""
}

// String lists the labels by name, a line each.
func (l Labels) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(l[name], ", "))
	}
	return b.String()
}

// op is how a matcher compares.
type op string

// The comparisons, as Alertmanager writes them.
const (
	equal    op = "="
	unequal  op = "!="
	like     op = "=~"
	dislikes op = "!~"
)

// Matcher is one condition on labels. Its written form is that of Alertmanager: host_group=Romashka, env!=test, host=~"db.*",
// team!~"web|mail". Expressions are RE2 and match the whole value.
type Matcher struct {
	label string
	op    op
	value string
	re    *regexp.Regexp // of like and dislikes
}

// errNotMatcher says what a matcher looks like.
var errNotMatcher = errors.New(`no matcher; write label=value, label!=value, label=~"expression" or label!~"expression"`)

// String returns the written form.
func (m Matcher) String() string { return m.label + string(m.op) + m.value }

// MarshalText implements encoding.TextMarshaler.
func (m Matcher) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Matcher) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	i := strings.IndexAny(s, "=!")
	if i <= 0 {
		return fmt.Errorf("read matcher %q: %w", s, errNotMatcher)
	}
	read := Matcher{label: strings.TrimSpace(s[:i])}
	rest := s[i:]
	for _, o := range []op{like, dislikes, unequal, equal} {
		if v, ok := strings.CutPrefix(rest, string(o)); ok {
			read.op, read.value = o, unquote(strings.TrimSpace(v))
			break
		}
	}
	if read.op == "" {
		return fmt.Errorf("read matcher %q: %w", s, errNotMatcher)
	}
	if read.op == like || read.op == dislikes {
		re, err := regexp.Compile("^(?:" + read.value + ")$")
		if err != nil {
			return fmt.Errorf("read matcher %q: %w", s, err)
		}
		read.re = re
	}
	*m = read
	return nil
}

// unquote takes the quotes off a value that has a pair of them.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// Matches reports whether the condition holds: of a name with several values, for one of them; of a negation, for none. A name that
// is not there has the empty value.
func (m Matcher) Matches(l Labels) bool {
	values := l[m.label]
	if len(values) == 0 {
		values = []string{""}
	}
	hit := slices.ContainsFunc(values, func(v string) bool {
		if m.re != nil {
			return m.re.MatchString(v)
		}
		return v == m.value
	})
	return hit == (m.op == equal || m.op == like)
}

// all reports whether all conditions hold.
func all(list []Matcher, l Labels) bool {
	return !slices.ContainsFunc(list, func(m Matcher) bool { return !m.Matches(l) })
}
