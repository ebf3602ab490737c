package rotationtest

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
)

func put(t *testing.T, s Subject, key, body string, life time.Duration) {
	t.Helper()
	if err := s.Rotation.Put(t.Context(), key, []byte(body), life); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

// wantValue compares a value; "" stands for none.
func wantValue(t *testing.T, s Subject, key, want string) {
	t.Helper()
	got, err := s.Rotation.Get(t.Context(), key)
	if err != nil || string(got) != want || (want == "") != (got == nil) {
		t.Errorf("%s is %q, %v, want %q", key, got, err, want)
	}
}

func values(t *testing.T, s Subject) {
	wantValue(t, s, "binding/anna", "")
	put(t, s, "binding/anna", "sip:anna@192.0.2.1", ttl)
	put(t, s, "binding/boris", "a\x00\xffb", 2*ttl)
	wantValue(t, s, "binding/anna", "sip:anna@192.0.2.1")
	wantValue(t, s, "binding/boris", "a\x00\xffb")
	put(t, s, "binding/anna", "sip:anna@192.0.2.2", ttl)
	wantValue(t, s, "binding/anna", "sip:anna@192.0.2.2")
	s.Advance(past)
	wantValue(t, s, "binding/anna", "")
	wantValue(t, s, "binding/boris", "a\x00\xffb")
	for range 2 { // the second does nothing
		if err := s.Rotation.Delete(t.Context(), "binding/boris"); err != nil {
			t.Errorf("delete: %v", err)
		}
		wantValue(t, s, "binding/boris", "")
	}
}

func valuesByKind(t *testing.T, s Subject) {
	put(t, s, "binding/anna", "1", ttl)
	put(t, s, "binding/boris", "2", 2*ttl)
	put(t, s, "node/anna", "3", 2*ttl)
	want := func(kind string, names ...string) {
		t.Helper()
		got, err := s.Rotation.All(t.Context(), kind)
		if err != nil || !slices.Equal(slices.Sorted(maps.Keys(got)), names) {
			t.Errorf("%s: %q, %v, want %q", kind, got, err, names)
		}
	}
	want("binding", "anna", "boris")
	want("node", "anna")
	want("nothing")
	s.Advance(past)
	want("binding", "boris")
	if got, _ := s.Rotation.All(t.Context(), "binding"); string(got["boris"]) != "2" {
		t.Errorf("boris has %q", got["boris"])
	}
}

func badKeys(t *testing.T, s Subject) {
	for _, key := range []string{"", "/", "a", "a/", "/a", "a/b/c"} {
		if err := s.Rotation.Put(t.Context(), key, nil, ttl); !errors.Is(err, rotation.ErrBadKey) {
			t.Errorf("put %q: %v", key, err)
		}
		if _, err := s.Rotation.Get(t.Context(), key); !errors.Is(err, rotation.ErrBadKey) {
			t.Errorf("get %q: %v", key, err)
		}
		if err := s.Rotation.Delete(t.Context(), key); !errors.Is(err, rotation.ErrBadKey) {
			t.Errorf("delete %q: %v", key, err)
		}
	}
}

// next waits for a message that is not the sign of a gap.
func next(t *testing.T, heard <-chan []byte) string {
	t.Helper()
	for {
		select {
		case m := <-heard:
			if m != nil {
				return string(m)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no message")
		}
	}
}

func publish(t *testing.T, s Subject, topic rotation.Topic, message string) {
	t.Helper()
	if err := s.Rotation.Publish(t.Context(), topic, []byte(message)); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

func messages(t *testing.T, s Subject) {
	listen := func(topic rotation.Topic) (<-chan []byte, func()) {
		heard := make(chan []byte, 100)
		return heard, s.Rotation.Listen(topic, func(m []byte) { heard <- m })
	}
	first, stopFirst := listen(rotation.TopicEvents)
	second, stopSecond := listen(rotation.TopicEvents)
	other, stopOther := listen(rotation.TopicDirectory)
	defer stopFirst()
	defer stopOther()
	for _, m := range []string{"1", "", "2\x00\xff"} {
		publish(t, s, rotation.TopicEvents, m)
		if a, b := next(t, first), next(t, second); a != m || b != m {
			t.Errorf("heard %q and %q, want %q", a, b, m)
		}
	}
	stopSecond()
	stopSecond() // nothing
	publish(t, s, rotation.TopicEvents, "3")
	publish(t, s, rotation.TopicDirectory, "version")
	if m := next(t, other); m != "version" {
		t.Errorf("the other topic heard %q", m)
	}
	if m := next(t, first); m != "3" { // in order, and each once
		t.Errorf("heard %q after all, want 3", m)
	}
	select {
	case m := <-second:
		if m != nil {
			t.Errorf("heard %q after the stop", m)
		}
	default:
	}
}

func slowListener(t *testing.T, s Subject) {
	gate, heard := make(chan struct{}), make(chan []byte, 10_000)
	stop := s.Rotation.Listen(rotation.TopicEvents, func(m []byte) {
		<-gate
		heard <- m
	})
	defer stop()
	for range 2000 { // nobody waits for the listener
		publish(t, s, rotation.TopicEvents, "x")
	}
	close(gate)
	publish(t, s, rotation.TopicEvents, "y")
	for {
		select {
		case m := <-heard:
			if m == nil {
				return
			}
			publish(t, s, rotation.TopicEvents, "z")
		case <-time.After(10 * time.Second):
			t.Fatal("the listener was not told that it has missed messages")
		}
	}
}

func brokenListener(t *testing.T, s Subject) {
	heard := make(chan []byte, 100)
	stop := s.Rotation.Listen(rotation.TopicEvents, func(m []byte) {
		if string(m) == "poison" {
			panic("poisoned message")
		}
		heard <- m
	})
	defer stop()
	publish(t, s, rotation.TopicEvents, "poison")
	publish(t, s, rotation.TopicEvents, "food")
	if m := next(t, heard); m != "food" {
		t.Errorf("heard %q", m)
	}
}
