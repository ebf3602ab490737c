package hotline

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestPages plays voice pages over the wire.
func TestPages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		phone phone.Answer
		want  dispatch.Result
		acked int
	}{
		"acknowledged": {phone.Accepting(0, "1", 100*time.Millisecond), dispatch.ResultAcknowledged, 1},
		"escalated":    {phone.Accepting(0, "2", 100*time.Millisecond), dispatch.ResultEscalate, 0},
		"mailbox":      {phone.Answering(0, phone.Talk{}), dispatch.ResultNoAck, 0},
		"busy":         {phone.Refusing(486), dispatch.ResultBusy, 0},
		"declined":     {phone.Refusing(603), dispatch.ResultDeclined, 0},
		"hangs up":     {phone.Answering(0, phone.Talk{For: 100 * time.Millisecond}), dispatch.ResultNoAck, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{people: []string{"ivan"}, cfg: func(c *Config) { c.KeyPause, c.LastPause = 10*time.Millisecond, 10*time.Millisecond }})
			r.answers("ivan", c.phone)
			n := r.notice("ivan")
			var tried []dispatch.Attempt
			n.Report = func(a dispatch.Attempt) { tried = append(tried, a) }
			got, err := r.hotline.Notify(t.Context(), n)
			if got != c.want || err != nil || len(tried) != 1 {
				t.Errorf("result %s, %d tried, error %v", got, len(tried), err)
			}
			if len(r.desk.acked) != c.acked {
				t.Errorf("acknowledged %q", r.desk.acked)
			}
			r.free("ivan")
		})
	}
}

func (r *rig) notice(person string) dispatch.Notice {
	p := r.person(person)
	return dispatch.Notice{
		ID: "page-1", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, To: person, Person: p, Devices: p.Devices,
		Ref: dispatch.Ref{ID: "t", Number: "VH-26-000001"}, Reason: "abandoned", Language: "en", Attempt: 1,
	}
}

// TestPageWithdrawn: the ticket is taken while the phone rings.
func TestPageWithdrawn(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.answers("ivan", phone.Ringing())
	taken := errors.New("taken")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		s, err := r.eng["ivan"].Incoming(t.Context(), 0)
		if err == nil {
			_, err = s.Wait(t.Context(), phone.Rang)
		}
		if err != nil {
			t.Error(err)
		}
		cancel(taken)
	}()
	if got, err := r.hotline.Notify(ctx, r.notice("ivan")); got != dispatch.ResultWithdrawn || !errors.Is(err, taken) {
		t.Errorf("result %s, error %v", got, err)
	}
	r.wait(r.incoming(r.eng["ivan"], 1), phone.Ended)
	r.free("ivan")
}

// TestPageOfSomebodyWhoTalks does not ring him.
func TestPageOfSomebodyWhoTalks(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	_, _, err := r.rotation.Claim(t.Context(), rotation.ClaimRequest{Call: "other", Attempt: "1", Candidates: []string{"ivan"}})
	r.must(err)
	if got, err := r.hotline.Notify(t.Context(), r.notice("ivan")); got != dispatch.ResultBusy || err != nil {
		t.Errorf("result %s, error %v", got, err)
	}
}

// TestCallBackByCommand rings the engineer, then the client, and lists the call meanwhile.
func TestCallBackByCommand(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.must(r.client.Answer(phone.Answering(20*time.Millisecond, phone.Talk{Tone: 440, For: 2 * time.Second})))
	r.answers("ivan", phone.Accepting(0, "1", 100*time.Millisecond))
	ref := dispatch.Ref{ID: "t", Number: "VH-26-000001"}
	if _, err := r.hotline.CallBack(t.Context(), ref, "nobody", clientNumber); err == nil {
		t.Error("a call-back by nobody")
	}
	id, err := r.hotline.CallBack(t.Context(), ref, "ivan", clientNumber)
	r.must(err)
	ivan := r.incoming(r.eng["ivan"], 1)
	r.wait(ivan, phone.Answered)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := ivan.WaitHeard(ctx, 440, 200*time.Millisecond); err != nil {
		t.Error("the engineer does not hear the client:", err)
	}
	if calls := r.hotline.List(t.Context()); len(calls) != 1 || calls[0].ID != id || calls[0].State != "talking" || calls[0].Person != "ivan" {
		t.Errorf("live calls %+v", calls)
	}
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed || o.Ref != ref || o.Call != id {
		t.Errorf("outcome %+v", o)
	}
	if len(r.hotline.List(t.Context())) != 0 {
		t.Error("the call is still listed")
	}
	r.free("ivan")
	r.desk.note(func() {
		if got := r.desk.rings; len(got) != 2 || !got[0].Out || got[0].Person != "ivan" || got[1].Person != "" || got[1].Client != clientNumber || got[0].ID == got[1].ID {
			t.Errorf("rings %+v", got)
		}
	})
}
