package b2bua

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// A leg agrees to what its operator's entry says, in that order.
func TestCodecOrderAndTermsOfAnOperator(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	for _, tt := range []struct {
		media    trunk.Media
		codecs   string
		info     bool
		security sdp.Security
	}{
		{trunk.Media{}, "PCMA PCMU telephone-event", false, sdp.SecurityOff},
		{trunk.Media{Codecs: []string{"pcmu", "pcma"}}, "PCMU PCMA telephone-event", false, sdp.SecurityOff},
		{trunk.Media{Codecs: []string{"PCMU"}, DTMF: trunk.DTMFRFC4733}, "PCMU telephone-event", false, sdp.SecurityOff},
		{trunk.Media{DTMF: trunk.DTMFInfo, SRTP: trunk.SRTPOffered}, "PCMA PCMU", true, sdp.SecurityOffered},
		{trunk.Media{DTMF: trunk.DTMFInband, SRTP: trunk.SRTPRequired}, "PCMA PCMU", false, sdp.SecurityRequired},
	} {
		got := r.engine.terms(tt.media)
		var names []string
		for _, c := range got.codecs {
			names = append(names, c.Name)
		}
		if strings.Join(names, " ") != tt.codecs || got.info != tt.info || got.security != tt.security {
			t.Errorf("%+v: %v, info %v, srtp %s", tt.media, names, got.info, got.security)
		}
		if keys := got.keys(); (len(keys) > 0) != (tt.security != sdp.SecurityOff) {
			t.Errorf("%+v: %d keys", tt.media, len(keys))
		}
	}
}

// The caller's operator and the engineer's have orders of their own: each leg gets the codec that its operator likes.
func TestCodecOrderIsPerLeg(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: dialOut, trunks: func(c *trunk.Config) {
		c.Operators[0].Number = ""
		c.Operators[0].Codecs = []string{"pcmu", "pcma"}
		c.Operators[1].Codecs = []string{"pcma"}
	}})
	both := strings.Replace(siptest.NewRTP(t).SDP("a=rtpmap:0 PCMU/8000"), "RTP/AVP 8 101", "RTP/AVP 8 0 101", 1)
	r.dialIn(both)
	_, invite := take(r.spare)
	if !hasLine(invite.Body, "m=audio") || !strings.Contains(string(invite.Body), "RTP/AVP 8 101\r\n") {
		t.Errorf("the operator that wants A-law alone was offered\n%s", invite.Body)
	}
	c := r.call()
	r.in(c, func() { r.must(c.A().Answer()) })
	if ok := r.caller.ExpectStatus(200, "INVITE"); !strings.Contains(string(ok.Body), "RTP/AVP 0 101\r\n") {
		t.Errorf("the operator that likes mu-law got\n%s", ok.Body)
	}
	r.in(c, func() { c.End(CauseNormal) })
}

// Keys go to an operator by SIP INFO where its entry says so, one after another, and never as events or tones too.
func TestInfoDTMFToAnOperator(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: dialOut, script: eager, trunks: func(c *trunk.Config) {
		c.Operators[0].Number = ""
		c.Operators[1].DTMF = trunk.DTMFInfo
	}})
	callerRTP, clientRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	caller := r.dialIn(callerRTP.SDP())
	client, invite := take(r.spare)
	if strings.Contains(string(invite.Body), "telephone-event") {
		t.Errorf("telephone events were offered to an operator that wants INFO\n%s", invite.Body)
	}
	clientRTP.Learn(invite.Body)
	accepted(r.spare, client, clientRTP.SDP())
	callerRTP.Learn(r.confirm(caller).Body)
	callerRTP.Key('4', siptest.KeyPress{})
	callerRTP.Key('#', siptest.KeyPress{})
	for _, digit := range "4#" {
		info := r.spare.ExpectRequest("INFO")
		if info.Get("Content-Type") != "application/dtmf-relay" || !strings.Contains(string(info.Body), fmt.Sprintf("Signal=%c\r\n", digit)) {
			t.Errorf("INFO %s\n%s", info.Get("Content-Type"), info.Body)
		}
		r.spare.Answer(info, 200, "OK", siptest.Reply{})
	}
	if keys := clientRTP.Keys(101); keys != "" {
		t.Errorf("the keys %q went as events too", keys)
	}
	c := r.call()
	r.in(c, func() { c.End(CauseNormal) })
}

// A transfer out of a call is declined: it could dial anything.
func TestREFERIsDeclinedAndTheCallGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, caller, bob, callerRTP, bobRTP := r.talk()
	caller.Request("REFER", "", "", "Refer-To: <sip:+88210001@premium.example>")
	r.caller.ExpectStatus(603, "REFER")
	bob.Request("REFER", "", "", "Refer-To: <sip:+88210001@premium.example>")
	r.bob.ExpectStatus(603, "REFER")
	callerRTP.Tone(440)
	hears(t, bobRTP, 440)
	for _, ua := range []*siptest.UA{r.caller, r.spare, r.carol} {
		ua.Ping()
		if n := ua.Seen(func(m *siptest.Message) bool { return m.Is("INVITE") }); n != 0 {
			t.Error("a REFER made somebody ring")
		}
	}
	r.in(c, func() { c.End(CauseNormal) })
}

// multipart is an INVITE of the caller with a description among other parts.
func (r *rig) multipart(body string) *siptest.Call {
	call := r.caller.NewCall("sip:84957770000@" + r.at.String())
	text := "INVITE " + call.Target + " SIP/2.0\nVia: SIP/2.0/UDP [local];branch=z9hG4bK[branch]\nMax-Forwards: 70\nFrom: " + call.LocalAddr +
		";tag=" + call.LocalTag + "\nTo: " + call.RemoteAddr + "\nCall-ID: " + call.CallID + "\nCSeq: 1 INVITE\nContact: <" + r.caller.URI() +
		">\nMIME-Version: 1.0\nContent-Type: multipart/mixed;boundary=\"=_b\"\nContent-Length: [len]\n\n" + strings.ReplaceAll(body, "\r\n", "\n")
	r.caller.Send(text)
	call.CSeq = 1
	return call
}

// The description is found among ISUP and location, and the call has sound.
func TestMultipartInviteIsACall(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: func(r *rig, c *Call) {
		r.must(c.A().Answer())
		c.A().Play(media.Looping(tone(425)))
	}})
	end := siptest.NewRTP(t)
	caller := r.multipart("--=_b\r\nContent-Type: application/ISUP;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x11\r\n" +
		"--=_b\r\nContent-Type: application/sdp\r\n\r\n" + end.SDP() + "--=_b\r\nContent-Type: application/pidf+xml\r\n\r\n<presence/>\r\n--=_b--\r\n")
	ok := r.caller.ExpectStatus(200, "INVITE")
	end.Learn(ok.Body)
	caller.Learn(ok)
	hears(t, end, 425)
	c := r.call()
	r.in(c, func() { c.End(CauseNormal) })
}

// Both ends name a port in their description that they do not use, as behind NAT: their sound is found all the same.
func TestSymmetricRTPBothWaysThroughTheCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	callerRTP, bobRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	elsewhere := func(end *siptest.RTP) string {
		return strings.Replace(end.SDP(), fmt.Sprintf("m=audio %d ", end.Addr().Port()), fmt.Sprintf("m=audio %d ", closedPort(t).Port()), 1)
	}
	caller := r.dialIn(elsewhere(callerRTP))
	c := r.call()
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, elsewhere(bobRTP))
	r.expect("bob answered")
	r.in(c, func() { r.must(c.Bridge(c.A(), leg)) })
	callerRTP.Learn(r.confirm(caller).Body)
	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	hears(t, callerRTP, 1000)
	r.in(c, func() { c.End(CauseNormal) })
}

// UPDATE within an early dialog is answered here, with and without a description, and the answer follows what it said.
func TestRFC3311UpdateWhileItRings(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: dialOut, script: eager, trunks: spareFirst})
	callerRTP, first, second := siptest.NewRTP(t), siptest.NewRTP(t), siptest.NewRTP(t)
	caller := r.dialIn(callerRTP.SDP())
	client, invite := take(r.spare)
	first.Learn(invite.Body)
	second.Learn(invite.Body)
	client.Answer(183, "Session Progress", first.SDP())
	r.progress(caller, callerRTP)
	client.Request("UPDATE", "application/sdp", second.SDP()) // the network moves the sound to another gateway
	r.spare.ExpectStatus(200, "UPDATE")
	second.Tone(1000)
	hears(t, callerRTP, 1000)
	second.Tone(0) // what is heard now is heard by the description alone
	client.Answer(200, "OK", "", "Contact: <"+r.spare.URI()+">")
	r.spare.ExpectRequest("ACK")
	r.confirm(caller)
	callerRTP.Tone(440)
	hears(t, second, 440)
	c := r.call()
	r.in(c, func() { c.End(CauseNormal) })
}

// An answered leg that sends nothing is asked once, by re-INVITE, where to; the call's detail says so.
func TestOneWayAudioIsAskedAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{engine: func(c *Config) { c.OneWay = 300 * time.Millisecond }})
	c, _, bob, callerRTP, bobRTP := r.talk()
	callerRTP.Tone(440)
	again := r.bob.ExpectRequest("INVITE")
	if again.ToTag() == "" || !hasLine(again.Body, "m=audio") {
		t.Errorf("no re-INVITE but\n%s", again.Raw)
	}
	bobRTP.Tone(1000)
	r.bob.Answer(again, 200, "OK", siptest.Reply{SDP: bobRTP.SDP("a=sendrecv"), Headers: []string{"Contact: <" + r.bob.URI() + ">"}})
	r.bob.ExpectRequest("ACK")
	hears(t, callerRTP, 1000)
	_ = bob
	r.in(c, func() {
		note := c.Detail().Note
		if !strings.Contains(note, "no sound from bob") || !strings.Contains(note, "sound from bob came after") {
			t.Errorf("note = %q", note)
		}
		r.once("bob no sound")
		if !slices.ContainsFunc(c.Detail().Trace, func(e TraceEntry) bool { return e.Text == "no sound" }) {
			t.Error("the trace does not say when")
		}
		c.End(CauseNormal)
	})
}

// A refusal of that re-INVITE changes nothing, agreement without sound does not either: the RTP timeout decides.
func TestOneWayAudioThatStaysIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{488, 200} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			staysSilent(t, status)
		})
	}
}

func staysSilent(t *testing.T, status int) {
	t.Helper()
	r := newRig(t, rigOptions{engine: func(c *Config) {
		c.OneWay, c.FirstRTP = 200*time.Millisecond, 1200*time.Millisecond
	}})
	c, _, _, callerRTP, bobRTP := r.talk()
	callerRTP.Tone(440)
	again := r.bob.ExpectRequest("INVITE")
	if status == 200 {
		r.bob.Answer(again, 200, "OK", siptest.Reply{SDP: bobRTP.SDP(), Headers: []string{"Contact: <" + r.bob.URI() + ">"}})
	} else {
		r.bob.Answer(again, status, "No", siptest.Reply{})
	}
	hears(t, bobRTP, 440) // the way that works goes on
	bye := r.bob.ExpectRequest("BYE")
	if !strings.Contains(bye.Get("Reason"), "cause=102") {
		t.Errorf("Reason = %q", bye.Get("Reason"))
	}
	r.bob.Answer(bye, 200, "OK", siptest.Reply{})
	r.expect("bob ended media_lost")
	if n := r.bob.Seen(func(m *siptest.Message) bool { return m.Is("INVITE") && m.ToTag() != "" }); n != 1 {
		t.Errorf("%d re-INVITEs", n)
	}
	r.in(c, func() { c.End(CauseMediaLost) })
}

// Only an operator's entry chooses our address for sound; a registered phone's flow names a listener, behind NAT perhaps.
func TestSoundLeavesByTheOperatorsLine(t *testing.T) {
	t.Parallel()
	line := netip.MustParseAddrPort("192.0.2.7:5060")
	for _, tt := range []struct {
		d    trunk.Destination
		want place
	}{
		{trunk.Destination{Trunk: "op", Flow: wire.Flow{Local: line}}, place{addr: line.Addr()}},
		{trunk.Destination{Trunk: "op", Flow: wire.Flow{Local: netip.MustParseAddrPort("0.0.0.0:5060")}}, place{}},
		{trunk.Destination{Flow: wire.Flow{Local: line}}, place{}},
		{trunk.Destination{Flow: wire.Flow{Remote: netip.MustParseAddrPort("[2001:db8::1]:5060")}}, place{ipv6: true}},
	} {
		if got := placeTo(&tt.d); got != tt.want {
			t.Errorf("%+v: %+v, want %+v", tt.d.Flow, got, tt.want)
		}
	}
}

// Max-Forwards goes over from the caller's leg to those that are dialled for it, one less: a loop through an operator ends.
func TestMaxForwardsGoesOver(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	for _, tt := range []struct{ theirs, ours string }{{"17", "16"}, {"2", "1"}, {"70", "69"}, {"255", "70"}} {
		r.maxForwards(tt.theirs)
		c := r.call()
		r.in(c, func() { c.Dial(r.to("bob", r.phone(r.bob))) })
		bob, invite := take(r.bob)
		if got := invite.Values("Max-Forwards"); !slices.Equal(got, []string{tt.ours}) {
			t.Errorf("of %s became %q, want %s", tt.theirs, got, tt.ours)
		}
		bob.Answer(486, "Busy Here", "")
		r.in(c, func() { c.End(CauseBusy) })
		r.caller.ExpectStatus(486, "INVITE")
	}
	r.maxForwards("1")
	r.caller.ExpectStatus(483, "INVITE")
	if len(r.calls) != 0 {
		t.Error("a call was made of a loop")
	}
}

// maxForwards sends an INVITE with that Max-Forwards.
func (r *rig) maxForwards(n string) {
	call := r.caller.NewCall("sip:84957770000@" + r.at.String())
	call.Prepare(siptest.NewRTP(r).SDP())
	r.caller.SendRaw([]byte(strings.Replace(call.Invited, "Max-Forwards: 70", "Max-Forwards: "+n, 1)))
}
