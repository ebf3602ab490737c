package smpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

func TestWindowIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open, most := 0, 0
		var mu sync.Mutex
		c := &centre{}
		c.behave = func(l *link, p pdu.PDU) {
			mu.Lock()
			open++
			most = max(most, open)
			mu.Unlock()
			c.wg.Go(func() {
				time.Sleep(time.Second) // of the bubble
				mu.Lock()
				open--
				mu.Unlock()
				l.accept(p)
			})
		}
		conf := testConfig()
		conf.Window, conf.Rate = 5, 1000
		r := start(t, conf, c)
		begin := time.Now()
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if _, err := r.Send(t.Context(), Message{Ref: fmt.Sprint(i), To: "+79001234567", Text: "x"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(begin); most != 5 || took < 10*time.Second || took > 11*time.Second {
			t.Errorf("%d at once, 50 messages in %s; want 5, and 10 s", most, took)
		}
		r.end(t)
	})
}

func TestRateIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &centre{}
		conf := testConfig()
		conf.Window, conf.Rate = 100, 20
		r := start(t, conf, c)
		begin := time.Now()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() { _, _ = r.Send(t.Context(), Message{Ref: fmt.Sprint(i), To: "+79001234567", Text: "x"}) })
		}
		wg.Wait()
		if took := time.Since(begin); took < 9900*time.Millisecond || took > 11*time.Second || r.counted("accepted") != 200 {
			t.Errorf("%d in %s, want 200 in 10 s", r.counted("accepted"), took)
		}
		r.end(t)
	})
}

// Of two addresses one is dead: everything goes by the other one.
func TestSeveralBinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &centre{}
		conf := testConfig()
		conf.Addresses, conf.Binds = []string{"a:1", "b:1"}, 2
		dead := false
		r := startWith(t, conf, c, func(ctx context.Context, a string) (net.Conn, error) {
			if dead && a == "a:1" {
				return nil, errors.New("refused")
			}
			return c.dial(ctx, a)
		})
		synctest.Wait()
		if r.Up() != 4 {
			t.Fatalf("%d of 4 are up", r.Up())
		}
		dead = true
		for _, l := range c.links {
			if l.to == "a:1" {
				l.conn.Close()
			}
		}
		synctest.Wait()
		for i := range 20 {
			if _, err := r.Send(t.Context(), Message{Ref: fmt.Sprint(i), To: "+79001234567", Text: "x"}); err != nil {
				t.Error(err)
			}
		}
		if r.Up() != 2 {
			t.Errorf("%d are up, want 2", r.Up())
		}
		r.end(t)
	})
}

// More comes in than can be stored: the centre keeps it, and the link lives.
func TestInboundIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan pdu.PDU, 10)
		c := &centre{behave: func(_ *link, p pdu.PDU) { answers <- p }}
		conf := testConfig() // Inbound 2
		r := start(t, conf, c)
		synctest.Wait()
		r.gate = make(chan struct{}) // the store hangs
		for range 3 {
			c.last().deliver(pdu.Message{Text: []byte("x")})
		}
		if p := <-answers; p.Status != pdu.TemporaryHere {
			t.Errorf("the third: %s", p.Status)
		}
		close(r.gate)
		for range 2 {
			if p := <-answers; p.Status != pdu.OK {
				t.Errorf("stored: %s", p.Status)
			}
		}
		r.end(t)
	})
}
