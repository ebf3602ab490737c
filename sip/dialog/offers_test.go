package dialog

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

func confirmed(b *bench) {
	b.invite("offer")
	b.loop.do(func() { b.d.Answer([]byte("answer")) })
	b.ack(b.in, "")
	synctest.Wait()
	b.net.take()
}

func TestRFC3261R13ByeDuringTheirReinvite(t *testing.T) {
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

func TestRFC3261R13ByeDuringOurReinvite(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.loop.do(func() { b.d.ReInvite([]byte("new")) })
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.net.sent()[0].answer(200, "far", "answer")
		synctest.Wait()
		b.want("0 INVITE 1 far", "0 200 BYE", "0 owner: ended", "0 ACK 1 far")
	})
}

func TestRFC3261R14ByeFromBoth(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.loop.do(func() { b.d.Bye() })
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.net.sent()[0].answer(481, "", "")
		synctest.Wait()
		b.want("0 BYE 1 far", "0 200 BYE", "0 owner: ended")
	})
}

func TestRFC3261R15Glare(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.loop.do(func() { b.d.ReInvite([]byte("ours")) })
		b.inside(wire.INVITE, "theirs")
		b.net.sent()[0].answer(491, "far", "")
		pass(2100 * time.Millisecond)
		if n := len(b.net.sent()); n != 2 {
			t.Fatalf("%d requests left, want the re-INVITE twice", n)
		}
		b.net.sent()[1].answer(200, "far", "answer")
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

func TestRFC3261R16SecondInvite(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.invite("offer")
		second := b.inside(wire.INVITE, "again")
		synctest.Wait()
		if second.answered().Header("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		b.loop.do(func() { b.d.Reject(486, "") })
		synctest.Wait()
		b.want("0 500 INVITE", "0 486 INVITE", "0 owner: ended 486")
	})
}

func TestRFC3264R17HoldAndRefresh(t *testing.T) {
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
		b.net.sent()[0].answer(200, "", "")
		synctest.Wait()
		b.want("0 owner: offer sdp=hold", "0 200 INVITE", "0.5 200 INVITE", "0.6 owner: offer sdp=resume", "0.6 200 UPDATE",
			"0.6 200 UPDATE", "0.6 owner: offer", "0.6 200 INVITE", "0.6 owner: late-answer sdp=their answer",
			"0.6 owner: offer sdp=fax", "0.6 488 INVITE", "0.6 BYE 1 far", "0.6 owner: ended 200")
		bye := b.net.sent()[0]
		if bye.req.URI().User != "moved" || bye.req.Header("Route") != "<sip:198.51.100.8;lr>" ||
			bye.to.Remote.String() != "198.51.100.8:5060" {
			t.Errorf("BYE to %s by %s over %s", bye.req.URI(), bye.req.Header("Route"), bye.to.Remote)
		}
	})
}

func TestRFC3311BeforeTheAnswer(t *testing.T) {
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
		b.net.sent()[0].answer(200, "", "")
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
		b.net.sent()[1].answer(481, "", "")
		synctest.Wait()
		b.want("0 INFO 1 far", "0 owner: info-done 200", "0 INFO 2 far", "0 200 INFO", "0 owner: info", "0 500 INFO",
			"0 200 INFO", "0 owner: info", "0 200 OPTIONS", "0 603 REFER", "0 405 SUBSCRIBE", "0 481 BYE", "0 481 BYE",
			"0 owner: info-done 481", "0 BYE 3 far", "0 owner: ended (far end lost the dialog)")
	})
}

func TestRFC3264LateOffer(t *testing.T) {
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

func TestRFC3264ReinviteBeforeAck(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) { // it has seen our 200: the ACK is implied
		b.invite("offer")
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		b.inside(wire.INVITE, "hold")
		synctest.Wait()
		b.loop.do(func() { b.d.RefuseOffer(488); b.d.Bye() })
		b.net.sent()[0].answer(408, "", "")
		synctest.Wait()
		b.want("0 200 INVITE", "0 owner: confirmed", "0 owner: offer sdp=hold", "0 488 INVITE", "0 BYE 1 far", "0 owner: ended 408")
	})
	bubble(t, func(b *bench) { // our offer in the 200 has no answer yet
		b.invite("")
		b.loop.do(func() { b.d.Answer([]byte("our offer")) })
		b.inside(wire.INVITE, "hold")
		b.ack(b.in, "their answer")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 200 INVITE", "0 491 INVITE", "0 owner: confirmed", "0 owner: late-answer sdp=their answer", "0 200 BYE", "0 owner: ended")
	})
	bubble(t, func(b *bench) { // its offer in the 200 has no answer yet
		b.dial("").answer(200, "far", "their offer")
		synctest.Wait()
		b.inside(wire.INVITE, "hold")
		synctest.Wait()
		b.loop.do(func() { b.d.Bye() })
		b.net.sent()[1].answer(200, "", "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: answered 200 sdp=their offer", "0 491 INVITE", "0 ACK 1 far", "0 BYE 2 far", "0 owner: ended 200")
	})
}

func TestRFC3261ReinviteAckNeverComes(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		b.inside(wire.INVITE, "hold")
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("held")) })
		pass(31900 * time.Millisecond)
		b.net.take()
		pass(time.Second)
		b.want(`32 BYE 1 far Q.850;cause=102;text="no ACK"`, "32 owner: ended (no ACK within 64·T1)")
	})
}

func TestOurOfferRepeatedAndRefused(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.answer(200, "far", "answer")
		synctest.Wait()
		b.loop.do(func() { b.d.ReInvite([]byte("hold")); b.d.ReInvite([]byte("at once")) })
		again := b.net.sent()[1]
		again.answer(200, "far", "held")
		synctest.Wait()
		b.st.HandleStray(again.response(200, "far", "held")) // repeated after its transaction
		synctest.Wait()
		b.loop.do(func() { b.d.ReInvite([]byte("resume")) })
		b.net.sent()[2].answer(408, "far", "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 ACK 1 far", "0 owner: answered 200 sdp=answer", "0 INVITE 2 far",
			"0 owner: offer-done (another offer is pending)", "0 ACK 2 far", "0 owner: offer-done 200 sdp=held", "0 ACK 2 far",
			"0 INVITE 3 far", "0 owner: offer-done 408", "0 BYE 4 far", "0 owner: ended (far end lost the dialog)")
	})
}

func TestRFC3261CancelledReinvite(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		confirmed(b)
		hold := b.inside(wire.INVITE, "hold")
		synctest.Wait()
		b.st.cancel(b.request(wire.CANCEL, "", ""), hold)
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 owner: offer sdp=hold", "0 200 CANCEL", "0 487 INVITE", "0 owner: offer-gone", "0 200 BYE", "0 owner: ended")
	})
}
