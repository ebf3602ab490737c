package dialog

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

func TestREFERIsDeclined(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("INVITE")
		refer := b.request(wire.REFER, b.d.ID().LocalTag, "")
		_ = refer.req.Add("Refer-To", "<sip:premium@example.com>")
		b.st.request(refer)
		synctest.Wait()
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 603 REFER", "0 200 BYE", "0 owner: ended")
	})
}

// TestMESSAGE takes texts outside and inside of a dialog by the same hand, and says
// in Allow what is served.
func TestMESSAGE(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	texts := make(chan string, 2)
	l.st.OnOutOfDialog(wire.MESSAGE, func(tx *wire.ServerTx) {
		texts <- string(tx.Request().Body())
		_ = tx.Respond(wire.NewResponse(tx.Request(), 200, ""))
	})
	phone := l.ua("udp")
	call := phone.NewCall(l.uri())
	call.Request("MESSAGE", "text/plain", "before")
	phone.ExpectStatus(200, "MESSAGE")
	call = phone.NewCall(l.uri())
	call.Invite("v=0\r\n")
	d := l.taken()
	l.loop.do(func() { d.Answer([]byte("v=0\r\n")) })
	ok := phone.ExpectStatus(200, "INVITE")
	for _, m := range []string{"PRACK", "MESSAGE", "UPDATE"} {
		if !strings.Contains(ok.Get("Allow"), m) {
			t.Errorf("Allow is %q", ok.Get("Allow"))
		}
	}
	if strings.Contains(ok.Get("Allow"), "REFER") || ok.Get("Supported") != "100rel, timer" {
		t.Errorf("Allow %q, Supported %q", ok.Get("Allow"), ok.Get("Supported"))
	}
	call.Learn(ok).Ack(ok)
	l.want(Confirmed)
	call.Request("MESSAGE", "text/plain", "during")
	phone.ExpectStatus(200, "MESSAGE")
	call.Bye()
	phone.ExpectStatus(200, "BYE")
	l.want(Ended)
	if a, b := <-texts, <-texts; a != "before" || b != "during" {
		t.Errorf("%q, %q", a, b)
	}
}

func TestRFC3311RefreshesTimer(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.caller("offer", ReliableAuto, "Supported", "timer", "Session-Expires", "90;refresher=uac")
		early := b.inside(wire.UPDATE, "") // before the answer: the target only
		synctest.Wait()
		if got := early.answered().Header("Session-Expires"); got != "" {
			t.Errorf("a session of %q without a call", got)
		}
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		b.ack(b.in, "")
		for range 20 {
			pass(50 * time.Second) // the session would end at 60
			update := b.inside(wire.UPDATE, "")
			synctest.Wait()
			if got := update.answered(); got.Header("Session-Expires") == "" || got.Header("Contact") == "" || got.Body() != nil {
				t.Fatalf("UPDATE answered %d with %q", got.Status(), got.Header("Session-Expires"))
			}
		}
		b.net.take()
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("1000 200 BYE", "1000 owner: ended")
	})
}

func TestRFC3311WithDescription(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("UPDATE", "Session-Expires", "90;refresher=uac")
		pass(50 * time.Second)
		update := b.inside(wire.UPDATE, "hold")
		second := b.inside(wire.UPDATE, "again") // before the first is answered
		synctest.Wait()
		b.loop.do(func() { b.d.AnswerOffer([]byte("held")) })
		if second.answered().Header("Retry-After") == "" || update.answered().Header("Session-Expires") != "90;refresher=uas" {
			t.Errorf("Retry-After %q, session %q", second.answered().Header("Retry-After"), update.answered().Header("Session-Expires"))
		}
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("50 owner: offer sdp=hold", "50 500 UPDATE", "50 200 UPDATE", "50 200 BYE", "50 owner: ended")
	})
}

func TestMultipartInviteOnTheWire(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	phone := l.ua("udp")
	call := phone.NewCall(l.uri())
	const body = "--b1\r\nContent-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x00\r\n" +
		"--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b1\r\nContent-Type: application/pidf+xml\r\n\r\n<presence/>\r\n--b1--\r\n"
	call.Prepare("")
	call.Request("INVITE", "multipart/mixed;boundary=b1", body)
	d := l.taken()
	if got := string(d.State().RemoteSDP); got != "v=0\r\n" {
		t.Errorf("description is %q", got)
	}
	l.loop.do(func() { d.Reject(486, "") })
	phone.Expect(func(m *siptest.Message) bool { return m.Answers(486, "INVITE") })
	l.want(Ended)
}

func TestReasonBothWays(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("INVITE")
		bye := b.request(wire.BYE, b.d.ID().LocalTag, "")
		_ = bye.req.Add("Reason", `SIP;cause=200;text="Call completed elsewhere", Q.850;cause=31`)
		b.st.request(bye)
		synctest.Wait()
		if e := b.evs[len(b.evs)-1]; e.Q850 != 31 || e.Reason != "Call completed elsewhere" {
			t.Errorf("%+v", e)
		}
	})
	for _, cause := range []int{16, 17, 19, 21, 31, 34, 38, 41, 102} {
		bubble(t, func(b *bench) {
			tx := b.dial("offer")
			res := tx.response(503, "far", "")
			_ = res.Add("Reason", ReasonQ850(cause, "").Value)
			tx.on(wire.ClientEvent{Response: res})
			synctest.Wait()
			if len(b.evs) != 1 || b.evs[0].Q850 != cause {
				t.Errorf("cause %d: %+v", cause, b.evs)
			}
		})
		bubble(t, func(b *bench) {
			b.talk("INVITE")
			b.loop.do(func() { b.d.Bye(ReasonQ850(cause, "")) })
			b.last().answer(200, "far", "")
			synctest.Wait()
			if got := b.last().req.Header("Reason"); got != "Q.850;cause="+decimal(uint32(cause)) {
				t.Errorf("BYE says %q", got)
			}
		})
	}
}
