package config

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/deploy"
)

func TestWhereTheRecordLies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		data, path, want string
		shared           bool
	}{
		{"data", "vahta.db", "data/vahta.db", false},
		{"/var/lib/vahta", "record/vahta.db", "/var/lib/vahta/record/vahta.db", false},
		{"/var/lib/vahta", "/var/lib/vahta/vahta.db", "/var/lib/vahta/vahta.db", false},
		{"/var/lib/vahta", "/srv/record/vahta.db", "/srv/record/vahta.db", true},
		{"/var/lib/vahta", "/var/lib/vahta2/vahta.db", "/var/lib/vahta2/vahta.db", true},
		{"a", "../record/vahta.db", "record/vahta.db", true},
		{"data", "/srv/vahta.db", "/srv/vahta.db", true},
	} {
		c := Config{Data: tt.data, Store: Store{Path: tt.path}}
		if got, shared := c.Database(), c.Shared(); got != tt.want || shared != tt.shared {
			t.Errorf("data %s, path %s: %s, shared %t; want %s, %t", tt.data, tt.path, got, shared, tt.want, tt.shared)
		}
	}
}

func TestNodeIsTheHostUnlessNamed(t *testing.T) {
	t.Parallel()
	l, err := Parse("x.yaml", []byte("node: \"\"\n"+string(withListen(deploy.Demo))), nil)
	if err != nil {
		t.Fatal(err)
	}
	if l.Config.Node == "" || l.Config.Node != hostNode() {
		t.Errorf("node %q", l.Config.Node)
	}
	l, err = Parse("x.yaml", withListen(deploy.Demo), []string{"VAHTA_NODE=node-b"})
	if err != nil || l.Config.Node != "node-b" {
		t.Errorf("node %v, %v", l, err)
	}
	if _, err := Parse("x.yaml", withListen(deploy.Demo), []string{"VAHTA_NODE=two words"}); err == nil {
		t.Error("a node of two words is accepted")
	}
}

func TestHalfOfSeveralNodesIsWarnedOf(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ settings, want string }{
		"alone":         {"", ""},
		"both":          {"store: {path: /srv/vahta/vahta.db}\nredis: {url: \"redis://localhost:6379/0\"}\n", ""},
		"only a record": {"store: {path: /srv/vahta/vahta.db}\n", "store.path"},
		"only a Redis":  {"redis: {url: \"redis://localhost:6379/0\"}\n", "redis.url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := Parse("x.yaml", append([]byte(tt.settings), withListen(deploy.Demo)...), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, w := range l.Warnings(time.Now()) {
				if w.Path == "store.path" || w.Path == "redis.url" {
					got.WriteString(w.Path)
					if w.Line == 0 {
						t.Errorf("%s: no line", w.Path)
					}
				}
			}
			if got.String() != tt.want {
				t.Errorf("warned of %q, want %q", got.String(), tt.want)
			}
		})
	}
}

// People and schedules may be left to the record; a file that has some must be whole, for it may begin one.
func TestFileWithoutPeople(t *testing.T) {
	t.Parallel()
	const line = "sip: {listen: [{transport: udp, addr: \"127.0.0.1:0\"}]}\nlines: [{id: main, dids: [hotline], schedule: duty}]\n"
	l, err := Parse("vahta.yaml", []byte(line), nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := l.Warnings(time.Now()); len(w) > 0 {
		t.Errorf("warnings %v", w)
	}
	if notes := l.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "in the record") {
		t.Errorf("notes %q", notes)
	}
	people := line + "people: [{id: anna, name: Anna, devices: [{kind: mobile, number: \"+79210000001\"}]}]\n"
	_, err = Parse("vahta.yaml", []byte(people), nil)
	if err == nil || !strings.Contains(err.Error(), `no schedule "duty"`) {
		t.Errorf("people, and no schedule: %v", err)
	}
}
