package rota

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Archive is where calls are found.
type Archive interface {
	Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error)
}

// Deps are what a Rota works with.
type Deps struct {
	Store     dispatch.Rotas // nil: nothing can be edited, and nothing was
	Directory *dispatch.Directory
	Calls     Archive // nil: no calls are known
	// Refresh makes this node follow the record at once, and tells the others.
	Refresh func(ctx context.Context) error
	Rest    oncall.RestRules // what previews warn of; zero: of nothing
	NewID   func() string    // nil: random ones
	Node    string
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: silent
}

// Rota is people and schedules of this node.
type Rota struct{ deps Deps }

// New checks its parts.
func New(deps Deps) (*Rota, error) {
	if deps.Directory == nil {
		return nil, errors.New("set up rota: a directory is required")
	}
	if deps.Refresh == nil {
		deps.Refresh = func(context.Context) error { return nil }
	}
	if deps.NewID == nil {
		deps.NewID = newID
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Rota{deps}, nil
}

// newID names a correction: people write it into commands, so it is short, and sorts by time.
func newID() string {
	id := uuid.Must(uuid.NewV7()).String()
	const clock, chance = 13, 4 // "018f4e2a-5b3c", and the last four digits
	return id[:clock] + "-" + id[len(id)-chance:]
}

// View returns what is in force on this node. It asks nobody.
func (r *Rota) View(context.Context) (View, error) {
	s := r.deps.Directory.Load()
	agreed := r.deps.Directory.Agreed()
	return View{
		Version: s.Rota, Roster: s.Roster, Revisions: s.Revisions, Duty: s.Duty,
		Confirmed: !agreed.IsZero() && r.deps.Now().Sub(agreed) <= dispatch.RotaStale,
	}, nil
}

// Preview shows what an edit would do, by what is in force on this node. It asks nobody and changes nothing; the error is an
// *edit.Refusal.
func (r *Rota) Preview(_ context.Context, e edit.Edit, by edit.Author) (edit.Preview, error) {
	s, now := r.deps.Directory.Load(), r.now()
	after, result, err := decide(s, e, by, now, r.deps.NewID)
	if err != nil {
		return edit.Preview{}, err
	}
	return r.look(s, after, result, now), nil
}

// now is the present in whole seconds, which is what rotas are written in.
func (r *Rota) now() time.Time { return r.deps.Now().Truncate(time.Second) }

// decide applies an edit to what a snapshot has, and sees whether lines and escalation can live with it.
func decide(s *dispatch.Snapshot, e edit.Edit, by edit.Author, now time.Time, newID func() string) (*dispatch.Snapshot, edit.Result, error) {
	result, err := edit.Apply(s.Roster, e, by, now, newID)
	if err != nil {
		return nil, edit.Result{}, err
	}
	after, err := s.WithRoster(result.Roster)
	if err != nil {
		return nil, edit.Result{}, refuse(err)
	}
	return after, result, nil
}

func (r *Rota) look(before, after *dispatch.Snapshot, result edit.Result, now time.Time) edit.Preview {
	return edit.Look(before.Duty, after.Duty, result.Changed, r.deps.Rest, now)
}

// History returns the log of edits, newest first.
func (r *Rota) History(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error) {
	if r.deps.Store == nil {
		return nil, nil
	}
	list, err := r.deps.Store.RotaHistory(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("read the log of edits: %w", away(err))
	}
	return list, nil
}

// away makes ErrAway of a record that can not be asked.
func away(err error) error {
	if errors.Is(err, dispatch.ErrAway) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w (%w)", ErrAway, err)
	}
	return err
}

// callsAtOnce is how many calls are read in one question.
const callsAtOnce = 500

// Taken returns who really took calls, and who was rung and did not, of calls that began in [from, to), oldest first.
func (r *Rota) Taken(ctx context.Context, from, to time.Time) ([]oncall.Taken, error) {
	if r.deps.Calls == nil {
		return nil, nil
	}
	var list []oncall.Taken
	s := r.deps.Directory.Load()
	for before := to; ; {
		calls, err := r.deps.Calls.Calls(ctx, dispatch.CallFilter{Before: before, Limit: callsAtOnce})
		if err != nil {
			return nil, fmt.Errorf("read who took calls: %w", away(err))
		}
		for i := range calls {
			if before = calls[i].StartedAt; before.Before(from) {
				break
			}
			list = append(list, takenOf(s, &calls[i])...)
		}
		if len(calls) < callsAtOnce || before.Before(from) {
			slices.Reverse(list)
			return list, nil
		}
	}
}

// takenOf returns who had to do with a call of a line: whoever accepted it, and everybody who was rung and let it ring. Whom
// somebody else was faster than has missed nothing.
func takenOf(s *dispatch.Snapshot, c *dispatch.CallRecord) []oncall.Taken {
	line, _ := s.Line(c.Line)
	if c.Line == "" {
		return nil // a page, or a call that an engineer placed
	}
	var list []oncall.Taken
	seen := map[string]bool{"": true}
	add := func(person string, at time.Time, missed bool) {
		if !seen[person] {
			seen[person] = true
			list = append(list, oncall.Taken{Schedule: line.Schedule, Person: person, At: at, Missed: missed})
		}
	}
	add(c.AcceptedBy, c.AcceptedAt, false)
	for _, leg := range c.Detail.Legs {
		if missed(leg) {
			add(leg.Person, leg.StartedAt, true)
		}
	}
	return list
}

// missed reports whether a leg rang a person who did not take the call.
func missed(leg dispatch.Leg) bool {
	outcome := dispatch.AttemptOutcome(leg.Outcome)
	return outcome == dispatch.AttemptNoAnswer || outcome == dispatch.AttemptDeclined
}
