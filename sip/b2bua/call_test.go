package b2bua

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/sip/siptest"
)

func TestCallIsBridgedRecordedAndTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	callerRTP, bobRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	caller := r.dialIn(callerRTP.SDP())
	r.caller.ExpectStatus(180, "INVITE")
	c := r.call()
	if in := c.Info().Inbound; in.Trunk != "op" || in.DID != "+74957770000" || in.Caller != "+79161112233" {
		t.Errorf("inbound = %+v", in)
	}
	var leg *Leg
	path := filepath.Join(t.TempDir(), "call.wav")
	r.in(c, func() {
		leg = c.Dial(r.to("bob", r.phone(r.bob)))
		r.must(c.Record(path, func(err error) { r.must(err) }))
	})
	bob, invite := take(r.bob)
	if from := invite.Get("From"); !strings.HasPrefix(from, `"Acme VH-1" <sip:+79161112233@`) || invite.Get("Contact") == "" {
		t.Errorf("the phone is not shown the caller, or has no Contact:\n%s", invite.Raw)
	}
	bobRTP.Learn(invite.Body)
	bob.Answer(180, "Ringing", "")
	r.expect("bob ringing")
	accepted(r.bob, bob, bobRTP.SDP())
	r.expect("bob answered")
	r.in(c, func() { r.must(c.Bridge(c.A(), leg)) })
	callerRTP.Learn(r.confirm(caller).Body)

	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, callerRTP, 1000)
	hears(t, bobRTP, 440)

	caller.Bye()
	r.caller.ExpectStatus(200, "BYE")
	bye := r.bob.ExpectRequest("BYE")
	r.bob.Answer(bye, 200, "OK", siptest.Reply{})
	r.expect("caller caller gone normal")
	r.expect("bob ended caller_gone")
	r.in(c, func() { c.End(CauseNormal) })
	r.expect("call call ended normal")
	<-c.Done()
	d := c.Detail()
	if d.Recording == nil || d.Recording.Bytes == 0 || d.Recording.Path != path {
		t.Errorf("recording = %+v", d.Recording)
	}
	if len(d.Legs) != 2 || d.Legs[1].Outcome != OutcomeAnswered || d.Legs[1].Codec != "PCMA" || d.Legs[0].Quality.In.Packets == 0 {
		t.Errorf("legs = %+v", d.Legs)
	}
	if d.Bridged <= 0 || d.Ended < d.Bridged || len(d.Trace) < 10 {
		t.Errorf("bridged %s, ended %s, %d entries", d.Bridged, d.Ended, len(d.Trace))
	}
	r.gone()
}

// hears waits until an end hears a tone.
func hears(t *testing.T, end *siptest.RTP, hz float64) {
	t.Helper()
	const window = 800 // samples, 100 ms
	if _, err := end.Wait(t.Context(), func(siptest.Packet) bool {
		pcm := end.PCM()
		return len(pcm) >= window && dominates(pcm[len(pcm)-window:], hz)
	}); err != nil {
		t.Fatalf("tone of %v Hz not heard: %v", hz, err)
	}
}
