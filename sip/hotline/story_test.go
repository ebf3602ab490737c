package hotline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestStoryOfACallBack: what a reader of the ticket needs is noted when it happens.
func TestStoryOfACallBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.must(r.client.Answer(phone.Answering(20*time.Millisecond, phone.Talk{Tone: 440, For: time.Second})))
	r.answers("ivan", phone.Answer{Talk: phone.Talk{Keys: []phone.Key{{Digits: "1", After: 2500 * time.Millisecond}}}})
	caller := r.dial(phone.Options{CancelAfter: time.Second})
	r.wait(caller, phone.Ended)
	gone := time.Now()
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed {
		t.Errorf("outcome %s", o.Result)
	}
	want := []string{"caller_left", "calling_back …2233", "client_answered"}
	if got := r.notes(); !slices.Equal(got, want) {
		t.Fatalf("notes %q, want %q", got, want)
	}
	if late := r.desk.noted[0].at.Sub(gone); late > 500*time.Millisecond {
		t.Errorf("the caller's leaving is dated %s late", late)
	}
}

// TestStoryOfAQueue: greeting and queue are noted once each.
func TestStoryOfAQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}, plan: func(_ *rig, p *dispatch.Plan) { p.AnswerAfter = 100 * time.Millisecond }})
	r.answers("ivan", phone.Answer{Talk: phone.Talk{Keys: []phone.Key{{Digits: "1"}}, For: 1500 * time.Millisecond}})
	first := r.dial(phone.Options{})
	r.wait(first, phone.Answered)
	second := r.dial(phone.Options{})
	r.wait(second, phone.Ended)
	r.outcomes(2)
	got := r.notes()
	slices.Sort(got)
	if !slices.Equal(slices.Compact(slices.Clone(got)), []string{"answered_by_vahta", "queued"}) || len(got) > 3 {
		t.Errorf("notes %q", got)
	}
}

// TestStop: what a stop of the node cuts is recorded so, at any point of a call.
func TestStop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		phone phone.Answer
		until func(*rig, *phone.Session)
		tried string
	}{
		"ringing": {phone.Ringing(), func(r *rig, _ *phone.Session) { r.wait(r.incoming(r.eng["ivan"], 1), phone.Rang) }, "cancelled"},
		"whisper": {phone.Answering(0, phone.Talk{}), func(r *rig, _ *phone.Session) { r.wait(r.incoming(r.eng["ivan"], 1), phone.Answered) }, "cancelled"},
		"talking": {phone.Accepting(0, "1", 0), func(r *rig, caller *phone.Session) { r.wait(caller, phone.Answered) }, "accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{people: []string{"ivan"}})
			r.answers("ivan", c.phone)
			caller := r.dial(phone.Options{})
			c.until(r, caller)
			r.ticket()
			r.stopEngine()
			o := r.outcomes(1)[0]
			if o.Result != dispatch.CallBroken || o.Cause != b2bua.CauseShutdown {
				t.Errorf("outcome %s, cause %s", o.Result, o.Cause)
			}
			if got := strings.Join(r.tried(), ","); got != "ivan "+c.tried {
				t.Errorf("attempts %q", got)
			}
			r.free("ivan")
		})
	}
}

// notes are what the script has written into the ticket's log.
func (r *rig) notes() []string {
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	out := make([]string, len(r.desk.noted))
	for i, n := range r.desk.noted {
		out[i] = n.text
	}
	return out
}

// ticket waits until a ticket is open.
func (r *rig) ticket() {
	r.Helper()
	for {
		r.desk.mu.Lock()
		n, changed := len(r.desk.opened), r.desk.changed
		r.desk.mu.Unlock()
		if n > 0 {
			return
		}
		<-changed
	}
}
