package siptest_test

import (
	"testing"

	"github.com/butlerspb/vahta/sip/siptest"
)

func TestRawUAOverBothTransports(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			b := siptest.NewUA(t, siptest.UAConfig{User: "b", Transport: transport})
			a := siptest.NewUA(t, siptest.UAConfig{User: "a", Transport: transport, Peer: b.Addr()})
			a.SendRaw([]byte("\r\n\r\n")) // keep-alive
			call := a.NewCall(b.URI())
			call.Invite("v=0\r\n")
			invite := b.ExpectRequest("INVITE")
			if string(invite.Body) != "v=0\r\n" || invite.Get("c") != "application/sdp" {
				t.Errorf("INVITE arrived as\n%s", invite.Raw)
			}
			callee := b.Received(invite)
			callee.Answer(180, "Ringing", "")
			callee.Answer(200, "OK", "v=0\r\n", "X-Extra: 1")
			a.ExpectStatus(180, "INVITE")
			ok := a.ExpectStatus(200, "INVITE")
			if ok.ToTag() != callee.LocalTag || ok.Get("X-Extra") != "1" {
				t.Errorf("200 arrived as\n%s", ok.Raw)
			}
			call.Learn(ok).Ack(ok)
			ack := b.ExpectRequest("ACK")
			if ack.Branch() == call.Branch || ack.ToTag() != callee.LocalTag {
				t.Errorf("ACK of a 2xx: branch %s, To tag %s", ack.Branch(), ack.ToTag())
			}
			callee.Bye()
			bye := a.ExpectRequest("BYE")
			if bye.FromTag() != callee.LocalTag || bye.ToTag() != call.LocalTag {
				t.Errorf("BYE arrived as\n%s", bye.Raw)
			}
		})
	}
}

// The keys of the sipp scenario are heard by an RTP end that knows nothing of
// captures.
func TestSippPressesByRFC4733(t *testing.T) {
	t.Parallel()
	engineer := siptest.StartSIPP(t, siptest.SIPP{Scenario: "press", Set: map[string]string{"digit": "2", "ring": "10"}})
	ua := siptest.NewUA(t, siptest.UAConfig{Peer: engineer.Addr()})
	sound := siptest.NewRTP(t)
	call := ua.NewCall(engineer.URI("engineer", "udp"))
	call.Invite(sound.SDP())
	ok := ua.ExpectStatus(200, "INVITE")
	call.Learn(ok).Ack(ok)
	last, err := sound.Wait(t.Context(), func(p siptest.Packet) bool { return p.PayloadType == 101 && p.Payload[1]&0x80 != 0 })
	if err != nil {
		t.Fatal(err)
	}
	if keys := sound.Keys(101); keys != "2" {
		t.Errorf("heard %q, want 2; last packet % x", keys, last.Payload)
	}
	call.Bye()
	ua.ExpectStatus(200, "BYE")
	engineer.WaitAllGood()
}

func TestSippPressesByInfo(t *testing.T) {
	t.Parallel()
	engineer := siptest.StartSIPP(t, siptest.SIPP{Scenario: "press_info", Set: map[string]string{"digit": "1", "ring": "10"}})
	ua := siptest.NewUA(t, siptest.UAConfig{Peer: engineer.Addr()})
	call := ua.NewCall(engineer.URI("engineer", "udp"))
	call.Invite(siptest.NewRTP(t).SDP())
	ok := ua.ExpectStatus(200, "INVITE")
	call.Learn(ok).Ack(ok)
	info := ua.ExpectRequest("INFO")
	if info.FromTag() != ok.ToTag() || info.ToTag() != call.LocalTag || string(info.Body[:8]) != "Signal=1" {
		t.Errorf("INFO arrived as\n%s", info.Raw)
	}
	ua.Answer(info, 200, "OK", siptest.Reply{})
	call.Bye()
	ua.ExpectStatus(200, "BYE")
	engineer.WaitAllGood()
}

func TestRTPEndsHearEachOther(t *testing.T) {
	t.Parallel()
	a, b := siptest.NewRTP(t), siptest.NewRTP(t)
	a.Learn([]byte(b.SDP()))
	a.Tone(1000)
	if _, err := b.Wait(t.Context(), func(p siptest.Packet) bool { return p.PayloadType == 8 }); err != nil {
		t.Fatal(err)
	}
	for _, how := range []siptest.KeyPress{{}, {NoMarker: true}, {Ends: -1}, {Ends: 1, Updates: 1}} {
		a.Key('7', how)
	}
	a.Key('#', siptest.KeyPress{PT: 96})
	if _, err := b.Wait(t.Context(), func(p siptest.Packet) bool { return p.PayloadType == 96 }); err != nil {
		t.Fatal(err)
	}
	if keys := b.Keys(101); keys != "7777" {
		t.Errorf("heard %q, want 7777", keys)
	}
	loud := 0
	for _, s := range b.PCM() {
		if s > 7000 || s < -7000 {
			loud++
		}
	}
	if loud == 0 {
		t.Error("no tone in the audio")
	}
}
