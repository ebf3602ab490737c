package dialog

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/butlerspb/vahta/sip/wire"
)

// keys is an Authorizer that counts.
type keys struct {
	asked []string
	err   error
}

func (k *keys) Authorize(method string, uri wire.URI, body []byte, challenge *wire.Response) (wire.Header, error) {
	k.asked = append(k.asked, method+" "+uri.String()+" "+string(body)+" "+challenge.Header("WWW-Authenticate"))
	return wire.Header{Name: "Authorization", Value: "Digest response=\"" + strings.Repeat("x", len(k.asked)) + "\""}, k.err
}

// challenge is a 401 to an INVITE of ours.
func (t *outTx) challenge(value string) {
	res := t.response(401, "gate", "")
	_ = res.Add("WWW-Authenticate", value)
	t.on(wire.ClientEvent{Response: res})
	synctest.Wait()
}

const nonce = `Digest realm="a, stale=true", nonce="n1"`

func TestRFC3261ChallengeIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		k := &keys{}
		first := b.dialWith(func(o *Outgoing) { o.Auth = k; o.Routes = []string{"<sip:proxy.example.com;lr>"} })
		first.answer(100, "", "")
		first.challenge(nonce)
		second := b.net.sent()[1]
		second.answer(100, "", "")
		second.answer(180, "far", "")
		second.answer(200, "far", "answer")
		first.answer(200, "other", "answer") // of the branch that was not challenged
		synctest.Wait()
		b.loop.do(func() { b.d.Bye() })
		b.net.sent()[3].answer(401, "far", "") // within the dialog: never answered
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: trying 100", "0 INVITE 2 ", "0 owner: progress 180", "0 ACK 2 far",
			"0 owner: answered 200 sdp=answer", "0 ACK 1 other", `0 BYE 3 other SIP;cause=200;text="Call completed elsewhere"`,
			"0 BYE 3 far", "0 owner: ended 401")
		one, two, bye := first.req, second.req, b.net.sent()[3].req
		if one.CallID() != two.CallID() || one.Header("From") != two.Header("From") || two.ToTag() != "" {
			t.Errorf("second INVITE is another call:\n%s %s\n%s %s", one.CallID(), one.Header("From"), two.CallID(), two.Header("From"))
		}
		if two.Header("Authorization") != `Digest response="x"` || string(two.Body()) != "offer" {
			t.Errorf("second INVITE has %q and %q", two.Header("Authorization"), two.Body())
		}
		if one.Header("Route") != "<sip:proxy.example.com;lr>" || two.Header("Route") != one.Header("Route") || bye.Header("Route") != "" {
			t.Errorf("routes %q, %q, within the dialog %q", one.Header("Route"), two.Header("Route"), bye.Header("Route"))
		}
		if bye.Header("Authorization") != "" || len(k.asked) != 1 || k.asked[0] != "INVITE sip:bob@198.51.100.9 offer "+nonce {
			t.Errorf("BYE has %q; asked for %q", bye.Header("Authorization"), k.asked)
		}
	})
}

func TestRFC3261ChallengeAgain(t *testing.T) {
	t.Parallel()
	const staleNonce = `Digest realm="a", nonce="n2", Stale = "TRUE"`
	tests := []struct {
		name       string
		challenges []string
		invites    int
	}{
		{"refused", []string{nonce, nonce}, 2},
		{"stale once", []string{nonce, staleNonce, nonce}, 3},
		{"stale for ever", []string{staleNonce, staleNonce, staleNonce}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(b *bench) {
				b.dialWith(func(o *Outgoing) { o.Auth = &keys{} })
				for i, c := range tt.challenges {
					b.net.sent()[i].challenge(c)
				}
				if n := len(b.net.sent()); n != tt.invites {
					t.Errorf("%d INVITEs, want %d", n, tt.invites)
				}
				if n := len(b.evs); n != 1 || b.evs[0].Kind != Failed || b.evs[0].Status != 401 {
					t.Errorf("owner heard %v", b.evs)
				}
			})
		})
	}
}

func TestRFC3261ChallengeWithoutCredentials(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.dial("offer").challenge(nonce)
		b.want("0 INVITE 1 ", "0 owner: failed 401")
	})
	bubble(t, func(b *bench) {
		wrong := errors.New("realm is another's")
		b.dialWith(func(o *Outgoing) { o.Auth = &keys{err: wrong} }).challenge(nonce)
		if len(b.net.sent()) != 1 || len(b.evs) != 1 || !errors.Is(b.evs[0].Err, wrong) {
			t.Errorf("%d requests, owner heard %v", len(b.net.sent()), b.evs)
		}
	})
}

func TestRFC3261NoSecondInviteAfterCancel(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) { // R25
		tx := b.dialWith(func(o *Outgoing) { o.Auth = &keys{} })
		tx.answer(100, "", "")
		synctest.Wait()
		b.loop.do(func() { b.d.Cancel() })
		tx.challenge(nonce)
		b.want("0 INVITE 1 ", "0 owner: trying 100", "0 CANCEL 1", "0 owner: failed 401 (invite was cancelled)")
	})
	bubble(t, func(b *bench) { // the second one is the one that is cancelled
		tx := b.dialWith(func(o *Outgoing) { o.Auth = &keys{} })
		tx.challenge(nonce)
		b.loop.do(func() { b.d.Cancel() })
		b.net.sent()[1].answer(487, "far", "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 INVITE 2 ", "0 CANCEL 2", "0 owner: failed 487 (invite was cancelled)")
	})
}

func TestRFC3261SecondInviteCannotLeave(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dialWith(func(o *Outgoing) { o.Auth = &keys{} })
		b.net.fail = wire.ErrUnreachable
		tx.challenge(nonce)
		b.want("0 INVITE 1 ", "0 owner: failed (destination is unreachable)")
	})
}
