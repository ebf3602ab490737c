package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

// bind is the shell of one machine: it owns a connection, its reader, a dial
// and a worker that stores. All of it but the channels belongs to run.
type bind struct {
	client  *Client
	conf    Config
	address string
	name    string
	log     *slog.Logger

	// channels to run
	dialed chan dialed
	reads  chan read
	stored chan stored
	// from run to the worker
	jobs chan func(context.Context)

	// owned by run
	machine *machine
	link    uint64
	conn    net.Conn
	hung    chan struct{} // closed when conn is given up
	flights map[uint64]*flight
	unsure  int // flights that wait for a late answer
	ids     uint64
	cause   error // why the last link ended
	shown   State
	wg      sync.WaitGroup
}

type dialed struct {
	conn net.Conn
	err  error
}

type read struct {
	link uint64
	pdu  pdu.PDU
	raw  []byte
	err  error
}

type stored struct {
	link uint64
	pdu  pdu.PDU
	ok   bool
}

// flight is a part that was written.
type flight struct {
	of *submission
	at time.Time
}

// errStop ends the context of what a bind has begun.
var errStop = errors.New("the bind has ended")

func newBind(c *Client, address, name string) *bind {
	return &bind{
		client: c, conf: c.conf, address: address, name: name, log: c.deps.Log.With("channel", name),
		dialed: make(chan dialed), reads: make(chan read, 16), stored: make(chan stored, c.conf.Inbound),
		jobs: make(chan func(context.Context), c.conf.Inbound+maxLate), flights: map[uint64]*flight{},
	}
}

// run is the bind's goroutine: it waits for the next thing that happens, lets
// the machine decide, and does what it says.
func (b *bind) run(ctx context.Context) {
	b.machine = newMachine(b.conf, time.Now(), b.client.deps.Jitter)
	b.client.deps.Metrics.State(b.name, Waiting)
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx)) // at the end there is still something to say
	defer b.wg.Wait()
	defer cancel(errStop)
	defer close(b.jobs)
	b.wg.Go(func() { b.store(work) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	stop := ctx.Done()
	for b.machine.state != Ended {
		submits := b.await(timer)
		select {
		case <-stop:
			stop = nil
			b.do(work, b.machine.stop(time.Now()))
		case <-timer.C:
			b.do(work, b.machine.tick(time.Now()))
		case d := <-b.dialed:
			b.connected(work, d)
		case r := <-b.reads:
			b.heard(work, r)
		case s := <-b.stored:
			b.do(work, b.machine.stored(time.Now(), s.link, s.pdu, s.ok))
		case s := <-submits:
			b.submit(work, s)
		}
	}
}

// await sets the timer to what is due next and returns the channel of
// submissions when one may leave now.
func (b *bind) await(timer *time.Timer) <-chan *submission {
	now := time.Now()
	due := b.machine.deadline()
	at, ok := b.machine.ready(now)
	if ok && !at.After(now) {
		b.reset(timer, due, now)
		return b.client.submits
	}
	if ok && (due.IsZero() || at.Before(due)) {
		due = at
	}
	b.reset(timer, due, now)
	return nil
}

func (b *bind) reset(timer *time.Timer, due, now time.Time) {
	if due.IsZero() {
		timer.Stop()
		return
	}
	timer.Reset(max(0, due.Sub(now)))
}

// do does what the machine says, and tells it when a write fails.
func (b *bind) do(ctx context.Context, effects []effect) {
	for len(effects) > 0 {
		e := effects[0]
		effects = effects[1:]
		switch e.kind {
		case doDial:
			b.dial(ctx)
		case doSend:
			if err := b.write(e.pdu); err != nil {
				b.cause = err
				effects = append(effects, b.machine.lost(time.Now())...)
			}
		case doHangUp:
			b.hangUp()
		case doDeliver:
			b.deliver(e)
		case doOutcome:
			b.outcome(e)
		case doLate:
			b.late(e)
		case doNote:
			b.strange(e)
		case doFinish:
		}
	}
	b.show()
}

// show tells where the bind stands, when that is news.
func (b *bind) show() {
	s := b.machine.state
	if s == b.shown {
		return
	}
	was := b.shown
	b.shown = s
	b.client.deps.Metrics.State(b.name, s)
	if s == Bound {
		b.client.up.Add(1)
		b.log.Info("link to the message centre is up")
	}
	if was == Bound {
		b.client.up.Add(-1)
	}
	if s == Waiting {
		b.log.Warn("no link to the message centre", "err", b.cause, "retry_in", time.Until(b.machine.due).Round(time.Millisecond).String())
		b.cause = nil
	}
}

func (b *bind) strange(e effect) {
	b.client.deps.Metrics.Strange(b.name, e.note.String())
	switch e.note {
	case noteRefused:
		b.cause = fmt.Errorf("bind as %s at %s: %s", b.conf.SystemID, b.address, e.result.Status)
	case noteSilent:
		b.cause = fmt.Errorf("the message centre at %s does not answer", b.address)
	case noteThrottled:
		b.client.deps.Metrics.Rate(b.name, b.machine.pace.rate)
	case noteLate, noteUnknown, noteMismatch, noteNack, noteMalformed, noteUnexpected, noteOverflow, noteNotStored, noteAnswerLost, noteFrame:
	}
}

// dial makes a connection in its own goroutine.
func (b *bind) dial(ctx context.Context) {
	b.flights, b.unsure = map[uint64]*flight{}, 0
	b.wg.Go(func() {
		conn, err := b.open(ctx)
		select {
		case b.dialed <- dialed{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				_ = conn.Close() // nobody has used it
			}
		}
	})
}

func (b *bind) open(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, b.conf.DialTimeout)
	defer cancel()
	conn, err := b.client.deps.Dial(ctx, b.address)
	if err != nil {
		return nil, fmt.Errorf("connect to the message centre at %s: %w", b.address, err)
	}
	if b.conf.TLS == nil {
		return conn, nil
	}
	conf := b.conf.TLS
	if conf.ServerName == "" {
		conf = conf.Clone()
		conf.ServerName, _, _ = net.SplitHostPort(b.address) // Validate has split it
	}
	secure := tls.Client(conn, conf)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error says more
		return nil, fmt.Errorf("agree on TLS with the message centre at %s: %w", b.address, err)
	}
	return secure, nil
}

func (b *bind) connected(ctx context.Context, d dialed) {
	if d.err != nil {
		b.cause = d.err
		b.do(ctx, b.machine.dialed(time.Now(), false))
		return
	}
	b.link++ // as the machine counts
	b.conn, b.hung = d.conn, make(chan struct{})
	link, conn, hung := b.link, b.conn, b.hung
	b.wg.Go(func() { b.listen(link, conn, hung) })
	b.do(ctx, b.machine.dialed(time.Now(), true))
}

func (b *bind) hangUp() {
	if b.conn == nil {
		return
	}
	_ = b.conn.Close() // what was not said by now is not said
	close(b.hung)
	b.conn = nil
}

func (b *bind) write(p pdu.PDU) error {
	if b.conn == nil {
		return nil
	}
	buf, err := p.Append(nil)
	if err == nil {
		err = b.conn.SetWriteDeadline(time.Now().Add(b.conf.EnquireTimeout))
	}
	if err == nil {
		_, err = b.conn.Write(buf)
	}
	if err != nil {
		return fmt.Errorf("send %s to the message centre at %s: %w", p.Command, b.address, err)
	}
	return nil
}

// submit sends a part. Its bytes were made once before, so that they can be.
func (b *bind) submit(ctx context.Context, s *submission) {
	now := time.Now()
	b.ids++
	b.flights[b.ids] = &flight{of: s, at: now}
	b.do(ctx, b.machine.submit(now, s.pdu, b.ids))
	b.client.deps.Metrics.Rate(b.name, b.machine.pace.rate)
}

func (b *bind) outcome(e effect) {
	f := b.flights[e.id]
	b.client.deps.Metrics.Submitted(b.name, e.result.Outcome, e.result.Status, time.Since(f.at))
	told := f.of.resolve(e.result)
	if e.result.Outcome == Unsure && b.unsure < maxLate {
		b.unsure++ // an answer may still come
		return
	}
	delete(b.flights, e.id)
	if !told && e.result.Outcome != Unsure {
		b.tell(f.of, e.result)
	}
}

func (b *bind) late(e effect) {
	if f := b.flights[e.id]; f != nil {
		delete(b.flights, e.id)
		b.unsure--
		b.tell(f.of, e.result)
	}
}

// tell hands an answer to the worker: whoever asked has gone.
func (b *bind) tell(s *submission, r Result) {
	r.Part = s.part
	if len(b.jobs) >= maxLate { // the rest of the room is for what comes in
		b.client.deps.Metrics.Strange(b.name, noteNotStored.String())
		return
	}
	b.jobs <- func(ctx context.Context) { // at the end too: nobody says it again
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.conf.StoreTimeout)
		defer cancel()
		b.client.deps.Late(ctx, s.ref, r)
	}
}
