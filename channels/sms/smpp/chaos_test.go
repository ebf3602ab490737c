package smpp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

// whims are what a centre does with a message that it is given.
const (
	whimAccept     = iota
	whimAcceptLate // after the client has given the answer up
	whimThrottle
	whimRefuse
	whimNack
	whimForget // it says nothing, and lives
	whimMute   // it says nothing from now on
	whimHangUp // before it answers
	whimUnbind // likewise, politely
	whimCount
)

// TestChaos: whatever the centre does, what the client says of each message is
// true. Accepted: the centre has it, under that id. Refused and NotSent: it has
// not. And no message is written twice but those that the centre was too busy
// for. A late answer is about a message that was unsure, once, and true.
func TestChaos(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		k := &chaos{
			whims: rapid.SliceOfN(rapid.IntRange(0, whimCount-1), 1, 30).Draw(rt, "whims"),
			has:   map[string]string{}, written: map[string]int{}, busy: map[string]int{}, outcomes: map[string]Result{},
		}
		waits := rapid.SliceOfN(rapid.SampledFrom([]time.Duration{20 * time.Millisecond, time.Second, 40 * time.Second, 5 * time.Minute}), 1, 15).Draw(rt, "waits")
		synctest.Test(t, func(t *testing.T) { k.play(t, waits) })
		for _, fault := range k.faults() {
			rt.Error(fault)
		}
	})
}

// chaos is a centre with whims, and what it has seen, by recipient.
type chaos struct {
	mu       sync.Mutex
	whims    []int
	has      map[string]string // the ids of what it keeps
	written  map[string]int
	busy     map[string]int
	outcomes map[string]Result // as the client has told them
	late     []lateResult
	wrong    []string
}

// play sends a message for each time that its caller waits.
func (k *chaos) play(t *testing.T, waits []time.Duration) {
	t.Helper()
	c := &centre{}
	c.behave = func(l *link, p pdu.PDU) {
		if m, ok := p.Body.(*pdu.Message); ok {
			k.behave(l, p, m.To.Number)
		}
	}
	conf := testConfig()
	conf.Binds, conf.Rate = 2, 100
	r := start(t, conf, c)
	var wg sync.WaitGroup
	for i, wait := range waits {
		wg.Go(func() {
			to := fmt.Sprintf("7900000%04d", i)
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			sent, err := r.Send(ctx, Message{Ref: to, To: to, Text: "x"})
			o := sent.Parts[0]
			k.mu.Lock()
			defer k.mu.Unlock()
			k.outcomes[to] = o
			if (err == nil) != (o.Outcome == Accepted) || errors.Is(err, ErrUnsure) != (o.Outcome == Unsure) {
				k.wrong = append(k.wrong, fmt.Sprintf("%s with the error %v", o.Outcome, err))
			}
		})
	}
	wg.Wait()
	time.Sleep(2 * time.Minute) // of the bubble: late answers come
	r.end(t)
	k.late = r.late
}

func (k *chaos) behave(l *link, p pdu.PDU, to string) {
	id := l.of.nextID()
	r := p.Answer(pdu.OK)
	r.Body = &pdu.MessageResp{ID: id}
	k.mu.Lock()
	defer k.mu.Unlock()
	whim := whimAccept
	if len(k.whims) > 0 {
		whim, k.whims = k.whims[0], k.whims[1:]
	}
	k.written[to]++
	switch whim {
	case whimAccept:
		k.has[to] = id
		l.send(r)
	case whimAcceptLate:
		k.has[to] = id
		time.AfterFunc(31*time.Second, func() { l.send(r) })
	case whimThrottle:
		k.busy[to]++
		l.send(p.Answer(pdu.Throttled))
	case whimRefuse:
		l.send(p.Answer(pdu.InvalidDest))
	case whimNack:
		l.send(pdu.Nack(p.Sequence, pdu.InvalidCmdLen))
	case whimForget:
		k.has[to] = id
	case whimMute:
		l.mute = true
	case whimHangUp:
		k.has[to] = id
		_ = l.conn.Close()
	case whimUnbind:
		l.send(pdu.PDU{Command: pdu.Unbind, Sequence: 5})
	}
}

func (k *chaos) faults() []string {
	out := k.wrong
	fault := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, to := range slices.Sorted(maps.Keys(k.outcomes)) {
		o := k.outcomes[to]
		if o.Outcome == Accepted && k.has[to] != o.ID {
			fault("accepted as %q, the centre has it as %q", o.ID, k.has[to])
		}
		if (o.Outcome == Refused || o.Outcome == NotSent) && k.has[to] != "" {
			fault("%s, and the centre has it", o.Outcome)
		}
		if o.Outcome == NotSent && k.written[to] > k.busy[to] {
			fault("not sent, and written %d times", k.written[to])
		}
		if k.written[to] > 1+k.busy[to] {
			fault("written %d times, the centre was busy %d times", k.written[to], k.busy[to])
		}
	}
	told := map[string]bool{}
	for _, l := range k.late {
		if k.outcomes[l.ref].Outcome != Unsure || told[l.ref] {
			fault("a late answer to what is %s, or a second one", k.outcomes[l.ref].Outcome)
		}
		told[l.ref] = true
		if l.Outcome == Accepted && k.has[l.ref] != l.ID || l.Outcome == Refused && k.has[l.ref] != "" {
			fault("late %s as %q, the centre has it as %q", l.Outcome, l.ID, k.has[l.ref])
		}
	}
	return out
}
