package app_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// TestUnknownSource: who is neither an operator nor a phone of ours hears nothing, by UDP and TCP, whatever is sent.
func TestUnknownSource(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Trunks.Operators[0].Sources = []string{"127.0.0.1"} })
	l := r.line(t, nil, startPhone(t, "engineer", "udp", accepting()).URI())
	udp, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 99)}, net.UDPAddrFromAddrPort(r.addr("udp")))
	r.must(err)
	defer udp.Close()
	known := r.raw(t, l.caller)
	call := known.NewCall(l.uri("udp"))
	call.Prepare(known.sound.SDP())
	for _, text := range []string{
		call.Invited,
		strings.ReplaceAll(call.Invited, "INVITE", "OPTIONS"),
		strings.ReplaceAll(call.Invited, "INVITE", "REGISTER"),
		strings.ReplaceAll(call.Invited, "Max-Forwards: 70", "Max-Forwards: 0"),
		strings.ReplaceAll(call.Invited, known.Addr().String(), udp.LocalAddr().String()),
		"nonsense\r\n\r\n",
	} {
		_, err := udp.Write([]byte(text))
		r.must(err)
	}
	known.Ping() // whatever the app would have answered to the above has left by now
	known.Ping()
	if n := known.Seen(func(m *siptest.Message) bool { return m.CallID() == call.CallID }); n != 0 {
		t.Errorf("%d answers went to the address in Via", n)
	}
	r.must(udp.SetReadDeadline(past()))
	if n, err := udp.Read(make([]byte, 2048)); err == nil {
		t.Errorf("an unknown source was answered %d bytes", n)
	}
	tcp, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 99)}}).DialContext(within(t), "tcp", r.addr("tcp").String())
	if err == nil {
		defer tcp.Close()
		_, _ = tcp.Write([]byte(call.Invited)) // it may be closed already
		if n, err := tcp.Read(make([]byte, 2048)); err == nil {
			t.Errorf("an unknown source was answered %d bytes by TCP", n)
		}
	}
	if n := len(l.tickets()); n != 0 {
		t.Errorf("%d tickets of an unknown source", n)
	}
	r.empty()
}

// TestRefusedInvites: INVITEs that cannot become a call get the answer that says why, and make no ticket.
func TestRefusedInvites(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	r := newRig(t)
	l := r.line(t, nil, startPhone(t, "engineer", "udp", accepting()).URI())
	sdp := siptest.NewRTP(t).SDP()
	t.Run("INVITE", func(t *testing.T) {
		for name, c := range map[string]struct {
			uri, sdp string
			want     int
		}{
			"a number that is no line": {strings.Replace(l.uri("udp"), l.id, "84951112233", 1), sdp, 404},
			"no common codec":          {l.uri("udp"), strings.NewReplacer("AVP 8 101", "AVP 18", "a=rtpmap:8 PCMA/8000", "a=rtpmap:18 G729/8000").Replace(sdp), 488},
			"video only":               {l.uri("udp"), strings.Replace(sdp, "m=audio", "m=video", 1), 488},
			"broken SDP":               {l.uri("udp"), "v=0\r\nm=audio nonsense\r\n", 400},
			"a scheme nobody knows":    {strings.Replace(l.uri("udp"), "sip:", "foo:", 1), sdp, 416},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				caller := r.raw(t, l.caller)
				call := caller.NewCall(c.uri)
				call.Invite(c.sdp)
				final := caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 })
				if final.Status != c.want {
					t.Errorf("answered %d %s, want %d", final.Status, final.Reason, c.want)
				}
				call.Ack(final)
			})
		}
	})
	if n := len(l.tickets()); n != 0 {
		t.Errorf("%d tickets of refused INVITEs", n)
	}
	r.empty()
}

// TestLateOffer: an INVITE without SDP gets our offer, the answer comes with the ACK, and the two talk.
func TestLateOffer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := startPhone(t, "engineer", "udp", accepting())
	l := r.line(t, nil, engineer.URI())
	s := l.dial("udp", phone.Options{LateOffer: true, Talk: phone.Talk{Tone: 440}})
	if err := s.WaitHeard(within(t), 700, 1e9); err != nil {
		t.Errorf("the caller does not hear the engineer: %v", err)
	}
	if err := incoming(t, engineer, 1).WaitHeard(within(t), 440, 1e9); err != nil {
		t.Errorf("the engineer does not hear the caller: %v", err)
	}
	s.Hangup()
	wait(t, s, phone.Ended)
	l.settled(dispatch.CallServed, "1 accepted")
}

// TestDoesNotStart: what stands in the way of a start is told in a sentence that names it, and nothing is left open.
func TestDoesNotStart(t *testing.T) {
	t.Parallel()
	client := startPhone(t, "client", "udp", phone.Answer{})
	for name, c := range map[string]struct {
		spoil func(t *testing.T, c *config.Config)
		want  []string
	}{
		"data folder is a file": {func(t *testing.T, c *config.Config) {
			t.Helper()
			c.Data = filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(c.Data, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"data", "not a directory"}},
		"data folder cannot be made": {func(t *testing.T, c *config.Config) {
			t.Helper()
			c.Data = "/proc/vahta" // not even root may
		}, []string{"data", "/proc/vahta"}},
		"UDP port in use": {func(t *testing.T, c *config.Config) {
			t.Helper()
			c.SIP.Listen = []wire.Listen{{Transport: wire.UDP, Addr: client.Addr("udp").String()}}
		}, []string{client.Addr("udp").String(), "in use"}},
		"TCP port in use": {func(t *testing.T, c *config.Config) {
			t.Helper()
			c.SIP.Listen = []wire.Listen{{Transport: wire.TCP, Addr: client.Addr("tcp").String()}}
		}, []string{client.Addr("tcp").String(), "in use"}},
		"HTTP port in use": {func(t *testing.T, c *config.Config) {
			t.Helper()
			c.HTTP.Listen = client.Addr("tcp").String()
		}, []string{"http.listen", client.Addr("tcp").String()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := base(t, client)
			c.spoil(t, &cfg)
			a, err := app.New(context.Background(), cfg, slog.New(slog.DiscardHandler))
			if err == nil {
				err = a.Run(within(t))
			}
			if err == nil {
				t.Fatal("it started")
			}
			for _, word := range c.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
			t.Log(err)
		})
	}
}

// TestSecondServer: a second one on the same data folder is told so.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := app.New(context.Background(), r.cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Fatal("two servers write to one record")
	}
	t.Log(err)
}
