package wire

import (
	"strings"
	"testing"
)

// TestDroppedRequestIsForgotten: it gets no answer, and a retransmission is a new request.
func TestDroppedRequestIsForgotten(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = func(tx *ServerTx) {
		if tx.Request().CallID() == "quiet" {
			tx.Drop()
			return
		}
		answer(StatusOK)(tx)
	}
	e := startEdge(t, "127.0.91.1", h, nil)
	p := newPeer(t, "127.0.91.2:0", e)
	for range 2 {
		p.send(p.message(REGISTER, "quiet", "q", 1))
		want(t, h.requests)
	}
	p.send(p.message(REGISTER, "loud", "l", 1))
	if got := p.read(patience); !strings.Contains(got, "Call-ID: loud") {
		t.Errorf("the first answer is %q", got)
	}
}
