package phone_test

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// Races on the wire: a raw UA misbehaves or is unlucky, the phone stands for
// every user of sip/dialog. The numbers are those of the race list.

// rawCallee is a raw UA that the phone has called; the INVITE has arrived.
func rawCallee(t *testing.T, o phone.Options) (*siptest.UA, *siptest.Call, *siptest.RTP, *phone.Session) {
	t.Helper()
	p := start(t, "caller", "udp", phone.Answer{})
	ua := siptest.NewUA(t, siptest.UAConfig{User: "raw", Peer: p.Addr("udp")})
	out := dial(t, p, ua.URI(), o)
	invite := ua.ExpectRequest("INVITE")
	sound := siptest.NewRTP(t)
	sound.Learn(invite.Body)
	return ua, ua.Received(invite), sound, out
}

// rawCaller is a raw UA that has called the phone; the INVITE is on its way.
func rawCaller(t *testing.T, answer phone.Answer) (*siptest.UA, *siptest.Call, *siptest.RTP, *phone.Session) {
	t.Helper()
	p := start(t, "callee", "udp", answer)
	ua := siptest.NewUA(t, siptest.UAConfig{User: "raw", Peer: p.Addr("udp")})
	sound := siptest.NewRTP(t)
	call := ua.NewCall(p.URI())
	call.Invite(sound.SDP())
	return ua, call, sound, incoming(t, p)
}

// rawTalk is rawCaller with the call up.
func rawTalk(t *testing.T, talk phone.Talk) (*siptest.UA, *siptest.Call, *siptest.RTP, *phone.Session) {
	t.Helper()
	ua, call, sound, in := rawCaller(t, phone.Answering(0, talk))
	ok := ua.ExpectStatus(200, "INVITE")
	sound.Learn(ok.Body)
	call.Learn(ok).Ack(ok)
	wait(t, in, phone.Confirmed)
	return ua, call, sound, in
}

// finish answers BYE so that no test leaves a transaction behind.
func finish(ua *siptest.UA) siptest.Message {
	bye := ua.ExpectRequest("BYE")
	ua.Answer(bye, 200, "OK", siptest.Reply{})
	return bye
}

func TestR2AnswerCrossesOurCancel(t *testing.T) {
	t.Parallel()
	ua, call, sound, out := rawCallee(t, phone.Options{CancelOn: phone.Rang})
	call.Answer(180, "Ringing", "")
	cancel := ua.ExpectRequest("CANCEL")
	call.Answer(200, "OK", sound.SDP())
	ua.Answer(cancel, 200, "OK", siptest.Reply{})
	ack := ua.ExpectRequest("ACK")
	bye := finish(ua)
	if bye.At.Before(ack.At) {
		t.Error("BYE overtook ACK")
	}
	if bye.ToTag() != call.LocalTag {
		t.Errorf("BYE is for tag %s, want %s", bye.ToTag(), call.LocalTag)
	}
	wait(t, out, phone.Ended)
}

// A fork that answers behind the 487 of another one gets ACK and BYE.
func TestR2AnswerAfter487(t *testing.T) {
	t.Parallel()
	ua, call, sound, out := rawCallee(t, phone.Options{CancelOn: phone.Rang})
	call.Answer(180, "Ringing", "")
	cancel := ua.ExpectRequest("CANCEL")
	ua.Answer(cancel, 200, "OK", siptest.Reply{})
	call.Answer(487, "Request Terminated", "")
	ua.ExpectRequest("ACK")
	wait(t, out, phone.Ended)
	fork := *call
	fork.LocalTag = "late"
	fork.Answer(200, "OK", sound.SDP())
	if ack := ua.ExpectRequest("ACK"); ack.ToTag() != "late" {
		t.Errorf("ACK is for tag %s, want late", ack.ToTag())
	}
	if bye := finish(ua); bye.ToTag() != "late" {
		t.Errorf("BYE is for tag %s, want late", bye.ToTag())
	}
}

func TestR7ForkedAnswers(t *testing.T) {
	t.Parallel()
	ua, call, sound, out := rawCallee(t, phone.Options{})
	loser := *call
	loser.LocalTag = "loser"
	call.Answer(200, "OK", sound.SDP())
	loser.Answer(200, "OK", sound.SDP())
	for range 2 {
		ua.ExpectRequest("ACK")
	}
	if bye := finish(ua); bye.ToTag() != "loser" {
		t.Errorf("BYE is for tag %s, want the loser", bye.ToTag())
	}
	loser.Answer(200, "OK", sound.SDP()) // its ACK was lost: ACK again
	if ack := ua.ExpectRequest("ACK"); ack.ToTag() != "loser" {
		t.Errorf("ACK is for tag %s, want loser", ack.ToTag())
	}
	out.Hangup()
	if bye := finish(ua); bye.ToTag() != call.LocalTag {
		t.Errorf("BYE is for tag %s, want the winner", bye.ToTag())
	}
	wait(t, out, phone.Ended)
}

func TestR8RefusalRepeated(t *testing.T) {
	t.Parallel()
	ua, call, _, out := rawCallee(t, phone.Options{CancelOn: phone.Rang})
	call.Answer(180, "Ringing", "")
	ua.Answer(ua.ExpectRequest("CANCEL"), 200, "OK", siptest.Reply{})
	call.Answer(487, "Request Terminated", "")
	ua.ExpectRequest("ACK")
	wait(t, out, phone.Ended)
	call.Answer(487, "Request Terminated", "")
	ua.ExpectRequest("ACK")
}

func TestR9CancelRepeated(t *testing.T) {
	t.Parallel()
	ua, call, _, in := rawCaller(t, phone.Ringing())
	ua.ExpectStatus(180, "INVITE")
	call.Cancel()
	ua.ExpectStatus(200, "CANCEL")
	call.Ack(ua.ExpectStatus(487, "INVITE"))
	wait(t, in, phone.Cancelled)
	ua.Ping()
	call.Cancel()
	ua.ExpectStatus(200, "CANCEL")
	ua.Ping()
	if n := ua.Seen(func(m *siptest.Message) bool { return m.Answers(487, "INVITE") }); n != 1 {
		t.Errorf("487 came %d times, want once", n)
	}
}

func TestR10AnswerRepeated(t *testing.T) {
	t.Parallel()
	t.Run("theirs", func(t *testing.T) {
		t.Parallel()
		ua, call, sound, out := rawCallee(t, phone.Options{})
		for range 3 {
			call.Answer(200, "OK", sound.SDP())
			ua.ExpectRequest("ACK")
		}
		out.Hangup()
		finish(ua)
		wait(t, out, phone.Ended)
	})
	t.Run("ours", func(t *testing.T) {
		t.Parallel()
		ua, call, _, in := rawCaller(t, phone.Answering(0, phone.Talk{}))
		first, second := ua.ExpectStatus(200, "INVITE"), ua.ExpectStatus(200, "INVITE")
		if first.ToTag() != second.ToTag() || string(first.Body) != string(second.Body) {
			t.Errorf("the repeated 200 differs:\n%s\n%s", first.Raw, second.Raw)
		}
		call.Learn(second).Ack(second)
		wait(t, in, phone.Confirmed)
		call.Bye()
		ua.ExpectStatus(200, "BYE")
		wait(t, in, phone.Ended)
	})
}

func TestR12ByeBeforeAck(t *testing.T) {
	t.Parallel()
	ua, call, _, in := rawCaller(t, phone.Answering(0, phone.Talk{}))
	ok := ua.ExpectStatus(200, "INVITE")
	call.Learn(ok).Bye()
	ua.ExpectStatus(200, "BYE")
	wait(t, in, phone.Ended)
	call.Ack(ok) // too late, and harmless
	ua.Ping()
}

func TestR13ByeDuringReInvite(t *testing.T) {
	t.Parallel()
	ua, call, _, in := rawTalk(t, phone.Talk{})
	in.Hold()
	reinvite := ua.ExpectRequest("INVITE")
	call.Bye()
	ua.ExpectStatus(200, "BYE")
	wait(t, in, phone.Ended)
	ua.Answer(reinvite, 487, "Request Terminated", siptest.Reply{})
	ua.ExpectRequest("ACK")
}

func TestR14ByeFromBothSides(t *testing.T) {
	t.Parallel()
	ua, call, _, in := rawTalk(t, phone.Talk{})
	in.Hangup()
	bye := ua.ExpectRequest("BYE")
	call.Bye()
	ua.ExpectStatus(200, "BYE")
	ua.Answer(bye, 200, "OK", siptest.Reply{})
	wait(t, in, phone.Ended)
}

func TestR15Glare(t *testing.T) {
	t.Parallel()
	ua, call, sound, in := rawTalk(t, phone.Talk{})
	in.Hold()
	ours := ua.ExpectRequest("INVITE")
	call.Invite(sound.SDP())
	call.Ack(ua.ExpectStatus(491, "INVITE"))
	ua.Answer(ours, 491, "Request Pending", siptest.Reply{})
	ua.ExpectRequest("ACK")
	again := ua.ExpectRequest("INVITE") // the loser of the glare tries again by itself
	ua.Answer(again, 200, "OK", siptest.Reply{SDP: sound.SDP("a=recvonly")})
	ua.ExpectRequest("ACK")
	wait(t, in, phone.Holding)
	call.Bye()
	ua.ExpectStatus(200, "BYE")
}

func TestR16SecondInviteBeforeTheFirstIsFinal(t *testing.T) {
	t.Parallel()
	ua, call, sound, in := rawCaller(t, phone.Ringing())
	call.Learn(ua.ExpectStatus(180, "INVITE"))
	first := *call
	call.Invite(sound.SDP())
	refused := ua.ExpectStatus(500, "INVITE")
	if refused.Get("Retry-After") == "" {
		t.Errorf("500 without Retry-After:\n%s", refused.Raw)
	}
	call.Ack(refused)
	first.Cancel()
	ua.ExpectStatus(200, "CANCEL")
	first.Ack(ua.ExpectStatus(487, "INVITE"))
	wait(t, in, phone.Ended)
}

func TestR17HoldByReInviteAndUpdate(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(string) string{
		"sendonly": func(sdp string) string { return sdp + "a=sendonly\r\n" },
		"inactive": func(sdp string) string { return sdp + "a=inactive\r\n" },
		"0.0.0.0":  func(sdp string) string { return strings.Replace(sdp, "c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ua, call, sound, in := rawTalk(t, phone.Talk{Tone: 440})
			call.Invite(hold(sound.SDP()))
			call.Ack(ua.ExpectStatus(200, "INVITE"))
			wait(t, in, phone.Held)
			call.Request("UPDATE", "application/sdp", sound.SDP())
			if ok := ua.ExpectStatus(200, "UPDATE"); len(ok.Body) == 0 {
				t.Errorf("UPDATE with an offer got no answer:\n%s", ok.Raw)
			}
			wait(t, in, phone.Resumed)
			call.Request("UPDATE", "", "")
			ua.ExpectStatus(200, "UPDATE")
			call.Bye()
			ua.ExpectStatus(200, "BYE")
			wait(t, in, phone.Ended)
		})
	}
}

func TestR21OneKeyTwoWays(t *testing.T) {
	t.Parallel()
	ua, call, sound, in := rawTalk(t, phone.Talk{})
	sound.Tone(440)
	wait(t, in, phone.Heard)
	sound.Key('1', siptest.KeyPress{})
	call.Request("INFO", "application/dtmf-relay", "Signal=1\r\nDuration=160\r\n")
	ua.ExpectStatus(200, "INFO")
	sound.Key('2', siptest.KeyPress{NoMarker: true, Ends: 1})
	sound.Key('#', siptest.KeyPress{})
	last := func(e phone.Event) bool { return e.Kind == phone.Digit && e.Digit == '#' }
	if _, err := in.WaitFor(within(t), 0, last); err != nil {
		t.Fatal(err)
	}
	if got := in.Digits(); got != "12#" {
		t.Errorf("heard %q, want 12#", got)
	}
	call.Bye()
	ua.ExpectStatus(200, "BYE")
}

func TestRequestsOutsideTheDialog(t *testing.T) {
	t.Parallel()
	ua, call, _, in := rawTalk(t, phone.Talk{})
	stranger := *call
	stranger.RemoteTag = "unknown"
	stranger.Bye()
	ua.ExpectStatus(481, "BYE")
	thief := *call
	thief.LocalTag = "stolen"
	thief.Bye()
	ua.ExpectStatus(481, "BYE")
	select {
	case <-in.Done():
		t.Error("a stranger's BYE ended the call")
	default:
	}
	call.CSeq = thief.CSeq
	call.Bye()
	ua.ExpectStatus(200, "BYE")
	wait(t, in, phone.Ended)
}
