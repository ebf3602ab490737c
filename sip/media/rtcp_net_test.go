package media

import (
	"testing"

	"github.com/pion/rtcp"

	"github.com/butlerspb/vahta/sip/sdp"
)

// TestRTCPOnTheRTPPort: reports of a far end that sends them there all the same are read (RFC 5761), plain and encrypted.
func TestRTCPOnTheRTPPort(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		for _, encrypted := range []bool{false, true} {
			a := newParty(t, p)
			if encrypted {
				a.secured(sdp.AES128HMAC80, nil)
			} else {
				a.agree(nil)
			}
			first := a.recv(nil)
			b, err := (&rtcp.ReceiverReport{SSRC: a.ssrc, Reports: []rtcp.ReceptionReport{{SSRC: first.SSRC, TotalLost: 5}}}).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if encrypted {
				if b, err = a.far.out.EncryptRTCP(nil, b, nil); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := a.rtp.WriteToUDPAddrPort(b, a.stream.Local()); err != nil {
				t.Fatal(err)
			}
			a.send(8, payloadOf(1))
			a.event(FirstPacket) // and the report before it
			if st := a.stream.Stats(); st.Out.Lost != 5 || st.In.Packets != 1 {
				t.Errorf("encrypted %v: %+v", encrypted, st)
			}
		}
	})
}

// TestSymmetricRTPSpeaksFirst: two ends that both wait for the other hear each other, because we wait for nobody.
func TestSymmetricRTPSpeaksFirst(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a, b := newParty(t, p), newParty(t, p)
		a.agree(nil)
		b.agree(nil)
		bridge(a, b)
		a.recv(nil) // only then does it speak
		b.recv(nil)
		a.send(8, payloadOf(1))
		b.recv(isSound)
		b.send(8, payloadOf(2))
		a.recv(isSound)
	})
}
