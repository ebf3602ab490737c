package dialog

import (
	"errors"
	"strings"
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

func TestHappyUAC(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.answer(100, "", "")
		tx.answer(183, "far", "early")
		tx.answer(200, "far", "answer")
		tx.answer(200, "far", "answer") // R10: our ACK was lost
		synctest.Wait()
		b.loop.do(func() { b.d.Bye(ReasonQ850(16, "")) })
		b.net.out[1].answer(200, "", "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: trying 100", "0 owner: progress 183 sdp=early", "0 ACK 1 far",
			"0 owner: answered 200 sdp=answer", "0 ACK 1 far", "0 BYE 2 far Q.850;cause=16", "0 owner: ended 200")
		if got := b.net.out[1].to.Remote.String(); got != "198.51.100.9:5080" {
			t.Errorf("BYE went to %s, not to the Contact of the 200", got)
		}
	})
}

func TestHappyUAS(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Progress(180, nil); b.d.Answer([]byte("answer")) })
		ringing := b.in.last
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

func TestR1CancelInsideTransaction(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.in.fail = wire.ErrAnswered
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		synctest.Wait()
		b.want("0 487 INVITE", "0 owner: cancelled (request has its final answer already)")
	})
}

func TestR1R9Cancel(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Progress(180, nil) })
		tag := b.in.last.ToTag()
		for range 2 {
			cancel := b.request(wire.CANCEL, "", "")
			b.st.cancel(cancel, b.in)
			synctest.Wait()
		}
		b.loop.do(func() { b.d.Answer([]byte("late")) })
		b.want("0 180 INVITE", "0 200 CANCEL", "0 487 INVITE", "0 owner: cancelled", "0 200 CANCEL")
		if b.in.last.ToTag() != tag {
			t.Errorf("487 has tag %q, 180 had %q", b.in.last.ToTag(), tag)
		}
	})
}

func TestR3CancelBeforeAccept(t *testing.T) {
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

func TestR2AnswerCrossesCancel(t *testing.T) {
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

func TestR7ForksAndR19(t *testing.T) {
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

func TestR8SilentCancel(t *testing.T) {
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

func TestS11SilentTrunk(t *testing.T) {
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

func TestR10AckNeverComes(t *testing.T) {
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

func TestR11MediaWithoutAck(t *testing.T) {
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

func TestR12ByeBeforeAck(t *testing.T) {
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

func TestR12ByeBeforeAnswer(t *testing.T) {
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
		b.net.out[0].answer(200, "", "")
		synctest.Wait()
		b.want("0 200 INVITE", "0.5 200 INVITE", "0.6 BYE 1 far Q.850;cause=31")
	})
}

func confirmed(b *bench) {
	b.invite("offer")
	b.loop.do(func() { b.d.Answer([]byte("answer")) })
	b.ack(b.in, "")
	synctest.Wait()
	b.net.take()
}

func TestR13ByeDuringTheirReinvite(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.inside(wire.INVITE, "hold")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("too late")) })
		b.want("0 owner: offer sdp=hold", "0 200 BYE", "0 487 INVITE", "0 owner: ended")
	})
}

func TestR13ByeDuringOurReinvite(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.loop.do(func() { b.d.ReInvite([]byte("new")) })
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.net.out[0].answer(200, "far", "answer")
		synctest.Wait()
		b.want("0 INVITE 1 far", "0 200 BYE", "0 owner: ended", "0 ACK 1 far")
	})
}

func TestR14ByeFromBoth(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.loop.do(func() { b.d.Bye() })
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.net.out[0].answer(481, "", "")
		synctest.Wait()
		b.want("0 BYE 1 far", "0 200 BYE", "0 owner: ended")
	})
}

func TestR15Glare(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.loop.do(func() { b.d.ReInvite([]byte("ours")) })
		b.inside(wire.INVITE, "theirs")
		b.net.out[0].answer(491, "far", "")
		pass(2100 * time.Millisecond)
		if n := len(b.net.out); n != 2 {
			t.Fatalf("%d requests left, want the re-INVITE twice", n)
		}
		b.net.out[1].answer(200, "far", "answer")
		synctest.Wait()
		got := strings.Join(b.net.take(), "\n")
		for _, part := range []string{"0 INVITE 1 far\n0 491 INVITE\n", " INVITE 2 far\n", " ACK 2 far\n", "owner: offer-done 200 sdp=answer"} {
			if !strings.Contains(got, part) {
				t.Errorf("%q is missing in\n%s", part, got)
			}
		}
		b.inside(wire.BYE, "")
	})
}

func TestGlareWaits(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if w := UAC.glareWait(); w < 2100*time.Millisecond || w > 4*time.Second {
			t.Fatalf("owner of the Call-ID waits %v", w)
		}
		if w := UAS.glareWait(); w < 0 || w > 2*time.Second {
			t.Fatalf("the other waits %v", w)
		}
	}
}

func TestR16SecondInvite(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		second := b.inside(wire.INVITE, "again")
		synctest.Wait()
		if second.last.Header("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		b.loop.do(func() { b.d.Reject(486, "") })
		synctest.Wait()
		b.want("0 500 INVITE", "0 486 INVITE", "0 owner: ended 486")
	})
}

func TestR17HoldAndRefresh(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.loop.do(func() { b.d.s.Flow = farFlow() })
		hold := b.inside(wire.INVITE, "hold")
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("held")) })
		pass(600 * time.Millisecond) // the ACK is late once
		b.ack(hold, "")
		b.inside(wire.UPDATE, "resume")
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("resumed")) })
		b.inside(wire.UPDATE, "") // refresh only
		late := b.inside(wire.INVITE, "")
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("our offer")) })
		b.ack(late, "their answer")
		b.inside(wire.INVITE, "fax")
		synctest.Wait()
		b.loop.do(func() { b.d.RefuseOffer(488) })
		b.loop.do(func() { b.d.Bye() })
		b.net.out[0].answer(200, "", "")
		synctest.Wait()
		b.want("0 owner: offer sdp=hold", "0 200 INVITE", "0.5 200 INVITE", "0.6 owner: offer sdp=resume", "0.6 200 UPDATE",
			"0.6 200 UPDATE", "0.6 owner: offer", "0.6 200 INVITE", "0.6 owner: late-answer sdp=their answer",
			"0.6 owner: offer sdp=fax", "0.6 488 INVITE", "0.6 BYE 1 far", "0.6 owner: ended 200")
		bye := b.net.out[0]
		if bye.req.URI().User != "moved" || bye.req.Header("Route") != "<sip:198.51.100.8;lr>" ||
			bye.to.Remote.String() != "198.51.100.8:5060" {
			t.Errorf("BYE to %s by %s over %s", bye.req.URI(), bye.req.Header("Route"), bye.to.Remote)
		}
	})
}

func TestUpdateInEarlyDialog(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.inside(wire.UPDATE, "too early")
		synctest.Wait()
		b.loop.do(func() { b.d.Progress(183, []byte("early")) })
		b.inside(wire.UPDATE, "again")
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("answer")); b.d.Bye() })
		synctest.Wait()
		b.want("0 500 UPDATE", "0 183 INVITE", "0 owner: offer sdp=again", "0 200 UPDATE",
			"0 480 INVITE", "0 owner: ended 480")
	})
}

func TestInfoInOrder(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.loop.do(func() { b.d.Info("application/dtmf", []byte("1")); b.d.Info("application/dtmf", []byte("2")) })
		b.net.out[0].answer(200, "", "")
		synctest.Wait()
		b.inside(wire.INFO, "")
		b.seq -= 2 // behind
		b.inside(wire.INFO, "")
		b.seq += 10 // a gap is legal
		b.inside(wire.INFO, "")
		b.inside(wire.OPTIONS, "")
		b.inside(wire.REFER, "")
		b.inside(wire.SUBSCRIBE, "")
		synctest.Wait()
		wrong := b.request(wire.BYE, "guess", "")
		b.st.request(wrong)
		foreign := b.request(wire.BYE, b.d.ID().LocalTag, "")
		_ = foreign.req.Set("From", "<sip:mallory@example.com>;tag=mallory")
		b.st.request(foreign)
		synctest.Wait()
		b.net.out[1].answer(481, "", "")
		synctest.Wait()
		b.want("0 INFO 1 far", "0 owner: info-done 200", "0 INFO 2 far", "0 200 INFO", "0 owner: info", "0 500 INFO",
			"0 200 INFO", "0 owner: info", "0 200 OPTIONS", "0 603 REFER", "0 405 SUBSCRIBE", "0 481 BYE", "0 481 BYE",
			"0 owner: info-done 481", "0 BYE 3 far", "0 owner: ended (far end lost the dialog)")
	})
}

func TestLateOffer(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("")
		b.loop.do(func() { b.d.Answer([]byte("our offer")) })
		b.ack(b.in, "their answer")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 200 INVITE", "0 owner: confirmed", "0 owner: late-answer sdp=their answer", "0 200 BYE", "0 owner: ended")
	})
	bubble(t, func(b *bench) {
		tx := b.dial("")
		tx.answer(200, "far", "their offer")
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("our answer")) })
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: answered 200 sdp=their offer", "0 ACK 1 far", "0 200 BYE", "0 owner: ended")
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

func TestOutcomesOfInvite(t *testing.T) {
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

func TestRejectWithoutOwnerAndMerged(t *testing.T) {
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
