package dialog

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// timed answers a request of ours with header lines.
func (t *outTx) timed(status int, sdp string, headers ...string) {
	res := t.response(status, "far", sdp)
	for i := 0; i < len(headers); i += 2 {
		_ = res.Add(headers[i], headers[i+1])
	}
	t.on(wire.ClientEvent{Response: res})
	synctest.Wait()
}

// last is our newest request.
func (b *bench) last() *outTx {
	sent := b.net.sent()
	return sent[len(sent)-1]
}

// talk is a call from a caller who asks for a timer of 90 s.
func (b *bench) talk(allow string, headers ...string) {
	b.caller("offer", ReliableAuto, append([]string{"Supported", "timer", "Allow", allow}, headers...)...)
	b.loop.do(func() { b.d.Answer([]byte("answer")) })
	b.ack(b.in, "")
	synctest.Wait()
	b.net.take()
}

func TestRFC4028WeRefreshByUpdate(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("INVITE, UPDATE", "x", "90")
		if got := b.in.answered().Header("Session-Expires"); got != "90;refresher=uas" || b.in.answered().Header("Require") != "timer" {
			t.Errorf("200 says %q, Require %q", got, b.in.answered().Header("Require"))
		}
		for range 13 { // 10 minutes
			pass(45 * time.Second)
			tx := b.last()
			if tx.req.Method() != wire.UPDATE || tx.req.Header("Session-Expires") != "90;refresher=uac" || tx.req.Body() != nil ||
				tx.req.Header("Contact") == "" {
				t.Fatalf("%s %q", tx.req.Method(), tx.req.Header("Session-Expires"))
			}
			tx.timed(200, "", "Session-Expires", "90;refresher=uac")
		}
		if n := len(b.net.sent()); n != 13 {
			t.Errorf("%d requests", n)
		}
		b.net.take()
		b.inside(wire.BYE, "")
		pass(time.Hour)
		b.want("585 200 BYE", "585 owner: ended")
	})
}

func TestRFC4028WeRefreshByReinvite(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		if got := tx.req.Header("Session-Expires"); got != "1800;refresher=uac" || tx.req.Header("Min-SE") != "" {
			t.Errorf("INVITE asks for %q", got)
		}
		tx.timed(200, "answer", "Session-Expires", "200;refresher=uac", "Allow", "INVITE, BYE")
		pass(100 * time.Second)
		again := b.last()
		if string(again.req.Body()) != "offer" || again.req.Header("Session-Expires") != "200;refresher=uac" {
			t.Errorf("refresh offers %q", again.req.Body())
		}
		b.loop.do(func() { b.d.ReInvite([]byte("hold")) }) // waits for the refresh
		again.timed(200, "answer", "Session-Expires", "200;refresher=uac")
		b.last().timed(200, "held", "Session-Expires", "200;refresher=uac")
		pass(100 * time.Second)
		b.last().timed(200, "moved", "Session-Expires", "200;refresher=uac")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 ACK 1 far", "0 owner: answered 200 sdp=answer", "100 INVITE 2 far", "100 ACK 2 far",
			"100 INVITE 3 far", "100 ACK 3 far", "100 owner: offer-done 200 sdp=held",
			"200 INVITE 4 far", "200 ACK 4 far", "200 owner: refreshed 200 sdp=moved", "200 200 BYE", "200 owner: ended")
		if got := string(b.net.sent()[3].req.Body()); got != "hold" {
			t.Errorf("the refresh after a hold offers %q", got)
		}
	})
}

func TestRFC4028PeerStopsRefreshing(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("INVITE, UPDATE", "Session-Expires", "90;refresher=uac")
		pass(40 * time.Second)
		update := b.request(wire.UPDATE, b.d.ID().LocalTag, "")
		_ = update.req.Add("Session-Expires", "90;refresher=uac")
		_ = update.req.Add("Supported", "timer")
		b.st.request(update)
		synctest.Wait()
		if got := update.answered().Header("Session-Expires"); got != "90;refresher=uac" {
			t.Errorf("200 says %q", got)
		}
		pass(59 * time.Second)
		b.want("40 200 UPDATE")
		pass(2 * time.Second)
		b.want(`100 BYE 1 far Q.850;cause=102;text="session expired"`, "100 owner: ended (session was not refreshed in time)")
		if e := b.evs[len(b.evs)-1]; !errors.Is(e.Err, ErrSessionExpired) {
			t.Error(e.Err)
		}
	})
}

func TestRFC4028NobodyAnswersOurRefresh(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("UPDATE", "Session-Expires", "90")
		pass(60 * time.Second)
		b.want("45 UPDATE 1 far", `60 BYE 2 far Q.850;cause=102;text="session expired"`,
			"60 owner: ended (session was not refreshed in time)")
	})
	for _, status := range []int{408, 481, 0} {
		bubble(t, func(b *bench) {
			b.talk("UPDATE", "Session-Expires", "1800")
			pass(900 * time.Second)
			if tx := b.last(); status == 0 {
				tx.on(wire.ClientEvent{Err: wire.ErrTimeout})
			} else {
				tx.answer(status, "far", "")
			}
			synctest.Wait()
			b.want("900 UPDATE 1 far", "900 BYE 2 far", "900 owner: ended (far end lost the dialog)")
		})
	}
	bubble(t, func(b *bench) { // it cannot leave for a while
		b.talk("UPDATE", "Session-Expires", "1800")
		pass(900 * time.Second)
		b.last().on(wire.ClientEvent{Err: wire.ErrUnreachable})
		pass(5 * time.Second)
		b.last().timed(200, "", "Session-Expires", "1800;refresher=uac")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("900 UPDATE 1 far", "905 UPDATE 2 far", "905 200 BYE", "905 owner: ended")
	})
}

func TestRFC4028ChallengedRefreshIsAlive(t *testing.T) {
	t.Parallel()
	for _, allow := range []string{"UPDATE", "INVITE"} {
		bubble(t, func(b *bench) {
			b.talk(allow, "Session-Expires", "90")
			for range 10 {
				pass(45 * time.Second)
				b.last().answer(407, "far", "")
				synctest.Wait()
			}
			for _, tx := range b.net.sent() {
				if tx.req.Header("Authorization")+tx.req.Header("Proxy-Authorization") != "" || tx.req.Method() == wire.BYE {
					t.Errorf("%s with %q", tx.req.Method(), tx.req.Header("Authorization"))
				}
			}
			if n := len(b.net.sent()); n != 10 {
				t.Errorf("%d requests", n)
			}
			b.inside(wire.BYE, "")
		})
	}
}

func TestRFC4028UpdateRefusedReinviteInstead(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("UPDATE", "Session-Expires", "90")
		pass(45 * time.Second)
		b.last().answer(405, "far", "")
		synctest.Wait()
		b.last().timed(200, "offer", "Session-Expires", "90;refresher=uac")
		pass(45 * time.Second)
		b.want("45 UPDATE 1 far", "45 INVITE 2 far", "45 ACK 2 far", "90 INVITE 3 far")
		b.last().answer(200, "far", "offer") // without Session-Expires: no timer any more
		pass(time.Hour)
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("90 ACK 3 far", "3690 200 BYE", "3690 owner: ended")
	})
}

func TestRFC4028R18RefreshWaitsForOffer(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("INVITE", "Session-Expires", "90")
		pass(44500 * time.Millisecond)
		hold := b.inside(wire.INVITE, "hold")
		pass(time.Second)
		b.loop.do(func() { b.d.AnswerOffer([]byte("held")) }) // its 200 keeps the timer and begins it anew
		if got := hold.answered().Header("Session-Expires"); got != "90;refresher=uas" {
			t.Errorf("200 to the re-INVITE says %q", got)
		}
		b.ack(hold, "")
		pass(45 * time.Second)
		b.want("44.5 owner: offer sdp=hold", "45.5 200 INVITE", "90.5 INVITE 1 far")
		b.inside(wire.INVITE, "glare") // both at once
		b.last().answer(491, "far", "")
		synctest.Wait()
		b.want("90.5 491 INVITE")
		theirs := b.inside(wire.INVITE, "theirs") // before our second try
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("ours")) })
		b.ack(theirs, "")
		synctest.Wait()
		b.want("90.5 owner: offer sdp=theirs", "90.5 200 INVITE")
		pass(45 * time.Second)
		b.want("135.5 INVITE 2 far")
		b.last().answer(491, "far", "")
		pass(2 * time.Second)
		b.last().timed(200, "theirs", "Session-Expires", "90;refresher=uac")
		b.inside(wire.BYE, "")
		synctest.Wait()
		if got := strings.Join(b.net.take(), "\n"); !strings.Contains(got, "INVITE 3 far") || !strings.Contains(got, "ACK 3 far") ||
			strings.Contains(got, "BYE 4") {
			t.Error(got)
		}
	})
}

func TestRFC4028R18UpdateWaitsForOffer(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("UPDATE", "Session-Expires", "90")
		b.loop.do(func() { b.d.ReInvite([]byte("hold")) })
		pass(45500 * time.Millisecond)
		b.want("0 INVITE 1 far")
		b.last().answer(488, "far", "")
		pass(time.Second)
		b.want("45.5 owner: offer-done 488", "46 UPDATE 2 far")
		b.inside(wire.BYE, "")
	})
}

func TestRFC4028TooBrief(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) { // to our INVITE
		tx := b.dial("offer")
		tx.timed(422, "", "Min-SE", "3600")
		b.last().timed(422, "", "Min-SE", "3600") // asks for what it has got
		b.want("0 INVITE 1 ", "0 INVITE 2 ", "0 owner: failed 422")
		second := b.net.sent()[1].req
		if second.Header("Session-Expires") != "3600;refresher=uac" || second.Header("Min-SE") != "3600" || second.CallID() != tx.req.CallID() {
			t.Errorf("%q, %q", second.Header("Session-Expires"), second.Header("Min-SE"))
		}
	})
	bubble(t, func(b *bench) { // to refreshes of both kinds, and to the owner's own offer
		tx := b.dial("offer")
		tx.timed(200, "answer", "Session-Expires", "90;refresher=uac", "Allow", "UPDATE")
		pass(45 * time.Second)
		b.last().timed(422, "", "Min-SE", "200")
		b.last().timed(200, "", "Session-Expires", "200;refresher=uac", "Allow", "INVITE")
		pass(100 * time.Second)
		b.last().timed(422, "", "Min-SE", "300")
		b.last().timed(200, "answer", "Session-Expires", "300;refresher=uac")
		b.loop.do(func() { b.d.ReInvite([]byte("hold")) })
		b.last().timed(422, "", "Min-SE", "400")
		b.last().timed(200, "held", "Session-Expires", "400;refresher=uac")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 ACK 1 far", "0 owner: answered 200 sdp=answer", "45 UPDATE 2 far", "45 UPDATE 3 far",
			"145 INVITE 4 far", "145 INVITE 5 far", "145 ACK 5 far", "145 INVITE 6 far", "145 INVITE 7 far", "145 ACK 7 far",
			"145 owner: offer-done 200 sdp=held", "145 200 BYE", "145 owner: ended")
		if last := b.last().req; last.Header("Session-Expires") != "400;refresher=uac" || last.Header("Min-SE") != "400" {
			t.Errorf("%q, %q", last.Header("Session-Expires"), last.Header("Min-SE"))
		}
	})
	bubble(t, func(b *bench) { // to somebody who never has enough
		tx := b.dial("offer")
		for i := range 10 {
			b.last().timed(422, "", "Min-SE", strconv.Itoa(4000+i))
		}
		if n := len(b.net.sent()); n != 1+maxBriefs || tx.req.CSeq() != 1 {
			t.Errorf("%d INVITEs", n)
		}
	})
}

func TestRFC4028WeRefuseTooBrief(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) { // before anybody hears of the call
		b.st.OnInvite(func(*Incoming) { t.Error("the call came through") })
		b.in = b.request(wire.INVITE, "", "offer")
		_ = b.in.req.Add("Session-Expires", "60")
		_ = b.in.req.Add("Supported", "timer")
		b.st.request(b.in)
		b.want("0 422 INVITE")
		if got := b.in.answered().Header("Min-SE"); got != "90" {
			t.Errorf("Min-SE %q", got)
		}
	})
	bubble(t, func(b *bench) { // a leg's own policy
		b.st.OnInvite(func(in *Incoming) {
			in.Policy(ReliableAuto, SessionTimer{MinSE: 10 * time.Minute})
			b.d = in.Accept(b.loop, b.hear)
		})
		b.in = b.request(wire.INVITE, "", "offer")
		_ = b.in.req.Add("Session-Expires", "300")
		_ = b.in.req.Add("Supported", "timer")
		b.st.request(b.in)
		synctest.Wait()
		b.want("0 422 INVITE", "0 owner: ended 422")
		if got := b.in.answered().Header("Min-SE"); got != "600" {
			t.Errorf("Min-SE %q", got)
		}
	})
	bubble(t, func(b *bench) { // within the dialog; the session goes on
		b.talk("UPDATE", "Session-Expires", "90")
		for _, m := range []wire.Method{wire.UPDATE, wire.INVITE} {
			tx := b.request(m, b.d.ID().LocalTag, "brief")
			_ = tx.req.Add("Session-Expires", "10")
			_ = tx.req.Add("Supported", "timer")
			b.st.request(tx)
			synctest.Wait()
		}
		b.want("0 422 UPDATE", "0 422 INVITE")
		b.inside(wire.BYE, "")
	})
}

func TestRFC4028Off(t *testing.T) {
	t.Parallel()
	off := func(c *Config) { c.SessionTimer.Off = true }
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		if tx.req.Header("Session-Expires") != "" || tx.req.Header("Supported") != "100rel" {
			t.Errorf("INVITE says %q, %q", tx.req.Header("Session-Expires"), tx.req.Header("Supported"))
		}
		tx.timed(200, "answer", "Session-Expires", "90;refresher=uas")
		pass(time.Hour)
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 ACK 1 far", "0 owner: answered 200 sdp=answer", "3600 200 BYE", "3600 owner: ended")
	}, off)
	bubble(t, func(b *bench) {
		b.talk("UPDATE", "Session-Expires", "60")
		if got := b.in.answered().Header("Session-Expires"); got != "" {
			t.Errorf("200 says %q", got)
		}
		pass(time.Hour)
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("3600 200 BYE", "3600 owner: ended")
	}, off)
	bubble(t, func(b *bench) { // the far end does not support them
		b.dial("offer").answer(200, "far", "answer")
		pass(24 * time.Hour)
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 ACK 1 far", "0 owner: answered 200 sdp=answer", "86400 200 BYE", "86400 owner: ended")
	})
}

// TestRFC4028OwnerGone ends a call that nobody owns any more instead of keeping it
// alive for ever.
func TestRFC4028OwnerGone(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("UPDATE", "Session-Expires", "90")
		b.loop.end()
		pass(45 * time.Second)
		b.last().answer(200, "far", "")
		synctest.Wait()
		b.want("45 BYE 1 far")
	})
}

// TestRFC4028StateForAnotherNode holds all that a successor needs as plain values.
func TestRFC4028StateForAnotherNode(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.caller("offer", ReliableAuto, "Require", "100rel", "Supported", "timer", "Session-Expires", "90", "Allow", "UPDATE")
		b.loop.do(func() { b.d.Progress(183, []byte("answer")) })
		rseq := b.in.answered().Header("RSeq")
		b.prack(b.in.answered(), "")
		b.loop.do(func() { b.d.Answer(nil) })
		at := time.Now()
		b.ack(b.in, "")
		synctest.Wait()
		var s State
		b.loop.do(func() { s = b.d.State() })
		want := Session{State: SessionOurs, Interval: 90 * time.Second, RefreshAt: at.Add(45 * time.Second), ByeAt: at.Add(time.Minute)}
		if s.Session != want || decimal(s.RSeq) != rseq || !s.PeerUpdates || string(s.LocalSDP) != "answer" || string(s.RemoteSDP) != "offer" {
			t.Errorf("%+v", s)
		}
		b.inside(wire.BYE, "")
	})
}
