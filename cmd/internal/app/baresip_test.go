package app_test

import (
	"os"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// TestBaresip: two softphones that others wrote talk through the hotline, by UDP and TCP, with one codec and with two,
// keys by RTP and by INFO. Each hears the other's tone, and the recording has the caller on the left and the engineer on
// the right, and neither on the other's side.
func TestBaresip(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	const callerTone, engineerTone = 440, 1000 // Hz
	r := newRig(t)
	t.Run("talk", func(t *testing.T) {
		for name, c := range map[string]struct{ transport, caller, engineer, dtmf string }{
			"udp, one codec, keys by RTP":   {"udp", "PCMA", "PCMA", "rtpevent"},
			"tcp, two codecs, keys by INFO": {"tcp", "PCMU", "PCMA", "info"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				engineer := siptest.StartBaresip(t, siptest.Baresip{
					User: "engineer", Transport: c.transport, Tone: engineerTone, AutoAnswer: true, Codec: c.engineer, DTMF: c.dtmf,
				})
				l := r.line(t, nil, engineer.URI())
				caller := siptest.StartBaresip(t, siptest.Baresip{User: l.caller, Transport: c.transport, Tone: callerTone, Codec: c.caller})
				caller.Command("dial " + l.uri(c.transport))
				engineer.Expect("CALL_ESTABLISHED")
				engineer.Command("sndcode 1")
				caller.Expect("CALL_ESTABLISHED")
				talkFor(t, 3*time.Second)
				caller.Command("hangup")
				caller.Expect("CALL_CLOSED")
				engineer.Expect("CALL_CLOSED")
				rec := l.settled(dispatch.CallServed, "1 accepted")

				if got := phone.ToneTime(caller.Heard(), engineerTone); got < time.Second {
					t.Errorf("the caller heard the engineer for %s", got)
				}
				if got := phone.ToneTime(engineer.Heard(), callerTone); got < time.Second {
					t.Errorf("the engineer heard the caller for %s", got)
				}
				checkRecording(t, rec.call, callerTone, engineerTone)
			})
		}
	})
	r.empty()
}

// talkFor lets others talk: what they say is found in the record afterwards.
func talkFor(tb testing.TB, d time.Duration) {
	tb.Helper()
	select {
	case <-time.After(d):
	case <-tb.Context().Done():
	}
}

// checkRecording expects left the caller's tone and right the engineer's.
func checkRecording(tb testing.TB, c dispatch.CallRecord, left, right float64) {
	tb.Helper()
	file, err := os.ReadFile(c.Detail.Recording.Path)
	if err != nil {
		tb.Fatalf("recording: %v", err)
	}
	channels, err := phone.DecodeWAV(file)
	if err != nil || len(channels) != 2 {
		tb.Fatalf("recording has %d channels: %v", len(channels), err)
	}
	for side, hz := range []float64{left, right} {
		other := right
		if side == 1 {
			other = left
		}
		if got := phone.ToneTime(channels[side], hz); got < time.Second {
			tb.Errorf("channel %d has its tone of %g Hz for %s of %s", side, hz, got, c.Detail.Talk)
		}
		if got := phone.ToneTime(channels[side], other); got > 100*time.Millisecond {
			tb.Errorf("channel %d has the other's tone of %g Hz for %s", side, other, got)
		}
	}
}
