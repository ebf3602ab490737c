package media

import (
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/sdp"
)

// A hundred streams whose owner breaks at each event lose their own sound; the pair beside them talks on, and nothing
// is left at the end.
func TestPanicCostsOneStream(t *testing.T) {
	t.Parallel()
	for _, engine := range engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			log := &lines{}
			p := startPool(t, engine, func(c *PoolConfig) {
				c.Shards, c.Bind, c.Log = 1, netip.MustParseAddr("127.0.0.1"), slog.New(slog.NewTextHandler(log, nil))
			})
			good, bad := make(chan Event, 100), 100
			a, err := p.NewStream(StreamConfig{OnEvent: func(e Event) { good <- e }})
			if err != nil {
				t.Fatal(err)
			}
			for range bad {
				told := make(chan EventKind, 10)
				s, err := p.NewStream(StreamConfig{Near: a, Name: "poisoned", OnEvent: func(e Event) { told <- e.Kind; panic("poisoned") }})
				if err != nil {
					t.Fatal(err)
				}
				knock(t, s)
				for _, want := range []EventKind{FirstPacket, Silence} {
					select {
					case got := <-told:
						if got != want {
							t.Fatalf("told of %s, want %s", got, want)
						}
					case <-time.After(10 * time.Second):
						t.Fatalf("never told of %s", want)
					}
				}
				knock(t, s) // passes it by
				_ = s.Stats()
				s.Close()
			}
			knock(t, a)
			select {
			case e := <-good:
				if e.Kind != FirstPacket {
					t.Errorf("the good stream hears %s", e.Kind)
				}
			case <-time.After(10 * time.Second):
				t.Error("the good stream hears nothing any more")
			}
			if got := a.Stats(); got.In.Packets != 1 {
				t.Errorf("the good stream has received %d packets", got.In.Packets)
			}
			if n := strings.Count(log.String(), "media broke"); n != 2*bad { // the packet, and the news of it
				t.Errorf("%d lines about %d streams", n, bad)
			}
		})
	}
}

// A writer that breaks ends the recording with an error; Close does not wait for it for ever.
func TestPanicWhileRecording(t *testing.T) {
	t.Parallel()
	r, err := NewRecorder(filepath.Join(t.TempDir(), "call.wav"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.survive(func() error { panic("poisoned") }); err == nil || !strings.Contains(err.Error(), "poisoned") {
		t.Errorf("got %v", err)
	}
	file := r.file
	r.file = nil // writing breaks from here on
	_ = file.Close()
	func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pending, r.writing = make([]byte, 10), true
	}()
	r.flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writing || r.err == nil {
		t.Errorf("writing %v, %v", r.writing, r.err)
	}
}

// knock sends one RTP packet to a stream, from the address that the far end has named.
func knock(t *testing.T, s *Stream) {
	t.Helper()
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(s.Local()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	from := c.LocalAddr().(*net.UDPAddr).AddrPort()
	s.Apply(sdp.Agreement{Remote: from, RemoteRTCP: from, Codec: pcma(), RecvPT: ptPCMA, Direction: sdp.SendRecv})
	_ = s.Stats() // it has been applied
	packet := make([]byte, headerSize+frameSamples)
	packet[0], packet[1] = 0x80, ptPCMA
	if _, err := c.Write(packet); err != nil {
		t.Fatal(err)
	}
}

type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
