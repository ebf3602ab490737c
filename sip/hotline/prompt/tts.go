package prompt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/media"
)

// TTSConfig is a text-to-speech command: text on its standard input, a WAV
// file on its standard output. It is started without a shell.
type TTSConfig struct {
	// Command is the program and its arguments; "{language}" in an argument becomes ru or en.
	Command []string `yaml:"command"`
	// Timeout ends a command that is too slow; the fallback is said instead.
	Timeout time.Duration `yaml:"timeout"`
	// Cache is the most sentences that are kept in memory.
	Cache int `yaml:"cache"`
}

const (
	ttsTimeout = 1500 * time.Millisecond // longer than this an engineer would wait in silence
	ttsCache   = 500                     // sentences, about 20 KB each
	maxSound   = 4 << 20                 // bytes of WAV taken from a command
	maxText    = 300                     // bytes of text given to a command
)

func defaultTTS() TTSConfig { return TTSConfig{Timeout: ttsTimeout, Cache: ttsCache} }

func (c TTSConfig) validate() error {
	var faults []error
	if len(c.Command) > 0 {
		if !filepath.IsAbs(c.Command[0]) {
			faults = append(faults, fmt.Errorf("command: %q is not an absolute path: write the program's full path", c.Command[0]))
		} else if _, err := os.Stat(c.Command[0]); err != nil {
			faults = append(faults, fmt.Errorf("command: %w: install it or remove tts.command", err))
		}
	}
	if c.Timeout <= 0 || c.Timeout > 10*time.Second {
		faults = append(faults, fmt.Errorf("timeout: %v is not between 1ms and 10s", c.Timeout))
	}
	if c.Cache < 1 {
		faults = append(faults, fmt.Errorf("cache: %d is less than 1", c.Cache))
	}
	return errors.Join(faults...)
}

// digest names a rendered sentence by language and text.
type digest [sha256.Size]byte

func digestOf(l Language, text string) digest {
	return sha256.Sum256([]byte(string(l) + "\x00" + text))
}

// errNoTTS is returned when there is no command; it is no fault.
var errNoTTS = errors.New("no text-to-speech command is configured")

// tts runs the command and remembers what it said.
type tts struct {
	cfg  TTSConfig
	mu   sync.Mutex // guards said, order
	said map[digest]media.Audio
	age  []digest // oldest first
}

func newTTS(cfg TTSConfig) *tts { return &tts{cfg: cfg, said: map[digest]media.Audio{}} }

func (t *tts) cached(l Language, text string) (media.Audio, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, ok := t.said[digestOf(l, text)]
	return a, ok
}

// render makes the sentence available to cached.
func (t *tts) render(ctx context.Context, l Language, text string) error {
	if len(t.cfg.Command) == 0 {
		return errNoTTS
	}
	if _, ok := t.cached(l, text); ok {
		return nil
	}
	if len(text) > maxText {
		return fmt.Errorf("text of %d bytes is longer than %d", len(text), maxText)
	}
	a, err := t.run(ctx, l, text)
	if err != nil {
		return err
	}
	t.keep(digestOf(l, text), a)
	return nil
}

func (t *tts) run(ctx context.Context, l Language, text string) (media.Audio, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	args := make([]string, len(t.cfg.Command)-1)
	for i, a := range t.cfg.Command[1:] {
		args[i] = a
		if a == "{language}" {
			args[i] = string(l)
		}
	}
	cmd := exec.CommandContext(ctx, t.cfg.Command[0], args...) //nolint:gosec // the operator's own command, no shell
	cmd.Stdin = bytes.NewReader([]byte(text))
	cmd.WaitDelay = t.cfg.Timeout / 2 // a child that keeps the pipe open does not hold us
	var out bytes.Buffer
	cmd.Stdout = &limited{to: &out, left: maxSound}
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s: %w", t.cfg.Command[0], err)
	}
	a, err := media.DecodeWAV(&out)
	if err != nil {
		return nil, fmt.Errorf("read the sound of %s: %w", t.cfg.Command[0], err)
	}
	pcm := Normalise(a.PCM())
	if len(pcm) == 0 {
		return nil, fmt.Errorf("run %s: the sound is silent", t.cfg.Command[0])
	}
	return media.AudioFromPCM(pcm), nil
}

func (t *tts) keep(d digest, a media.Audio) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.said[d]; !ok {
		t.age = append(t.age, d)
	}
	t.said[d] = a
	for len(t.age) > t.cfg.Cache {
		delete(t.said, t.age[0])
		t.age = t.age[1:]
	}
}

// limited refuses to take more than it was told to.
type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	if len(b) > l.left {
		return 0, errors.New("the sound is too long")
	}
	l.left -= len(b)
	return l.to.Write(b)
}
