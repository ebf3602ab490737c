package b2bua

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

func hasLine(body []byte, begin string) bool {
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, begin) {
			return true
		}
	}
	return false
}

// tone is one second of a sine.
func tone(hz float64) media.Audio { return media.AudioFromPCM(sine(hz, 8000)) }

func loud(payload []byte, hz float64) bool {
	return media.Dominates(media.Audio(payload).PCM(), hz)
}

// closedPort is a UDP port nobody listens on.
func closedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestHoldPlaysMusicToTheOther(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, caller, _, callerRTP, bobRTP := r.talk()
	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	for _, line := range []string{"a=sendonly", "a=inactive"} {
		callerRTP.Tone(0)
		caller.Invite(callerRTP.SDP(line))
		r.confirm(caller)
		r.expect("caller held")
		before := len(bobRTP.Packets())
		if _, err := bobRTP.Wait(t.Context(), func(p siptest.Packet) bool {
			return len(bobRTP.Packets()) > before+25 && p.At.After(time.Now().Add(-time.Second))
		}); err != nil {
			t.Fatalf("no music for the partner: %v", err)
		}
		caller.Invite(callerRTP.SDP())
		r.confirm(caller)
		r.expect("caller resumed")
		callerRTP.Tone(440)
		hears(t, bobRTP, 440)
	}
	r.in(c, func() { c.End(CauseNormal) })
}

func TestT38IsRefusedAndSoundGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, caller, _, callerRTP, bobRTP := r.talk()
	caller.Invite("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=image 4000 udptl t38\r\n")
	refused := r.caller.ExpectStatus(488, "INVITE")
	caller.Ack(refused)
	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	hears(t, callerRTP, 1000)
	r.in(c, func() { c.End(CauseNormal) })
}

func TestRFC3264LateOfferThroughTheCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	callerRTP, bobRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	caller := r.dialIn("")
	c := r.call()
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, bobRTP.SDP())
	r.expect("bob answered")
	r.in(c, func() { r.must(c.Bridge(c.A(), leg)) })
	ok := r.caller.ExpectStatus(200, "INVITE")
	callerRTP.Learn(ok.Body)
	ackWith(r.caller, caller.Learn(ok), callerRTP.SDP())
	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	hears(t, callerRTP, 1000)
	r.in(c, func() { c.End(CauseNormal) })
}

// ackWith acknowledges a 200 with a description, as the answer to a late offer.
func ackWith(ua *siptest.UA, call *siptest.Call, sdp string) {
	ua.Send("ACK "+call.Target+" SIP/2.0\nVia: SIP/2.0/UDP [local];branch=z9hG4bK[branch]\nFrom: "+call.LocalAddr+";tag="+call.LocalTag+
		"\nTo: "+call.RemoteAddr+";tag="+call.RemoteTag+"\nCall-ID: "+call.CallID+"\nCSeq: 1 ACK\nMax-Forwards: 70\n"+
		"Content-Type: application/sdp\nContent-Length: [len]\n\n"+strings.ReplaceAll(sdp, "\r\n", "\n"), "call_id", call.CallID)
}

func TestEngineersByeEndsTheCallersLegOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, _, bob, _, _ := r.talk()
	bob.Bye("Reason: Q.850 ;cause=16")
	r.bob.ExpectStatus(200, "BYE")
	bye := r.caller.ExpectRequest("BYE")
	r.caller.Answer(bye, 200, "OK", siptest.Reply{})
	r.expect("bob ended normal")
	r.expect("caller ended normal")
	r.never("caller caller gone")
	r.in(c, func() { c.End(CauseNormal) })
	r.gone()
}

func TestRTPTimeoutEndsATalk(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{engine: func(c *Config) { c.FirstRTP, c.SteadyRTP = 400*time.Millisecond, 300*time.Millisecond }})
	c, _, _, callerRTP, bobRTP := r.talk()
	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	callerRTP.Tone(0) // the caller's phone is dead, without BYE
	r.expect("caller media lost media_lost")
	r.expect("caller caller gone media_lost")
	r.expect("bob ended media_lost")
	for _, ua := range []*siptest.UA{r.caller, r.bob} {
		bye := ua.ExpectRequest("BYE")
		if !strings.Contains(bye.Get("Reason"), "cause=102") {
			t.Errorf("Reason = %q", bye.Get("Reason"))
		}
		ua.Answer(bye, 200, "OK", siptest.Reply{})
	}
	r.in(c, func() { c.End(CauseMediaLost) })
	if note := c.Detail().Note; !strings.Contains(note, "no sound from caller") {
		t.Errorf("note = %q", note)
	}
	r.gone()
}

func TestRTPTimeoutSparesHeldLegs(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{engine: func(c *Config) { c.FirstRTP, c.SteadyRTP = 300*time.Millisecond, 300*time.Millisecond }})
	c, caller, _, callerRTP, bobRTP := r.talk()
	bobRTP.Tone(1000)
	callerRTP.Tone(440)
	hears(t, bobRTP, 440)
	caller.Invite(callerRTP.SDP("a=sendonly"))
	r.confirm(caller)
	r.expect("caller held")
	callerRTP.Tone(0)
	before := len(bobRTP.Packets())
	if _, err := bobRTP.Wait(t.Context(), func(siptest.Packet) bool { return len(bobRTP.Packets()) > before+40 }); err != nil { // 800 ms of music
		t.Fatal(err)
	}
	r.never("caller media lost")
	r.in(c, func() { c.End(CauseNormal) })
}

func TestLongestDuration(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{engine: func(c *Config) { c.MaxDuration = 300 * time.Millisecond }})
	r.talk()
	for _, ua := range []*siptest.UA{r.caller, r.bob} {
		bye := ua.ExpectRequest("BYE")
		ua.Answer(bye, 200, "OK", siptest.Reply{})
	}
	r.expect("call call ended max_duration")
	r.gone()
}

func TestForgottenCallEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{engine: func(c *Config) { c.IdleLimit = 100 * time.Millisecond }})
	c := r.engine.NewCall()
	c.Post(func() { c.On(func(ev Event) { r.heard(c, ev) }) })
	r.expect("call call ended abandoned")
	r.gone()
}

func TestCallWithoutCallerBridgesTwoPeople(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.engine.NewCall()
	var engineer, client *Leg
	r.in(c, func() {
		c.On(func(ev Event) { r.heard(c, ev) })
		engineer = c.Dial(r.to("bob", r.phone(r.bob)))
	})
	bobRTP, carolRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, bobRTP.SDP())
	r.expect("bob answered")
	r.in(c, func() { client = c.Dial(r.to("carol", r.phone(r.carol))) })
	carol, invite := take(r.carol)
	carolRTP.Learn(invite.Body)
	accepted(r.carol, carol, carolRTP.SDP())
	r.expect("carol answered")
	r.in(c, func() { r.must(c.Bridge(client, engineer)) })
	bobRTP.Tone(440)
	carolRTP.Tone(1000)
	hears(t, carolRTP, 440)
	hears(t, bobRTP, 1000)
	bob.Bye()
	bye := r.carol.ExpectRequest("BYE")
	r.carol.Answer(bye, 200, "OK", siptest.Reply{})
	r.expect("carol ended")
	r.in(c, func() { c.End(CauseNormal) })
	r.gone()
}

func TestWhatIsNoCallIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{serves: func(in trunk.Inbound) bool { return in.DID == "+74957770000" }})
	for name, tt := range map[string]struct {
		uri, sdp string
		status   int
	}{
		"not our number":   {"sip:84959999999@", siptest.NewRTP(t).SDP(), 404},
		"broken SDP":       {"sip:84957770000@", "hello\r\n", 400},
		"no audio at all":  {"sip:84957770000@", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=image 4000 udptl t38\r\n", 488},
		"no codec of ours": {"sip:84957770000@", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n", 488},
	} {
		call := r.caller.NewCall(tt.uri + r.at.String())
		call.Invite(tt.sdp)
		final := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == call.CallID })
		if final.Status != tt.status {
			t.Errorf("%s: %d, want %d", name, final.Status, tt.status)
		}
		call.Learn(final).Ack(final)
	}
	if n := len(r.calls); n != 0 {
		t.Errorf("%d calls were made of them", n)
	}
	r.gone()
}

func TestSheddingAndDrain(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{engine: func(c *Config) { c.MaxCalls = 1; c.RetryAfter = 7 * time.Second }})
	first := r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	second := r.dialIn(siptest.NewRTP(t).SDP())
	shed := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == second.CallID })
	if shed.Status != 503 || shed.Get("Retry-After") != "7" {
		t.Errorf("shed with %d, Retry-After %q", shed.Status, shed.Get("Retry-After"))
	}
	second.Learn(shed).Ack(shed)
	if got := r.caller.Ping(); got.Status != 200 {
		t.Errorf("OPTIONS answered %d", got.Status)
	}
	drained := make(chan error, 1)
	go func() { drained <- r.engine.Drain(context.WithoutCancel(t.Context())) }()
	for {
		if got := r.caller.Ping(); got.Status == 503 {
			break
		}
	}
	third := r.dialIn(siptest.NewRTP(t).SDP())
	refused := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == third.CallID })
	if refused.Status != 503 {
		t.Errorf("a draining engine answered %d", refused.Status)
	}
	third.Learn(refused).Ack(refused)
	page := r.engine.NewCall() // an alarm goes on while callers are refused
	if page == nil {
		t.Fatal("a draining engine refused a page")
	}
	r.in(page, func() { page.End(CauseNormal) })
	r.in(c, func() { c.End(CauseNormal) }) // the live call finishes
	final := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == first.CallID })
	first.Learn(final).Ack(final)
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestPanicCostsOneCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{script: func(_ *rig, c *Call, ev Event) {
		if ev.Kind == LegRinging && ev.Leg.Name == "bob" {
			panic("script fault")
		}
	}})
	c, _, carol, _, _ := r.talkTo("carol", r.carol) // another call, which must live
	caller := r.dialIn(siptest.NewRTP(t).SDP())
	broken := r.call()
	r.in(broken, func() { broken.Dial(r.to("bob", r.phone(r.bob))) })
	bob, _ := take(r.bob)
	bob.Answer(180, "Ringing", "")
	r.bob.ExpectRequest("CANCEL")
	bob.Answer(487, "Request Terminated", "")
	final := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == caller.CallID })
	if final.Status != 500 {
		t.Errorf("the caller got %d", final.Status)
	}
	caller.Learn(final).Ack(final)
	r.expect("call call ended internal_error")
	<-broken.Done()
	if broken.Post(func() {}) {
		t.Error("a broken call takes work")
	}
	carol.Bye()
	r.carol.ExpectStatus(200, "BYE")
	bye := r.caller.ExpectRequest("BYE")
	r.caller.Answer(bye, 200, "OK", siptest.Reply{})
	r.expect("carol ended normal")
	r.in(c, func() { c.End(CauseNormal) })
	r.gone()
}

// A stopping engine hangs everybody up, tells the script, and leaves even if nobody answers.
func TestShutdownEndsLiveCalls(t *testing.T) {
	t.Parallel()
	var r *rig
	t.Cleanup(func() { // registered first, so it runs after the engine has stopped
		r.once("caller ended shutdown")
		r.once("bob ended shutdown")
		r.once("call call ended shutdown")
		if n := r.engine.Active(); n != 0 {
			t.Errorf("%d calls are left after Run has returned", n)
		}
	})
	r = newRig(t, rigOptions{})
	r.talk()
}
