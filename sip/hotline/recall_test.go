package hotline

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// recallNotice asks for the client to be rung whose call was cut.
func recallNotice() dispatch.Notice {
	return dispatch.Notice{
		ID: "recall-1", Kind: dispatch.NoticeRecall, Channel: dispatch.ChannelVoice, To: clientNumber,
		Ref: dispatch.Ref{ID: "t", Number: "VH-26-000001"}, Line: "main", Language: "en", Attempt: 1,
	}
}

// TestRecallIsServed: the client is rung, answers, hears why, an engineer accepts, both talk. Who asked is told as
// soon as he has answered; the call has a record of its own.
func TestRecallIsServed(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*rotation.Memory) rotation.Rotation{
		"memory": nil, "remote": func(m *rotation.Memory) rotation.Rotation { return remote{m} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{people: []string{"ivan"}, rotation: wrap})
			r.must(r.client.Answer(phone.Answering(50*time.Millisecond, phone.Talk{Tone: 440})))
			r.answers("ivan", phone.Answer{Talk: phone.Talk{Tone: 700, Keys: []phone.Key{{Digits: "1", After: 200 * time.Millisecond}}, For: 2 * time.Second}})
			if got, err := r.hotline.Notify(t.Context(), recallNotice()); got != dispatch.ResultDelivered || err != nil {
				t.Fatalf("result %s, error %v", got, err)
			}
			back := r.incoming(r.client, 1)
			ivan := r.incoming(r.eng["ivan"], 1)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := back.WaitHeard(ctx, 700, 200*time.Millisecond); err != nil {
				t.Error("the client does not hear the engineer:", err)
			}
			if err := ivan.WaitHeard(ctx, 440, 200*time.Millisecond); err != nil {
				t.Error("the engineer does not hear the client:", err)
			}
			o := r.outcomes(1)[0]
			if o.Result != dispatch.CallServed || o.Detail.AcceptedBy != "ivan" || o.Detail.Talk < time.Second || o.Detail.AnsweredAt.IsZero() {
				t.Errorf("outcome %s by %q, talk %s", o.Result, o.Detail.AcceptedBy, o.Detail.Talk)
			}
			if len(o.Detail.Legs) != 2 || o.Detail.Legs[0].Name != callerLeg || o.Detail.Recording.Path == "" {
				t.Errorf("legs %+v, recording %+v", o.Detail.Legs, o.Detail.Recording)
			}
			sig := r.desk.signals
			if len(sig) != 1 || sig[0].Line != "main" || sig[0].Caller != clientNumber || sig[0].CallID != o.Call {
				t.Errorf("signals %+v", sig)
			}
			if got := r.tried(); !slices.Equal(got, []string{"ivan accepted"}) {
				t.Errorf("attempts %q", got)
			}
			r.settled()
			r.free("ivan")
		})
	}
}

// TestRecallFails: he does not take it. Who asked gets the reason and an error, so that he tries again; nothing is
// recorded as a call, nobody is rung.
func TestRecallFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		phone phone.Answer
		want  dispatch.Result
	}{
		"busy":        {phone.Refusing(486), dispatch.ResultBusy},
		"declined":    {phone.Refusing(603), dispatch.ResultDeclined},
		"unreachable": {phone.Refusing(480), dispatch.ResultUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{people: []string{"ivan"}})
			r.must(r.client.Answer(c.phone))
			got, err := r.hotline.Notify(t.Context(), recallNotice())
			if got != c.want || err == nil || errors.Is(err, dispatch.ErrPermanent) {
				t.Errorf("result %s, error %v", got, err)
			}
			r.settled()
			if len(r.desk.opened) != 0 || len(r.desk.outcomes) != 0 || len(r.eng["ivan"].Sessions()) != 0 {
				t.Errorf("tickets %v, outcomes %v", r.desk.opened, r.desk.outcomes)
			}
		})
	}
}

// TestRecallHangUp: he hangs up while he hears why we call: recorded as abandoned, so that paging goes on; nobody is rung.
func TestRecallHangUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}, wordy: true})
	r.must(r.client.Answer(phone.Answering(0, phone.Talk{For: time.Millisecond})))
	r.answers("ivan", quick())
	if got, err := r.hotline.Notify(t.Context(), recallNotice()); got != dispatch.ResultDelivered || err != nil {
		t.Errorf("result %s, error %v", got, err)
	}
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallAbandoned || o.Ref.Zero() {
		t.Errorf("outcome %s, ticket %q", o.Result, o.Ref.Number)
	}
	if n := len(r.eng["ivan"].Sessions()); n != 0 {
		t.Errorf("an engineer was rung %d times for nobody", n)
	}
}

// TestRecallOfNobodyOnDuty: nobody accepts; he hears the closing words.
func TestRecallOfNobodyOnDuty(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{})
	r.must(r.client.Answer(phone.Answering(0, phone.Talk{})))
	if _, err := r.hotline.Notify(t.Context(), recallNotice()); err != nil {
		t.Error(err)
	}
	r.wait(r.incoming(r.client, 1), phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallExhausted {
		t.Errorf("outcome %s", o.Result)
	}
}

// TestRecallWithdrawn: he has called again himself while we ring him; or the time for the try is over.
func TestRecallWithdrawn(t *testing.T) {
	t.Parallel()
	needless := errors.New("he has called again")
	for name, c := range map[string]struct {
		cause error
		want  dispatch.Result
	}{"withdrawn": {needless, dispatch.ResultWithdrawn}, "stopped": {nil, dispatch.ResultFailed}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{people: []string{"ivan"}})
			r.must(r.client.Answer(phone.Ringing()))
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				if s, err := r.client.Incoming(t.Context(), 0); err == nil {
					_, _ = s.Wait(t.Context(), phone.Rang)
				}
				cancel(c.cause)
			}()
			if got, err := r.hotline.Notify(ctx, recallNotice()); got != c.want || err == nil {
				t.Errorf("result %s, error %v", got, err)
			}
			r.wait(r.incoming(r.client, 1), phone.Ended)
		})
	}
}

// TestRecallIsRefused: a number that may not be dialled is never dialled; a node that drains lets another one do it.
func TestRecallIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.must(r.client.Answer(phone.Answering(0, phone.Talk{})))
	n := recallNotice()
	n.To = "+79990001122"
	if got, err := r.hotline.Notify(t.Context(), n); got != dispatch.ResultFailed || !errors.Is(err, dispatch.ErrPermanent) {
		t.Errorf("a stranger: result %s, error %v", got, err)
	}
	r.must(r.engine.Drain(t.Context()))
	if got, err := r.hotline.Notify(t.Context(), recallNotice()); got != dispatch.ResultPostponed || !errors.Is(err, errDraining) || errors.Is(err, dispatch.ErrPermanent) {
		t.Errorf("a draining node: result %s, error %v", got, err)
	}
	r.stopEngine()
	if got, err := r.hotline.Notify(t.Context(), recallNotice()); got != dispatch.ResultPostponed || !errors.Is(err, errDraining) {
		t.Errorf("a stopped node: result %s, error %v", got, err)
	}
	if n := len(r.client.Sessions()); n != 0 {
		t.Errorf("dialled %d times", n)
	}
}

// TestStopWhileRecalling: who asked is told when the node stops, and tries again later.
func TestStopWhileRecalling(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.must(r.client.Answer(phone.Ringing()))
	go func() {
		if s, err := r.client.Incoming(t.Context(), 0); err == nil {
			_, _ = s.Wait(t.Context(), phone.Rang)
		}
		r.stopEngine()
	}()
	if got, err := r.hotline.Notify(t.Context(), recallNotice()); got != dispatch.ResultPostponed || err == nil {
		t.Errorf("result %s, error %v", got, err)
	}
}
