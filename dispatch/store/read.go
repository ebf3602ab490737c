package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

type ticketRow struct {
	bun.BaseModel `bun:"table:tickets"`

	Version int64
	State   string
}

type timerRow struct {
	bun.BaseModel `bun:"table:timers"`

	Ticket string
	Kind   string
	DueAt  int64
	Gen    int64
	State  string
}

func (r timerRow) timer() dispatch.Timer {
	t := dispatch.Timer{Ticket: r.Ticket, Kind: dispatch.TimerKind(r.Kind), DueAt: instant(r.DueAt), Gen: r.Gen}
	if r.State != "" {
		t.State = []byte(r.State)
	}
	return t
}

type eventRow struct {
	bun.BaseModel `bun:"table:events"`

	Ticket, Author, Channel, Kind, Body, Prev, Hash, Key string

	Seq int
	At  int64
}

type callRow struct {
	bun.BaseModel `bun:"table:calls"`

	ID, Ticket, Number, Line, DID, Caller, CallerName, Trunk string
	Node, AcceptedBy, Result, Cause, Detail                  string

	StartedAt, AcceptedAt, EndedAt int64
}

func (r callRow) record() (dispatch.CallRecord, error) {
	c := dispatch.CallRecord{
		ID: r.ID, Ref: dispatch.Ref{ID: r.Ticket, Number: r.Number}, Line: r.Line, DID: r.DID, Caller: client.Number(r.Caller),
		CallerName: r.CallerName, Trunk: r.Trunk, Node: r.Node, StartedAt: instant(r.StartedAt), AcceptedAt: instant(r.AcceptedAt),
		AcceptedBy: r.AcceptedBy, EndedAt: instant(r.EndedAt), Result: dispatch.CallResult(r.Result), Cause: r.Cause,
	}
	if err := json.Unmarshal([]byte(r.Detail), &c.Detail); err != nil {
		return c, fmt.Errorf("read detail of call %s: %w", r.ID, err)
	}
	return c, nil
}

// notFound gives the store's own answer to a query without rows.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return dispatch.ErrNotFound
	}
	return err
}

// ask reads beside the caller, who leaves when ctx ends: a question that waits
// for a lock or a dead disk can not be interrupted. No more than Config.Readers
// are left behind.
func ask[T any](ctx context.Context, s *SQL, read func(ctx context.Context, db *bun.DB) (T, error)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	got := make(chan answer, 1)
	go func() {
		v, err := read(ctx, s.read.Load())
		for n := 0; n < s.cfg.Readers && s.cut(err) && ctx.Err() == nil; n++ { // an old connection of the pool
			v, err = read(ctx, s.read.Load())
		}
		got <- answer{v, found(err)}
	}()
	select {
	case a := <-got:
		return a.v, a.err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("wait for the database: %w", context.Cause(ctx))
	}
}

// cut reports that a question broke off with its connection to the server:
// asked again it gets another one.
func (s *SQL) cut(err error) bool {
	if err == nil || s.cfg.URL == "" {
		return false
	}
	const terminated, crashed = "57P01", "57P02"
	code := state(err)
	return code == terminated || code == crashed || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// found answers a question for what no row can hold: nothing is found.
func found(err error) error {
	if state(err) == codeNoText {
		return fmt.Errorf("%w: %w", dispatch.ErrNotFound, err)
	}
	return err
}

type takenSignal struct {
	sig   dispatch.Signal
	taken dispatch.Taken
}

// Signal implements dispatch.Store.
func (s *SQL) Signal(ctx context.Context, id dispatch.SignalID) (dispatch.Signal, dispatch.Taken, error) {
	got, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (takenSignal, error) { return readSignal(ctx, db, id) })
	return got.sig, got.taken, err
}

func readSignal(ctx context.Context, db *bun.DB, id dispatch.SignalID) (takenSignal, error) {
	got := takenSignal{sig: dispatch.Signal{Channel: id.Channel, Key: id.Key}}
	var at int64
	var call string
	err := db.QueryRowContext(ctx, `SELECT at, raw, call, ticket, number, joined FROM signals WHERE channel = ? AND key = ?`,
		string(id.Channel), asText(id.Key)).Scan(&at, &got.sig.Raw, &call, &got.taken.Ticket, &got.taken.Number, &got.taken.Joined)
	if err != nil {
		return got, notFound(err)
	}
	got.sig.At = instant(at)
	if call != "" {
		got.sig.Call = &dispatch.CallSignal{}
		if err := json.Unmarshal([]byte(call), got.sig.Call); err != nil {
			return got, fmt.Errorf("read stored call signal: %w", err)
		}
	}
	return got, nil
}

// Load implements dispatch.Store.
func (s *SQL) Load(ctx context.Context, id string) (dispatch.Case, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (dispatch.Case, error) { return readCase(ctx, db, asText(id)) })
}

func readCase(ctx context.Context, db *bun.DB, id string) (dispatch.Case, error) {
	var row ticketRow
	var timers []timerRow
	err := db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model(&timers).Where("ticket = ?", id).Scan(ctx)
	})
	if err != nil {
		return dispatch.Case{}, notFound(err)
	}
	t, err := decodeTicket(row.State, row.Version)
	c := dispatch.Case{Ticket: t}
	for _, r := range timers {
		c.Timers = append(c.Timers, r.timer())
	}
	return c, err
}

// Board implements dispatch.Store.
func (s *SQL) Board(ctx context.Context) (dispatch.Board, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (dispatch.Board, error) { return readBoard(ctx, db) })
}

func readBoard(ctx context.Context, db *bun.DB) (dispatch.Board, error) {
	var b dispatch.Board
	var rows []ticketRow
	var timers []timerRow
	var calls []callRow
	err := db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Model(&rows).Where("is_open = 1").Order("opened_at").Scan(ctx); err != nil {
			return err
		}
		if err := tx.NewSelect().Model(&timers).Scan(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model(&calls).Where("ended_at = 0").Order("started_at").Scan(ctx)
	})
	if err != nil {
		return b, err
	}
	byTicket := map[string][]dispatch.Timer{}
	for _, r := range timers {
		byTicket[r.Ticket] = append(byTicket[r.Ticket], r.timer())
	}
	for _, r := range rows {
		t, err := decodeTicket(r.State, r.Version)
		if err != nil {
			return b, err
		}
		b.Cases = append(b.Cases, dispatch.Case{Ticket: t, Timers: byTicket[t.ID]})
	}
	b.Calls, err = records(calls)
	return b, err
}

func records(rows []callRow) ([]dispatch.CallRecord, error) {
	list := make([]dispatch.CallRecord, 0, len(rows))
	for _, r := range rows {
		c, err := r.record()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// pageSize is how many rows a query without a limit returns.
const pageSize = 100

func limit(n int) int64 {
	if n <= 0 {
		return pageSize
	}
	return int64(n)
}

// Tickets implements dispatch.Archive.
func (s *SQL) Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]ticket.Ticket, error) { return readTickets(ctx, db, f) })
}

func readTickets(ctx context.Context, db *bun.DB, f dispatch.TicketFilter) ([]ticket.Ticket, error) {
	var rows []ticketRow
	q := db.NewSelect().Model(&rows).Order("opened_at DESC", "seq DESC").Limit(limit(f.Limit))
	if f.OpenOnly {
		q = q.Where("is_open = 1")
	}
	if f.Stage != nil {
		q = q.Where("stage = ?", f.Stage.String())
	}
	if f.Org != "" {
		q = q.Where("org = ?", f.Org)
	}
	if !f.Before.IsZero() {
		q = q.Where("opened_at < ?", micros(f.Before))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	list := make([]ticket.Ticket, 0, len(rows))
	for _, r := range rows {
		t, err := decodeTicket(r.State, r.Version)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// Find implements dispatch.Archive.
func (s *SQL) Find(ctx context.Context, number ticket.Number) (ticket.Ticket, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (ticket.Ticket, error) { return findTicket(ctx, db, number) })
}

func findTicket(ctx context.Context, db *bun.DB, number ticket.Number) (ticket.Ticket, error) {
	var row ticketRow
	err := db.NewSelect().Model(&row).Where("year = ?", number.Year).Where("seq = ?", number.Seq).Scan(ctx)
	if err != nil {
		return ticket.Ticket{}, notFound(err)
	}
	return decodeTicket(row.State, row.Version)
}

// Events implements dispatch.Archive.
func (s *SQL) Events(ctx context.Context, ticketID string) ([]ticket.Event, error) {
	h, err := s.history(ctx, ticketID)
	return h.events, err
}

// Verify checks the hash chain of a ticket's log.
func (s *SQL) Verify(ctx context.Context, ticketID string) error {
	h, err := s.history(ctx, ticketID)
	if err != nil {
		return err
	}
	reseals, err := s.reseals(ctx)
	if err != nil {
		return err
	}
	return verifyLog(h, reseals)
}

// history is a ticket's log with the stored bytes of the bodies.
type history struct {
	events []ticket.Event
	bodies [][]byte
}

func (s *SQL) history(ctx context.Context, ticketID string) (history, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (history, error) { return readHistory(ctx, db, asText(ticketID)) })
}

func readHistory(ctx context.Context, db *bun.DB, ticketID string) (history, error) {
	var rows []eventRow
	if err := db.NewSelect().Model(&rows).Where("ticket = ?", ticketID).Order("seq").Scan(ctx); err != nil {
		return history{}, fmt.Errorf("read log of ticket %s: %w", ticketID, err)
	}
	h := history{make([]ticket.Event, 0, len(rows)), make([][]byte, 0, len(rows))}
	for _, r := range rows {
		body, err := ticket.DecodeBody(ticket.Kind(r.Kind), []byte(r.Body))
		if err != nil {
			return history{}, fmt.Errorf("ticket %s, event %d: %w", ticketID, r.Seq, err)
		}
		h.events = append(h.events, ticket.Event{
			Ticket: r.Ticket, Seq: r.Seq, At: instant(r.At), By: r.Author, Channel: r.Channel, Key: r.Key,
			Body: body, Prev: r.Prev, Hash: r.Hash,
		})
		h.bodies = append(h.bodies, []byte(r.Body))
	}
	return h, nil
}

// Calls implements dispatch.Archive.
func (s *SQL) Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]dispatch.CallRecord, error) { return readCalls(ctx, db, f) })
}

func readCalls(ctx context.Context, db *bun.DB, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	var rows []callRow
	q := db.NewSelect().Model(&rows).Order("started_at DESC", "id DESC").Limit(limit(f.Limit))
	if f.Ticket != "" {
		q = q.Where("ticket = ?", f.Ticket)
	}
	if f.Result != "" {
		q = q.Where("result = ?", string(f.Result))
	}
	if !f.Before.IsZero() {
		q = q.Where("started_at < ?", micros(f.Before))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	return records(rows)
}

// Call implements dispatch.Archive.
func (s *SQL) Call(ctx context.Context, id string) (dispatch.CallRecord, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (dispatch.CallRecord, error) {
		return readCall(ctx, db, asText(id))
	})
}

func readCall(ctx context.Context, db *bun.DB, id string) (dispatch.CallRecord, error) {
	var row callRow
	if err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return dispatch.CallRecord{}, fmt.Errorf("find call %s: %w", id, notFound(err))
	}
	return row.record()
}
