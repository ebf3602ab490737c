package media

// ConnectOptions changes how two streams are bridged. The zero value passes sound and digits both ways.
type ConnectOptions struct {
	// KeepDigits keeps telephone events from passing: they are told as events only.
	KeepDigits bool
}

// Connect bridges two streams: what one receives goes out on the other. The same codec passes as it is, PCMA and PCMU
// are translated; payload types, numbering and SSRC are those of the stream that sends. A stream that was bridged to
// another one is taken from it. A key that is being pressed stays on its side: it was meant for whoever connects, as the
// key an engineer accepts a call with. Both end in the same shard.
func Connect(a, b *Stream, opt ConnectOptions) {
	a.do(func(sh *shard) {
		if b.home() == sh {
			link(a, b, opt)
			return
		}
		b.do(func(from *shard) {
			from.hand(b, sh)
			Connect(a, b, opt)
		})
	})
}

// Disconnect ends the bridge between two streams, if there is one.
func Disconnect(a, b *Stream) {
	a.do(func(*shard) {
		if a.peer == b {
			a.unlink()
		}
	})
}

func link(a, b *Stream, opt ConnectOptions) {
	if a.gone || b.gone || a == b {
		return
	}
	if a.peer != b {
		a.keepKey()
		b.keepKey()
	}
	a.unlink()
	b.unlink()
	a.peer, b.peer = b, a
	a.opt, b.opt = opt, opt
}

func (s *Stream) unlink() {
	if s.peer != nil {
		s.peer.peer = nil
		s.peer.out.marker = true
	}
	s.peer = nil
	s.out.marker = true
}

// hand moves a stream to another shard; it loses its bridge on the way.
func (sh *shard) hand(s *Stream, to *shard) {
	if sh == to {
		return
	}
	s.unlink()
	sh.remove(s)
	if !to.post(func() { to.add(s) }) {
		s.rtp.close()
		s.rtcp.close()
		s.gone = true
	}
	s.shard.Store(to) // last: whatever is asked of s in its new shard comes after add
}
