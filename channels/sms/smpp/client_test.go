package smpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
	"github.com/butlerspb/vahta/channels/sms/text"
)

const russian = "Сервер 1С не отвечает, склад стоит, машины ждут погрузки с семи утра. Позвоните Марине на проходную, она откроет серверную. Пароль от двери у охраны, ключ от стойки в сейфе. 🔥 Второй сервер тоже греется!"

func TestSendLongText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &centre{}
		conf := testConfig()
		conf.Tag = true
		r := start(t, conf, c)
		sent, err := r.Send(t.Context(), Message{Ref: "n1", To: "+79001234567", Text: russian, Validity: 90 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range sent.Parts {
			if p.Outcome != Accepted || p.ID != fmt.Sprintf("id%d", i+1) || p.Part != i+1 {
				t.Errorf("part %d: %+v", i+1, p)
			}
		}
		j := text.NewJoiner(text.DefaultBounds())
		var whole []text.Whole
		for _, p := range c.heard {
			if p.Command != pdu.SubmitSM {
				continue
			}
			m := p.Body.(*pdu.Message)
			if m.Registered != 1 || m.To != (pdu.Address{TON: 1, NPI: 1, Number: "79001234567"}) || m.From.TON != 5 || m.Validity != "000000013000000R" {
				t.Errorf("%+v", m)
			}
			if v, _ := p.TLVs.Uint(pdu.TagUserReference); v != uint32(sent.Reference) {
				t.Errorf("user_message_reference %d, want %d", v, sent.Reference)
			}
			k, data := text.CutHeader(m.Text)
			whole, _ = j.Add(time.Time{}, text.Piece{Concat: k, Coding: text.CodingOf(m.Coding, text.GSM), Data: data})
		}
		if len(sent.Parts) != 4 || len(whole) != 1 || whole[0].Text != russian {
			t.Errorf("%d parts, joined %+v", len(sent.Parts), whole)
		}
		again, err := r.Send(t.Context(), Message{Ref: "n1", To: "+79001234567", Text: russian, Only: []int{2}})
		if err != nil || again.Reference != sent.Reference || again.Parts[0].Outcome != NotSent || again.Parts[1].ID != "id5" {
			t.Errorf("a repeat of part 2: %+v, %v", again, err)
		}
		r.end(t)
	})
}

func TestReceiveIsAcknowledgedWhenStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan pdu.PDU, 10)
		c := &centre{behave: func(_ *link, p pdu.PDU) { answers <- p }}
		r := start(t, testConfig(), c)
		synctest.Wait()
		for _, tt := range []struct {
			fail error
			want pdu.Status
		}{{nil, pdu.OK}, {errFull, pdu.TemporaryHere}, {nil, pdu.OK}} {
			r.mu.Lock()
			r.fail = tt.fail
			r.mu.Unlock()
			c.last().deliver(pdu.Message{Text: []byte("4217 ok"), To: pdu.Address{Number: "4217"}})
			if p := <-answers; p.Command != pdu.DeliverSMResp || p.Status != tt.want {
				t.Errorf("%v: %s %s, want %s", tt.fail, p.Command, p.Status, tt.want)
			}
		}
		// What can not be read is stored too.
		c.last().send(pdu.PDU{Command: pdu.DeliverSM, Sequence: 9, TLVs: pdu.TLVs{{Tag: 1, Value: []byte("no body")}}})
		if p := <-answers; p.Status != pdu.OK || p.Sequence != 9 {
			t.Errorf("a malformed one: %+v", p)
		}
		r.end(t)
		if len(r.stored) != 3 || r.counted("malformed") != 1 || r.counted("not_stored") != 1 {
			t.Fatalf("%d stored, %v", len(r.stored), r.counts)
		}
		in, err := ReadInbound(r.stored[0], text.GSM)
		if err != nil || text.Decode(in.Data, in.Coding) != "4217 ok" || in.From.Number != "79001234567" || in.To.Number != "4217" {
			t.Errorf("%+v, %v", in, err)
		}
		if _, err := ReadInbound(r.stored[2], text.GSM); err == nil {
			t.Error("a malformed one was read")
		}
	})
}

func TestThrottledIsSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := &centre{behave: func(l *link, p pdu.PDU) {
			switch n++; n {
			case 1:
				l.send(p.Answer(pdu.Throttled))
			case 2:
				l.send(p.Answer(pdu.QueueFull))
			default:
				l.accept(p)
			}
		}}
		r := start(t, testConfig(), c)
		begin := time.Now()
		if _, err := r.Send(t.Context(), Message{Ref: "a", To: "+79001234567", Text: "x"}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < 2*paceHold || r.counted("throttled") != 2 || n != 3 {
			t.Errorf("%d tries in %s", n, took)
		}
		n = -1000 // busy to the end
		c.changes(func(l *link, p pdu.PDU) { l.send(p.Answer(pdu.Throttled)) })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		sent, err := r.Send(ctx, Message{Ref: "b", To: "+79001234567", Text: "x"})
		refused, ok := errors.AsType[*RefusedError](err)
		if !ok || refused.Status != pdu.Throttled || !refused.Temporary() || sent.Parts[0].Outcome != Refused {
			t.Errorf("%+v, %v", sent, err)
		}
		r.end(t)
	})
}

func TestRefusedEndsTheText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := &centre{behave: func(l *link, p pdu.PDU) {
			if n++; n == 2 {
				l.send(p.Answer(pdu.InvalidDest))
				return
			}
			l.accept(p)
		}}
		r := start(t, testConfig(), c)
		sent, err := r.Send(t.Context(), Message{Ref: "a", To: "+79001234567", Text: russian})
		refused, ok := errors.AsType[*RefusedError](err)
		if !ok || refused.Temporary() || n != 2 {
			t.Errorf("%v after %d parts", err, n)
		}
		for i, want := range []Outcome{Accepted, Refused, NotSent, NotSent} {
			if sent.Parts[i].Outcome != want {
				t.Errorf("part %d: %s, want %s", i+1, sent.Parts[i].Outcome, want)
			}
		}
		for name, m := range map[string]Message{
			"no recipient": {Text: "x"}, "a recipient of letters": {To: "Иван", Text: "x"}, "too long": {To: "+79001234567", Text: strings.Repeat("Ж", 1000)},
		} {
			if _, err := r.Send(t.Context(), m); err == nil || strings.Contains(err.Error(), "+7900") {
				t.Errorf("%s: %v", name, err)
			}
		}
		r.end(t)
	})
}

// The peer goes without a word: what it had not answered is unsure, and a new
// link is made.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &centre{behave: func(l *link, _ pdu.PDU) { l.mute = true }}
		conf := testConfig()
		conf.ResponseTimeout = time.Hour
		r := start(t, conf, c)
		sent, err := r.Send(t.Context(), Message{Ref: "a", To: "+79001234567", Text: "x"})
		if !errors.Is(err, ErrUnsure) || sent.Parts[0].Outcome != Unsure {
			t.Errorf("%+v, %v", sent, err)
		}
		c.changes(nil)
		if _, err := r.Send(t.Context(), Message{Ref: "b", To: "+79001234567", Text: "x"}); err != nil {
			t.Error(err)
		}
		if len(c.links) != 2 || r.counted("peer_silent") != 1 {
			t.Errorf("%d links, %v", len(c.links), r.counts)
		}
		r.end(t)
	})
}

// A peer that does not even read can not hold us up.
func TestPeerDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := true
		var held net.Conn
		c := &centre{}
		dial := func(ctx context.Context, a string) (net.Conn, error) {
			if first {
				first = false
				theirs, ours := net.Pipe()
				held = ours // nobody reads it
				return theirs, nil
			}
			return c.dial(ctx, a)
		}
		r := startWith(t, testConfig(), c, dial)
		if _, err := r.Send(t.Context(), Message{Ref: "b", To: "+79001234567", Text: "x"}); err != nil {
			t.Error(err)
		}
		held.Close()
		r.end(t)
	})
}

func TestReconnectsForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &centre{}
		c.refuseWith(errors.New("no route"))
		r := start(t, testConfig(), c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := r.Send(ctx, Message{Ref: "a", To: "+79001234567", Text: "x"}); !errors.Is(err, ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no link for an hour: %v", err)
		}
		if n := c.dialled(); n < 60 || n > 70 { // one a minute, and those of the beginning
			t.Errorf("%d tries in an hour", n)
		}
		c.refuseWith(nil)
		if _, err := r.Send(t.Context(), Message{Ref: "a", To: "+79001234567", Text: "x"}); err != nil {
			t.Error(err)
		}
		r.end(t)
	})
}

// At the end: answers first, then unbind, then its answer; and a caller that
// waits for a link hears that there will be none.
func TestEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := &centre{}
		c.behave = func(l *link, p pdu.PDU) {
			c.wg.Go(func() { <-release; l.accept(p) })
		}
		r := start(t, testConfig(), c)
		result := make(chan error, 1)
		go func() {
			_, err := r.Send(context.WithoutCancel(t.Context()), Message{Ref: "a", To: "+79001234567", Text: "x"})
			result <- err
		}()
		synctest.Wait()
		r.stop()
		synctest.Wait()
		if got := c.commands(); slices.Contains(got, "unbind") {
			t.Fatalf("good-bye before the answer: %v", got)
		}
		close(release)
		if err := <-result; err != nil {
			t.Error(err)
		}
		r.end(t)
		if got := c.commands(); got[len(got)-1] != "unbind" {
			t.Errorf("%v", got)
		}
		if _, err := r.Send(context.WithoutCancel(t.Context()), Message{Ref: "a", To: "+79001234567", Text: "x"}); !errors.Is(err, ErrNotSent) {
			t.Errorf("after the end: %v", err)
		}
		want := []State{Waiting, Dialing, Binding, Bound, Draining, Unbinding, Ended}
		if !slices.Equal(r.states, want) {
			t.Errorf("states %v, want %v", r.states, want)
		}
	})
}

// A caller that does not wait for the answer has it as unsure, and the answer
// goes to Late; so does one that comes after ResponseTimeout.
func TestLateAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var held []func()
		c := &centre{behave: func(l *link, p pdu.PDU) { held = append(held, func() { l.accept(p) }) }}
		r := start(t, testConfig(), c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Send(ctx, Message{Ref: "a", To: "+79001234567", Text: "x"}); !errors.Is(err, ErrUnsure) {
			t.Errorf("the caller went: %v", err)
		}
		synctest.Wait()
		held[0]()
		begin := time.Now()
		if _, err := r.Send(t.Context(), Message{Ref: "b", To: "+79001234567", Text: "x"}); !errors.Is(err, ErrUnsure) || time.Since(begin) < 30*time.Second {
			t.Errorf("no answer: %v after %s", err, time.Since(begin))
		}
		synctest.Wait()
		held[1]()
		synctest.Wait()
		r.end(t)
		if len(r.late) != 2 || r.late[0].ID != "id1" || r.late[1].ID != "id2" || r.late[1].Part != 1 || r.counted("late_response") != 1 {
			t.Errorf("late %+v, %v", r.late, r.counts)
		}
	})
}
