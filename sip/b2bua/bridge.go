package b2bua

import (
	"fmt"
	"os"
	"time"

	"github.com/butlerspb/vahta/sip/media"
)

// Bridge connects two legs; a is the one whose voice is recorded on the left. The caller's leg is
// answered if it is not yet; a dialled leg must be. Prompts on both are cut. On an error nothing has
// changed: prompts go on and legs that were bridged stay so.
func (c *Call) Bridge(a, b *Leg) error {
	if a == b {
		return fmt.Errorf("bridge leg %q: it cannot talk to itself", a.Name)
	}
	for _, leg := range [...]*Leg{b, a} { // the dialled leg first: do not answer for nobody
		switch {
		case leg.state == StateEnded:
			return fmt.Errorf("bridge leg %q: %w", leg.Name, ErrLegEnded)
		case leg.state != StateAnswered && !leg.caller:
			return fmt.Errorf("bridge leg %q: %w", leg.Name, ErrNotAnswered)
		}
	}
	for _, leg := range [...]*Leg{a, b} { // one of them at most is a caller to be answered
		if leg.caller {
			if err := leg.Answer(); err != nil {
				return fmt.Errorf("bridge: %w", err)
			}
		}
	}
	a.stream.StopPlay()
	b.stream.StopPlay()
	c.connect(a, b)
	if c.bridgedAt.IsZero() {
		c.bridgedAt = c.engine.now()
		c.engine.metrics.bridged(c)
	}
	c.attachRecorder()
	c.holdMusic()
	return nil
}

// connect joins two streams, leaving those they were joined to. Keys do not pass by themselves: heard
// presses them at the other end, once, whichever way they were told.
func (c *Call) connect(a, b *Leg) {
	c.Unbridge()
	c.endEarly()
	media.Connect(a.stream, b.stream, media.ConnectOptions{KeepDigits: true})
	c.bridged = [2]*Leg{a, b}
}

// Unbridge separates the bridged legs; both stay as they are.
func (c *Call) Unbridge() {
	a, b := c.bridged[0], c.bridged[1]
	if a == nil {
		return
	}
	media.Disconnect(a.stream, b.stream)
	c.bridged = [2]*Leg{}
	for _, leg := range [...]*Leg{a, b} {
		if leg.music {
			leg.music = false
			leg.StopPlay()
		}
	}
}

// other returns the leg bridged to this one.
func (c *Call) other(leg *Leg) *Leg {
	switch leg {
	case c.bridged[0]:
		return c.bridged[1]
	case c.bridged[1]:
		return c.bridged[0]
	}
	return nil
}

// holdMusic plays music to a leg whose partner has put us on hold, and stops it on resume.
func (c *Call) holdMusic() {
	a, b := c.bridged[0], c.bridged[1]
	if a == nil {
		return
	}
	for _, pair := range [...][2]*Leg{{a, b}, {b, a}} {
		holder, waiting := pair[0], pair[1]
		switch {
		case holder.held && !waiting.music:
			waiting.music = true
			waiting.Play(c.engine.music)
		case !holder.held && waiting.music:
			waiting.music = false
			waiting.StopPlay()
		}
	}
}

// Record records the call from now on into a stereo file: left what the caller says, right what
// the engineer says. Legs join as they are answered and bridged. The file is made beside the call;
// failed is told, in the call's goroutine, when that does not succeed.
func (c *Call) Record(path string, failed func(error)) error {
	if c.cause != "" {
		return fmt.Errorf("record %q: %w", path, ErrLegEnded)
	}
	if c.recorder != nil || c.opening || c.unwanted {
		return fmt.Errorf("record %q: the call is being recorded already, or is no longer to be", path)
	}
	c.opening = true
	c.settling++
	go func() {
		recorder, err := media.NewRecorder(path)
		if !c.loop.Post(func() { c.opened(recorder, err, failed) }) && err == nil {
			discard(recorder)
		}
	}()
	return nil
}

// opened takes the file of the recording, or why there is none.
func (c *Call) opened(recorder *media.Recorder, err error, failed func(error)) {
	c.opening = false
	c.settling--
	switch {
	case err != nil:
		failed(fmt.Errorf("record call: %w", err))
	case c.cause != "" || c.unwanted:
		c.settling++
		go func() {
			discard(recorder)
			c.loop.Post(func() {
				c.settling--
				c.settle()
			})
		}()
	default:
		c.recorder = recorder
		c.attachRecorder()
	}
	c.settle()
}

// discard removes a recording that came too late for its call.
func discard(r *media.Recorder) {
	_, _ = r.Close() // it holds nothing
	_ = os.Remove(r.Path())
}

// RecordingInfo returns what was recorded; ok is false when nothing was or it still runs.
func (c *Call) RecordingInfo() (info media.RecordingInfo, ok bool) { return c.recording, c.recorded }

// attachRecorder connects the legs that exist to the recorder.
func (c *Call) attachRecorder() {
	if c.recorder == nil {
		return
	}
	left, right := c.bridged[0], c.bridged[1]
	if left == nil {
		left = c.a
	}
	left.record(c.recorder, media.Left)
	right.record(c.recorder, media.Right)
}

// record copies what the leg says to a channel, once; a nil leg says nothing.
func (l *Leg) record(r *media.Recorder, channel media.Channel) {
	if l == nil || l.recorded || l.state != StateAnswered {
		return
	}
	l.recorded = true
	l.stream.Record(r, channel)
}

// recordingGrace is how long CallEnded waits for the disk; a claim and an outcome wait with it.
const recordingGrace = time.Second

// StopRecording ends the recording before the call does: the file is finished as it is, and the note
// says why. It reports false when nothing is recorded.
func (c *Call) StopRecording(note string) bool {
	if c.cause != "" || c.unwanted || c.recorder == nil && !c.opening {
		return false
	}
	c.Note(note)
	c.unwanted = true // a file that is being made is discarded
	if c.recorder != nil {
		c.finishRecording()
	}
	return true
}

// finishRecording has the file finished beside the call, which is told by closed.
func (c *Call) finishRecording() {
	recorder := c.recorder
	c.recorder, c.closing = nil, recorder.Path()
	c.settling++
	go func() {
		info, err := c.engine.closeFile(recorder)
		c.loop.Post(func() { c.closed(info, err) })
	}()
}

// closeRecorder has the recording finished at the end of the call; false when nothing is recorded, or
// it was finished before.
func (c *Call) closeRecorder() bool {
	if c.recorder != nil {
		c.finishRecording()
	}
	if c.closing == "" {
		return false
	}
	c.patience = time.AfterFunc(recordingGrace, func() {
		c.loop.Post(func() {
			if c.concluded {
				return
			}
			c.Note("the disk did not finish the recording in time, its length is not known")
			c.engine.log.Error("recording not closed in time, the call ends without its figures", "call_id", c.info.CallID)
			c.recording, c.recorded = media.RecordingInfo{Path: c.closing}, true
			c.conclude()
		})
	})
	return true
}

// closed takes what is known of the finished recording; after CallEnded the detail stays as it is.
func (c *Call) closed(info media.RecordingInfo, err error) {
	c.settling--
	c.closing = ""
	if err != nil {
		c.engine.log.Error("recording not closed cleanly", "call_id", c.info.CallID, "err", err)
	}
	if c.concluded {
		c.settle()
		return
	}
	if err != nil {
		c.Note("recording incomplete: " + err.Error())
	}
	c.recording, c.recorded = info, true
	if c.ending {
		c.conclude()
	}
}
