package b2bua

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
)

// ringer is a phone that rings until it is cancelled, and counts.
type ringer struct {
	*bare
	mu      sync.Mutex
	ringing map[string]string // INVITEs by Call-ID
	rung    int
}

// serve answers until the socket is closed.
func (p *ringer) serve(t *testing.T) {
	t.Helper()
	for {
		n, from, err := p.ReadFromUDPAddrPort(p.buf[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		text := string(p.buf[:n])
		id := field(text, "Call-ID")
		p.mu.Lock()
		invite, known := p.ringing[id]
		switch {
		case strings.HasPrefix(text, "INVITE") && !known:
			p.ringing[id] = text
			p.rung++
			p.send(t, from, reply(text, "180 Ringing", p.addr()))
		case strings.HasPrefix(text, "CANCEL"):
			p.send(t, from, reply(text, "200 OK", p.addr()))
			if known {
				delete(p.ringing, id)
				p.send(t, from, reply(invite, "487 Request Terminated", p.addr()))
			}
		}
		p.mu.Unlock()
	}
}

func (p *ringer) now() (ringing, rung int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ringing), p.rung
}

// R3: INVITE and CANCEL back to back, two thousand times: the caller gets 487 and no phone is left
// ringing.
func TestR3InviteAndCancelLeaveNoGhost(t *testing.T) {
	t.Parallel()
	const times = 2000
	caller := newBare(t)
	bob := &ringer{bare: newBare(t), ringing: make(map[string]string)}
	var serving sync.WaitGroup
	serving.Go(func() { bob.serve(t) })
	t.Cleanup(func() {
		bob.Close()
		serving.Wait()
	})
	r := newRig(t, rigOptions{begin: func(r *rig, c *Call) {
		c.On(func(ev Event) {
			if ev.Kind == CallerGone {
				c.End(CauseCallerGone)
			}
		})
		c.A().Ring()
		c.Dial(r.to("bob", bob.way(r)))
	}})
	for n := range times {
		invite := caller.invite(n, "INVITE", "")
		via := "branch=z9hG4bKb" // CANCEL and ACK of a refusal share the INVITE's branch
		caller.send(t, r.at, invite)
		caller.send(t, r.at, sameBranch(caller.invite(n, "CANCEL", ""), via, "CANCEL"))
		final, _ := caller.next(t, "SIP/2.0 487", caller.callID(n))
		_, tag, _ := strings.Cut(field(final, "To"), ";tag=")
		caller.send(t, r.at, sameBranch(caller.invite(n, "ACK", ";tag="+tag), via, "ACK"))
	}
	r.gone()
	until(t, func() bool { ringing, _ := bob.now(); return ringing == 0 })
	_, rung := bob.now()
	t.Logf("%d of %d calls reached the phone before their CANCEL", rung, times)
}

// sameBranch gives a request the branch and CSeq number of the call's INVITE.
func sameBranch(request, via, method string) string {
	head, rest, _ := strings.Cut(request, via)
	line, rest, _ := strings.Cut(rest, "\n")
	return strings.Replace(head+via+strings.TrimSuffix(line, method)+"INVITE\n"+rest, "CSeq: 2 "+method, "CSeq: 1 "+method, 1)
}
