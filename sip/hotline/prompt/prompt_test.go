package prompt

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/sip/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestAudit is the gate that stands in for ears: level, silence, speed, hash,
// licence, transcript of every file that is shipped.
func TestAudit(t *testing.T) {
	t.Parallel()
	for _, f := range Audit() {
		t.Error(f)
	}
}

// TestShippedSize keeps the binary small.
func TestShippedSize(t *testing.T) {
	t.Parallel()
	total := 0
	for _, dir := range embeddedDirs() {
		v, err := shipped(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range v.clips {
			total += len(a)
		}
	}
	if total > 4_000_000 {
		t.Errorf("%d bytes of prompts", total)
	}
}

// TestLicences expects a licence and an attribution beside every pack.
func TestLicences(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"third_party/prompts-ru/LICENSE", "third_party/prompts-ru/ATTRIBUTION.md", "third_party/prompts-en/LICENSE",
		"third_party/prompts-en/ATTRIBUTION.md", "starter-ru/ATTRIBUTION.md", "starter-en/ATTRIBUTION.md",
	} {
		b, err := os.ReadFile(name)
		if err != nil || len(b) < 200 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s              Sentence
		l              Language
		text, spoken   string
		clips          string
		firstOfThePack bool
	}{
		{s: Sentence{Key: Position, N: 21}, l: Russian, text: "Ваша позиция в очереди: 21.", spoken: "Ваша позиция в очереди: двадцать один.", clips: "position n.20 n.1"},
		{s: Sentence{Key: ExpectedWait, Wait: 2 * time.Minute}, l: Russian, text: "Примерное время ожидания: 2 минуты.", spoken: "Примерное время ожидания: две минуты.", clips: "expected_wait n.2f w.minute.few"},
		{s: Sentence{Key: WhisperWait, Wait: 61 * time.Second}, l: Russian, text: "Ждёт 1 минута.", spoken: "Ждёт одна минута.", clips: "whisper_wait n.1f w.minute.one"},
		{s: Sentence{Key: ShortTicket, Ticket: "VH-26-004217"}, l: Russian, text: "Заявка VH-26-004217.", spoken: "Заявка четыре два один семь.", clips: "short_ticket n.4 n.2 n.1 n.7"},
		{s: Sentence{Key: ClosingTicket, Ticket: "VH-26-004217"}, l: English, text: "The ticket number is VH-26-004217.", spoken: "The ticket number is vee aitch two six zero zero four two one seven.", clips: "closing_ticket l.V l.H n.2 n.6 n.0 n.0 n.4 n.2 n.1 n.7"},
		{s: Sentence{Key: WhisperNumber, Number: "+7 812 123-45-67"}, l: English, text: "Caller 4567.", spoken: "Caller four five six seven.", clips: "whisper_number n.4 n.5 n.6 n.7"},
		{s: Sentence{Key: WhisperClient, Name: "Ромашка"}, l: Russian, text: "Звонит Ромашка.", spoken: "Звонит Ромашка."},
		{s: Say("no_such_key"), l: Russian, text: "no_such_key"},
	} {
		if got := c.s.Text(c.l); got != c.text {
			t.Errorf("text %q, want %q", got, c.text)
		}
		if got := c.s.Spoken(c.l); got != c.spoken {
			t.Errorf("spoken %q, want %q", got, c.spoken)
		}
		e, _ := lookup(c.s.Key)
		row, _ := c.s.row(c.l, e)
		ids := make([]string, len(row))
		for i := range row {
			ids[i] = row[i].ID
		}
		if got := strings.Join(ids, " "); got != c.clips {
			t.Errorf("%s: clips %q, want %q", c.s.Key, got, c.clips)
		}
	}
}

// TestEverySentenceSounds expects sound for each key in both languages, and for
// every number that can be in it.
func TestEverySentenceSounds(t *testing.T) {
	t.Parallel()
	lib := library(t, Default())
	for _, l := range Languages() {
		for _, e := range table() {
			s := Sentence{Key: e.key, Ticket: "VH-26-004217", Number: "+78121234567", N: 3, Wait: time.Minute}
			if len(lib.Sound(l, s)) == 0 && !hasName(split(e.text(l))) {
				t.Errorf("%s %s is silent", l, e.key)
			}
		}
		if len(lib.Sound(l, Sentence{Key: WhisperClient, Name: "ACME"})) == 0 {
			t.Errorf("%s: a name without a voice is silent", l)
		}
		for n := range maxSpoken + 2 {
			if len(lib.Sound(l, Sentence{Key: Position, N: n})) == 0 {
				t.Errorf("%s: position %d is silent", l, n)
			}
		}
		for d := time.Duration(0); d < 5*time.Hour; d += 7 * time.Second {
			if len(lib.Sound(l, Sentence{Key: WhisperWait, Wait: d})) == 0 {
				t.Errorf("%s: %s is silent", l, d)
			}
		}
	}
}

// TestOneVoice expects a sentence whose last word the pack has not to be spoken
// by the starter voice from its first word.
func TestOneVoice(t *testing.T) {
	t.Parallel()
	lib := library(t, Default())
	pack, starter := lib.voices[Russian][1], lib.voices[Russian][2]
	five := lib.Sound(Russian, Sentence{Key: ExpectedWait, Wait: 5 * time.Minute})
	two := lib.Sound(Russian, Sentence{Key: ExpectedWait, Wait: 2 * time.Minute})
	if !bytes.Equal(five[0], pack.clips["expected_wait"]) || !bytes.Equal(five[2], pack.clips["w.minute.many"]) {
		t.Error("five minutes are not spoken by the recorded voice")
	}
	for i, id := range []string{"expected_wait", "n.2f", "w.minute.few"} {
		if !bytes.Equal(two[i], starter.clips[id]) {
			t.Errorf("%s is not spoken by the starter voice", id)
		}
	}
}

// TestOverride expects the operator's recordings first, at the common level, and
// only for sentences that are complete.
func TestOverride(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "ru"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"greeting", "acme_greeting", "position"} {
		if err := os.WriteFile(filepath.Join(dir, "ru", id+".wav"), EncodeWAV(tone(0.02, time.Second)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lib := library(t, Config{Folder: dir, TTS: defaultTTS()})
	own := lib.voices[Russian][0]
	for _, k := range []Key{Greeting, "acme_greeting"} {
		if got := lib.Sound(Russian, Say(k)); len(got) != 1 || !bytes.Equal(got[0], own.clips[string(k)]) || !lib.Has(Russian, k) {
			t.Errorf("%s is not the operator's", k)
		}
	}
	if l := measure(own.clips["greeting"].PCM()); math.Abs(l.RMS-targetRMS) > rmsSlack {
		t.Errorf("a quiet recording was brought to %.1f dBFS", l.RMS)
	}
	if got := lib.Sound(Russian, Sentence{Key: Position, N: 2}); bytes.Equal(got[0], own.clips["position"]) {
		t.Error("a sentence begins in the operator's voice and ends in another")
	}
	if lib.Has(Russian, "no_such_key") || lib.Has(English, "acme_greeting") {
		t.Error("a recording is there that nobody made")
	}
}

func TestOverrideUnreadable(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{
		"text": []byte("not a sound"), "silent": EncodeWAV(media.SilenceAudio(time.Second)), "empty": nil,
	} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "en"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "en", "greeting.wav"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Folder: dir, TTS: defaultTTS()}, nil); err == nil || !strings.Contains(err.Error(), "greeting.wav") {
			t.Errorf("%s: error %v does not name the file", name, err)
		}
	}
}

// TestTTS has a command speak a name, remembers it, and falls back when it fails.
func TestTTS(t *testing.T) {
	t.Parallel()
	wav := filepath.Join(t.TempDir(), "name.wav")
	if err := os.WriteFile(wav, EncodeWAV(tone(0.3, time.Second)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Sentence{Key: WhisperClient, Name: "Ромашка", Number: "4567"}
	lib := library(t, Config{TTS: TTSConfig{Command: []string{"/bin/cat", wav}, Timeout: 5 * time.Second, Cache: 1}})
	before := lib.Sound(Russian, s)
	if err := lib.Prepare(t.Context(), Russian, s, Say(AcceptMenu)); err != nil {
		t.Fatal(err)
	}
	if got := lib.Sound(Russian, s); len(got) != 1 || len(before) < 2 {
		t.Errorf("%d pieces before the name is there, %d after", len(before), len(got))
	}
	s2 := s
	s2.Name = "Василёк"
	if err := lib.Prepare(t.Context(), Russian, s2); err != nil {
		t.Fatal(err)
	}
	if got := lib.Sound(Russian, s); len(got) != len(before) {
		t.Error("the cache holds more than it may")
	}
}

func TestTTSFails(t *testing.T) {
	t.Parallel()
	s := Sentence{Key: WhisperClient, Name: "Ромашка"}
	for name, command := range map[string][]string{
		"none": nil, "exit code": {"/bin/false"}, "no sound": {"/bin/echo", "hello"}, "too slow": {"/bin/sleep", "30"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lib := library(t, Config{TTS: TTSConfig{Command: command, Timeout: 200 * time.Millisecond, Cache: 10}})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := lib.Prepare(ctx, Russian, s); err == nil {
				t.Error("no error")
			}
			if len(lib.Sound(Russian, s)) == 0 {
				t.Error("silence instead of the fallback")
			}
		})
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	err := Config{TTS: TTSConfig{Command: []string{"espeak"}, Timeout: time.Hour}}.Validate()
	for _, want := range []string{"tts: command", "absolute", "timeout", "cache"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %q", err, want)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for _, gain := range []float64{0.005, 0.05, 0.9} {
		pcm := append(make([]int16, 8000), tone(gain, time.Second).PCM()...)
		l := measure(Normalise(append(pcm, make([]int16, 8000)...)))
		if l.Peak > maxPeak || math.Abs(l.RMS-targetRMS) > rmsSlack || l.Lead > maxLead || l.Tail > maxTail {
			t.Errorf("gain %g: %+v", gain, l)
		}
	}
	if got := Normalise(make([]int16, 4000)); len(got) != 0 && measure(got).Speech != 0 {
		t.Errorf("silence became %d samples", len(got))
	}
}

func TestRecordingScript(t *testing.T) {
	t.Parallel()
	lib := library(t, Default())
	for _, l := range Languages() {
		if got, want := strings.Count(lib.RecordingScript(l), "\n"), len(Clips(l)); got != want {
			t.Errorf("%s: %d lines for %d clips", l, got, want)
		}
	}
}

func library(t *testing.T, cfg Config) *Library {
	t.Helper()
	lib, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func tone(gain float64, d time.Duration) media.Audio {
	pcm := make([]int16, samples(d))
	for i := range pcm {
		pcm[i] = int16(gain * 32767 * math.Sin(2*math.Pi*440*float64(i)/sampleRate))
	}
	return media.AudioFromPCM(pcm)
}
