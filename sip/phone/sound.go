package phone

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/sdp"
)

// sound is the audio of a session.
type sound struct {
	// set by openMedia, owned by the loop
	stream   *media.Stream
	recorder *media.Recorder // what is received, in the left channel; nil when deaf

	mu     sync.Mutex
	path   string  // guarded by mu; of the recorder's file, "" before there is one
	whole  []int16 // guarded by mu; what was received, once the call has ended
	closed bool    // guarded by mu
}

// press is one key that waits to be pressed; then runs behind it.
type press struct {
	digit byte
	by    DTMF
	then  func()
}

// openMedia opens the RTP ports and starts to record what comes in.
func (s *Session) openMedia() error {
	var err error
	s.sound.stream, err = s.phone.pool.NewStream(media.StreamConfig{Name: s.phone.cfg.Name, OnEvent: s.heard})
	if err != nil {
		return err
	}
	s.deal.local = sdp.Local{
		Addr: s.sound.stream.Local(), Direction: sdp.SendRecv, Origin: sdp.Origin{ID: sessionID(), Version: 1},
		Codecs: s.talk.codecs(), Security: s.talk.Security, Crypto: s.talk.keys(),
	}
	s.phone.mu.Lock()
	folder := s.phone.folder
	s.phone.mu.Unlock()
	if folder == "" {
		return nil
	}
	path := filepath.Join(folder, strconv.Itoa(int(s.sound.stream.Local().Port()))+"-"+strconv.FormatInt(s.start.UnixNano(), 36)+".wav")
	if s.sound.recorder, err = media.NewRecorder(path); err != nil {
		s.sound.stream.Close()
		return err
	}
	s.sound.stream.Record(s.sound.recorder, media.Left)
	s.sound.mu.Lock()
	s.sound.path = path
	s.sound.mu.Unlock()
	return nil
}

// codecs are what the phone offers, in order.
func (t Talk) codecs() []sdp.Codec {
	codecs := []sdp.Codec{sdp.PCMA(), sdp.PCMU()}
	switch t.Codec {
	case "PCMA":
		codecs = codecs[:1]
	case "PCMU":
		codecs = codecs[1:]
	}
	if !t.NoEvents {
		codecs = append(codecs, sdp.TelephoneEvent())
	}
	return codecs
}

// keys are what the phone's sound is protected by, nil where it is plain.
func (t Talk) keys() []sdp.Crypto {
	if t.Security == sdp.SecurityOff {
		return nil
	}
	return sdp.NewCrypto(func(b []byte) { _, _ = rand.Read(b) }) // it never fails
}

// closeMedia ends the audio; what was received stays.
func (s *Session) closeMedia() {
	if s.sound.stream == nil {
		return
	}
	s.sound.stream.Close()
	if s.sound.recorder != nil {
		if _, err := s.sound.recorder.Close(); err != nil {
			s.phone.cfg.Log.Warn("recording of a phone failed", "call_id", s.CallID(), "err", err)
		}
	}
	s.sound.mu.Lock()
	defer s.sound.mu.Unlock()
	s.sound.whole, s.sound.closed = s.sound.read(), true
}

// heard receives the stream's events; it runs in the media loop.
func (s *Session) heard(e media.Event) {
	s.loop.Post(func() {
		switch e.Kind {
		case media.FirstPacket:
			s.note(Event{Kind: Heard})
			if s.up {
				s.begin()
			}
		case media.Digit:
			s.mu.Lock()
			s.digits = append(s.digits, e.Digit)
			s.mu.Unlock()
			s.note(Event{Kind: Digit, Digit: e.Digit, Reason: e.Via.String()})
		case media.PlayDone, media.Silence, media.Resumed, media.RecordFailed, media.SocketFailed, media.Quiet, media.Undecryptable:
		}
	})
}

// speak plays what the phone talks: its tone, or silence so that the far end
// sees packets.
func (s *Session) speak() {
	switch {
	case s.over || s.sound.stream == nil:
	case s.talk.Mute:
		s.sound.stream.StopPlay()
	case s.talk.Tone == 0:
		s.sound.stream.Play(media.Looping(media.SilenceAudio(time.Second)))
	default:
		s.sound.stream.Play(media.Looping(media.NewTone(toneLevel, s.talk.Tone).Audio(time.Second)))
	}
}

// toneLevel is how loud a phone talks, dBFS.
const toneLevel = -12

// pressKeys follows the keys of a script.
func (s *Session) pressKeys(script []Key) {
	if len(script) == 0 {
		return
	}
	s.after(script[0].After, func() {
		s.press(script[0].Digits, script[0].By, func() { s.pressKeys(script[1:]) })
	})
}

// press queues keys; then runs once the last is released.
func (s *Session) press(digits string, by DTMF, then func()) {
	for i := range len(digits) {
		p := press{digit: digits[i], by: by}
		if i == len(digits)-1 {
			p.then = then
		}
		s.presses = append(s.presses, p)
	}
	if digits == "" && then != nil {
		then()
	}
	if !s.pressing {
		s.pressNext()
	}
}

func (s *Session) pressNext() {
	if len(s.presses) == 0 || s.over || s.d == nil {
		s.pressing = false
		return
	}
	p := s.presses[0]
	s.presses, s.pressing = s.presses[1:], true
	switch p.by {
	case RFC4733:
		s.sound.stream.SendDigit(p.digit, KeyPress)
	case Info:
		s.d.Info("application/dtmf-relay", fmt.Appendf(nil, "Signal=%c\r\nDuration=%d\r\n", p.digit, KeyPress.Milliseconds()))
	case InBand:
		s.sound.stream.Play(media.Playing(media.NewKeyTone(p.digit).Audio(KeyPress), media.SilenceAudio(KeyPause)))
	}
	s.note(Event{Kind: Pressed, Digit: p.digit, Reason: p.by.String(), Ours: true})
	s.after(KeyPress+KeyPause, func() {
		if p.by == InBand {
			s.speak()
		}
		if p.then != nil {
			p.then()
		}
		s.pressNext()
	})
}

// Quality returns the figures of the session's sound so far; zero when it has none.
func (s *Session) Quality() media.Stats {
	if s.sound.stream == nil {
		return media.Stats{}
	}
	return s.sound.stream.Stats()
}

// Received is the audio received so far, 8 kHz linear; silence stands where
// nothing came. During a call it lags by up to a second.
func (s *Session) Received() []int16 {
	s.sound.mu.Lock()
	defer s.sound.mu.Unlock()
	if s.sound.closed {
		return s.sound.whole
	}
	return s.sound.read()
}

// read takes what the recorder has written so far; mu is held.
func (a *sound) read() []int16 {
	if a.path == "" {
		return nil // deaf, or nothing has been opened yet
	}
	file, err := os.ReadFile(a.path)
	if err != nil {
		return nil // the phone is closed
	}
	channels, err := DecodeWAV(file)
	if err != nil || len(channels) == 0 {
		return nil
	}
	return channels[0]
}

// Heard tells whether a tone of that frequency was received for at least min.
func (s *Session) Heard(hz float64, min time.Duration) bool {
	return ToneTime(s.Received(), hz) >= min
}

// heardEvery is how often WaitHeard looks: the recorder writes twice a second.
const heardEvery = 100 * time.Millisecond

// WaitHeard waits until Heard is true.
func (s *Session) WaitHeard(ctx context.Context, hz float64, min time.Duration) error {
	tick := time.NewTicker(heardEvery)
	defer tick.Stop()
	for done := s.done; !s.Heard(hz, min); {
		select {
		case <-tick.C:
		case <-done:
			if !s.Heard(hz, min) {
				return fmt.Errorf("wait to hear %g Hz for %v: %w, heard it for %v", hz, min, ErrEnded, ToneTime(s.Received(), hz))
			}
		case <-ctx.Done():
			return fmt.Errorf("wait to hear %g Hz for %v: %w, heard it for %v", hz, min, context.Cause(ctx), ToneTime(s.Received(), hz))
		}
	}
	return nil
}

// WriteWAV writes the received audio to a file, 16-bit mono at 8 kHz.
func (s *Session) WriteWAV(path string) error {
	s.sound.mu.Lock()
	kept := s.sound.path != ""
	s.sound.mu.Unlock()
	if !kept {
		return errors.New("write what the phone heard: it keeps no audio, or none yet")
	}
	if err := os.WriteFile(path, EncodeWAV(s.Received()), 0o600); err != nil {
		return fmt.Errorf("write what the phone heard: %w", err)
	}
	return nil
}
