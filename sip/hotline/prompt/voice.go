package prompt

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/butlerspb/vahta/sip/media"
)

//go:embed starter-ru starter-en third_party
var packs embed.FS

func embedded() fs.FS { return packs }

// embeddedDirs are the folders of the voices that are shipped.
func embeddedDirs() []string {
	return []string{packDir(Russian), packDir(English), starterDir(Russian), starterDir(English)}
}

// packDir is the recorded voice, which has some of the clips.
func packDir(l Language) string { return "third_party/prompts-" + string(l) }

// starterDir is the synthetic voice, which has all of them.
func starterDir(l Language) string { return "starter-" + string(l) }

// voice is a set of clips spoken by one person or machine.
type voice struct {
	name  string
	clips map[string]media.Audio
}

// has reports whether the voice can say the whole row.
func (v voice) has(row []Clip) bool {
	for _, c := range row {
		if _, ok := v.clips[c.ID]; !ok {
			return false
		}
	}
	return true
}

func (v voice) say(row []Clip) []media.Audio {
	out := make([]media.Audio, len(row))
	for i, c := range row {
		out[i] = v.clips[c.ID]
	}
	return out
}

// shipped reads one of the embedded voices.
func shipped(dir string) (voice, error) {
	m, err := readManifest(embedded(), dir)
	if err != nil {
		return voice{}, err
	}
	v := voice{name: m.Voice, clips: make(map[string]media.Audio, len(m.Clips))}
	for _, c := range m.Clips {
		b, err := fs.ReadFile(embedded(), path.Join(dir, c.File))
		if err != nil {
			return voice{}, fmt.Errorf("read prompt %s: %w", c.File, err)
		}
		a, err := media.DecodeWAV(bytes.NewReader(b))
		if err != nil {
			return voice{}, fmt.Errorf("read prompt %s/%s: %w", dir, c.File, err)
		}
		v.clips[c.ID] = a
	}
	return v, nil
}

// maxOverride is the largest file taken from the operator's folder: two
// minutes of 48 kHz stereo.
const maxOverride = 24 << 20

// operator reads the operator's own recordings of one language from
// <dir>/<language>/<clip>.wav. Any rate is taken; each is brought to the
// common level. No folder is no fault.
func operator(dir string, l Language) (voice, error) {
	v := voice{name: "operator-" + string(l), clips: map[string]media.Audio{}}
	if dir == "" {
		return v, nil
	}
	names, err := filepath.Glob(filepath.Join(dir, string(l), "*.wav"))
	if err != nil {
		return v, fmt.Errorf("look for prompts in %s: %w", dir, err)
	}
	for _, name := range names {
		a, err := readOverride(name)
		if err != nil {
			return v, err
		}
		v.clips[strings.TrimSuffix(filepath.Base(name), ".wav")] = a
	}
	return v, nil
}

func readOverride(name string) (media.Audio, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read prompt: %w", err)
	}
	if info.Size() > maxOverride {
		return nil, fmt.Errorf("read prompt %s: %d bytes, at most %d: shorten the recording", name, info.Size(), maxOverride)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read prompt: %w", err)
	}
	a, err := media.DecodeWAV(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read prompt %s: %w: save it as WAV, PCM 16 bit", name, err)
	}
	pcm := Normalise(a.PCM())
	if len(pcm) == 0 {
		return nil, fmt.Errorf("read prompt %s: nothing is heard in it: record it again, louder", name)
	}
	return media.AudioFromPCM(pcm), nil
}
