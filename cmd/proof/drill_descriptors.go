package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// descriptors: a node that may open 256 files meets more idle TCP connections
// than that. Calls in progress go on, calls over UDP are answered, and TCP
// accepts again soon after the others have gone.
func descriptors(ctx context.Context, r *rig) error {
	w, err := r.newWorld(ctx, plan{nodes: 1, engineers: 12, answer: quick(500 * time.Millisecond), trusted: true, nofile: 256})
	if err != nil {
		return err
	}
	talkers := w.engineers[:3]
	for _, e := range talkers { // they stay on the line until the callers leave
		if err := e.Answer(quick(0)); err != nil {
			return err
		}
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	n := w.nodes[0]
	if err := optionsOverTCP(ctx, n); err != nil {
		return fmt.Errorf("before the fault: %w", err)
	}
	var long []*contact
	for range talkers {
		c := w.call(ctx, n, 0)
		long = append(long, c)
		if _, err := until(ctx, patience, "a long call to be answered", func() bool { _, ok := c.answered(); return ok }); err != nil {
			return err
		}
	}
	idle := openIdle(ctx, n, 400)
	r.say("%d idle connections opened", len(idle))
	list, err := w.load(ctx, 5, times(r, 20*time.Second, 3*time.Second))
	if err != nil {
		return err
	}
	if err := ended(ctx, list); err != nil {
		r.say("%v", err)
	}
	r.none("descriptors: calls over UDP not answered", unanswered(list))
	var cut []string
	for _, c := range long {
		select {
		case <-c.session.Done():
			cut = append(cut, c.story())
		default:
		}
	}
	r.none("descriptors: live calls that were cut", cut)
	for _, c := range idle {
		_ = c.Close()
	}
	took, err := until(ctx, 30*time.Second, "TCP to accept again", func() bool { return optionsOverTCP(ctx, n) == nil })
	note := ""
	if err != nil {
		note = err.Error()
	}
	r.atMost("descriptors: TCP accepts again after release", took.Seconds(), 5, "s", note)
	for _, c := range long {
		c.session.Hangup()
	}
	if err := ended(ctx, long); err != nil {
		return err
	}
	if err := w.calm(ctx); err != nil {
		return err
	}
	r.none("descriptors: nodes that ended by themselves", w.crashes())
	return w.stop(ctx)
}

// openIdle opens connections that say nothing.
func openIdle(ctx context.Context, n *node, count int) []net.Conn {
	d := net.Dialer{Timeout: time.Second}
	var list []net.Conn
	for range count {
		c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", n.sip))
		if err != nil {
			continue // the queue of the listener is full: that is the fault
		}
		list = append(list, c)
	}
	return list
}

// optionsOverTCP asks over a connection of its own whether the node answers.
func optionsOverTCP(ctx context.Context, n *node) error {
	d := net.Dialer{Timeout: time.Second}
	c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", n.sip))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	id := fmt.Sprintf("%d", time.Now().UnixNano())
	text := strings.Join([]string{
		fmt.Sprintf("OPTIONS sip:127.0.0.1:%d SIP/2.0", n.sip), "Via: SIP/2.0/TCP " + c.LocalAddr().String() + ";branch=z9hG4bK" + id,
		"Max-Forwards: 70", "From: <sip:proof@127.0.0.1>;tag=" + id, "To: <sip:127.0.0.1>", "Call-ID: " + id, "CSeq: 1 OPTIONS", "Content-Length: 0", "", "",
	}, "\r\n")
	if _, err := c.Write([]byte(text)); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "SIP/2.0 200") {
		return errors.New("OPTIONS was answered " + strings.TrimSpace(line))
	}
	return nil
}
