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
