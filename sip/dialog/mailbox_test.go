package dialog

import (
	"slices"
	"testing"
)

// slow is a loop that runs what it took when the test says so.
type slow struct {
	tasks []func()
	ended bool
}

func (s *slow) Post(f func()) bool {
	if !s.ended {
		s.tasks = append(s.tasks, f)
	}
	return !s.ended
}

func (s *slow) run() {
	for len(s.tasks) > 0 {
		f := s.tasks[0]
		s.tasks = s.tasks[1:]
		f()
	}
}

func TestMailboxKeepsOrderWhenTheOwnerGoes(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*mailbox, *slow){
		"detached":       func(m *mailbox, _ *slow) { m.detach() },
		"his loop ended": func(_ *mailbox, s *slow) { s.ended = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var (
				m   mailbox
				got []string
			)
			owner := &slow{}
			do := func(what string) func() { return func() { got = append(got, what) } }
			m.post(do("before"))
			m.own(owner)
			m.post(do("taken"))
			leave(&m, owner)
			m.post(do("rest"))
			if len(got) != 0 {
				t.Errorf("%q ran beside what the loop took", got)
			}
			owner.run()
			m.post(func() {
				do("outer")()
				m.post(do("inner")) // as a message that cannot be sent does
				do("outer ends")()
			})
			if want := []string{"before", "taken", "rest", "outer", "outer ends", "inner"}; !slices.Equal(got, want) {
				t.Errorf("ran %q, want %q", got, want)
			}
			if !m.deaf {
				t.Error("somebody listens")
			}
		})
	}
}

func TestMailboxSurvivesAPanic(t *testing.T) {
	t.Parallel()
	var m mailbox
	m.own(nil)
	func() {
		defer func() { _ = recover() }()
		m.post(func() { panic("poisoned") })
	}()
	ran := false
	m.post(func() { ran = true })
	if !ran {
		t.Error("nothing runs after a panic")
	}
}
