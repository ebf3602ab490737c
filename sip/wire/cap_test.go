package wire

import (
	"fmt"
	"net"
	"testing"
	"time"
)

func TestCaps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		conns, perIP, descriptors int
		want                      connCaps
	}{
		"plenty":                          {0, 64, 65536, connCaps{all: 1024, perIP: 64}},
		"a quarter":                       {0, 64, 1024, connCaps{all: 256, perIP: 64}},
		"one source is not all":           {0, 64, 256, connCaps{all: 64, perIP: 48}},
		"very few":                        {0, 64, 20, connCaps{all: 8, perIP: 6}},
		"not known":                       {0, 64, 0, connCaps{all: 1024, perIP: 64}},
		"configured":                      {512, 64, 65536, connCaps{all: 512, perIP: 64}},
		"configured above half of all":    {1000, 1000, 256, connCaps{all: 128, perIP: 96}},
		"configured, and few on purpose":  {2, 64, 65536, connCaps{all: 2, perIP: 2}},
		"configured, and one for all":     {1, 64, 65536, connCaps{all: 1, perIP: 1}},
		"one source may have few already": {0, 4, 65536, connCaps{all: 1024, perIP: 4}},
	} {
		cfg := Config{MaxConns: c.conns, ConnsPerIP: c.perIP}
		got := capsFor(&cfg, c.descriptors)
		if got.guests < 1 || got.guests > max(1, got.all/guestShare) || got.guestIP < 1 || got.guestIP > got.guests {
			t.Errorf("%s: %d guests, %d of one source", name, got.guests, got.guestIP)
		}
		if got.guests, got.guestIP = 0, 0; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// asked sends an OPTIONS on a connection and tells whether it is answered.
func asked(t *testing.T, c net.Conn, callID string) bool {
	t.Helper()
	_, err := c.Write([]byte(requestText(OPTIONS, c.LocalAddr().String(), "TCP", "x", callID, "c", 1)))
	return err == nil && firstFinal(c, patience) == 200
}

// Connections that have never sent anything make room, the oldest first; those that are used stay, and other sources too.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.91", h, func(c *Config) { c.MaxConns, c.ConnsPerIP = 8, 100 }) // six a source
	used := dialTCP(t, e, "127.0.75.92")
	if !asked(t, used, "used") {
		t.Fatal("no answer on the first connection")
	}
	other := dialTCP(t, e, "127.0.75.93") // idle, of another source
	var idle []*net.TCPConn
	for range 50 {
		idle = append(idle, dialTCP(t, e, "127.0.75.92"))
	}
	last := dialTCP(t, e, "127.0.75.92")
	if !asked(t, last, "last") {
		t.Error("a new connection is refused while idle ones are open")
	}
	if !asked(t, used, "again") {
		t.Error("a connection that is used was closed")
	}
	for i, c := range idle[:40] {
		if !closed(c) {
			t.Fatalf("idle connection %d, one of the oldest, stays open", i)
		}
	}
	if !asked(t, other, "other") {
		t.Error("one source's flood closed a connection of another's")
	}
	if n := e.connections(); n > 8 {
		t.Errorf("%d connections are open", n)
	}
}

// When all are in use, a newcomer is refused and nobody is cut off; the place of one who leaves is free.
func TestUsedConnectionsAreNeverCut(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.94", h, func(c *Config) { c.MaxConns, c.ConnsPerIP = 8, 100 })
	var used []*net.TCPConn
	for i := range 8 {
		c := dialTCP(t, e, fmt.Sprintf("127.0.75.%d", 95+i%2))
		if !asked(t, c, fmt.Sprint("used", i)) {
			t.Fatalf("connection %d is not served", i)
		}
		used = append(used, c)
	}
	if !closed(dialTCP(t, e, "127.0.75.97")) {
		t.Error("a ninth connection stays open")
	}
	for i, c := range used {
		if !asked(t, c, fmt.Sprint("again", i)) {
			t.Errorf("connection %d was cut", i)
		}
	}
	_ = used[0].Close()
	for i := 0; !asked(t, dialTCP(t, e, "127.0.75.97"), fmt.Sprint("free", i)); i++ {
		if i == 100 {
			t.Fatal("a place that has become free is not given away")
		}
		<-time.After(10 * time.Millisecond) // the edge has not heard of the end yet
	}
}
