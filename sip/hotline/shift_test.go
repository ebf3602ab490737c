package hotline

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// keys is whoever is told of the keys.
type keys struct {
	fail error

	mu   sync.Mutex
	told []dispatch.Result // guarded by mu
}

func (k *keys) AnswerShift(_ context.Context, _ dispatch.Notice, r dispatch.Result, _ time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = append(k.told, r)
	return k.fail
}

func (r *rig) shift(person string) dispatch.Notice {
	n := r.notice(person)
	n.ID, n.Kind, n.Ref, n.Reason = "shift-1", dispatch.NoticeShift, dispatch.Ref{}, ""
	n.Shift = dispatch.ShiftCall{Kind: dispatch.ShiftReminder, Turns: []oncall.Turn{{Schedule: "duty", Track: "primary", Person: person}}, Clock: 9 * 3600}
	return n
}

// TestShiftCalls plays calls about shifts over the wire.
func TestShiftCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		phone phone.Answer
		fail  error
		want  dispatch.Result
		told  int
	}{
		"confirmed":            {phone.Accepting(0, "1", 100*time.Millisecond), nil, dispatch.ResultAcknowledged, 1},
		"can not come":         {phone.Accepting(0, "2", 100*time.Millisecond), nil, dispatch.ResultEscalate, 1},
		"the record is away":   {phone.Accepting(0, "1", 100*time.Millisecond), errors.New("away"), dispatch.ResultFailed, 1},
		"a mailbox is no word": {phone.Answering(0, phone.Talk{}), nil, dispatch.ResultNoAck, 0},
		"busy":                 {phone.Refusing(486), nil, dispatch.ResultBusy, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &keys{fail: c.fail}
			r := newRig(t, setup{people: []string{"ivan"}, cfg: func(c *Config) { c.KeyPause, c.LastPause = 10*time.Millisecond, 10*time.Millisecond }})
			r.hotline.shifts = k
			r.answers("ivan", c.phone)
			got, err := r.hotline.Notify(t.Context(), r.shift("ivan"))
			if got != c.want || (err != nil) != (c.want == dispatch.ResultFailed) || len(k.told) != c.told || len(r.desk.acked) != 0 {
				t.Errorf("result %s, error %v, told %v, tickets taken %v", got, err, k.told, r.desk.acked)
			}
			r.free("ivan")
		})
	}
}

// TestShiftCallOfSomebodyWhoTalks: nobody who is with a caller is asked about his shift.
func TestShiftCallOfSomebodyWhoTalks(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	_, _, err := r.rotation.Claim(t.Context(), rotation.ClaimRequest{Call: "other", Attempt: "1", Candidates: []string{"ivan"}})
	r.must(err)
	if got, err := r.hotline.Notify(t.Context(), r.shift("ivan")); got != dispatch.ResultBusy || err != nil {
		t.Errorf("result %s, error %v", got, err)
	}
}

// told is what came of a call.
type told struct {
	result dispatch.Result
	err    error
}

// ringsFor begins a call about a shift and waits until the phone hears of it as far as kind.
func (r *rig) ringsFor(person string, kind phone.Kind) (*phone.Session, <-chan told) {
	r.Helper()
	over := make(chan told, 1)
	go func() {
		result, err := r.hotline.Notify(context.Background(), r.shift(person))
		over <- told{result, err}
	}()
	s := r.incoming(r.eng[person], 1)
	r.wait(s, kind)
	return s, over
}

// TestShiftCallYields: whoever is rung about a shift, or listens, is the one who is rung for a caller or a ticket;
// the call about the shift has let his phone go by then.
func TestShiftCallYields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		phone phone.Answer
		until phone.Kind
		wrap  func(*rotation.Memory) rotation.Rotation
	}{
		"rings":             {phone.Ringing(), phone.Rang, nil},
		"listens":           {phone.Answering(0, phone.Talk{}), phone.Confirmed, nil},
		"rings, on a store": {phone.Ringing(), phone.Rang, func(m *rotation.Memory) rotation.Rotation { return remote{m} }},
	} {
		for emergency, comes := range map[string]func(r *rig){
			"for a caller": func(r *rig) {
				r.dial(phone.Options{})
				if o := r.outcomes(1)[0]; o.Result != dispatch.CallServed || o.Detail.AcceptedBy != "ivan" {
					r.Errorf("outcome %s by %q", o.Result, o.Detail.AcceptedBy)
				}
			},
			"for a ticket": func(r *rig) {
				if got, err := r.hotline.Notify(r.Context(), r.notice("ivan")); got != dispatch.ResultAcknowledged || err != nil {
					r.Errorf("the page ended with %s, %v", got, err)
				}
			},
		} {
			t.Run(name+" "+emergency, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, setup{people: []string{"ivan", "maria"}, rotation: c.wrap})
				r.answers("ivan", c.phone)
				first, over := r.ringsFor("ivan", c.until)
				accepts := phone.Accepting(0, "1", 100*time.Millisecond)
				accepts.Talk.For = time.Second
				r.answers("ivan", accepts)
				comes(r)
				r.wait(first, phone.Ended)
				if got := <-over; got.result != dispatch.ResultBusy || got.err != nil {
					t.Errorf("the call about the shift ended with %s, %v", got.result, got.err)
				}
				if n := len(r.eng["maria"].Sessions()); n != 0 {
					t.Errorf("the next one was rung %d times", n)
				}
			})
		}
	}
}

// TestShiftCallYieldsToAnotherNode: another node has claimed the person.
func TestShiftCallYieldsToAnotherNode(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.answers("ivan", phone.Ringing())
	first, over := r.ringsFor("ivan", phone.Rang)
	_, ok, err := r.rotation.Claim(t.Context(), rotation.ClaimRequest{Call: "there", Attempt: "1", Candidates: []string{"ivan"}})
	r.must(err)
	if !ok {
		t.Error("the call about the shift is in the way of another node's")
	}
	if got := <-over; got.result != dispatch.ResultBusy || got.err != nil {
		t.Errorf("result %s, error %v", got.result, got.err)
	}
	r.wait(first, phone.Ended)
}
