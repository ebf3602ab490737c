//go:build ignore

// Render makes the voices that are embedded: the starter voices from festival
// (Russian) and espeak-ng (English), and the curated recorded packs from
// Debian's asterisk-core-sounds. Run it from its folder by ./render.sh.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
)

// sounds is where Debian installs the recorded packs.
const sounds = "/usr/share/asterisk/sounds"

func main() {
	log.SetFlags(0)
	tmp, err := os.MkdirTemp("", "prompts")
	check(err)
	defer os.RemoveAll(tmp)
	starter("starter-ru", prompt.Russian, festival(tmp), prompt.Manifest{
		Voice: "starter-ru", Language: prompt.Russian, Author: "rendered by Vahta's render.go",
		Origin:  "festival " + version("festival") + ", festvox-ru " + version("festvox-ru") + " (voice_msu_ru_nsh_clunits, Nickolay V. Shmyrev 2005)",
		Changes: "resampled to 8 kHz, trimmed, brought to -20 dBFS, A-law; not auditioned by ear",
	}, "BSD-like (festvox-ru)")
	starter("starter-en", prompt.English, espeak(tmp), prompt.Manifest{
		Voice: "starter-en", Language: prompt.English, Author: "rendered by Vahta's render.go",
		Origin:  "espeak-ng " + version("espeak-ng") + ", voice en-us",
		Changes: "resampled to 8 kHz, trimmed, brought to -20 dBFS, A-law; not auditioned by ear",
	}, "Apache-2.0")
	recorded("third_party/prompts-ru", prompt.Russian, "ru_RU_f_IvrvoiceRU", prompt.Manifest{
		Voice: "prompts-ru", Language: prompt.Russian, Author: "Maxim Topal, http://www.ivrvoice.ru",
		Origin:  "Debian asterisk-core-sounds-ru-wav " + version("asterisk-core-sounds-ru-wav"),
		Changes: "selected files; trimmed, brought to -20 dBFS, A-law",
	}, "CC-BY-3.0", russianPack())
	recorded("third_party/prompts-en", prompt.English, "en_US_f_Allison", prompt.Manifest{
		Voice: "prompts-en", Language: prompt.English, Author: "Allison Smith, http://www.theivrvoice.com",
		Origin:  "Debian asterisk-core-sounds-en-wav " + version("asterisk-core-sounds-en-wav"),
		Changes: "selected files; trimmed, brought to -20 dBFS, A-law",
	}, "CC-BY-SA-3.0", englishPack())
}

// rec is one file of a pack: our clip, its file, what is said in it.
type rec struct{ id, file, text string }

func russianPack() []rec {
	list := []rec{
		{"all_busy", "tt-allbusy", "В данный момент все операторы заняты. Пожалуйста, оставайтесь на линии - ваш вызов будет принят в порядке очереди."},
		{"first_in_queue", "queue-youarenext", "Ваш звонок является первым в очереди и будет обслужен первым доступным оператором."},
		{"position", "queue-thereare", "Ваша позиция в очереди"},
		{"expected_wait", "queue-holdtime", "прогнозируемое время ожидания составляет"},
		{"thanks_waiting", "queue-thankyou", "благодарим за терпение."},
		{"goodbye", "goodbye", "До свидания!"},
		{"w.minute.many", "queue-minutes", "минут"},
		{"w.second.many", "queue-seconds", "секунд"},
	}
	return append(list, numbers(prompt.Russian)...)
}

func englishPack() []rec {
	list := []rec{
		{"position", "queue-thereare", "You are currently caller number"},
		{"first_in_queue", "queue-youarenext", "Your call is now first in line and will be answered by the next available representative."},
		{"expected_wait", "queue-holdtime", "The estimated hold time is currently"},
		{"goodbye", "goodbye", "Goodbye!"},
		{"all_busy", "queue-periodic-announce", "All of our representatives are currently busy. Please stay on the line and your call will be answered by the next available representative."},
		{"w.minute.one", "queue-minute", "minute"},
		{"w.minute.many", "queue-minutes", "minutes"},
		{"w.second.many", "queue-seconds", "Seconds"},
	}
	return append(list, numbers(prompt.English)...)
}

// numbers are the number words up to ninety, which both packs name alike.
func numbers(l prompt.Language) []rec {
	var list []rec
	for _, c := range prompt.Clips(l) {
		n, ok := strings.CutPrefix(c.ID, "n.")
		if v, err := strconv.Atoi(n); ok && err == nil && v < 100 {
			list = append(list, rec{c.ID, "digits/" + n, c.Text})
		}
	}
	return list
}

func starter(dir string, l prompt.Language, speak func(prompt.Clip) string, m prompt.Manifest, licence string) {
	clear(dir)
	for _, c := range prompt.Clips(l) {
		m.Clips = append(m.Clips, write(dir, c.ID, c.Text, licence, speak(c)))
	}
	save(dir, m)
}

func recorded(dir string, _ prompt.Language, from string, m prompt.Manifest, licence string, list []rec) {
	clear(dir)
	for _, r := range list {
		m.Clips = append(m.Clips, write(dir, r.id, r.text, licence, filepath.Join(sounds, from, r.file+".wav")))
	}
	save(dir, m)
}

// tempo makes festival's slow reading 30 % faster without changing its pitch: a
// page and a whisper are short, and about fourteen characters a second.
const tempo = "1.3"

// write normalises one sound and returns its row of the manifest.
func write(dir, id, text, licence, wav string) prompt.ManifestClip {
	args := []string{"-D", wav, "-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer", "-t", "raw", "-", "highpass", "120"}
	if dir == "starter-ru" {
		args = append(args, "tempo", "-s", tempo)
	}
	raw := run("", "sox", args...)
	pcm := make([]int16, len(raw)/2)
	check(binary.Read(bytes.NewReader(raw), binary.LittleEndian, pcm))
	file := prompt.EncodeWAV(media.AudioFromPCM(prompt.Normalise(pcm)))
	check(os.WriteFile(filepath.Join(dir, id+".wav"), file, 0o644))
	sum := sha256.Sum256(file)
	return prompt.ManifestClip{ID: id, File: id + ".wav", Text: text, SHA256: hex.EncodeToString(sum[:]), Licence: licence}
}

func festival(tmp string) func(prompt.Clip) string {
	var script strings.Builder
	script.WriteString("(voice_msu_ru_nsh_clunits)\n")
	for _, c := range prompt.Clips(prompt.Russian) {
		fmt.Fprintf(&script, "(utt.save.wave (utt.synth (Utterance Text %q)) %q 'riff)\n", c.Text+".", filepath.Join(tmp, "ru-"+c.ID+".wav"))
	}
	name := filepath.Join(tmp, "render.scm")
	check(os.WriteFile(name, []byte(script.String()), 0o600))
	run("", "festival", "-b", name)
	return func(c prompt.Clip) string { return filepath.Join(tmp, "ru-"+c.ID+".wav") }
}

func espeak(tmp string) func(prompt.Clip) string {
	return func(c prompt.Clip) string {
		name := filepath.Join(tmp, "en-"+c.ID+".wav")
		run(c.Text+".", "espeak-ng", "-v", "en-us", "-s", pace(c.ID), "-w", name, "--stdin")
		return name
	}
}

// pace is how many words a minute espeak says: what engineers hear is short, and
// so are the digits in it.
func pace(clip string) string {
	for _, short := range []string{"page_", "shift_", "whisper_", "accept_", "left_", "short_ticket", "caller_left", "n.", "w."} {
		if strings.HasPrefix(clip, short) && clip != "page_moot" && clip != "page_held" && clip != "page_other" && !strings.HasPrefix(clip, "page_cause") && !strings.HasSuffix(clip, "00") {
			return "185"
		}
	}
	return "150"
}

// clear removes the sounds of an earlier run and leaves licence and attribution.
func clear(dir string) {
	check(os.MkdirAll(dir, 0o755))
	old, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	check(err)
	for _, f := range old {
		check(os.Remove(f))
	}
}

func save(dir string, m prompt.Manifest) {
	b, err := json.MarshalIndent(m, "", " ")
	check(err)
	check(os.WriteFile(filepath.Join(dir, prompt.ManifestFile), append(b, '\n'), 0o644))
	log.Printf("%s: %d clips", dir, len(m.Clips))
}

func version(debian string) string {
	return string(bytes.TrimSpace(run("", "dpkg-query", "-W", "-f", "${Version}", debian)))
}

func run(stdin, name string, args ...string) []byte {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("run %s %v: %v", name, args, err)
	}
	return out
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
