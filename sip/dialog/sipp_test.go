package dialog

import (
	"crypto/rand"
	"testing"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

const sippSDP = "v=0\r\no=vahta 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"

// sipp requires 100rel: our 18x is repeated until its PRACK, and the 200 waits for
// it where the 183 carries the description.
func TestRFC3262SippRequires100rel(t *testing.T) {
	t.Parallel()
	for status, sdp := range map[string][]byte{"180": nil, "183": []byte(sippSDP)} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			l := startLine(t, nil)
			sipp := siptest.StartSIPP(t, siptest.SIPP{
				Scenario: "caller_100rel", Peer: l.addr(wire.UDP), Set: map[string]string{"provisional": status, "after": "700", "talk": "50"},
			})
			d := l.taken()
			l.loop.do(func() {
				d.Progress(map[string]int{"180": 180, "183": 183}[status], sdp)
				if sdp != nil {
					d.Answer(sdp)
				}
			})
			if sdp == nil {
				l.pracked()
				l.loop.do(func() { d.Answer([]byte(sippSDP)) })
			}
			l.want(Confirmed, Ended)
			sipp.WaitAllGood()
			repeated := 0
			for _, m := range sipp.Messages() {
				if m.Get("RSeq") != "" {
					repeated++
				}
			}
			if repeated != 2 { // at 0 and 0.5 s; the PRACK came at 0.7 s
				t.Errorf("%d times a reliable response, want 2", repeated)
			}
		})
	}
}

// sipp sends us its description in a reliable 183 and none in the 200.
func TestRFC3262SippAnswersReliably(t *testing.T) {
	t.Parallel()
	sipp := siptest.StartSIPP(t, siptest.SIPP{Scenario: "answer_100rel"})
	l := startLine(t, nil)
	d := l.dial(sipp.Addr(), wire.UDP)
	for e := l.want1(); e.Kind != Answered; e = l.want1() {
		if e.Kind == Progress && len(e.SDP) == 0 {
			t.Error("183 without a description")
		}
	}
	l.loop.do(func() { d.Bye() })
	l.want(Ended)
	sipp.WaitAllGood()
}

// sipp asks for a session that is too brief, and takes what we grant.
func TestRFC4028SippTooBrief(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	sipp := siptest.StartSIPP(t, siptest.SIPP{Scenario: "caller_brief", Peer: l.addr(wire.UDP), Set: map[string]string{"talk": "50"}})
	d := l.taken()
	l.loop.do(func() { d.Answer([]byte(sippSDP)) })
	l.want(Confirmed, Ended)
	sipp.WaitAllGood()
}

// authorizer is the digest client with the face that a trunk gives it.
type authorizer struct{ *digest.Client }

func (a authorizer) Authorize(method string, uri wire.URI, body []byte, challenge *wire.Response) (wire.Header, error) {
	value, err := a.Client.Authorize(challenge.Headers("WWW-Authenticate"), method, uri.String(), body)
	return wire.Header{Name: "Authorization", Value: value}, err
}

// sipp challenges our INVITE and checks what we prove.
func TestRFC3261SippChallenges(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]Kind{"secret": Answered, "wrong": Failed} {
		t.Run(password, func(t *testing.T) {
			t.Parallel()
			sipp := siptest.StartSIPP(t, siptest.SIPP{Scenario: "answer_challenge"})
			l := startLine(t, nil)
			client := digest.NewClient(digest.Credentials{User: "vahta", Password: password}, func(b []byte) { _, _ = rand.Read(b) })
			d := l.dialWith(sipp.Addr(), wire.UDP, func(o *Outgoing) { o.Auth = authorizer{client} })
			if want == Failed {
				if sipp.Wait().Exit == 0 {
					t.Error("sipp took a wrong password")
				}
				return
			}
			for e := l.want1(); e.Kind != want; e = l.want1() {
				continue
			}
			l.loop.do(func() { d.Bye() })
			l.want(Ended)
			sipp.WaitAllGood()
		})
	}
}
