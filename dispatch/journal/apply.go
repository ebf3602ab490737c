package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// maxRebases bounds how often a change is decided anew on a ticket that others
// change at the same time.
const maxRebases = 8

// apply brings one change to the SQL store. nil means that it has it, or
// never will and its remains are kept; an error is the store's refusal.
func (s *Store) apply(ctx context.Context, in Inner, e *entry) error {
	c, id := s.due(e.change), ticketOf(e.change)
	to, rebase := s.standsFor(id)
	for try := 0; ; try++ {
		next := c
		if rebase {
			var err error
			if next, err = s.rebased(ctx, in, c, id, to, try); errors.Is(err, dispatch.ErrRepeated) {
				return nil
			} else if errors.Is(err, dispatch.ErrNotFound) || errors.Is(err, errUnfit) {
				s.aside(ctx, in, e, err)
				return nil
			} else if err != nil {
				return err
			}
		}
		err := in.Commit(ctx, next)
		repeat, taken := errors.AsType[*dispatch.RepeatedError](err)
		switch {
		case err == nil:
			return nil
		case taken:
			return s.repeated(ctx, in, c, repeat.Taken)
		case errors.Is(err, dispatch.ErrRepeated):
			s.touch(id, to) // of what came before, some may be stored in another form
			return s.rest(ctx, in, c)
		case errors.Is(err, dispatch.ErrConflict) && try < maxRebases:
			rebase = true
			s.touch(id, to)
			s.metrics.rebased()
		case !refused(err):
			s.aside(ctx, in, e, err)
			return nil
		default:
			return err
		}
	}
}

// errUnfit says that a change makes no sense on the stored ticket. That is the
// change's own fault.
var errUnfit = errors.New("the change does not fit the ticket")

// rebased is the change as it fits the stored ticket.
func (s *Store) rebased(ctx context.Context, in Inner, c dispatch.Change, id string, to dispatch.Ref, try int) (dispatch.Change, error) {
	if to.ID != id {
		c = dispatch.Redirect(c, id, to)
	}
	stored, err := in.Load(ctx, to.ID)
	if err != nil && !errors.Is(err, dispatch.ErrNotFound) {
		return c, err
	}
	if c.Ticket == nil && c.Open == "" && len(c.Events)+len(c.Timers)+len(c.Drop) == 0 {
		return c, nil // a raw signal, a delivery: nothing of the ticket
	}
	next, err := dispatch.Rebase(stored, c)
	if _, illegal := errors.AsType[*ticket.IllegalError](err); illegal {
		next, err = dispatch.Rebase(stored, dispatch.Refused(stored, c))
	}
	if err != nil && refused(err) {
		return next, fmt.Errorf("%w: %w", errUnfit, err)
	}
	const others = 2 // without its party only the number can be in the way
	if err == nil && next.Ticket != nil && next.Was == 0 && try > others {
		first, fault := in.Reserve(ctx, century+next.Ticket.Number.Year, 1)
		if fault != nil {
			return next, fault
		}
		s.log.Error("a ticket's number is another ticket's; it gets a new one", "ticket", next.Ticket.Number.String())
		next = dispatch.Renumber(next, ticket.Number{Year: next.Ticket.Number.Year, Seq: first})
	}
	return next, err
}

// century completes the two digits of a ticket's year.
const century = 2000

// repeated handles a change whose signal is stored already: by its own first
// try, or by another one, whose ticket then stands for this one.
func (s *Store) repeated(ctx context.Context, in Inner, c dispatch.Change, taken dispatch.Taken) error {
	if c.Ticket == nil || c.Was > 0 || taken.Ticket == "" || taken.Ticket == c.Ticket.ID {
		if id := ticketOf(c); id != "" {
			s.touch(id, dispatch.Ref{ID: id})
		}
		return nil
	}
	note := dispatch.Remark(c.ID+"/merged", taken.Ticket, fmt.Sprintf("Announced as %s, too, while the record was away.", c.Ticket.Number), s.now())
	if err := in.Commit(ctx, note); refused(err) {
		return err
	}
	s.touch(c.Ticket.ID, dispatch.Ref{ID: taken.Ticket, Number: taken.Number})
	return nil
}

// rest settles the delivery of a change whose facts are stored already.
func (s *Store) rest(ctx context.Context, in Inner, c dispatch.Change) error {
	if c.Delivery == nil {
		return nil
	}
	if err := in.Commit(ctx, dispatch.Change{ID: c.ID + "/delivery", Delivery: c.Delivery}); refused(err) {
		return err
	}
	return nil
}

// standsFor returns which ticket of the SQL store stands for the overlay's, and
// whether it differs from it.
func (s *Store) standsFor(id string) (dispatch.Ref, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to, ok := s.touched[id]; ok {
		return to, true
	}
	return dispatch.Ref{ID: id}, false
}

// touch notes that the stored ticket is not what the overlay had: later changes
// of it are decided anew.
func (s *Store) touch(id string, to dispatch.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != "" {
		s.touched[id] = to
	}
}

// due puts off the notices that are settled or under way already, so that no
// other node delivers them before their own record has been brought.
func (s *Store) due(c dispatch.Change) dispatch.Change {
	if len(c.Notices) == 0 {
		return c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	soon := s.now().Add(settleTime)
	c.Notices = append([]dispatch.Notice(nil), c.Notices...)
	for i, n := range c.Notices {
		o, open := s.notices[n.ID]
		switch {
		case n.Kind == dispatch.NoticeEvent:
		case !open:
			c.Notices[i].DueAt = soon
		case o.lease.After(n.DueAt):
			c.Notices[i].DueAt = o.lease
		}
	}
	return c
}

// settleTime is how long the record of a delivery may come behind its notice.
const settleTime = time.Minute

// aside keeps a change that can never be applied: in the .rejected file, in the
// log, and in the log of its ticket when there is one.
func (s *Store) aside(ctx context.Context, in Inner, e *entry, why error) {
	body, err := encode(e.change, e.at)
	to, _ := s.standsFor(ticketOf(e.change))
	ctx = context.WithoutCancel(ctx) // another lane's refusal does not take the note away
	s.reject(body, to.ID, errors.Join(why, err))
	if _, err := in.Load(ctx, to.ID); err != nil {
		return // it has no ticket, and stands in the .rejected file
	}
	note := dispatch.Remark(e.change.ID+"/rejected", to.ID, fmt.Sprintf("A change from the time the record was away could not be applied: %v", why), s.now())
	if err := in.Commit(ctx, note); err != nil && !errors.Is(err, dispatch.ErrRepeated) {
		s.log.Error("the ticket's log could not be told of a change that was set aside", "ticket", to.ID, "err", err)
	}
}

// reject writes a change into the .rejected file and the log.
func (s *Store) reject(body []byte, ticketID string, why error) {
	s.rejected.Add(1)
	s.log.Error("a change from the journal could not be applied; it is kept in the .rejected file", "ticket", ticketID, "err", why)
	f, err := os.OpenFile(s.cfg.Path+".rejected", os.O_APPEND|os.O_CREATE|os.O_WRONLY, private)
	if err == nil {
		_, err = fmt.Fprintf(f, "{\"why\":%q,\"change\":%s}\n", why.Error(), body) // in one write: several may come at once
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		s.log.Error("the .rejected file could not be written", "err", err)
	}
}
