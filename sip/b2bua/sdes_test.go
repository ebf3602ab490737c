package b2bua

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// scripted starts a scripted phone for the time of the test.
func (r *rig) scripted(name string, answer phone.Answer) *phone.Phone {
	r.Helper()
	cfg := phone.Default()
	cfg.Name = name
	p, stop, err := phone.Start(context.Background(), cfg)
	r.must(err)
	r.Cleanup(func() { r.must(stop()) })
	r.must(p.Answer(answer))
	return p
}

// way is the way to a scripted phone.
func (r *rig) way(p *phone.Phone, srtp string) trunk.Destination {
	r.Helper()
	d, err := r.trunks.Phone(p.URI())
	r.must(err)
	d.Media.SRTP = srtp
	return d
}

// secureTrunk makes the caller's operator one that demands SRTP.
func secureTrunk(c *trunk.Config) { c.Operators[0].SRTP = trunk.SRTPRequired }

// bounded is the test's context with its patience.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// SRTP on either side, or on both, each with keys of its own: sound both ways, the accept key over SRTP, a recording that
// plays, and a detail that says which leg was protected.
func TestSDESThroughTheCall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		caller, engineer sdp.Security
		policy           func(*trunk.Config)
		srtp             string // to the engineer
		suites           [2]bool
	}{
		{"SRTP caller, plain engineer", sdp.SecurityRequired, sdp.SecurityOff, secureTrunk, "", [2]bool{true, false}},
		{"SRTP to SRTP", sdp.SecurityRequired, sdp.SecurityRequired, secureTrunk, trunk.SRTPRequired, [2]bool{true, true}},
		{"plain caller, SRTP engineer", sdp.SecurityOff, sdp.SecurityRequired, func(*trunk.Config) {}, trunk.SRTPRequired, [2]bool{false, true}},
		{"offered and taken", sdp.SecurityOffered, sdp.SecurityOffered, func(c *trunk.Config) { c.Operators[0].SRTP = trunk.SRTPOffered }, trunk.SRTPOffered, [2]bool{true, true}},
		{"offered and not taken", sdp.SecurityOffered, sdp.SecurityOff, func(*trunk.Config) {}, trunk.SRTPOffered, [2]bool{false, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			accepted := make(chan struct{})
			var once sync.Once
			r := newRig(t, rigOptions{trunks: tt.policy, script: func(r *rig, c *Call, ev Event) {
				if ev.Kind == LegDigit && ev.Leg.Name == "bob" && ev.Digit == '1' {
					r.must(c.Bridge(c.A(), ev.Leg))
					once.Do(func() { close(accepted) })
				}
			}})
			talk := func(hz float64, s sdp.Security) phone.Talk { return phone.Talk{Tone: hz, Security: s} }
			bob := r.scripted("bob", phone.Answering(0, talk(1000, tt.engineer)))
			client := r.scripted("client", phone.Answer{})
			call, err := client.Dial(bounded(t), "sip:84957770000@"+r.at.String(), phone.Options{Talk: talk(440, tt.caller)})
			r.must(err)
			c := r.call()
			path := filepath.Join(t.TempDir(), "call.wav")
			r.in(c, func() {
				r.must(c.Record(path, func(err error) { t.Error(err) }))
				c.Dial(r.to("bob", r.way(bob, tt.srtp)))
			})
			r.expect("bob answered")
			engineer, err := bob.Incoming(bounded(t), 0)
			r.must(err)
			engineer.Press("1", phone.RFC4733)
			<-accepted
			r.must(call.WaitHeard(bounded(t), 1000, time.Second))
			r.must(engineer.WaitHeard(bounded(t), 440, time.Second))
			r.in(c, func() { c.End(CauseNormal) })
			<-c.Done()
			d := c.Detail()
			for i, want := range tt.suites {
				if got := d.Legs[i].Quality.Suite; (got != "") != want {
					t.Errorf("leg %s: suite %q", d.Legs[i].Name, got)
				}
			}
			if d.Recording == nil || d.Recording.Duration < time.Second {
				t.Fatalf("recording %+v", d.Recording)
			}
			file, err := os.ReadFile(path)
			r.must(err)
			channels, err := phone.DecodeWAV(file)
			r.must(err)
			for i, hz := range []float64{440, 1000} {
				if heard := phone.ToneTime(channels[i], hz); heard < 800*time.Millisecond {
					t.Errorf("channel %d has %v Hz for %s", i, hz, heard)
				}
			}
		})
	}
}

// A caller who must encrypt and does not is refused with 488 before anything rings.
func TestSDESRequiredRefusesAPlainCaller(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{trunks: secureTrunk})
	r.dialIn(siptest.NewRTP(t).SDP())
	r.caller.ExpectStatus(488, "INVITE")
	if len(r.calls) != 0 {
		t.Error("a call was made")
	}
	r.gone()
}

// A device that must encrypt and answers without is hung up, and the next device rings.
func TestSDESRequiredLeavesAPlainDevice(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	secure := r.phone(r.bob)
	secure.Media.SRTP = trunk.SRTPRequired
	r.in(c, func() { c.Dial(r.to("anna", secure, r.phone(r.carol))) })
	bob, invite := take(r.bob)
	if !strings.Contains(string(invite.Body), "RTP/SAVP ") || !hasLine(invite.Body, "a=crypto:") {
		t.Errorf("the offer is not secure:\n%s", invite.Body)
	}
	accepted(r.bob, bob, siptest.NewRTP(t).SDP())
	bye := r.bob.ExpectRequest("BYE")
	if !strings.Contains(bye.Get("Reason"), "cause=488") {
		t.Errorf("Reason = %q", bye.Get("Reason"))
	}
	r.bob.Answer(bye, 200, "OK", siptest.Reply{})
	carol, invite := take(r.carol)
	if hasLine(invite.Body, "a=crypto:") {
		t.Error("keys of one device were sent to another")
	}
	r.never("anna answered")
	accepted(r.carol, carol, siptest.NewRTP(t).SDP())
	r.expect("anna answered")
	r.in(c, func() { c.End(CauseNormal) })
	bye = r.carol.ExpectRequest("BYE")
	r.carol.Answer(bye, 200, "OK", siptest.Reply{})
	r.gone()
}

// The last device that does not encrypt ends the attempt with the reason.
func TestSDESRequiredOfTheOnlyDevice(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	secure := r.phone(r.bob)
	secure.Media.SRTP = trunk.SRTPRequired
	r.in(c, func() { c.Dial(r.to("anna", secure)) })
	bob, _ := take(r.bob)
	accepted(r.bob, bob, siptest.NewRTP(t).SDP())
	bye := r.bob.ExpectRequest("BYE")
	r.bob.Answer(bye, 200, "OK", siptest.Reply{})
	r.expect("anna failed failed not_secure")
	r.in(c, func() { c.End(CauseNoAnswer) })
	r.gone()
}

// Keys are in the descriptions and nowhere else: neither in the log at its most talkative, nor in the call's detail.
func TestSDESKeysStayOutOfLogsAndDetail(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r := newRig(t, rigOptions{
		trunks: func(c *trunk.Config) { c.Operators[0].SRTP = trunk.SRTPOffered }, log: logger,
		deps: func(d *Deps) { d.Log = logger }, media: func(c *media.PoolConfig) { c.Log = logger },
	})
	end := siptest.NewRTP(t)
	const theirs = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	caller := r.dialIn(end.SDP("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + theirs + "|2^20|1:4"))
	c := r.call()
	r.in(c, func() { r.must(c.A().Answer()) })
	ok := r.confirm(caller)
	_, rest, found := strings.Cut(string(ok.Body), "inline:")
	if !found || len(rest) < 40 {
		t.Fatalf("the answer has no key:\n%s", ok.Body)
	}
	caller.Invite("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:1 NONSENSE inline:" + theirs + "\r\n")
	caller.Ack(r.caller.ExpectStatus(488, "INVITE"))
	r.in(c, func() { c.End(CauseNormal) })
	<-c.Done()
	d := c.Detail()
	var text strings.Builder
	text.WriteString(log.String() + d.Note)
	for _, e := range d.Trace {
		text.WriteString(e.Text)
	}
	for _, key := range []string{theirs, rest[:40]} {
		if strings.Contains(text.String(), key) || strings.Contains(text.String(), "inline:") {
			t.Errorf("a key is in\n%s", text.String())
		}
	}
}

// lockedBuffer is a buffer that many may write to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// An offer that is refused changes nothing: after T.38 has got its 488, a hold is answered with the key of before.
func TestT38RefusedKeepsTheKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{trunks: secureTrunk})
	end := siptest.NewRTP(t)
	const line = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	secure := func(more ...string) string {
		return strings.Replace(end.SDP(append(more, line)...), "RTP/AVP", "RTP/SAVP", 1)
	}
	key := func(m siptest.Message) string {
		t.Helper()
		_, rest, found := strings.Cut(string(m.Body), "inline:")
		if !found || len(rest) < 40 {
			t.Fatalf("the answer has no key:\n%s", m.Body)
		}
		return rest[:40]
	}
	caller := r.dialIn(secure())
	c := r.call()
	r.in(c, func() { r.must(c.A().Answer()) })
	before := key(r.confirm(caller))
	for _, fax := range []string{
		"m=image 4000 udptl t38\r\n",
		"m=audio 4000 RTP/SAVP 8\r\na=crypto:1 NONSENSE inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n",
	} {
		caller.Invite("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" + fax)
		caller.Ack(r.caller.ExpectStatus(488, "INVITE"))
		caller.Invite(secure("a=sendonly"))
		if after := key(r.confirm(caller)); after != before {
			t.Errorf("after %q: another key", fax)
		}
	}
	r.in(c, func() { c.End(CauseNormal) })
}

// Hold and resume keep the keys: sound comes back both ways, music meanwhile.
func TestHoldOverSRTP(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{trunks: secureTrunk, script: eager})
	talk := func(hz float64) phone.Talk { return phone.Talk{Tone: hz, Security: sdp.SecurityRequired} }
	bob := r.scripted("bob", phone.Answering(0, talk(1000)))
	call, err := r.scripted("client", phone.Answer{}).Dial(bounded(t), "sip:84957770000@"+r.at.String(), phone.Options{Talk: talk(440)})
	r.must(err)
	c := r.call()
	r.in(c, func() { c.Dial(r.to("bob", r.way(bob, trunk.SRTPRequired))) })
	engineer, err := bob.Incoming(bounded(t), 0)
	r.must(err)
	r.must(call.WaitHeard(bounded(t), 1000, 500*time.Millisecond))
	for _, step := range []struct {
		do   func()
		kind phone.Kind
		what string
	}{{engineer.Hold, phone.Holding, "bob held"}, {engineer.Resume, phone.Unholding, "bob resumed"}} {
		step.do()
		_, err := engineer.Wait(bounded(t), step.kind)
		r.must(err)
		r.expect(step.what)
	}
	engineer.SetTone(700)
	call.Press("5", phone.RFC4733)
	r.must(call.WaitHeard(bounded(t), 700, 500*time.Millisecond))
	r.expect("caller digit 5")
	r.in(c, func() { c.End(CauseNormal) })
	<-c.Done()
	for _, leg := range c.Detail().Legs {
		if leg.Quality.Suite == "" || leg.Quality.Undecryptable > 0 {
			t.Errorf("leg %s: suite %q, %d packets could not be decrypted", leg.Name, leg.Quality.Suite, leg.Quality.Undecryptable)
		}
	}
}
