package journal

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func (s *Store) Commit(ctx context.Context, c dispatch.Change) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.Commit(ctx, c)
}

func (s *Store) Signal(ctx context.Context, id dispatch.SignalID) (dispatch.Signal, dispatch.Taken, error) {
	in, err := s.attached()
	if err != nil {
		return dispatch.Signal{}, dispatch.Taken{}, err
	}
	return in.Signal(ctx, id)
}

func (s *Store) Load(ctx context.Context, id string) (dispatch.Case, error) {
	in, err := s.attached()
	if err != nil {
		return dispatch.Case{}, err
	}
	return in.Load(ctx, id)
}

func (s *Store) Board(ctx context.Context) (dispatch.Board, error) {
	in, err := s.attached()
	if err != nil {
		return dispatch.Board{}, err
	}
	return in.Board(ctx)
}

func (s *Store) Reserve(ctx context.Context, year, n int) (uint32, error) {
	in, err := s.attached()
	if err != nil {
		return 0, err
	}
	return in.Reserve(ctx, year, n)
}

func (s *Store) Release(ctx context.Context, year int, first, end uint32) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.Release(ctx, year, first, end)
}

func (s *Store) Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error) {
	in, err := s.attached()
	if err != nil {
		return nil, err
	}
	return in.Tickets(ctx, f)
}

func (s *Store) Find(ctx context.Context, number ticket.Number) (ticket.Ticket, error) {
	in, err := s.attached()
	if err != nil {
		return ticket.Ticket{}, err
	}
	return in.Find(ctx, number)
}

func (s *Store) Events(ctx context.Context, id string) ([]ticket.Event, error) {
	in, err := s.attached()
	if err != nil {
		return nil, err
	}
	return in.Events(ctx, id)
}

func (s *Store) Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	in, err := s.attached()
	if err != nil {
		return nil, err
	}
	return in.Calls(ctx, f)
}

func (s *Store) Call(ctx context.Context, id string) (dispatch.CallRecord, error) {
	in, err := s.attached()
	if err != nil {
		return dispatch.CallRecord{}, err
	}
	return in.Call(ctx, id)
}

func (s *Store) ClaimNotices(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) ([]dispatch.Notice, error) {
	in, err := s.attached()
	if err != nil {
		return nil, err
	}
	return in.ClaimNotices(ctx, kind, now, lease, limit)
}

func (s *Store) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error) {
	in, err := s.attached()
	if err != nil {
		return nil, err
	}
	return in.ClaimTimers(ctx, now, lease, limit)
}

func (s *Store) NextNotice(ctx context.Context, kind dispatch.NoticeKind) (time.Time, error) {
	in, err := s.attached()
	if err != nil {
		return time.Time{}, err
	}
	return in.NextNotice(ctx, kind)
}

func (s *Store) NextTimer(ctx context.Context) (time.Time, error) {
	in, err := s.attached()
	if err != nil {
		return time.Time{}, err
	}
	return in.NextTimer(ctx)
}

func (s *Store) LastNumber(ctx context.Context, year int, first, end uint32) (uint32, error) {
	in, err := s.attached()
	if err != nil {
		return 0, err
	}
	return in.LastNumber(ctx, year, first, end)
}

func (s *Store) Keep(context.Context, []dispatch.Block) error { return nil }
func (s *Store) Kept() []dispatch.Block                       { return nil }
