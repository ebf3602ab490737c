package phone_test

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

func addr(t *testing.T, p *phone.Phone, transport string) siptest.SIPP {
	t.Helper()
	return siptest.SIPP{Peer: p.Addr(transport), Transport: transport}
}

// sipp calls the phone.
func TestSippCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scenario string
		answer   phone.Answer
		last     phone.Kind // what the phone must have seen
		digits   string
	}{
		{"caller", phone.Answering(20*time.Millisecond, phone.Talk{}), phone.Confirmed, ""},
		{"caller_patient", phone.Answering(20*time.Millisecond, phone.Talk{For: 100 * time.Millisecond}), phone.HungUp, ""},
		{"caller_cancel_trying", phone.Ringing(), phone.Cancelled, ""},
		{"caller_cancel_ringing", phone.Ringing(), phone.Cancelled, ""},
		{"caller_keys", phone.Answering(0, phone.Talk{}), phone.Digit, "1"},
	} {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(c.scenario+"/"+transport, func(t *testing.T) {
				t.Parallel()
				p := start(t, "engineer", transport, c.answer)
				cfg := addr(t, p, transport)
				cfg.Scenario, cfg.Set = c.scenario, map[string]string{"talk": "1000"}
				caller := siptest.StartSIPP(t, cfg)
				in := incoming(t, p)
				wait(t, in, c.last)
				caller.WaitAllGood()
				wait(t, in, phone.Ended)
				if got := in.Digits(); got != c.digits {
					t.Errorf("heard %q, want %q", got, c.digits)
				}
			})
		}
	}
}

// A caller who cancels with the next datagram, or with one before, leaves no
// phone ringing.
func TestCancelAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, "engineer", "udp", phone.Ringing())
	ua := siptest.NewUA(t, siptest.UAConfig{Peer: p.Addr("udp")})
	sdp := siptest.NewRTP(t).SDP()
	for i := range 200 {
		call := ua.NewCall(p.URI())
		if i%4 == 3 { // the CANCEL overtakes its INVITE
			call.Prepare(sdp)
			call.Cancel()
			ua.SendRaw([]byte(call.Invited))
		} else {
			call.Invite(sdp)
			call.Cancel()
		}
		final := ua.Expect(func(m *siptest.Message) bool { return m.CallID() == call.CallID && m.Answers(487, "INVITE") })
		call.Ack(final)
	}
	for _, s := range p.Sessions() {
		wait(t, s, phone.Ended)
	}
}

// The phone calls sipp.
func TestSippAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scenario string
		set      map[string]string
		options  phone.Options
		last     phone.Kind
		status   int
		digits   string
	}{
		{scenario: "answer", options: phone.Options{Talk: phone.Talk{For: 100 * time.Millisecond}}, last: phone.HungUp},
		{scenario: "answer_bye", last: phone.Answered, status: 200},
		{scenario: "press", last: phone.Digit, digits: "1"},
		{scenario: "press", set: map[string]string{"digit": "2"}, last: phone.Digit, digits: "2"},
		{scenario: "press_info", last: phone.Digit, digits: "1"},
		{scenario: "press_bye", last: phone.Digit, digits: "1"},
		{scenario: "refuse", last: phone.Refused, status: 486},
		{scenario: "refuse", set: map[string]string{"status": "603", "reason": "Decline"}, last: phone.Refused, status: 603},
		{scenario: "ring", options: phone.Options{CancelOn: phone.Rang}, last: phone.Cancelling},
	} {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(c.scenario+c.set["digit"]+c.set["status"]+"/"+transport, func(t *testing.T) {
				t.Parallel()
				engineer := siptest.StartSIPP(t, siptest.SIPP{Scenario: c.scenario, Transport: transport, Set: c.set})
				p := start(t, "caller", transport, phone.Answer{})
				out := dial(t, p, engineer.URI("engineer", transport), c.options)
				if e := wait(t, out, c.last); c.status != 0 && e.Status != c.status {
					t.Errorf("%v, want status %d", e, c.status)
				}
				if c.scenario == "press" || c.scenario == "press_info" {
					out.Hangup()
				}
				wait(t, out, phone.Ended)
				engineer.WaitAllGood()
				if got := out.Digits(); got != c.digits {
					t.Errorf("heard %q, want %q", got, c.digits)
				}
			})
		}
	}
}

func TestSippIsSilent(t *testing.T) {
	t.Parallel()
	engineer := siptest.StartSIPP(t, siptest.SIPP{Scenario: "silent"})
	out := dial(t, start(t, "caller", "udp", phone.Answer{}), engineer.URI("engineer", "udp"), phone.Options{NoAnswer: 700 * time.Millisecond})
	wait(t, out, phone.Cancelling)
	for _, e := range out.Events() {
		if e.Kind == phone.Trying || e.Kind == phone.Rang {
			t.Errorf("the silent phone answered: %v", e)
		}
	}
}

// baresip and the phone call each other, talk and press keys.
func TestBaresip(t *testing.T) {
	t.Parallel()
	const hears, says = 440, 660 // Hz, from baresip's side
	for _, transport := range []string{"udp", "tcp"} {
		for _, c := range []struct{ codec, dtmf string }{{"PCMA", "rtpevent"}, {"PCMU", "info"}} {
			for _, placed := range []bool{true, false} {
				name := transport + "/" + c.codec + "/" + c.dtmf + "/is called"
				if placed {
					name = transport + "/" + c.codec + "/" + c.dtmf + "/calls"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					soft := siptest.StartBaresip(t, siptest.Baresip{
						User: "soft", Transport: transport, Tone: says, AutoAnswer: !placed, Codec: c.codec, DTMF: c.dtmf,
					})
					talk := phone.Talk{Tone: hears}
					p := start(t, "phone", transport, phone.Answering(0, talk))
					var s *phone.Session
					if placed {
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
					if placed {
						soft.Command("hangup")
					} else {
						s.Hangup()
					}
					soft.Expect("CALL_CLOSED")
					wait(t, s, phone.Ended)
					if s.Digits() != "7" || soft.Digits() != "5" {
						t.Errorf("phone heard %q, want 7; baresip heard %q, want 5", s.Digits(), soft.Digits())
					}
					if got := phone.ToneTime(soft.Heard(), hears); got < 300*time.Millisecond {
						t.Errorf("baresip heard the tone for %v", got)
					}
				})
			}
		}
	}
}
