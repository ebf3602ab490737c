package b2bua

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/siptest"
)

// recall dials the client of a call without a caller and lets him answer.
func (r *rig) recall() (c *Call, leg *Leg, callee *siptest.Call, rtp *siptest.RTP) {
	r.Helper()
	c = r.engine.NewCall()
	rtp = siptest.NewRTP(r)
	r.in(c, func() {
		c.On(func(ev Event) { r.heard(c, ev) })
		leg = c.Dial(r.to("client", r.phone(r.carol)))
		if err := c.Adopt(leg); !errors.Is(err, ErrNotAnswered) {
			r.Errorf("a ringing leg was adopted: %v", err)
		}
	})
	callee, invite := take(r.carol)
	rtp.Learn(invite.Body)
	accepted(r.carol, callee, rtp.SDP())
	r.expect("client answered")
	return c, leg, callee, rtp
}

// An adopted leg is the caller's: both hear each other, and its BYE is the caller's.
func TestAdoptedLegIsTheCallers(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, client, callee, clientRTP := r.recall()
	var bobLeg *Leg
	r.in(c, func() {
		r.must(c.Adopt(client))
		if c.A() != client {
			t.Error("the call has no caller")
		}
		bobLeg = c.Dial(r.to("bob", r.phone(r.bob)))
		if err := c.Adopt(client); err == nil {
			t.Error("a second caller")
		}
	})
	bobRTP := siptest.NewRTP(t)
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, bobRTP.SDP())
	r.expect("bob answered")
	r.in(c, func() { r.must(c.Bridge(c.A(), bobLeg)) })
	clientRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	hears(t, clientRTP, 1000)
	callee.Bye()
	r.carol.ExpectStatus(200, "BYE")
	r.expect("client caller gone normal")
	r.expect("bob ended caller_gone")
	r.bob.Answer(r.bob.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
	r.in(c, func() { c.End(CauseNormal) })
	r.gone()
}

// A client who has hung up again is nobody's caller.
func TestAdoptAfterHangUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, client, callee, _ := r.recall()
	callee.Bye()
	r.carol.ExpectStatus(200, "BYE")
	r.expect("client ended normal")
	r.in(c, func() {
		if err := c.Adopt(client); !errors.Is(err, ErrLegEnded) || c.A() != nil {
			t.Errorf("adopted: %v", err)
		}
		c.End(CauseNormal)
	})
	r.gone()
}

// A recording that is stopped is a good file, and the talk goes on.
func TestStopRecording(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, _, _, callerRTP, bobRTP := r.talk()
	path := filepath.Join(t.TempDir(), "a.wav")
	r.in(c, func() { r.must(c.Record(path, func(err error) { t.Error(err) })) })
	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	recording(t, r, c)
	r.in(c, func() {
		if !c.StopRecording("the disk is full") || c.StopRecording("again") {
			t.Error("not stopped once")
		}
		if err := c.Record(path+"2", func(error) {}); err == nil {
			t.Error("recorded again")
		}
	})
	hears(t, callerRTP, 1000)
	r.in(c, func() { c.End(CauseNormal) })
	<-c.Done()
	d := c.Detail()
	if d.Recording == nil || d.Recording.Path != path || d.Recording.Bytes == 0 || d.Note != "the disk is full" {
		t.Fatalf("recording %+v, note %q", d.Recording, d.Note)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != d.Recording.Bytes {
		t.Errorf("file %+v: %v", info, err)
	}
	file, err := os.Open(path)
	r.must(err)
	defer file.Close()
	if both, err := media.DecodeChannels(file); err != nil || len(both) != 2 {
		t.Errorf("%d channels: %v", len(both), err)
	}
}

// recording waits until the file of the recording is open.
func recording(t *testing.T, r *rig, c *Call) {
	t.Helper()
	until(t, func() (open bool) {
		r.in(c, func() { open = c.recorder != nil })
		return open
	})
}

// The end of a call waits for a recording that was stopped a moment before, and a slow disk holds up no talk.
func TestEndWhileTheRecordingCloses(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	closing, open := make(chan struct{}), make(chan struct{})
	r.engine.closeFile = func(rec *media.Recorder) (media.RecordingInfo, error) {
		close(closing)
		<-open
		return rec.Close()
	}
	c, _, _, callerRTP, bobRTP := r.talk()
	path := filepath.Join(t.TempDir(), "a.wav")
	opened := make(chan struct{})
	r.in(c, func() { r.must(c.Record(path, func(err error) { t.Error(err) })) })
	callerRTP.Tone(440)
	hears(t, bobRTP, 440)
	recording(t, r, c)
	go func() {
		defer close(opened)
		<-closing
		r.in(c, func() { c.End(CauseNormal) })
		close(open)
	}()
	r.in(c, func() { c.StopRecording("the disk is full") })
	<-opened
	<-c.Done()
	if d := c.Detail(); d.Recording == nil || d.Recording.Bytes == 0 {
		t.Errorf("recording %+v, note %q", d.Recording, d.Note)
	}
}

// A recording that is stopped while its file is made leaves no file.
func TestStopBeforeTheRecordingBegins(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, _, _, _, _ := r.talk() //nolint:dogsled // the call alone
	path := filepath.Join(t.TempDir(), "a.wav")
	r.in(c, func() {
		r.must(c.Record(path, func(err error) { t.Error(err) }))
		if !c.StopRecording("the disk is full") {
			t.Error("not stopped")
		}
	})
	until(t, func() (gone bool) {
		r.in(c, func() { gone = !c.opening && c.recorder == nil && c.settling == 2 }) // the two dialogs
		return gone
	})
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}
