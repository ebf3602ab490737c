package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticker"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// A desk is the dispatcher with the real journal and the real store, as a
// process of its own that can be killed and frozen. It reads one JSON line for
// each thing that it is asked, and writes one for each answer, and for each
// page that goes out.

// deskSpec says what a desk stands on.
type deskSpec struct {
	Desk   bool   `json:"desk"` // tells it from other workers
	Place  string `json:"place"`
	Data   string `json:"data"`
	Node   string `json:"node,omitempty"` // name among several; empty = it is alone
	Paging bool   `json:"paging,omitempty"`
}

// The things that a desk is asked.
const (
	askSignal = "signal" // receive and take in
	askDrop   = "drop"   // receive only: somebody else must take it in
	askOpen   = "open"   // a ticket by hand: signals of one source make one ticket when they come in a storm
	askNote   = "note"
	askTake   = "take" // acknowledge
	askRead   = "read"
	askReady  = "ready" // everything is on record
)

// asked is one request.
type asked struct {
	ID     int    `json:"id"`
	Do     string `json:"do"`
	Key    string `json:"key,omitempty"`
	Ticket string `json:"ticket,omitempty"`
	By     string `json:"by,omitempty"`
}

// told is one answer, or a page that went out (Page is not empty).
type told struct {
	ID     int      `json:"id,omitempty"`
	Err    string   `json:"err,omitempty"`
	Holder string   `json:"holder,omitempty"` // somebody has it: who
	Ticket string   `json:"ticket,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	Page   string   `json:"page,omitempty"` // id of the notice
	Try    int      `json:"try,omitempty"`
	At     int64    `json:"at,omitempty"` // µs
}

// drillChannel brings the signals of the drill.
const drillChannel dispatch.Channel = "drill"

// deskWorker is one desk, until its input ends.
type deskWorker struct {
	spec    deskSpec
	journal *journal.Store
	d       *dispatch.Dispatcher
	log     *slog.Logger

	mu  sync.Mutex
	out *json.Encoder // guarded by mu
}

func (w *deskWorker) say(t told) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.out.Encode(t) // a parent that is gone leaves nobody to tell
}

func serveDesk(ctx context.Context, spec deskSpec, in io.Reader, out io.Writer) (err error) {
	w := &deskWorker{spec: spec, out: json.NewEncoder(out), log: slog.New(slog.DiscardHandler)}
	if spec.Node != "" { // which of several did what
		w.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})).With("node", spec.Node)
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer func() {
		cancel()
		running.Wait()
		if w.journal != nil {
			err = errors.Join(err, w.journal.Close())
		}
	}()
	db, err := w.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = db.Run(ctx) })
	running.Go(func() { _ = w.journal.Run(ctx) })
	if err := w.start(ctx, &running); err != nil {
		return err
	}
	w.say(told{})
	var work sync.WaitGroup
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var a asked
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return err
		}
		work.Go(func() { w.say(w.answer(ctx, a)) })
	}
	work.Wait()
	return nil
}

// open opens the journal and the record behind it.
func (w *deskWorker) open(ctx context.Context) (*store.SQL, error) {
	jc := journal.Default()
	jc.Path = filepath.Join(w.spec.Data, "journal")
	j, err := journal.Open(jc, journal.Deps{ //nolint:contextcheck // an overlay waits for nobody
		Overlay: func() journal.Overlay { return store.NewMemory() },
		Board: func() dispatch.Board {
			if w.d == nil {
				return dispatch.Board{}
			}
			return w.d.BoardNow()
		},
		Healed: func(ctx context.Context) error { return w.d.Resync(ctx) },
		Shared: w.spec.Node != "",
		Log:    w.log,
	})
	if err != nil {
		return nil, err
	}
	w.journal = j
	cfg := store.At(w.spec.Place)
	cfg.Exclusive, cfg.Node = w.spec.Node == "", w.spec.Node
	db, err := store.Open(ctx, cfg, store.Deps{Log: w.log})
	if err != nil {
		return nil, err
	}
	j.Attach(db)
	return db, nil
}

// start makes the dispatcher and its workers.
func (w *deskWorker) start(ctx context.Context, running *sync.WaitGroup) error {
	s, err := dispatch.NewSnapshot(company())
	if err != nil {
		return err
	}
	deps := dispatch.Deps{Store: w.journal, Archive: w.journal, Signals: w.journal, Directory: dispatch.NewDirectory(s), Node: w.spec.Node, Log: w.log}
	if w.spec.Node != "" {
		deps.Nodes = w.journal
	}
	if w.d, err = dispatch.New(dispatch.Default(), deps); err != nil {
		return err
	}
	w.d.Register(drillChannel, dispatch.Decoding{Decode: func(sig dispatch.Signal) (dispatch.MessageSignal, error) {
		return dispatch.MessageSignal{
			From: ticket.Contact{Channel: string(drillChannel), Address: sig.Key}, Text: string(sig.Raw), Priority: ticket.Critical,
		}, nil
	}})
	if w.spec.Paging {
		if err := w.page(ctx, running); err != nil {
			return err
		}
	}
	if err := w.d.Start(ctx); err != nil {
		return err
	}
	running.Go(func() { _ = w.d.Run(ctx) })
	return nil
}

// page makes what sends pages, without limits: to a phone that tells of each and that nobody answers.
func (w *deskWorker) page(ctx context.Context, running *sync.WaitGroup) error {
	box, err := outbox.New(outbox.Default(), outbox.Deps{
		Source: w.journal, Desk: w.d, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: w}, Log: w.log,
	})
	if err != nil {
		return err
	}
	ticks, err := ticker.New(ticker.Default(), w.journal, w.d, w.log)
	if err != nil {
		return err
	}
	w.d.SetWaker(dispatch.Workers{Outbox: box, Ticker: ticks})
	running.Go(func() { _ = box.Run(ctx) })
	running.Go(func() { _ = ticks.Run(ctx) })
	return nil
}

// Notify implements dispatch.Notifier.
func (w *deskWorker) Notify(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
	w.say(told{Page: n.ID, Try: n.Attempt, Ticket: n.Ref.ID, At: time.Now().UnixMicro()})
	return dispatch.ResultNoAnswer, nil
}

// answer does one thing. What it says without Err is acknowledged.
func (w *deskWorker) answer(ctx context.Context, a asked) told {
	t := told{ID: a.ID}
	err := w.do(ctx, a, &t)
	if taken, held := errors.AsType[*dispatch.TakenError](err); held {
		t.Holder, err = taken.Name, nil
	}
	if err != nil {
		t.Err = err.Error()
	}
	return t
}

func (w *deskWorker) do(ctx context.Context, a asked, t *told) error {
	ref := dispatch.Ref{ID: a.Ticket}
	by := dispatch.Author{Person: a.By, Channel: dispatch.ChannelCLI, Key: a.Key}
	switch a.Do {
	case askSignal, askDrop:
		id, err := w.d.Receive(ctx, dispatch.Signal{Channel: drillChannel, Key: a.Key, At: time.Now(), Raw: []byte("server down: " + a.Key)})
		if err != nil || a.Do == askDrop {
			return err
		}
		opened, err := w.d.Intake(ctx, id)
		t.Ticket = opened.ID
		return err
	case askOpen:
		opened, err := w.d.Open(ctx, by, dispatch.NewTicket{Class: ticket.Incident, Priority: ticket.Critical, Text: a.Key})
		t.Ticket = opened.ID
		return err
	case askNote:
		return w.d.Note(ctx, ref, by, ticket.Noted{Text: a.Key})
	case askTake:
		if err := w.d.Amend(ctx, ref, by, ticket.Acknowledged{How: "drill"}); err != nil {
			return err
		}
		t.Holder = a.By
		return nil
	case askRead:
		before := w.journal.Status().State
		log, err := w.d.Events(ctx, ref)
		t.Notes, t.Holder = notesOf(log)
		if before != journal.Passing || w.journal.Status().State != journal.Passing {
			err = errors.Join(err, errPartial)
		}
		return err
	case askReady:
		if n := w.journal.Status().Pending; n > 0 {
			return fmt.Errorf("%d changes wait in the journal", n)
		}
		waiting, err := w.d.ListSignals(ctx, dispatch.SignalFilter{Channel: drillChannel, State: dispatch.SignalWaiting, Limit: 1})
		if err == nil && len(waiting) > 0 {
			err = errors.New("signals wait to be taken in")
		}
		return err
	}
	return fmt.Errorf("%q is not a thing to ask a desk", a.Do)
}

// notesOf returns the keys of a log's notes in their order, and who has the ticket.
func notesOf(log []ticket.Event) (notes []string, holder string) {
	for _, e := range log {
		switch body := e.Body.(type) {
		case ticket.Noted:
			if strings.HasPrefix(body.Text, notePrefix) {
				notes = append(notes, body.Text)
			}
		case ticket.Acknowledged:
			if holder == "" {
				holder = e.By
			}
		}
	}
	return notes, holder
}

const notePrefix = "note-"

// errPartial says that a log was read while the record was away: it may lack what the record alone knows.
var errPartial = errors.New("the record is away")

// deskPeople may take a ticket.
var deskPeople = []string{"anna", "boris", "vera", "gleb"} //nolint:gochecknoglobals // a constant table

// company is who is on duty in the drill.
func company() dispatch.Source {
	src := dispatch.Source{
		Lines:     []dispatch.Line{{ID: "main", DIDs: []string{"+78123330000"}}},
		Policy:    escalation.Policy{Steps: []escalation.Rung{{Targets: []string{escalation.Chain}}}},
		Numbering: client.Default(),
	}
	for _, id := range deskPeople {
		phone := oncall.Device{Kind: oncall.Softphone, URI: "sip:" + id + "@127.0.0.1"}
		src.Roster.People = append(src.Roster.People, oncall.Person{ID: id, Name: id, Devices: []oncall.Device{phone}})
		src.Lines[0].Ladder = append(src.Lines[0].Ladder, dispatch.LadderRung{People: []string{id}})
	}
	return src
}
