package prompt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/media"
)

// Config says where prompts come from besides the shipped voices.
type Config struct {
	// Folder holds the operator's recordings as <language>/<clip>.wav; empty for none.
	Folder string `yaml:"folder"`
	// TTS speaks sentences with a name in them; its Command is empty for none.
	TTS TTSConfig `yaml:"tts"`
}

// Default returns the shipped voices alone.
func Default() Config { return Config{TTS: defaultTTS()} }

// Validate reports every fault of the configuration.
func (c Config) Validate() error {
	if err := c.TTS.validate(); err != nil {
		return fmt.Errorf("tts: %w", err)
	}
	return nil
}

// gap is the pause between two sentences.
const gap = 200 * time.Millisecond

// Library turns sentences into sound.
type Library struct {
	log    *slog.Logger
	table  map[Key]entry
	voices map[Language][]voice // in the order they are asked
	pause  media.Audio
	tts    *tts
}

// New reads the voices. A recording of the operator that cannot be read is an
// error: he would not notice otherwise.
func New(cfg Config, log *slog.Logger) (*Library, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("prompts: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	lib := &Library{
		log: log, table: map[Key]entry{}, voices: map[Language][]voice{},
		pause: media.SilenceAudio(gap), tts: newTTS(cfg.TTS),
	}
	for _, e := range table() {
		lib.table[e.key] = e
	}
	var faults []error
	for _, l := range Languages() {
		own, err := operator(cfg.Folder, l)
		faults = append(faults, err)
		lib.voices[l] = append(lib.voices[l], own)
		for _, dir := range []string{packDir(l), starterDir(l)} {
			v, err := shipped(dir)
			faults = append(faults, err)
			lib.voices[l] = append(lib.voices[l], v)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return lib, nil
}

// Sound returns the sentences one after another, each in one voice, with short
// pauses between them. A sentence that cannot be said is left out. Sound never
// waits: a name that was not rendered yet is replaced by the fallback (see
// [Library.Prepare]).
func (lib *Library) Sound(l Language, sentences ...Sentence) []media.Audio {
	var out []media.Audio
	for _, s := range sentences {
		said := lib.sentence(l, s)
		if len(said) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, lib.pause)
		}
		out = append(out, said...)
	}
	return out
}

func (lib *Library) sentence(l Language, s Sentence) []media.Audio {
	for range len(lib.table) { // fallbacks are few; this bounds a ring of them
		e, ok := lib.table[s.Key]
		if !ok {
			return lib.recording(l, s.Key)
		}
		if a, ok := lib.named(l, s, e); ok {
			return []media.Audio{a}
		}
		if row, ok := s.row(l, e); ok {
			for _, v := range lib.voices[l] {
				if v.has(row) {
					return v.say(row)
				}
			}
		}
		if e.fallback == "" {
			return nil
		}
		s.Key = e.fallback
	}
	return nil
}

// recording is a sentence of the operator's own, which is not in the table: a
// line's greeting.
func (lib *Library) recording(l Language, k Key) []media.Audio {
	row := []Clip{{ID: string(k)}}
	if own := lib.voices[l][0]; own.has(row) {
		return own.say(row)
	}
	return nil
}

// Has reports whether the key can be said: a sentence of the table or a
// recording of the operator's own.
func (lib *Library) Has(l Language, k Key) bool {
	_, ok := lib.table[k]
	return ok || lib.recording(l, k) != nil
}

// named is a sentence with a name, if it was rendered.
func (lib *Library) named(l Language, s Sentence, e entry) (media.Audio, bool) {
	if s.Name == "" || !hasName(split(e.text(l))) {
		return nil, false
	}
	return lib.tts.cached(l, s.fill(l, e.text(l), true))
}

// SpeaksNames reports whether a text-to-speech command is configured.
func (lib *Library) SpeaksNames() bool { return len(lib.tts.cfg.Command) > 0 }

// Prepare renders the names in the sentences, so that Sound can say them. It
// waits for the operator's command at most its timeout for each; call it off
// the call's goroutine. A failure is logged, counted by the caller if it likes,
// and otherwise harmless: the fallback is said.
func (lib *Library) Prepare(ctx context.Context, l Language, sentences ...Sentence) error {
	var faults []error
	for _, s := range sentences {
		e, ok := lib.table[s.Key]
		if !ok || s.Name == "" || !hasName(split(e.text(l))) {
			continue
		}
		if err := lib.tts.render(ctx, l, s.fill(l, e.text(l), true)); err != nil {
			faults = append(faults, fmt.Errorf("speak %s: %w", s.Key, err))
		}
	}
	return errors.Join(faults...)
}

// RecordingScript returns what a colleague has to read to replace the starter
// voice: one line a clip, file name and text.
func (lib *Library) RecordingScript(l Language) string {
	var b strings.Builder
	for _, c := range Clips(l) {
		fmt.Fprintf(&b, "%s/%s.wav\t%s\n", l, c.ID, c.Text)
	}
	return b.String()
}
