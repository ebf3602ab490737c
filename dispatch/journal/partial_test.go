package journal

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// A log whose beginning only the SQL store has is told as what it is while that
// cannot be asked: a part. One that began since is whole, and so is one of a SQL
// store that can still be read.
func TestPartOfALog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		unread   bool // the SQL store cannot be read either
		n        int  // the ticket; 1 was opened before the SQL store went away, 2 after it
		want     []string
		complete bool
	}{
		{"the beginning cannot be read", true, 1, []string{"since"}, false},
		{"opened meanwhile", true, 2, []string{"opened", "since"}, true},
		{"nobody knows it", true, 3, nil, false},
		{"the SQL store is read", false, 1, []string{"opened", "early", "since"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := newFaulty()
				s, _ := start(t, config(t), Deps{}, in)
				must(t, s.Commit(t.Context(), opening(1)))
				must(t, s.Commit(t.Context(), note(1, "early")))
				in.set(before)
				must(t, s.Commit(t.Context(), opening(2)))
				for _, n := range []int{1, 2} {
					must(t, s.Commit(t.Context(), note(n, "since")))
				}
				if c.unread {
					in.Fail(errDown)
				}
				log, err := s.Events(t.Context(), id(c.n))
				if c.complete {
					must(t, err)
				} else {
					want(t, err, ErrAway)
				}
				if got := said(log); !slices.Equal(got, c.want) {
					t.Errorf("log %q, want %q", got, c.want)
				}
				in.Fail(nil)
				in.set(none)
				settled(t, s)
				if log, err = s.Events(t.Context(), id(1)); err != nil || len(log) != 3 {
					t.Errorf("afterwards %q, %v", said(log), err)
				}
			})
		})
	}
}

// said are events in words.
func said(log []ticket.Event) (list []string) {
	for _, e := range log {
		text := string(e.Body.Kind())
		if b, ok := e.Body.(ticket.Noted); ok {
			text = b.Text
		}
		list = append(list, text)
	}
	return list
}
