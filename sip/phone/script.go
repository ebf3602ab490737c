package phone

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/sdp"
)

// DTMF is the way a key press travels.
type DTMF uint8

// The three ways to send a key.
const (
	RFC4733 DTMF = iota // telephone-event packets; the default
	Info                // SIP INFO with application/dtmf-relay
	InBand              // two tones in the audio
)

// String names the way as it is written in scripts.
func (d DTMF) String() string {
	switch d {
	case RFC4733:
		return "rfc4733"
	case Info:
		return "info"
	case InBand:
		return "inband"
	}
	return fmt.Sprintf("dtmf(%d)", uint8(d))
}

// ParseDTMF reads the name that String writes.
func ParseDTMF(name string) (DTMF, error) {
	for _, d := range []DTMF{RFC4733, Info, InBand} {
		if strings.EqualFold(name, d.String()) {
			return d, nil
		}
	}
	return 0, fmt.Errorf("read key mode %q: want rfc4733, info or inband", name)
}

// Key is one or several key presses of a script.
type Key struct {
	Digits string        // pressed one after another, each for [KeyPress]
	After  time.Duration // counted from the beginning for the first Key, from the previous Key's last digit otherwise
	By     DTMF
}

// Lengths of a pressed key and of the pause behind it. ITU-T Q.24 wants at
// least 40 ms of each; these are what a hurried hand does.
const (
	KeyPress = 100 * time.Millisecond
	KeyPause = 80 * time.Millisecond
)

// Talk is what a phone does once a call is up. Times count from the beginning of
// the talk: for a caller the 200, for a callee the ACK or the first audio,
// whichever is first.
type Talk struct {
	Tone float64 // Hz, heard by the far end all the time; 0 = silence
	Mute bool    // send no RTP at all, not even silence

	Codec    string       // the only codec the phone speaks: "PCMA" or "PCMU"; empty = both, PCMA first
	Security sdp.Security // SRTP: off, offered, or required: then a call without it fails

	NoEvents bool // do not offer telephone-event: keys then go and come as tones

	Keys []Key         // pressed in order
	For  time.Duration // hang up after this long; 0 = the far end hangs up

	HoldAfter time.Duration // put the far end on hold after this long; 0 = never
	HoldFor   time.Duration // and resume this long after that; 0 = stay on hold
}

// Header is one extra SIP header of a script.
type Header struct{ Name, Value string }

// Options is the script of a call that the phone places.
type Options struct {
	From    string   // address, name-addr or bare number for From; empty = the phone's own
	Headers []Header // added to the INVITE
	Via     string   // host:port to send to instead of the URI's own (outbound proxy)

	Talk Talk

	Reliable dialog.Reliability  // how 100rel (RFC 3262) is used; zero = offered
	Timer    dialog.SessionTimer // session timers (RFC 4028); zero = the usual

	LateOffer   bool          // INVITE without SDP; the offer comes in the answer
	CancelAfter time.Duration // CANCEL this long after the INVITE; 0 = never
	CancelOn    Kind          // CANCEL as soon as this event is logged; 0 = never
	NoAnswer    time.Duration // CANCEL when not answered for so long; 0 = wait for ever
}

// Answer is the script for calls that the phone receives.
type Answer struct {
	Status  int           // final answer; 0 = 200. 3xx-6xx refuses
	Reason  string        // reason phrase; empty = the standard one
	Headers []Header      // added to the final answer
	Ring    time.Duration // time between 180 and the final answer; 0 = final at once, no 180
	Early   bool          // ring with 183 and SDP instead of 180
	Forever bool          // ring and never give a final answer
	Silent  bool          // no SIP answer of any kind, as if the phone were off
	// OnCancel answers 200 at the moment the CANCEL arrives, as a phone does
	// whose user picks up at that instant. Use it with Forever.
	OnCancel bool

	Reliable dialog.Reliability
	Timer    dialog.SessionTimer

	Talk Talk
}

// Ready-made answers, by what the person at the phone does.

// Answering picks up after ring and then follows talk.
func Answering(ring time.Duration, talk Talk) Answer { return Answer{Ring: ring, Talk: talk} }

// Accepting picks up after ring and presses digits after a moment.
func Accepting(ring time.Duration, digits string, after time.Duration) Answer {
	return Answer{Ring: ring, Talk: Talk{Keys: []Key{{Digits: digits, After: after}}}}
}

// Refusing answers at once with status.
func Refusing(status int) Answer { return Answer{Status: status} }

// Ringing rings for ever.
func Ringing() Answer { return Answer{Forever: true} }

// Off gives no SIP answer at all.
func Off() Answer { return Answer{Silent: true} }

// Validate reports every fault of the script.
func (t Talk) Validate() error {
	var errs []error
	if t.Tone < 0 || t.Tone >= 4000 {
		errs = append(errs, fmt.Errorf("talk.tone: %g Hz does not fit into 8 kHz audio, want 0 to 3999", t.Tone))
	}
	if t.Codec != "" && t.Codec != "PCMA" && t.Codec != "PCMU" {
		errs = append(errs, fmt.Errorf("talk.codec: %q is neither PCMA nor PCMU", t.Codec))
	}
	for i, k := range t.Keys {
		for _, d := range []byte(k.Digits) {
			if !isKey(d) {
				errs = append(errs, fmt.Errorf("talk.keys[%d].digits: %q is no key, want 0-9, *, #, A-D", i, d))
			}
		}
	}
	return errors.Join(errs...)
}

// Validate reports every fault of the script.
func (a Answer) Validate() error {
	var errs []error
	if a.Status != 0 && (a.Status < 200 || a.Status > 699) {
		errs = append(errs, fmt.Errorf("answer.status: %d is no final SIP status, want 200 to 699", a.Status))
	}
	return errors.Join(append(errs, a.Talk.Validate())...)
}

// accepts tells whether the script ends in a 2xx.
func (a Answer) accepts() bool { return a.Status == 0 || a.Status/100 == 2 }

// isKey tells whether d is one of the sixteen keys.
func isKey(d byte) bool { return strings.IndexByte(keys, d) >= 0 }

// keys are the keys in the order of their event numbers, RFC 4733 §3.2.
const keys = "0123456789*#ABCD"
