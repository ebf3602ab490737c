package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// sources returns the overlay, nil while passing, and the SQL store, nil when
// there is none. What the overlay is about to tell is durable when it returns:
// nobody may take as done what a power cut could undo.
func (s *Store) sources(ctx context.Context) (Overlay, Inner, error) {
	s.mu.Lock()
	o, in, seq := s.overlay, s.inner, uint64(0)
	if o != nil {
		s.used = true
		seq = s.file.last()
	}
	s.mu.Unlock()
	if o == nil {
		return nil, in, nil
	}
	return o, in, s.settle(ctx, seq)
}

// lookTime bounds a look into a SQL store that takes no changes: it may still
// be read, or not answer at all.
const lookTime = 100 * time.Millisecond

// look reads from a SQL store that is away.
func look[T any](ctx context.Context, in Inner, read func(context.Context, Inner) (T, error)) (T, error) {
	var none T
	if in == nil {
		return none, ErrAway
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lookTime, errBudget)
	defer cancel()
	return read(ctx, in)
}

// first answers from the overlay what it knows, and else from the SQL store.
// When that refuses, the answer is the overlay's: not found.
func first[T any](ctx context.Context, s *Store, read func(context.Context, record) (T, error)) (v T, fromInner bool, err error) {
	o, in, err := s.sources(ctx)
	if err != nil {
		return v, false, err
	}
	if o == nil {
		v, err = read(ctx, in)
		return v, false, err
	}
	v, missing := read(ctx, o)
	if !errors.Is(missing, dispatch.ErrNotFound) {
		return v, false, missing
	}
	v, err = look(ctx, in, func(ctx context.Context, in Inner) (T, error) { return read(ctx, in) })
	if refused(err) {
		return v, false, missing
	}
	return v, true, err
}

type stored struct {
	sig   dispatch.Signal
	taken dispatch.Taken
}

// Signal implements dispatch.Store.
func (s *Store) Signal(ctx context.Context, id dispatch.SignalID) (dispatch.Signal, dispatch.Taken, error) {
	v, _, err := first(ctx, s, func(ctx context.Context, r record) (stored, error) {
		sig, taken, err := r.Signal(ctx, id)
		return stored{sig, taken}, err
	})
	return v.sig, v.taken, err
}

// Load implements dispatch.Store. While away it fails with ErrAway when only
// the SQL store could know the ticket.
func (s *Store) Load(ctx context.Context, id string) (dispatch.Case, error) {
	o, in, err := s.sources(ctx)
	if err != nil {
		return dispatch.Case{}, err
	}
	if o == nil {
		return in.Load(ctx, id)
	}
	c, err := o.Load(ctx, id)
	if !errors.Is(err, dispatch.ErrNotFound) {
		return c, err
	}
	c, err = look(ctx, in, func(ctx context.Context, in Inner) (dispatch.Case, error) { return in.Load(ctx, id) })
	if err == nil {
		o.Seed(dispatch.Board{Cases: []dispatch.Case{c}}) // what is decided on it is judged by the overlay
		return c, nil
	}
	if errors.Is(err, dispatch.ErrNotFound) {
		return c, err
	}
	s.mu.Lock()
	s.seed() // the last resort: the dispatcher's own memory
	s.mu.Unlock()
	if c, known := o.Load(ctx, id); known == nil {
		return c, nil
	}
	return c, fmt.Errorf("%w: %w", ErrAway, err)
}

// Board implements dispatch.Store: what the SQL store tells, if it can be read,
// with what the overlay knows better.
func (s *Store) Board(ctx context.Context) (dispatch.Board, error) {
	o, in, err := s.sources(ctx)
	if err != nil {
		return dispatch.Board{}, err
	}
	if o == nil {
		return in.Board(ctx)
	}
	b, err := o.Board(ctx)
	if err != nil {
		return b, err
	}
	old, err := look(ctx, in, func(ctx context.Context, in Inner) (dispatch.Board, error) { return in.Board(ctx) })
	if err != nil {
		return b, nil //nolint:nilerr // the overlay alone answers for a store that cannot be read
	}
	unknown := dispatch.Board{}
	for _, c := range old.Cases {
		if _, err := o.Load(ctx, c.Ticket.ID); errors.Is(err, dispatch.ErrNotFound) {
			unknown.Cases = append(unknown.Cases, c)
		}
	}
	for _, c := range old.Calls {
		if _, err := o.Call(ctx, c.ID); errors.Is(err, dispatch.ErrNotFound) {
			unknown.Calls = append(unknown.Calls, c)
		}
	}
	o.Seed(unknown)
	return o.Board(ctx)
}

// Tickets implements dispatch.Archive.
func (s *Store) Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error) {
	return merged(ctx, s, f.Limit,
		func(ctx context.Context, r record) ([]ticket.Ticket, error) { return r.Tickets(ctx, f) },
		func(ctx context.Context, o Overlay, t ticket.Ticket) bool {
			_, err := o.Load(ctx, t.ID)
			return err == nil
		},
		func(a, b ticket.Ticket) int {
			return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(b.Number.Seq, a.Number.Seq))
		})
}

// Calls implements dispatch.Archive.
func (s *Store) Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	return merged(ctx, s, f.Limit,
		func(ctx context.Context, r record) ([]dispatch.CallRecord, error) { return r.Calls(ctx, f) },
		func(ctx context.Context, o Overlay, c dispatch.CallRecord) bool {
			_, err := o.Call(ctx, c.ID)
			return err == nil
		},
		func(a, b dispatch.CallRecord) int {
			return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.ID, a.ID))
		})
}

// pageSize is how many rows a list without a limit has, as in the SQL store.
const pageSize = 100

// merged is the overlay's list with those of the SQL store that the overlay
// does not know.
func merged[T any](ctx context.Context, s *Store, limit int, list func(context.Context, record) ([]T, error),
	known func(context.Context, Overlay, T) bool, order func(a, b T) int,
) ([]T, error) {
	o, in, err := s.sources(ctx)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return list(ctx, in)
	}
	all, err := list(ctx, o)
	if err != nil {
		return nil, err
	}
	old, _ := look(ctx, in, func(ctx context.Context, in Inner) ([]T, error) { return list(ctx, in) }) // without it the list is shorter
	for _, v := range old {
		if !known(ctx, o, v) {
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, order)
	if limit <= 0 {
		limit = pageSize
	}
	return all[:min(limit, len(all))], nil
}

// Find implements dispatch.Archive.
func (s *Store) Find(ctx context.Context, number ticket.Number) (ticket.Ticket, error) {
	t, _, err := first(ctx, s, func(ctx context.Context, r record) (ticket.Ticket, error) { return r.Find(ctx, number) })
	return t, err
}

// Call implements dispatch.Archive.
func (s *Store) Call(ctx context.Context, id string) (dispatch.CallRecord, error) {
	c, _, err := first(ctx, s, func(ctx context.Context, r record) (dispatch.CallRecord, error) { return r.Call(ctx, id) })
	return c, err
}

// Events implements dispatch.Archive: the SQL store's log, and behind it what
// the overlay has of the ticket and the log has not got yet. While away it fails
// with ErrAway when only the SQL store has the beginning; what there is comes
// with the error.
func (s *Store) Events(ctx context.Context, ticketID string) ([]ticket.Event, error) {
	o, in, err := s.sources(ctx)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return in.Events(ctx, ticketID)
	}
	log, unread := look(ctx, in, func(ctx context.Context, in Inner) ([]ticket.Event, error) { return in.Events(ctx, ticketID) })
	late, err := o.Events(ctx, ticketID)
	if err != nil {
		return nil, err
	}
	has := map[string]int{}
	for _, e := range log {
		has[sameness(e)]++
	}
	for _, e := range late {
		if k := sameness(e); has[k] > 0 {
			has[k]--
			continue
		}
		e.Seq, e.Prev, e.Hash = len(log)+1, "", "" // set when the line is stored
		log = append(log, e)
	}
	if unread != nil && !begins(log) {
		return log, fmt.Errorf("read the beginning of the log: %w", errors.Join(ErrAway, unread))
	}
	return log, nil
}

// begins reports whether a log has its beginning.
func begins(log []ticket.Event) bool {
	if len(log) == 0 {
		return false
	}
	_, is := log[0].Body.(ticket.Opened)
	return is
}

// sameness tells events apart that two logs may both hold.
func sameness(e ticket.Event) string {
	body, _ := json.Marshal(e.Body) //nolint:errchkjson // it was read from JSON
	return fmt.Sprintf("%d %q %q %s %s", e.At.UnixMicro(), e.By, e.Channel, e.Body.Kind(), body)
}
