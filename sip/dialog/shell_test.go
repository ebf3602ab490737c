package dialog

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// bubble runs a test on fake time with one dialog's bench; at the end nothing may
// be left in the stack.
func bubble(t *testing.T, f func(b *bench), change ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, change...)
		f(b)
		time.Sleep(2 * Default().AckTimeout)
		synctest.Wait()
		if n := b.left(); n != 0 {
			t.Errorf("%d entries left in the stack", n)
		}
	})
}

// pass lets fake time go on.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRFC3261Caller(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.answer(100, "", "")
		tx.answer(183, "far", "early")
		tx.answer(200, "far", "answer")
		tx.answer(200, "far", "answer") // R10: our ACK was lost
		synctest.Wait()
		b.loop.do(func() { b.d.Bye(ReasonQ850(16, "")) })
		b.net.sent()[1].answer(200, "", "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: trying 100", "0 owner: progress 183 sdp=early", "0 ACK 1 far",
			"0 owner: answered 200 sdp=answer", "0 ACK 1 far", "0 BYE 2 far Q.850;cause=16", "0 owner: ended 200")
		if got := b.net.sent()[1].to.Remote.String(); got != "198.51.100.9:5080" {
			t.Errorf("BYE went to %s, not to the Contact of the 200", got)
		}
	})
}

func TestRFC3261Callee(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Progress(180, nil); b.d.Answer([]byte("answer")) })
		ringing := b.in.answered()
		b.ack(b.in, "")
		bye := b.inside(wire.BYE, "")
		_ = bye
		synctest.Wait()
		b.want("0 180 INVITE", "0 200 INVITE", "0 owner: confirmed", "0 200 BYE", "0 owner: ended")
		if ringing.ToTag() != b.d.ID().LocalTag || ringing.Header("Contact") != "<sip:hotline@192.0.2.1:5060>" ||
			ringing.Header("Allow") == "" {
			t.Errorf("200 has tag %q, contact %q", ringing.ToTag(), ringing.Header("Contact"))
		}
	})
}

func TestRFC3261R1CancelInsideTransaction(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.in.fail = wire.ErrAnswered
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		synctest.Wait()
		b.want("0 487 INVITE", "0 owner: cancelled (request has its final answer already)")
	})
}

func TestRFC3261R1R9Cancel(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Progress(180, nil) })
		tag := b.in.answered().ToTag()
		for range 2 {
			cancel := b.request(wire.CANCEL, "", "")
			b.st.cancel(cancel, b.in)
			synctest.Wait()
		}
		b.loop.do(func() { b.d.Answer([]byte("late")) })
		b.want("0 180 INVITE", "0 200 CANCEL", "0 487 INVITE", "0 owner: cancelled", "0 200 CANCEL")
		if b.in.answered().ToTag() != tag {
			t.Errorf("487 has tag %q, 180 had %q", b.in.answered().ToTag(), tag)
		}
	})
}

func TestRFC3261R3CancelBeforeAccept(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.st.OnInvite(func(in *Incoming) {
			b.in = in.d.tx.(*inTx)
			b.st.cancel(b.request(wire.CANCEL, "", ""), b.in)
			b.d = in.Accept(b.loop, b.hear)
		})
		b.st.request(b.request(wire.INVITE, "", "offer"))
		synctest.Wait()
		b.loop.do(func() { b.d.Progress(180, nil); b.d.Answer([]byte("answer")) })
		b.want("0 200 CANCEL", "0 487 INVITE", "0 owner: cancelled")
	})
}

func TestRFC3261R2AnswerCrossesCancel(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.answer(180, "far", "")
		synctest.Wait()
		b.loop.do(func() { b.d.Cancel(ReasonSIP(200, "Call completed elsewhere")) })
		tx.answer(200, "far", "answer")
		tx.answer(200, "far", "answer")
		synctest.Wait()
		pass(time.Second)
		b.st.HandleStray(tx.response(200, "far", "answer")) // the transaction is gone
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: progress 180", "0 CANCEL 1", "0 ACK 1 far",
			`0 BYE 2 far SIP;cause=200;text="Call completed elsewhere"`,
			"0 owner: failed 487 (invite was cancelled)", "0 ACK 1 far", "1 ACK 1 far")
	})
}

func TestRFC3261R7ForksAndR19(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		for _, tag := range []string{"a", "b", "c"} {
			tx.answer(180, tag, "")
		}
		tx.answer(200, "b", "answer")
		tx.answer(200, "a", "answer")
		tx.answer(183, "c", "late")
		tx.answer(200, "c", "answer")
		tx.answer(200, "b", "answer")
		synctest.Wait()
		b.inside(wire.BYE, "")
		synctest.Wait()
		tx.answer(200, "d", "answer")
		synctest.Wait()
		const elsewhere = ` SIP;cause=200;text="Call completed elsewhere"`
		b.want("0 INVITE 1 ", "0 owner: progress 180", "0 owner: progress 180", "0 owner: progress 180",
			"0 ACK 1 b", "0 owner: answered 200 sdp=answer", "0 ACK 1 a", "0 BYE 2 a"+elsewhere,
			"0 ACK 1 c", "0 BYE 2 c"+elsewhere, "0 ACK 1 b", "0 200 BYE", "0 owner: ended", "0 ACK 1 d", "0 BYE 2 d"+elsewhere)
	})
}

func TestRFC3261R8SilentCancel(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.answer(180, "far", "")
		synctest.Wait()
		b.loop.do(func() { b.d.Cancel() })
		pass(32 * time.Second)
		tx.answer(487, "far", "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: progress 180", "0 CANCEL 1", "32 forget 1", "32 owner: failed (invite was cancelled)")
	})
}

func TestRFC3261S11SilentTrunk(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		pass(4 * time.Second)
		tx.answer(180, "far", "")
		tx.answer(200, "far", "answer")
		synctest.Wait()
		b.want("0 INVITE 1 ", "3 CANCEL 1", "3 forget 1", "3 owner: failed (no provisional response in time)",
			"4 ACK 1 far", `4 BYE 2 far SIP;cause=200;text="Call completed elsewhere"`)
		if !errors.Is(b.evs[0].Err, ErrSilent) {
			t.Error(b.evs[0].Err)
		}
	})
}

func TestRFC3261R10AckNeverComes(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		pass(40 * time.Second)
		b.want("0 200 INVITE", "0.5 200 INVITE", "1.5 200 INVITE", "3.5 200 INVITE", "7.5 200 INVITE",
			"11.5 200 INVITE", "15.5 200 INVITE", "19.5 200 INVITE", "23.5 200 INVITE", "27.5 200 INVITE", "31.5 200 INVITE",
			`32 BYE 1 far Q.850;cause=102;text="no ACK"`, "32 owner: ended (no ACK within 64·T1)")
	})
}

func TestRFC3261R11MediaWithoutAck(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Answer([]byte("answer")); b.d.MediaFlows(true) })
		pass(31900 * time.Millisecond)
		b.net.take()
		pass(10 * time.Second)
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("32 owner: confirmed (no ACK within 64·T1)", "41.9 200 BYE", "41.9 owner: ended")
	}, func(c *Config) { c.KeepWithoutAck = true })
}

func TestRFC3261R12ByeBeforeAck(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		b.inside(wire.BYE, "")
		b.ack(b.in, "")
		pass(5 * time.Second)
		b.want("0 200 INVITE", "0 200 BYE", "0 owner: ended")
	})
}

func TestRFC3261R12ByeBeforeAnswer(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Progress(180, nil) })
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 180 INVITE", "0 200 BYE", "0 487 INVITE", "0 owner: cancelled")
	})
}

func TestHangUpWaitsForAckAndLoopMayEnd(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Answer([]byte("answer")); b.d.Bye(ReasonQ850(31, "")) })
		b.loop.end() // the owner does not wait
		synctest.Wait()
		pass(600 * time.Millisecond)
		b.ack(b.in, "")
		synctest.Wait()
		b.net.sent()[0].answer(200, "", "")
		synctest.Wait()
		b.want("0 200 INVITE", "0.5 200 INVITE", "0.6 BYE 1 far Q.850;cause=31")
	})
}

func TestInviteCannotLeave(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.net.fail = wire.ErrUnreachable
		b.loop.do(func() {
			_, err := b.st.Invite(Outgoing{URI: wire.URI{Scheme: "sip", Host: "x"}, Flow: farFlow(), SDP: []byte("o")}, b.loop, b.hear)
			if !errors.Is(err, wire.ErrUnreachable) {
				b.t.Error(err)
			}
		})
		b.want()
	})
}

func TestReasonOfRefusal(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		res := tx.response(486, "far", "")
		_ = res.Add("Reason", `Q.850;cause=17;text="User busy"`)
		tx.on(wire.ClientEvent{Response: res})
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: failed 486 q850=17")
		if b.evs[0].Reason != "User busy" {
			t.Error(b.evs[0].Reason)
		}
	})
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.on(wire.ClientEvent{Err: wire.ErrUnreachable})
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: failed (destination is unreachable)")
	})
}

func TestMaxForwardsMergedRequest(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.st.OnInvite(func(in *Incoming) {
			twin := *in.d.tx.(*inTx)
			twin.key = "z9hG4bKother"
			b.st.request(&twin)
			in.Reject(503, "Full", wire.Header{Name: "Retry-After", Value: "5"})
		})
		b.st.request(b.request(wire.INVITE, "", "offer"))
		synctest.Wait()
		b.want("0 482 INVITE", "0 503 INVITE")
	})
}
