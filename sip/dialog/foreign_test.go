package dialog

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// from delivers a request within the dialog from an address.
func (b *bench) from(addr string, m wire.Method, sdp string) {
	tx := b.request(m, b.d.ID().LocalTag, sdp)
	tx.req.Arrived(wire.Flow{Transport: wire.UDP, Remote: netip.MustParseAddrPort(addr)})
	b.st.request(tx)
	synctest.Wait()
}

// Whoever learns the tags of a dialog does not get to hang it up from elsewhere.
func TestRequestsFromElsewhere(t *testing.T) {
	t.Parallel()
	const thief, rebound = "203.0.113.66:5060", "198.51.100.9:61234"
	bubble(t, func(b *bench) {
		b.invite("offer")
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		ack := b.request(wire.ACK, b.d.ID().LocalTag, "")
		_ = ack.req.Set("CSeq", cseqValue(b.in.req.CSeq(), wire.ACK))
		ack.req.Arrived(wire.Flow{Transport: wire.UDP, Remote: netip.MustParseAddrPort(thief)})
		b.st.HandleAck(ack.req)
		synctest.Wait()
		b.want("0 200 INVITE")
		b.ack(b.in, "")
		synctest.Wait()
		b.want("0 owner: confirmed")
		for _, m := range []wire.Method{wire.BYE, wire.INVITE, wire.UPDATE, wire.INFO} {
			b.from(thief, m, "evil")
			b.want("0 481 " + m)
		}
		b.from("198.51.100.8:5060", wire.INFO, "") // the proxy that recorded itself
		b.want("0 200 INFO", "0 owner: info")
		b.from(rebound, wire.BYE, "")
		b.want("0 200 BYE", "0 owner: ended")
	})
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.answer(200, "far", "answer")
		synctest.Wait()
		b.net.take()
		b.from(thief, wire.BYE, "")
		b.want("0 481 BYE")
		b.from(rebound, wire.BYE, "")
		b.want("0 200 BYE", "0 owner: ended")
	})
}

// A BYE after our end is answered while the dialog is known; then it is 481
// (RFC 3261 §15.1.2).
func TestRFC3261ByeAfterOurs(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.answer(200, "far", "answer")
		synctest.Wait()
		b.loop.do(func() { b.d.Bye() })
		b.net.sent()[1].answer(200, "", "")
		synctest.Wait()
		b.net.take()
		b.inside(wire.BYE, "")
		b.inside(wire.INFO, "")
		synctest.Wait()
		b.want("0 200 BYE", "0 481 INFO")
		pass(Default().AckTimeout + time.Second)
		b.inside(wire.BYE, "")
		b.want("33 481 BYE")
	})
}
