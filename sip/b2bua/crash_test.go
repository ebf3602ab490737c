package b2bua

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/siptest"
)

// A script that breaks after it has ended its call still hears that the call has ended: it holds
// claims that only CallEnded gives back.
func TestPanicAfterEndKeepsCallEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: func(_ *rig, c *Call) {
		c.End(CauseNormal)
		panic("after the end")
	}})
	r.dialIn("")
	r.caller.ExpectStatus(480, "INVITE")
	r.expect("call call ended normal")
	r.gone()
	r.once("call call ended")
}

// A script that breaks at every event hears each of them once, CallEnded last.
func TestScriptThatAlwaysPanics(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{script: func(*rig, *Call, Event) { panic("at every event") }})
	r.dialIn("")
	r.caller.ExpectStatus(180, "INVITE")
	c := r.call()
	c.Post(func() {
		c.Dial(r.to("bob", r.phone(r.bob)))
		panic("in a task")
	})
	r.caller.ExpectStatus(500, "INVITE")
	<-c.Done()
	r.bob.ExpectRequest("INVITE")
	r.expect("call call ended internal_error")
	r.once("call call ended")
	r.once("bob failed")
	r.once("caller ended")
}

// A leg that cannot be hung up does not keep the others.
func TestPanicWhileHangingUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn("")
	c := r.call()
	r.in(c, func() {
		broken := c.newLeg("broken")
		broken.state = StateAnswered // without a dialog: hanging up panics
		c.legs[0], c.legs[1] = c.legs[1], c.legs[0]
		c.End(CauseNormal)
	})
	r.caller.ExpectStatus(480, "INVITE")
	r.expect("call call ended normal")
	r.once("call call ended")
	r.gone()
}

// Goexit inside a script takes the goroutine away, not the end of the call.
func TestGoexitEndsTheCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn("")
	r.caller.ExpectStatus(180, "INVITE")
	c := r.call()
	ran := make(chan struct{})
	hold := make(chan struct{})
	c.Post(func() { <-hold; runtime.Goexit() })
	taken := c.Post(func() { close(ran) })
	close(hold)
	r.caller.ExpectStatus(500, "INVITE")
	r.expect("call call ended internal_error")
	r.gone()
	r.once("call call ended")
	if c.Post(func() {}) || c.loop.Post(func() {}) {
		t.Error("a call without a goroutine takes tasks")
	}
	if taken {
		select {
		case <-ran:
		default:
			t.Error("a task that was taken did not run")
		}
	}
}

// A script that never returns does not keep the process.
func TestShutdownDoesNotWaitForAHungScript(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn("")
	c := r.call()
	hung := make(chan struct{})
	defer close(hung)
	c.Post(func() { <-hung })
	ctx, stop := context.WithCancel(t.Context())
	stop()
	ended := make(chan error, 1)
	go func() { ended <- r.engine.Run(ctx) }()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("nobody is told that a call was left behind")
		}
	case <-time.After(patience):
		t.Error("shutdown hangs")
	}
}

// A disk that does not answer costs the recording's figures, not the end of the call.
func TestHungDiskDoesNotHoldTheEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	hung := make(chan struct{})
	r.engine.closeFile = func(rec *media.Recorder) (media.RecordingInfo, error) {
		<-hung
		return rec.Close()
	}
	c, _, _, _, _ := r.talk() //nolint:dogsled // the call alone
	path := filepath.Join(t.TempDir(), "call.wav")
	r.in(c, func() { r.must(c.Record(path, func(error) {})) })
	until(t, func() bool {
		var opened bool
		r.in(c, func() { opened = c.recorder != nil })
		return opened
	})
	start := time.Now()
	r.in(c, func() { c.End(CauseNormal) })
	<-c.Done()
	if took := time.Since(start); took < recordingGrace || took > recordingGrace+patience/2 {
		t.Errorf("CallEnded after %s", took)
	}
	d := c.Detail()
	if d.Recording == nil || d.Recording.Path != path || d.Note == "" || d.Ended > recordingGrace {
		t.Errorf("recording = %+v, note %q, ended %s", d.Recording, d.Note, d.Ended)
	}
	bye := r.caller.ExpectRequest("BYE")
	r.caller.Answer(bye, 200, "OK", siptest.Reply{})
	close(hung)
	r.expect("call call ended normal")
	r.once("call call ended")
}
