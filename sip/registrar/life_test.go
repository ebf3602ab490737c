package registrar

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestNATWhenAPhoneIsAsked is the transcript of OPTIONS to a phone: when they leave, and when it counts as silent.
func TestNATWhenAPhoneIsAsked(t *testing.T) {
	t.Parallel()
	const every = 27 * time.Second
	for name, c := range map[string]struct {
		answers string // y or n per OPTIONS
		want    string // the seconds at which they leave; ! = silent after it
	}{
		"it answers":                       {"yyy", "1 28 55"},
		"it never answers":                 {"nnnn", "1 7 38 69"},
		"it goes, and comes back":          {"ynnnnyy", "1 28 34 40! 54! 68 95"},
		"one lost answer is nothing":       {"ynyny", "1 28 34 61 67"},
		"it answers at last":               {"nnny", "1 7 38 69"},
		"silent only after the third miss": {"ynn", "1 28 34"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := t0
			b := Binding{life: Default().registered(t0)}
			var got []string
			for _, answer := range c.answers {
				for !b.life.due(now) {
					now = now.Add(time.Second)
				}
				at := now.Sub(t0).Seconds()
				b.life = b.life.ask()
				if b.life.due(now.Add(time.Hour)) {
					t.Error("asked again while the answer is awaited")
				}
				if answer == 'y' {
					b.Answers, b.life = true, b.life.answered(now, every)
				} else {
					now = now.Add(askWait)
					b.life = b.life.unanswered(now, b.Answers, every)
				}
				mark := ""
				if b.silent() {
					mark = "!"
				}
				got = append(got, fmt.Sprintf("%.0f%s", at, mark))
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%s: OPTIONS at %s, want %s", c.answers, text, c.want)
			}
		})
	}
}

// TestNATRingingPhoneGoes: it is asked each 500 ms; the network is lost at some moment.
func TestNATRingingPhoneGoes(t *testing.T) {
	t.Parallel()
	for lost := time.Duration(0); lost < 3*time.Second; lost += 50 * time.Millisecond {
		for _, rtt := range []time.Duration{0, 80 * time.Millisecond, 400 * time.Millisecond} {
			var w watch
			var gone bool
			var sent []time.Duration
			at := WatchEvery // the first question; the INVITE left before
			for ; !gone && at < 10*time.Second; at += WatchEvery {
				for _, s := range sent {
					if s+rtt < min(at, lost) {
						w = w.answered(t0.Add(s))
					}
				}
				w, gone = w.ask(t0.Add(at), true)
				sent = append(sent, at)
			}
			at -= WatchEvery
			if !gone || at-lost > 1900*time.Millisecond {
				t.Errorf("network lost at %s, round trip %s: gone at %s", lost, rtt, at)
			}
			if gone && at < lost {
				t.Errorf("network lost at %s: gone already at %s", lost, at)
			}
		}
	}
	var w watch
	if _, gone := w.ask(t0, false); gone {
		t.Error("gone at the first question")
	}
	w, _ = w.ask(t0, false)
	if _, gone := w.ask(t0.Add(time.Hour), false); gone {
		t.Error("a phone that never answered an OPTIONS is gone because it does not")
	}
}
