package trunk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/butlerspb/vahta/sip/wire"
)

const (
	// messagePatience is how long a target may think about a MESSAGE before the next is asked. One that was only slow
	// delivers it a second time, which is better than not at all.
	messagePatience = 10 * time.Second
	// takePatience is how long whoever takes messages may need; the sender gives up after 32 s (Timer F).
	takePatience = 10 * time.Second
	// takers bounds how many messages are taken at a time.
	takers = 16
	// retryMessage is what a sender is told whose message could not be taken.
	retryMessage = 30 * time.Second
)

// inbox takes messages that come in.
type inbox struct {
	take atomic.Pointer[func(context.Context, Message) error] // nil: messages are not taken
	room chan struct{}                                        // a token for each message being taken; full at the end of Run
}

// OnMessage sets who takes texts that come in by operators. Only when it returns nil, the sender is told that its message
// was taken; after an error it is asked to send it again. Without a taker MESSAGE is a method that we do not serve.
func (t *Trunks) OnMessage(take func(context.Context, Message) error) { t.inbox.take.Store(&take) }

// HandleMessage answers a MESSAGE outside any dialog; for [*dialog.Stack.OnOutOfDialog].
func (t *Trunks) HandleMessage(tx *wire.ServerTx) {
	req := tx.Request()
	take := t.inbox.take.Load()
	one, in, _ := t.Identify(req)
	if take == nil || one == nil {
		t.respond(tx, &wire.StatusError{
			Status:  wire.StatusMethodNotAllowed,
			Headers: []wire.Header{{Name: "Allow", Value: strings.Replace(wire.Allow, ", MESSAGE", "", 1)}},
		})
		return
	}
	text, contentType, err := readMessage(req)
	if err != nil {
		t.metrics.message(one.op.Name, "in", "refused")
		t.respond(tx, err)
		return
	}
	m := Message{
		Trunk: one.op.Name, From: in.Caller, To: in.DID, Text: text, ContentType: contentType,
		At: req.ReceivedAt(), ID: fmt.Sprintf("%s/%d", req.CallID(), req.CSeq()),
	}
	select {
	case t.inbox.room <- struct{}{}:
	default:
		t.metrics.message(one.op.Name, "in", "failed")
		t.respond(tx, &wire.StatusError{Status: wire.StatusServerError, RetryAfter: retryMessage})
		return
	}
	go func() { // the mailbox must not wait for a disk
		defer func() { <-t.inbox.room }()
		t.takeMessage(tx, *take, m)
	}()
}

// takeMessage hands a message over and answers.
func (t *Trunks) takeMessage(tx *wire.ServerTx, take func(context.Context, Message) error, m Message) {
	err := errors.New("taking it broke")
	t.safely(func() {
		ctx, cancel := context.WithTimeout(context.Background(), takePatience)
		defer cancel()
		err = take(ctx, m)
	})
	if err != nil {
		t.metrics.message(m.Trunk, "in", "failed")
		t.deps.Log.Error("message not taken, its sender is asked to send it again", "trunk", m.Trunk, "err", err)
		t.respond(tx, &wire.StatusError{Status: wire.StatusServerError, RetryAfter: retryMessage})
		return
	}
	t.metrics.message(m.Trunk, "in", "ok")
	if err := tx.Respond(wire.NewResponse(tx.Request(), wire.StatusOK, "")); err != nil {
		t.deps.Log.Warn("answer to a message not sent", "trunk", m.Trunk, "err", err)
	}
}

// respond refuses a MESSAGE.
func (t *Trunks) respond(tx *wire.ServerTx, err error) {
	refusal := &wire.StatusError{Status: wire.StatusServerError}
	_ = errors.As(err, &refusal)
	if err := tx.Respond(refusal.Response(tx.Request())); err != nil {
		t.deps.Log.Warn("answer to a message not sent", "call_id", tx.Request().CallID(), "err", err)
	}
}

// closeInbox waits for messages that are being taken, and takes no more.
func (t *Trunks) closeInbox() {
	for range takers {
		t.inbox.room <- struct{}{}
	}
}

// Message sends a text through an operator. It returns nil when the operator has taken it, else a [*MessageError].
func (t *Trunks) Message(ctx context.Context, trunk, to, text string) error {
	one := t.byName[trunk]
	if one == nil {
		return &MessageError{Trunk: trunk, Reason: "there is no such operator", Permanent: true}
	}
	err := t.message(ctx, one, Message{Trunk: trunk, To: Normalize(to), Text: text})
	result := "ok"
	if err != nil {
		result = "failed"
		if err.Permanent {
			result = "refused"
		}
	}
	t.metrics.message(trunk, "out", result)
	if err != nil {
		return err
	}
	return nil
}

// message tries the operator's targets in turn.
func (t *Trunks) message(ctx context.Context, one *Trunk, m Message) *MessageError {
	fault := &MessageError{Trunk: m.Trunk}
	switch {
	case len(m.Text) > maxMessage:
		fault.Status, fault.Reason, fault.Permanent = wire.StatusMessageTooLarge, fmt.Sprintf("it has %d bytes, more than %d", len(m.Text), maxMessage), true
		return fault
	case !utf8.ValidString(m.Text) || m.Text == "" || m.To == "":
		fault.Reason, fault.Permanent = "the text is empty or not UTF-8, or the number is missing", true
		return fault
	case one.op.Number == "":
		fault.Reason, fault.Permanent = "the operator has no number of ours to send from", true
		return fault
	}
	ways := t.ways(one)
	if len(ways) == 0 {
		fault.Reason = noAddress
		return fault
	}
	for _, w := range ways {
		res, err := t.tryMessage(ctx, one, w.flow, m)
		switch {
		case res != nil && res.Status() < 300:
			return nil
		case res != nil:
			fault.Status, fault.Reason = res.Status(), plain(res.Reason())
		default:
			fault.Status, fault.Reason = 0, err.Error()
			t.rest(one, w.flow, restAfterFailure)
		}
		if ctx.Err() != nil || permanent(fault.Status) || !(Result{Status: fault.Status, Err: err}).WayFailed() {
			break
		}
	}
	fault.Permanent = permanent(fault.Status)
	return fault
}

// permanent reports whether a refusal will be the same next time: it is about the number or the text.
func permanent(status int) bool {
	switch status {
	case 400, 404, 410, 413, 414, 415, 416, 484, 485, 488, 493, 513, 600, 603, 604, 606:
		return true
	}
	return false
}

// tryMessage sends a message to one target, answers its challenges and returns its last word.
func (t *Trunks) tryMessage(ctx context.Context, one *Trunk, flow wire.Flow, m Message) (*wire.Response, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, messagePatience, wire.ErrTimeout)
	defer cancel()
	callID, tag := t.deps.Sender.NewCallID(), t.deps.Sender.NewTag()
	var credentials wire.Header
	for cseq := uint32(1); ; cseq++ {
		req, err := one.op.messageRequest(m, flow.Transport, one.routeSet(), callID, tag, cseq)
		if err != nil {
			return nil, err
		}
		if credentials.Name != "" {
			if err := req.Set(credentials.Name, credentials.Value); err != nil {
				return nil, err
			}
		}
		res, err := t.ask(ctx, req, flow)
		if err != nil {
			return nil, err
		}
		challenged := res.Status() == wire.StatusUnauthorized || res.Status() == wire.StatusProxyAuthRequired
		if !challenged || cseq > 1 && !one.login.staleSaid(res) || cseq > maxAnswers {
			return res, nil
		}
		if credentials, err = one.Authorize(wire.MESSAGE, req.URI(), req.Body(), res); err != nil {
			t.deps.Log.Warn("challenge to a message not answered", "trunk", m.Trunk, "err", err)
			return res, nil
		}
	}
}

// ask sends a request and waits for its final answer.
func (t *Trunks) ask(ctx context.Context, req *wire.Request, flow wire.Flow) (*wire.Response, error) {
	last := make(chan wire.ClientEvent, 1)
	tx, err := t.deps.Sender.Send(req, flow, func(ev wire.ClientEvent) {
		if ev.Err != nil || ev.Response.Status() >= 200 {
			select {
			case last <- ev:
			default:
			}
		}
	})
	if err != nil {
		return nil, errors.Join(wire.ErrTransport, err)
	}
	select {
	case ev := <-last:
		return ev.Response, ev.Err
	case <-ctx.Done():
		if tx != nil {
			tx.Terminate()
		}
		return nil, context.Cause(ctx)
	}
}
