package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp"
	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
	"github.com/butlerspb/vahta/channels/sms/text"
	"github.com/butlerspb/vahta/dispatch"
)

// sameWords is how long the same words of one sender are one message.
const sameWords = 10 * time.Minute

// again is how soon a text that could not be stored is tried again.
const again = 2 * time.Second

// ready is a text, or what is there of one, on its way to the dispatcher.
type ready struct {
	sig dispatch.Signal
	ids []string // of its parts in the spool
}

// received keeps what a centre has delivered; nil lets the account acknowledge it.
func (c *Channel) received(ctx context.Context, a *account, raw []byte) error {
	in, err := smpp.ReadInbound(raw, a.conf.Alphabet)
	now := c.deps.Now()
	switch {
	case err == nil && in.Receipt != nil:
		c.receipt(a, *in.Receipt)
		return nil
	case err != nil || !in.Concat.Valid(): // what can not be read is a human's to look at
		words := nameOf(string(raw))
		if err == nil {
			words = nameOf(in.From.Number, in.To.Number, in.Coding.String(), string(in.Data))
		}
		sig, err := signal(a, now, words, [][]byte{raw}, nil)
		if err != nil {
			return err
		}
		return c.store(ctx, sig)
	}
	p := kept{Account: a.Name, At: now, Raw: raw, id: partName(a, in)}
	if err := c.spool.keep(p); err != nil {
		return err
	}
	c.mu.Lock()
	c.add(a, p, in, now)
	c.mu.Unlock()
	c.nudge()
	return nil
}

func partName(a *account, in smpp.Inbound) string {
	return nameOf(a.Name, in.From.Number, in.To.Number, fmt.Sprintf("%+v", in.Concat), in.Coding.String(), string(in.Data))
}

// add gives a part to the joiner. c.mu is held.
func (c *Channel) add(a *account, p kept, in smpp.Inbound, now time.Time) {
	c.parts[p.id] = p
	whole, verdict := a.joiner.Add(now, text.Piece{
		ID: p.id, From: number(in.From), To: in.To.Number, Concat: in.Concat, Coding: in.Coding, Data: in.Data,
	})
	if verdict == text.Repeat {
		if _, open := c.repeats[p.id]; !open {
			c.repeats[p.id] = now
		}
	}
	c.queue(a, whole)
}

// queue makes texts ready to be handed over. c.mu is held.
func (c *Channel) queue(a *account, list []text.Whole) {
	for _, w := range list {
		var raws [][]byte
		var first time.Time
		words := []string{w.From, w.To}
		for _, id := range w.IDs {
			p := c.parts[id]
			raws = append(raws, p.Raw)
			words = append(words, id)
			if first.IsZero() || p.At.Before(first) {
				first = p.At
			}
			delete(c.repeats, id)
		}
		sig, err := signal(a, first, nameOf(words...), raws, w.Missing)
		if err != nil { // the bytes are ours: it can not be
			c.deps.Log.Error("a text of several parts can not be written down; its parts stay in the spool", "account", a.Name, "err", err)
			continue
		}
		c.ready = append(c.ready, ready{sig, w.IDs})
	}
}

// signal writes down what came.
func signal(a *account, at time.Time, words string, raws [][]byte, missing []int) (dispatch.Signal, error) {
	b, err := json.Marshal(wire{Account: a.Name, Alphabet: a.conf.Alphabet, Messages: raws, Missing: missing})
	if err != nil {
		return dispatch.Signal{}, fmt.Errorf("write down an SMS: %w", err)
	}
	key := a.Name + "/" + words + "@" + at.UTC().Truncate(sameWords).Format("20060102T1504")
	return dispatch.Signal{Channel: dispatch.ChannelSMS, Key: key, At: at, Raw: b}, nil
}

// store hands a signal to the dispatcher.
func (c *Channel) store(ctx context.Context, sig dispatch.Signal) error {
	_, err := c.deps.Receiver.Receive(ctx, sig)
	c.metrics.stored(err == nil)
	if err != nil {
		return fmt.Errorf("store an SMS: %w", err)
	}
	c.mu.Lock()
	c.last = c.deps.Now()
	c.mu.Unlock()
	return nil
}

// receipt counts what became of a text of ours at the operator's.
func (c *Channel) receipt(a *account, r pdu.Receipt) {
	c.metrics.receipt(a.Name, r.State)
	if r.State.Final() && r.State != pdu.StateDelivered {
		c.deps.Log.Warn("an SMS did not arrive", "account", a.Name, "message", a.Name+"/"+r.ID, "state", r.State.String(), "error", r.Err)
	}
}

// restore reads the spool after a start.
func (c *Channel) restore() error {
	list, err := c.spool.load()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range list {
		a := c.account(p.Account)
		if a == nil { // it is configured no more; what it has brought is not lost
			a = &account{Account: Account{Name: p.Account}, joiner: text.NewJoiner(text.DefaultBounds())}
			a.conf = smpp.Default()
			c.gone = append(c.gone, a)
		}
		in, fault := smpp.ReadInbound(p.Raw, a.conf.Alphabet)
		if fault != nil {
			err = errors.Join(err, fmt.Errorf("read part %s of an SMS: %w", p.id, fault))
			continue
		}
		c.add(a, p, in, c.deps.Now())
	}
	return err
}

// hand gives what is ready to the dispatcher, gives up waiting for parts, and returns when it wants to be called again.
func (c *Channel) hand(ctx context.Context) (wait time.Duration) {
	now := c.deps.Now()
	c.mu.Lock()
	for _, a := range slices.Concat(c.accounts, c.gone) {
		c.queue(a, a.joiner.Expire(now))
	}
	list := c.ready
	c.ready = nil
	c.mu.Unlock()
	var failed []ready
	for _, r := range list {
		if err := c.store(ctx, r.sig); err != nil {
			c.deps.Log.Warn("a text can not be stored yet; its parts are in the spool", "err", err)
			failed = append(failed, r)
			continue
		}
		c.forget(r.ids)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = append(failed, c.ready...)
	for id, since := range c.repeats {
		if now.Sub(since) > text.DefaultBounds().Remember {
			delete(c.repeats, id)
			delete(c.parts, id)
			_ = c.spool.drop([]string{id}) // a file that stays is looked at after the next start
		}
	}
	if len(failed) > 0 {
		return again
	}
	return c.next(now)
}

// forget takes the parts of a text that was stored out of the spool.
func (c *Channel) forget(ids []string) {
	if err := c.spool.drop(ids); err != nil {
		c.deps.Log.Warn("the parts of a text that was stored stay in the spool", "err", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.parts, id)
	}
}

// next is how long nothing needs to be done. c.mu is held.
func (c *Channel) next(now time.Time) time.Duration {
	wait := time.Hour
	for _, a := range slices.Concat(c.accounts, c.gone) {
		if at, ok := a.joiner.Next(); ok {
			wait = min(wait, max(at.Sub(now), time.Millisecond))
		}
	}
	if len(c.repeats) > 0 {
		wait = min(wait, time.Minute)
	}
	return wait
}
