package phone_test

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/siptest"
)

// baresip, whose SRTP is its own, and the phone call each other and talk under keys of the description: required and optimistic,
// also through hold and back, where keys are said anew.
func TestSDESBaresip(t *testing.T) {
	t.Parallel()
	const hears, says = 440, 660 // Hz, from baresip's side
	for _, c := range []struct {
		name   string
		soft   string
		ours   sdp.Security
		placed bool // by baresip
	}{
		{"required, is called", "srtp-mand", sdp.SecurityRequired, false},
		{"required, calls", "srtp-mand", sdp.SecurityRequired, true},
		{"offered, is called", "srtp", sdp.SecurityOffered, false},
		{"offered, calls", "srtp", sdp.SecurityOffered, true},
		{"offered to one without, is called", "", sdp.SecurityOffered, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			soft := siptest.StartBaresip(t, siptest.Baresip{User: "soft", Tone: says, AutoAnswer: !c.placed, SRTP: c.soft})
			talk := phone.Talk{Tone: hears, Security: c.ours}
			p := start(t, "phone", "udp", phone.Answering(0, talk))
			var s *phone.Session
			if c.placed {
				soft.Command("dial " + p.URI())
				s = incoming(t, p)
			} else {
				s = dial(t, p, soft.URI(), phone.Options{Talk: talk})
			}
			soft.Expect("CALL_ESTABLISHED")
			if err := s.WaitHeard(within(t), says, 500*time.Millisecond); err != nil {
				t.Error(err)
			}
			soft.Command("sndcode 7")
			wait(t, s, phone.Digit)
			s.Press("5", phone.RFC4733)
			soft.Expect("CALL_DTMF_START")
			soft.Command("hold")
			soft.Command("resume")
			before := phone.ToneTime(s.Received(), says)
			if err := s.WaitHeard(within(t), says, before+500*time.Millisecond); err != nil {
				t.Errorf("after hold: %v", err)
			}
			s.Hangup()
			soft.Expect("CALL_CLOSED")
			wait(t, s, phone.Ended)
			if got := phone.ToneTime(soft.Heard(), hears); got < 300*time.Millisecond {
				t.Errorf("baresip heard the tone for %v", got)
			}
			st := s.Quality()
			if encrypted := st.Suite != ""; encrypted != (c.soft != "") || st.Undecryptable > 10 {
				t.Errorf("%+v", st)
			}
		})
	}
}
