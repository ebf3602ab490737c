package dialog

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/sip/wire"
)

// TestAnyOrder drives dialogs of both roles with what owner, far end, network and
// clock may do in any order, and checks what must hold whatever happened: one
// last event, one final answer to each request, every 2xx acknowledged, a BYE for
// each 2xx but the winner's, nothing left in the stack.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	for role, start := range map[string]func(*model){"uac": startUAC, "uas": startUAS} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			plans := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
				return step{
					op: rapid.IntRange(0, 99).Draw(t, "op"), tag: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "tag"),
					status: rapid.SampledFrom([]int{200, 200, 200, 491, 481, 422, 407, 500, 0}).Draw(t, "status"),
					wait:   time.Duration(rapid.IntRange(1, 40_000).Draw(t, "ms")) * time.Millisecond,
				}
			}), 1, 30)
			rapid.Check(t, func(rt *rapid.T) {
				plan, coin, fault := plans.Draw(rt, "plan"), rapid.IntRange(0, 7).Draw(rt, "coin"), ""
				synctest.Test(t, func(t *testing.T) {
					m := &model{bench: newBench(t), oks: map[string]bool{}, rseq: map[string]uint32{}, coin: coin}
					start(m)
					fault = m.run(plan)
				})
				if fault != "" {
					rt.Fatal(fault)
				}
			})
		})
	}
}

// step is one operation of a plan and what it may need.
type step struct {
	op     int
	tag    string
	status int
	wait   time.Duration
}

type model struct {
	*bench
	ops      []func(step)
	requests []*inTx         // of the far end
	offers   []*inTx         // its re-INVITEs
	served   int             // requests of ours that have their final answer
	oks      map[string]bool // tags whose 2xx arrived
	final    bool            // our INVITE was refused or lost
	ended    bool            // the owner's loop
	rseq     map[string]uint32
	coin     int // chooses what the INVITE is like
}

func startUAC(m *model) {
	tx := m.dialWith(func(o *Outgoing) {
		if m.coin%4 == 0 {
			o.SDP = nil
		}
	})
	m.served = 1 // the INVITE is answered by the operations below
	m.ops = []func(step){
		func(step) { m.arrives(tx, 100, "") },
		func(s step) { m.arrives(tx, 180, s.tag) },
		func(s step) { // reliably, now and then again or ahead of its turn
			m.rseq[s.tag] += uint32(s.wait % 3)
			m.arrives(tx, 183, s.tag, "Require", "100rel", "RSeq", decimal(m.rseq[s.tag]))
		},
		func(s step) { m.arrives(tx, 183, s.tag) },
		func(s step) { m.arrives(tx, 200, s.tag, "Session-Expires", "90;refresher=uac", "Allow", "UPDATE") },
		func(s step) { m.arrives(tx, 200, s.tag, "Session-Expires", "90;refresher=uas") },
		func(s step) { m.arrives(tx, 486, s.tag) },
		func(step) { m.arrives(tx, 0, "") },
		func(step) { m.owner(func() { m.d.Cancel() }) },
	}
}

// arrives is a response to our INVITE, or its loss; status 0.
func (m *model) arrives(tx *outTx, status int, tag string, headers ...string) {
	if m.final || status == 0 && len(m.oks) > 0 || status >= 300 && len(m.oks) > 0 {
		return
	}
	if m.left() == 0 { // later than 64·T1 after the end: nobody sends that any more
		return
	}
	switch {
	case status == 0:
		m.final = true
		tx.on(wire.ClientEvent{Err: wire.ErrTimeout})
		return
	case status >= 300:
		m.final = true
	case status >= 200:
		m.oks[tag] = true
	}
	res := tx.response(status, tag, "sdp")
	for i := 0; i < len(headers); i += 2 {
		_ = res.Add(headers[i], headers[i+1])
	}
	if slices.ContainsFunc(m.net.all(), func(l string) bool { return l == "forget" }) {
		if status >= 200 && status < 300 {
			m.st.HandleStray(res)
		}
		return
	}
	tx.on(wire.ClientEvent{Response: res})
}

func startUAS(m *model) {
	sdp, tags := "offer", []string{"Supported", "Require"}
	if m.coin%4 == 0 {
		sdp = ""
	}
	m.caller(sdp, ReliableAuto, "Supported", "timer", "Session-Expires", "90", "Allow", "INVITE",
		tags[m.coin/4%2], "100rel")
	m.requests = append(m.requests, m.in)
	m.ops = []func(step){
		func(step) { m.owner(func() { m.d.Progress(180, nil) }) },
		func(step) { m.owner(func() { m.d.Progress(183, []byte("early")) }) },
		func(step) { m.owner(func() { m.d.Answer([]byte("answer")) }) },
		func(step) { m.owner(func() { m.d.Answer([]byte("answer")) }) },
		func(step) { m.owner(func() { m.d.Reject(486, "") }) },
		func(step) { m.st.cancel(m.keep(m.request(wire.CANCEL, "", "")), m.in) },
		func(step) { m.ack(m.in, "") },
		func(step) { m.ack(m.in, "") },
		func(s step) { // with an offer, now and then
			if last := m.in.answered(); last != nil && last.Header("RSeq") != "" {
				m.keep(m.prack(last, map[string]string{"a": "theirs"}[s.tag]))
			}
		},
	}
}

func (m *model) run(plan []step) string {
	m.ops = append(m.ops,
		func(step) { m.owner(func() { m.d.Bye() }) },
		func(step) { m.owner(func() { m.d.ReInvite([]byte("ours")) }) },
		func(step) { m.owner(func() { m.d.AnswerOffer([]byte("answer")) }) },
		func(step) { m.owner(func() { m.d.RefuseOffer(488) }) },
		func(step) { m.owner(func() { m.d.Info("application/dtmf", []byte("1")) }) },
		func(step) { m.keep(m.inside(wire.BYE, "")) },
		func(step) { m.keep(m.inside(wire.UPDATE, "theirs")) },
		func(step) { m.keep(m.inside(wire.INFO, "")) },
		func(step) { m.offers = append(m.offers, m.keep(m.inside(wire.INVITE, "theirs"))) },
		func(step) {
			if n := len(m.offers); n > 0 {
				m.ack(m.offers[n-1], "")
			}
		},
		func(s step) { m.serve(s.status) },
		func(s step) { pass(s.wait) },
		func(s step) {
			if s.tag == "a" && s.wait < 5*time.Second {
				m.ended = true
				m.loop.end()
			}
		},
	)
	for _, s := range plan {
		m.ops[s.op%len(m.ops)](s)
		synctest.Wait()
	}
	m.finish()
	return m.check()
}

func (m *model) keep(tx *inTx) *inTx {
	m.requests = append(m.requests, tx)
	return tx
}

func (m *model) owner(f func()) {
	if !m.ended {
		m.loop.do(f)
	}
}

// serve answers our oldest request that waits; 0 is a time-out.
func (m *model) serve(status int) {
	if m.served >= len(m.net.sent()) {
		return
	}
	tx := m.net.sent()[m.served]
	m.served++
	if status == 0 {
		tx.on(wire.ClientEvent{Err: wire.ErrTimeout})
		return
	}
	tx.timed(status, "", "Min-SE", "100")
}

// finish hangs up and lets every timer run out.
func (m *model) finish() {
	m.owner(func() { m.d.RefuseOffer(488) })
	m.owner(func() { m.d.Bye() })
	if m.ended { // nobody else will
		m.keep(m.inside(wire.BYE, ""))
	}
	for range 4 {
		synctest.Wait()
		for m.served < len(m.net.sent()) {
			m.serve(200)
			synctest.Wait()
		}
		pass(2 * Default().AckTimeout)
	}
	if m.ended && m.d.s.Role == UAC && !m.final && len(m.oks) == 0 { // the transaction ends some day
		m.net.sent()[0].on(wire.ClientEvent{Err: wire.ErrTimeout})
		pass(2 * Default().AckTimeout)
	}
	m.loop.end()
}

// check returns what does not hold.
func (m *model) check() string {
	ladder := m.net.all()
	last := 0
	for _, e := range m.evs {
		if e.Kind.Last() {
			last++
		}
	}
	if last > 1 || last == 0 && !m.ended {
		return fmt.Sprintf("%d last events\n%v", last, ladder)
	}
	if n := len(m.evs); last == 1 && !m.evs[n-1].Kind.Last() {
		return fmt.Sprintf("%v after the last event\n%v", m.evs[n-1].Kind, ladder)
	}
	for _, tx := range m.requests {
		if len(tx.done) == 0 {
			return fmt.Sprintf("%s %d was never answered\n%v", tx.req.Method(), tx.req.CSeq(), ladder)
		}
	}
	byes := map[string]int{}
	for _, tx := range m.net.sent() {
		if tx.req.Method() == wire.BYE {
			byes[tx.req.ToTag()]++
		}
	}
	for tag := range m.oks {
		if !slices.Contains(ladder, "ACK 1 "+tag) {
			return fmt.Sprintf("2xx of %s has no ACK\n%v", tag, ladder)
		}
		if byes[tag] > 1 || byes[tag] == 0 && (!m.d.won || tag != m.d.s.RemoteTag) {
			return fmt.Sprintf("2xx of %s has %d BYEs\n%v", tag, byes[tag], ladder)
		}
	}
	if n := m.left(); n != 0 {
		return fmt.Sprintf("%d entries left in the stack\n%v", n, ladder)
	}
	return ""
}
