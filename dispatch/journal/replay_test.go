package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Another node changes the ticket meanwhile: what was decided here is put on
// top of it, what makes no sense any more becomes a note, and later changes of
// the same ticket follow.
func TestRebasedAtReplay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{Board: func() dispatch.Board { b, _ := in.Board(context.Background()); return b }}, in)
		for n := 1; n <= 2; n++ {
			must(t, s.Commit(t.Context(), opening(n)))
		}
		in.set(before)
		must(t, s.Commit(t.Context(), note(1, "turn")))
		in.Fail(errDown)
		must(t, s.Commit(t.Context(), decide(t, s, 1, "anna", ticket.Acknowledged{How: "cli"})))
		must(t, s.Commit(t.Context(), decide(t, s, 1, "anna", ticket.Moved{To: ticket.Diagnosis})))
		must(t, s.Commit(t.Context(), decide(t, s, 2, "anna", ticket.Categorised{Category: ticket.Security})))
		in.Fail(nil)
		for n := 1; n <= 2; n++ {
			must(t, in.Memory.Commit(t.Context(), decide(t, in, n, "vera", ticket.Acknowledged{How: "cli"})))
		}
		in.set(none)
		settled(t, s)
		one, err := in.Load(t.Context(), id(1))
		must(t, err)
		two, err := in.Load(t.Context(), id(2))
		must(t, err)
		if one.Ticket.Acknowledged.By != "vera" || one.Ticket.Stage != ticket.Diagnosis || two.Ticket.Category != ticket.Security || two.Ticket.Acknowledged.By != "vera" {
			t.Errorf("tickets %+v, %+v", one.Ticket, two.Ticket)
		}
		if log := strings.Join(lines(t, in, 1), "; "); !strings.Contains(log, "Not put into force, for the record was away: acknowledged by anna") {
			t.Errorf("log %s", log)
		}
		for n := 1; n <= 2; n++ {
			log, err := in.Events(t.Context(), id(n))
			must(t, err)
			c, err := in.Load(t.Context(), id(n))
			must(t, err)
			if folded, err := ticket.Fold(log); err != nil || folded.Version != c.Ticket.Version {
				t.Errorf("folded %+v %v", folded, err)
			}
		}
	})
}

// The caller has got another ticket at another node: both are kept, also what
// came later on ours, and after a restart in the middle of the replay.
func TestPartyAtReplay(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, cfg := newFaulty(), config(t)
				s, end := start(t, cfg, Deps{}, nil)
				must(t, s.Commit(t.Context(), openingFor(1, "number:1")))
				must(t, s.Commit(t.Context(), decide(t, s, 1, "anna", ticket.Acknowledged{How: "cli"})))
				must(t, in.Memory.Commit(t.Context(), openingFor(2, "number:1")))
				if restart {
					must(t, s.apply(t.Context(), in, s.todo(nil)[0])) // and killed
					end()
					s, _ = start(t, cfg, Deps{}, nil)
				}
				s.Attach(in)
				settled(t, s)
				c, err := in.Load(t.Context(), id(1))
				must(t, err)
				if c.Ticket.Party != "" || c.Ticket.Number.Seq != 1 || c.Ticket.Acknowledged.By != "anna" || len(c.Timers) != 0 {
					t.Errorf("ticket %+v", c.Ticket)
				}
				if log := lines(t, in, 1); len(log) != 3 {
					t.Errorf("log %v", log)
				}
			})
		})
	}
}

// One caller's tickets, one after the other, arrive in that order.
func TestPartyInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, nil)
		for n := 1; n <= 20; n++ {
			must(t, s.Commit(t.Context(), openingFor(n, "number:1")))
			must(t, s.Commit(t.Context(), decide(t, s, n, "anna", ticket.Moved{To: ticket.Closed})))
		}
		in.set(slow)
		s.Attach(in)
		settled(t, s)
		for n := 1; n <= 20; n++ {
			c, err := in.Load(t.Context(), id(n))
			must(t, err)
			if c.Ticket.Party == "" || c.Ticket.Open() {
				t.Fatalf("ticket %+v", c.Ticket)
			}
		}
	})
}

// The signal has become a ticket at another node: that ticket stands for ours.
func TestSignalTakenElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, nil)
		must(t, s.Commit(t.Context(), openingFor(1, "")))
		must(t, s.Commit(t.Context(), note(1, "ours")))
		must(t, s.Commit(t.Context(), decide(t, s, 1, "anna", ticket.Acknowledged{How: "cli"})))
		theirs := openingFor(2, "")
		theirs.Signal.Key = "call-1"
		must(t, in.Memory.Commit(t.Context(), theirs))
		s.Attach(in)
		settled(t, s)
		if _, err := in.Load(t.Context(), id(1)); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("two tickets for one contact: %v", err)
		}
		c, err := in.Load(t.Context(), id(2))
		must(t, err)
		log := strings.Join(lines(t, in, 2), "; ")
		if c.Ticket.Acknowledged.By != "anna" || len(c.Timers) != 0 || !strings.Contains(log, ticket.Number{Year: 26, Seq: 1}.String()) || !strings.Contains(log, "ours") {
			t.Errorf("ticket %+v, log %s", c.Ticket, log)
		}
	})
}

// A number that is another ticket's by now is replaced; nothing is lost.
func TestNumberTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		_, err := in.Reserve(t.Context(), 2026, 10)
		must(t, err)
		theirs := opening(2)
		theirs.Ticket.Number.Seq = 1
		must(t, in.Memory.Commit(t.Context(), theirs))
		s, _ := start(t, config(t), Deps{}, in)
		in.set(before)
		must(t, s.Commit(t.Context(), opening(1)))
		must(t, s.Commit(t.Context(), note(1, "x")))
		in.set(none)
		settled(t, s)
		c, err := in.Load(t.Context(), id(1))
		must(t, err)
		if c.Ticket.Number.Seq != 11 || len(lines(t, in, 1)) < 3 {
			t.Errorf("ticket %+v", c.Ticket)
		}
	})
}

// poisoned refuses one change for ever, as the SQL store does for a constraint,
// and panics at another.
type poisoned struct{ *faulty }

func (p poisoned) Commit(ctx context.Context, c dispatch.Change) error {
	return p.CommitAll(ctx, []dispatch.Change{c})
}

func (p poisoned) CommitAll(ctx context.Context, list []dispatch.Change) error {
	for _, c := range list {
		for _, e := range c.Events {
			if b, ok := e.Body.(ticket.Noted); ok && b.Text == "poison" {
				return fmt.Errorf("%w: the constraint of tables nobody knows", dispatch.ErrConflict)
			} else if ok && b.Text == "panic" {
				panic("a bug")
			}
		}
	}
	return p.faulty.CommitAll(ctx, list)
}

// A change that the store never takes does not hold up the others, and is kept.
func TestPoison(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, cfg := newFaulty(), config(t)
		s, _ := start(t, cfg, Deps{}, nil)
		must(t, s.Commit(t.Context(), opening(1)))
		must(t, s.Commit(t.Context(), note(1, "poison")))
		must(t, s.Commit(t.Context(), note(1, "panic")))
		must(t, s.Commit(t.Context(), note(1, "behind")))
		must(t, s.Commit(t.Context(), note(7, "of no ticket")))
		s.Attach(poisoned{in})
		settled(t, s)
		log := lines(t, in, 1)
		if len(log) != 4 || log[3] != "behind" || !strings.Contains(log[1], "could not be applied") || !strings.Contains(log[2], "a bug") {
			t.Errorf("log %v", log)
		}
		if b, err := os.ReadFile(cfg.Path + ".rejected"); err != nil || strings.Count(string(b), "\n") != 2 || !strings.Contains(string(b), "poison") {
			t.Errorf("rejected: %s %v", b, err)
		}
		if st := s.Status(); st.Rejected != 2 {
			t.Errorf("status %+v", st)
		}
	})
}

// While the journal's own disk fails, nobody is told what is not written yet:
// neither the repeat of a contact nor a reader.
func TestNothingIsToldBeforeItIsWritten(t *testing.T) {
	t.Parallel()
	disk := newPlatter(t, 1<<16)
	cfg := config(t)
	s, err := open(cfg, Deps{Overlay: func() Overlay { return store.NewMemory() }}, disk)
	must(t, err)
	must(t, s.Commit(t.Context(), opening(1)))
	disk.set(errDown)
	want(t, s.Commit(t.Context(), opening(2)), errDown)
	again := opening(2)
	again.ID = ""
	want(t, s.Commit(t.Context(), again), errDown) // not RepeatedError: that would be an acknowledgement
	_, err = s.Load(t.Context(), id(2))
	want(t, err, errDown)
	_, err = s.Events(t.Context(), id(1))
	want(t, err, errDown)
	disk.set(nil)
	err = s.Commit(t.Context(), again)
	if r, ok := errors.AsType[*dispatch.RepeatedError](err); !ok || r.Taken.Ticket != id(2) {
		t.Errorf("got %v", err)
	}
	_, list, _ := mustOpen(t, disk.crash(func() bool { return false }))
	if len(list) != 2 {
		t.Errorf("%d records", len(list))
	}
}

// A full file refuses, says so, and loses nothing.
func TestFullFile(t *testing.T) {
	t.Parallel()
	disk := newPlatter(t, 8192)
	s, err := open(config(t), Deps{Overlay: func() Overlay { return store.NewMemory() }}, disk)
	must(t, err)
	taken := 0
	for n := 1; ; n++ {
		err := s.Commit(t.Context(), opening(n))
		if errors.Is(err, ErrFull) {
			break
		}
		must(t, err)
		taken++
	}
	if _, err := s.Load(t.Context(), id(taken+1)); !errors.Is(err, ErrAway) {
		t.Errorf("what was refused is told: %v", err)
	}
	if st := s.Status(); st.State != Full || st.Pending != taken || taken < 3 {
		t.Errorf("status %+v", st)
	}
	in := newFaulty()
	s.Attach(in)
	s.round(t.Context())
	all, err := in.Tickets(t.Context(), dispatch.TicketFilter{})
	must(t, err)
	if st := s.Status(); st.State != Passing || len(all) != taken {
		t.Errorf("status %+v, %d tickets of %d", st, len(all), taken)
	}
}

// Calls that come while the replay runs queue behind it.
func TestCallsDuringTheReplay(t *testing.T) {
	t.Parallel()
	in := newFaulty()
	cfg := config(t)
	s, err := open(cfg, Deps{Overlay: func() Overlay { return store.NewMemory() }}, newPlatter(t, 1<<20))
	must(t, err)
	for n := 1; n <= 50; n++ {
		must(t, s.Commit(t.Context(), opening(n)))
	}
	came := 0
	in.draw(func() fault { // a call in the middle of the replay
		if came < 20 {
			came++
			n := came
			in.mu.Unlock()
			err := s.Commit(context.Background(), note(n, "meanwhile"))
			in.mu.Lock()
			if err != nil {
				t.Error(err)
			}
		}
		return none
	})
	s.Attach(in)
	s.round(t.Context())
	if st := s.Status(); st.State != Passing {
		t.Fatalf("status %+v", st)
	}
	for n := 1; n <= came; n++ {
		if got := lines(t, in, n); !slices.Equal(got, []string{"opened", "meanwhile"}) {
			t.Errorf("ticket %d: %v", n, got)
		}
	}
}

// The dispatcher is told again until it has followed.
func TestHealedIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, told := newFaulty(), 0
		s, _ := start(t, config(t), Deps{Healed: func(context.Context) error {
			if told++; told < 3 {
				return errDown
			}
			return nil
		}}, in)
		in.set(before)
		must(t, s.Commit(t.Context(), opening(1)))
		in.set(none)
		settled(t, s)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if told != 3 {
			t.Errorf("told %d times", told)
		}
	})
}

// The last number of a block counts what only the journal has.
func TestLastNumber(t *testing.T) {
	t.Parallel()
	in := newFaulty()
	s, err := open(config(t), Deps{Overlay: func() Overlay { return store.NewMemory() }}, newPlatter(t, 1<<16))
	must(t, err)
	must(t, s.Commit(t.Context(), opening(7)))
	_, err = s.LastNumber(t.Context(), 2026, 1, 100)
	want(t, err, ErrAway)
	must(t, in.Memory.Commit(t.Context(), opening(5)))
	s.inner = in
	for end, last := range map[uint32]uint32{100: 7, 7: 5, 5: 0} {
		if got, err := s.LastNumber(t.Context(), 2026, 1, end); err != nil || got != last {
			t.Errorf("before %d: %d %v", end, got, err)
		}
	}
}

// A file that cannot be emptied keeps the journal away: the next replay would
// bring its records again.
func TestNothingPassesBeforeTheFileIsEmpty(t *testing.T) {
	t.Parallel()
	disk, in := newPlatter(t, 1<<16), newFaulty()
	s, err := open(config(t), Deps{Overlay: func() Overlay { return store.NewMemory() }}, disk)
	must(t, err)
	must(t, s.Commit(t.Context(), opening(1)))
	disk.set(errDown)
	s.Attach(in)
	s.round(t.Context())
	s.Attach(in)
	if st := s.Status(); st.State == Passing || st.Pending != 0 {
		t.Errorf("status %+v", st)
	}
	disk.set(nil)
	s.round(t.Context())
	if st := s.Status(); st.State != Passing || st.Bytes != 0 {
		t.Errorf("status %+v", st)
	}
}
