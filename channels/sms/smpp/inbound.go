package smpp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

// listen reads a connection until it ends.
func (b *bind) listen(link uint64, conn net.Conn, hung <-chan struct{}) {
	r := bufio.NewReader(conn)
	for {
		p, raw, err := pdu.Read(r)
		select {
		case b.reads <- read{link, p, raw, err}:
		case <-hung:
			return
		}
		var body *pdu.BodyError
		if err != nil && !errors.As(err, &body) {
			return
		}
	}
}

// heard takes what listen has read.
func (b *bind) heard(ctx context.Context, r read) {
	if r.link != b.link {
		return // of a connection that was given up
	}
	now := time.Now()
	var body *pdu.BodyError
	switch {
	case r.err == nil, errors.As(r.err, &body):
		if r.pdu.Command == pdu.Unbind {
			b.cause = fmt.Errorf("the message centre at %s has said good-bye", b.address)
		}
		b.do(ctx, b.machine.received(now, r.pdu, r.raw, r.err))
	case errors.Is(r.err, pdu.ErrFrame):
		b.cause = fmt.Errorf("the message centre at %s is out of step: %w", b.address, r.err)
		b.do(ctx, b.machine.outOfStep(now))
	default:
		b.cause = fmt.Errorf("the link to %s broke: %w", b.address, r.err)
		b.do(ctx, b.machine.lost(now))
	}
}

// deliver hands what came in to the worker. The machine bounds how many wait,
// so that there is room.
func (b *bind) deliver(e effect) {
	b.jobs <- func(ctx context.Context) {
		if ctx.Err() != nil { // at the end the centre keeps what is left
			return
		}
		ctx, cancel := context.WithTimeout(ctx, b.conf.StoreTimeout)
		defer cancel()
		err := b.client.deps.Receive(ctx, e.raw)
		if err != nil {
			b.log.Error("a message that came in is not stored, the message centre will send it again", "err", err)
		}
		b.client.deps.Metrics.Received(b.name, err == nil)
		b.stored <- stored{e.link, e.pdu, err == nil} // as many fit as the machine lets wait
	}
}

// store is the worker: one after another, in the order in which they came.
func (b *bind) store(ctx context.Context) {
	for job := range b.jobs {
		job(ctx)
	}
}
