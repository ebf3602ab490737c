package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var (
	_ dispatch.Store    = (*Memory)(nil)
	_ dispatch.Releaser = (*Memory)(nil)
	_ dispatch.Archive  = (*Memory)(nil)
	_ dispatch.Queue    = (*Memory)(nil)

	_ dispatch.Arbiter     = (*Memory)(nil)
	_ dispatch.Nodes       = (*Memory)(nil)
	_ dispatch.Definitions = (*Memory)(nil)
	_ dispatch.Numbered    = (*Memory)(nil)
	_ dispatch.Phones      = (*Memory)(nil)

	_ dispatch.Rotas  = (*Memory)(nil)
	_ dispatch.Tokens = (*Memory)(nil)
	_ dispatch.Care   = (*Memory)(nil)

	_ dispatch.Papers      = (*Memory)(nil)
	_ dispatch.SealKeys    = (*Memory)(nil)
	_ dispatch.Attachments = (*Memory)(nil)

	_ dispatch.Sends       = (*Memory)(nil)
	_ dispatch.DeadLetters = (*Memory)(nil)
)

// Memory is the twin of SQLite for tests: the same behaviour, nothing kept. It
// has no goroutines and works inside a synctest bubble. Fail, when set, makes
// every method return its error: the database is down.
type Memory struct {
	mu   sync.Mutex
	fail error // guarded by mu
	db   tables
}

// tables are the data of a Memory. A commit changes them in place and notes
// how to take each step back.
type tables struct {
	undo     []func() // of the commit that runs
	changes  map[string]int64
	signals  map[dispatch.SignalID]signalRec
	tickets  map[string]ticket.Ticket
	events   map[string][]ticket.Event
	calls    map[string]dispatch.CallRecord
	timers   map[dispatch.TimerKey]timerRec
	outbox   map[string]noticeRec
	counters map[int]uint32

	numbers map[ticket.Number]string // whose each number is
	parties map[string]string        // the open ticket of each party

	seats       map[string]seat
	epoch       uint64
	nodes       map[string]nodeRec
	definitions map[string]bool // hashes that were in force
	inForce     *definitionRec  // nil = none
	phones      map[string]dispatch.PhoneAccount

	rota   rotaTables
	tokens map[string]dispatch.Token // by hash
	turns  map[turnKey]dispatch.Confirmation
	proofs map[proofKey]dispatch.Proof
	audit  []dispatch.AuditEntry // oldest first
	sends  map[sendKey]dispatch.Send
	places map[string]dispatch.Place // by name
	papers papers
	texts  textTables
}

// put sets a value of a table for the commit that runs.
func put[K comparable, V any](db *tables, table map[K]V, k K, v V) {
	old, had := table[k]
	db.undo = append(db.undo, func() {
		if had {
			table[k] = old
		} else {
			delete(table, k)
		}
	})
	table[k] = v
}

// drop removes a value of a table for the commit that runs.
func drop[K comparable, V any](db *tables, table map[K]V, k K) {
	if old, had := table[k]; had {
		db.undo = append(db.undo, func() { table[k] = old })
		delete(table, k)
	}
}

type signalRec struct {
	sig     dispatch.Signal
	taken   dispatch.Taken
	due     time.Time // zero = not again
	tries   int
	fault   string
	settled string
}

type timerRec struct {
	timer dispatch.Timer
	lease time.Time
}

type noticeRec struct {
	notice     dispatch.Notice
	due, lease time.Time
	attempts   int
	order      int
	done       bool
	result     dispatch.Result
	deliveries []dispatch.Delivery
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{db: tables{
		signals: map[dispatch.SignalID]signalRec{}, tickets: map[string]ticket.Ticket{}, events: map[string][]ticket.Event{},
		calls: map[string]dispatch.CallRecord{}, timers: map[dispatch.TimerKey]timerRec{}, outbox: map[string]noticeRec{},
		counters: map[int]uint32{}, changes: map[string]int64{}, numbers: map[ticket.Number]string{}, parties: map[string]string{},
		seats: map[string]seat{}, nodes: map[string]nodeRec{}, definitions: map[string]bool{}, phones: map[string]dispatch.PhoneAccount{},
		tokens: map[string]dispatch.Token{}, turns: map[turnKey]dispatch.Confirmation{}, proofs: map[proofKey]dispatch.Proof{},
		sends: map[sendKey]dispatch.Send{}, places: map[string]dispatch.Place{}, papers: newPapers(),
	}}
}

// Fail makes every method return err until it is called with nil.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// enter locks the store and refuses work on behalf of nobody.
func (m *Memory) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.Lock()
	if m.fail != nil {
		defer m.mu.Unlock()
		return nil, m.fail
	}
	return m.mu.Unlock, nil
}

// Commit implements dispatch.Store.
func (m *Memory) Commit(ctx context.Context, c dispatch.Change) error {
	e, err := encode(c)
	if err != nil {
		return err
	}
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return m.carryOut(e)
}

// CommitAll stores the changes in their order, all of them or none.
func (m *Memory) CommitAll(ctx context.Context, list []dispatch.Change) error {
	all := make([]*encoded, len(list))
	for i, c := range list {
		var err error
		if all[i], err = encode(c); err != nil {
			return err
		}
	}
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return m.carryOut(all...)
}

// carryOut applies all of it or nothing; mu is held.
func (m *Memory) carryOut(all ...*encoded) error {
	m.db.undo = m.db.undo[:0]
	for _, e := range all {
		e.at = micros(time.Now())
		if err := m.db.apply(e); err != nil {
			for _, back := range slices.Backward(m.db.undo) {
				back()
			}
			return err
		}
	}
	return nil
}

func (db *tables) apply(e *encoded) error {
	for _, step := range []func(*encoded) error{db.change, db.signal, db.ticket, db.log, db.callRecords, db.timer, db.notices} {
		if err := step(e); err != nil {
			return err
		}
	}
	return nil
}

func (db *tables) change(e *encoded) error {
	if e.ID == "" {
		return nil
	}
	if _, known := db.changes[e.ID]; known {
		return dispatch.ErrRepeated
	}
	put(db, db.changes, e.ID, e.at)
	return nil
}

func (db *tables) signal(e *encoded) error {
	if e.Signal == nil {
		return nil
	}
	old, known := db.signals[e.Signal.ID()]
	switch {
	case !known:
		sig := *e.Signal
		sig.At = instant(micros(sig.At))
		put(db, db.signals, sig.ID(), signalRec{sig: sig, taken: e.Taken, due: instant(micros(e.signalDue()))})
	case old.taken.Ticket == "" && e.Taken.Ticket != "":
		old.taken, old.due, old.fault, old.settled = e.Taken, time.Time{}, "", ""
		put(db, db.signals, e.Signal.ID(), old)
	default:
		return &dispatch.RepeatedError{Taken: old.taken}
	}
	return nil
}

func (db *tables) ticket(e *encoded) error {
	if t, known := db.tickets[e.Open]; e.Open != "" && (!known || !t.Open()) {
		return dispatch.ErrConflict
	}
	if e.Ticket != nil {
		if err := db.row(dispatch.Row{Ticket: *e.Ticket, Was: e.Was}, e.state); err != nil {
			return err
		}
	}
	for i, r := range e.Also {
		if err := db.row(r, e.also[i]); err != nil {
			return err
		}
	}
	return nil
}

// row inserts a ticket or moves it on from the version it was.
func (db *tables) row(r dispatch.Row, state []byte) error {
	old, known := db.tickets[r.Ticket.ID]
	if known != (r.Was > 0) || old.Version != r.Was {
		return dispatch.ErrConflict
	}
	if id, taken := db.numbers[r.Ticket.Number]; taken && id != r.Ticket.ID {
		return dispatch.ErrConflict
	}
	if id, taken := db.parties[r.Ticket.Party]; taken && r.Ticket.Open() && id != r.Ticket.ID {
		return dispatch.ErrConflict
	}
	t, err := decodeTicket(string(state), r.Ticket.Version)
	if err != nil {
		return err
	}
	db.place(t)
	return nil
}

// place stores a ticket and what finds it. A party that another ticket has
// stays with it: a commit has seen to that before, a seed yields.
func (db *tables) place(t ticket.Ticket) {
	if old, known := db.tickets[t.ID]; known && db.parties[old.Party] == t.ID {
		drop(db, db.parties, old.Party)
	}
	if _, taken := db.parties[t.Party]; t.Open() && t.Party != "" && !taken {
		put(db, db.parties, t.Party, t.ID)
	}
	put(db, db.numbers, t.Number, t.ID)
	put(db, db.tickets, t.ID, t)
}

func (db *tables) log(e *encoded) error {
	for i, ev := range e.Events {
		log := db.events[ev.Ticket]
		if ev.Key != "" && slices.ContainsFunc(log, func(o ticket.Event) bool { return o.Key == ev.Key }) {
			return dispatch.ErrRepeated
		}
		prev := ""
		if len(log) > 0 {
			prev = log[len(log)-1].Hash
		}
		ev.At = instant(micros(ev.At))
		put(db, db.events, ev.Ticket, append(slices.Clip(log), ticket.Chain(ev, e.bodies[i], len(log)+1, prev)))
	}
	return nil
}

func (db *tables) callRecords(e *encoded) error {
	for i, c := range e.Calls {
		var detail dispatch.CallDetail
		if err := json.Unmarshal(e.details[i], &detail); err != nil {
			return fmt.Errorf("read call detail: %w", err)
		}
		old, known := db.calls[c.ID]
		if !known {
			c.Detail = detail
			c.StartedAt, c.AcceptedAt, c.EndedAt = instant(micros(c.StartedAt)), instant(micros(c.AcceptedAt)), instant(micros(c.EndedAt))
			put(db, db.calls, c.ID, c)
			continue
		}
		if !old.EndedAt.IsZero() {
			continue
		}
		if !c.AcceptedAt.IsZero() {
			old.AcceptedAt = instant(micros(c.AcceptedAt))
		}
		if c.AcceptedBy != "" {
			old.AcceptedBy = c.AcceptedBy
		}
		old.EndedAt, old.Result, old.Cause, old.Detail = instant(micros(c.EndedAt)), c.Result, c.Cause, detail
		put(db, db.calls, c.ID, old)
	}
	return nil
}

func (db *tables) timer(e *encoded) error {
	for _, k := range e.Drop {
		drop(db, db.timers, k)
	}
	for _, t := range e.Timers {
		k := dispatch.TimerKey{Ticket: t.Ticket, Kind: t.Kind}
		old, known := db.timers[k]
		if known != (t.Gen > 1) || old.timer.Gen != t.Gen-1 {
			return dispatch.ErrConflict
		}
		t.DueAt = instant(micros(t.DueAt))
		put(db, db.timers, k, timerRec{timer: t})
	}
	return nil
}

func (db *tables) notices(e *encoded) error {
	for i, n := range e.Notices {
		if _, known := db.outbox[n.ID]; known {
			continue
		}
		var stored dispatch.Notice
		if err := json.Unmarshal(e.notices[i], &stored); err != nil {
			return fmt.Errorf("read notice: %w", err)
		}
		put(db, db.outbox, n.ID, noticeRec{notice: stored, due: instant(micros(n.DueAt)), order: len(db.outbox)})
	}
	d := e.Delivery
	if d == nil {
		return nil
	}
	r, known := db.outbox[d.Notice.ID]
	if !known || r.done {
		return nil
	}
	if d.Result == dispatch.ResultPostponed {
		r.lease, r.due, r.attempts = time.Time{}, instant(micros(d.RetryAt)), r.attempts-1
		put(db, db.outbox, d.Notice.ID, r)
		return nil
	}
	r.deliveries = append(slices.Clip(r.deliveries), *d)
	r.lease, r.result, r.done = time.Time{}, d.Result, d.Final
	if !d.Final {
		r.due = instant(micros(d.RetryAt))
	}
	put(db, db.outbox, d.Notice.ID, r)
	return nil
}

// Reserve implements dispatch.Store.
func (m *Memory) Reserve(ctx context.Context, year, n int) (uint32, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	first := m.db.counters[year] + 1
	m.db.counters[year] += uint32(n)
	return first, nil
}

// Release implements dispatch.Releaser.
func (m *Memory) Release(ctx context.Context, year int, first, end uint32) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if m.db.counters[year] == end-1 {
		m.db.counters[year] = first - 1
	}
	return nil
}
