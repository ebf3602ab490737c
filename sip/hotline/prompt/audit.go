package prompt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"time"
	"unicode/utf8"

	"github.com/butlerspb/vahta/sip/media"
)

// What the audit demands of a voice.
const (
	maxPeak  = -3.0                   // dBFS
	rmsSlack = 2.0                    // dB either side of targetRMS
	maxLead  = 150 * time.Millisecond // silence before the first sound
	maxTail  = 300 * time.Millisecond // silence after the last
	minSpeed = 8                      // characters a second
	maxSpeed = 20
	shortest = 12 // characters; a shorter word has no speed to speak of
	maxWord  = 1500 * time.Millisecond
)

// Fault is one thing that is wrong with a prompt.
type Fault struct {
	Voice, Clip, Reason string
}

// String returns the fault as a line for a terminal.
func (f Fault) String() string { return f.Voice + "/" + f.Clip + ": " + f.Reason }

// Audit measures every clip of the voices that are embedded and returns what
// is wrong: level, silence, speed, hash, licence, transcript, and clips that a
// complete voice must have and has not.
func Audit() []Fault {
	var faults []Fault
	for _, dir := range embeddedDirs() {
		faults = append(faults, AuditVoice(embedded(), dir)...)
	}
	for _, l := range Languages() {
		faults = append(faults, missing(l)...)
	}
	return faults
}

// missing reports clips that the starter voice of a language has not, or says
// with another text than the table's.
func missing(l Language) []Fault {
	dir := starterDir(l)
	m, err := readManifest(embedded(), dir)
	if err != nil {
		return []Fault{{dir, ManifestFile, err.Error()}}
	}
	texts := make(map[string]string, len(m.Clips))
	for _, c := range m.Clips {
		texts[c.ID] = c.Text
	}
	var faults []Fault
	for _, c := range Clips(l) {
		if said, ok := texts[c.ID]; !ok {
			faults = append(faults, Fault{dir, c.ID, "is missing: run render.sh"})
		} else if said != c.Text {
			faults = append(faults, Fault{dir, c.ID, fmt.Sprintf("says %q, the table says %q: run render.sh", said, c.Text)})
		}
	}
	return faults
}

// AuditVoice measures the clips of one voice's folder.
func AuditVoice(files fs.FS, dir string) []Fault {
	m, err := readManifest(files, dir)
	if err != nil {
		return []Fault{{dir, ManifestFile, err.Error()}}
	}
	var faults []Fault
	fault := func(c ManifestClip, format string, args ...any) {
		faults = append(faults, Fault{dir, c.ID, fmt.Sprintf(format, args...)})
	}
	if m.Origin == "" || m.Author == "" {
		faults = append(faults, Fault{dir, ManifestFile, "names no origin or no author"})
	}
	for _, c := range m.Clips {
		b, err := fs.ReadFile(files, path.Join(dir, c.File))
		if err != nil {
			fault(c, "cannot be read: %v", err)
			continue
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != c.SHA256 {
			fault(c, "is not the file that was listed: its sha256 differs")
		}
		if c.Licence == "" || c.Text == "" {
			fault(c, "has no licence or no transcript")
		}
		a, err := media.DecodeWAV(bytes.NewReader(b))
		if err != nil {
			fault(c, "is no sound: %v", err)
			continue
		}
		for _, reason := range judge(measure(a.PCM()), c.Text) {
			fault(c, "%s", reason)
		}
	}
	return faults
}

// judge holds one clip's figures against the limits.
func judge(l level, text string) []string {
	var reasons []string
	say := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if l.Peak > maxPeak {
		say("peak %.1f dBFS, at most %.1f", l.Peak, maxPeak)
	}
	if l.RMS < targetRMS-rmsSlack || l.RMS > targetRMS+rmsSlack {
		say("RMS %.1f dBFS, wanted %.0f ± %.0f", l.RMS, targetRMS, rmsSlack)
	}
	if l.Lead > maxLead {
		say("%v of silence before the first sound, at most %v", l.Lead, maxLead)
	}
	if l.Tail > maxTail {
		say("%v of silence after the last sound, at most %v", l.Tail, maxTail)
	}
	n := utf8.RuneCountInString(text)
	if n < shortest {
		if l.Speech > maxWord || l.Speech <= 0 {
			say("%v for %q, at most %v", l.Speech, text, maxWord)
		}
		return reasons
	}
	if speed := float64(n) / l.Speech.Seconds(); speed < minSpeed || speed > maxSpeed {
		say("%.1f characters a second, wanted %d to %d", speed, minSpeed, maxSpeed)
	}
	return reasons
}
