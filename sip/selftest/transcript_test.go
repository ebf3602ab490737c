package selftest

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rewrite makes the transcripts anew: go test ./sip/selftest -run Transcript -rewrite; review the difference.
var rewrite = flag.Bool("rewrite", false, "rewrite the transcripts in testdata")

// TestTranscripts plays each file of testdata: each line is an event of the side that the file's name begins with, the
// indented lines below it are all the actions that follow and the phase.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d transcripts: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, strings.HasPrefix(filepath.Base(file), "caller"), string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func play(t *testing.T, caller bool, script string) string {
	t.Helper()
	var out strings.Builder
	c := Caller{Reply: "321"}
	a := Answerer{Tests: []Test{{ID: "t1", Code: "123", Reply: "321"}}}
	var seen *Sighting
	lines := bufio.NewScanner(strings.NewReader(script))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue
		}
		out.WriteString(line + "\n")
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
			continue
		case words[0] == "tests": // of the answering side
			a.Tests = nil
			for i, code := range words[1:] {
				a.Tests = append(a.Tests, Test{ID: "t" + strconv.Itoa(i+1), Code: code, Reply: "321"})
			}
		case words[0] == "sighting": // what the answering side has told: number, operator, heard
			seen = &Sighting{DID: words[1], Trunk: words[2], Heard: words[3] == "heard"}
		case words[0] == "verdict":
			result, text := judge(c, Line{Trunk: "op"}, "+7495", seen, "+7999", len(words) > 1)
			fmt.Fprintf(&out, "  %s: %s\n", result, text)
		case caller:
			for _, e := range callerEvents(t, words) {
				var acts []CallerAction
				c, acts = c.Step(e)
				for _, act := range acts {
					fmt.Fprintf(&out, "  %s\n", act)
				}
			}
			fmt.Fprintf(&out, "  (%s)\n", c.Phase)
		default:
			for _, e := range answererEvents(t, words) {
				var acts []AnswererAction
				a, acts = a.Step(e)
				for _, act := range acts {
					fmt.Fprintf(&out, "  %s\n", act)
				}
			}
			fmt.Fprintf(&out, "  (%s)\n", a.Phase)
		}
	}
	return out.String()
}

func callerEvents(t *testing.T, words []string) []CallerEvent {
	t.Helper()
	kind := map[string]CallerEventKind{
		"begin": CallerBegin, "rings": CallerRings, "answered": CallerAnswered, "failed": CallerFailed, "ended": CallerEnded,
		"digits": CallerDigit, "time": CallerTime, "seen": CallerSeen, "heard": CallerWasHeard, "stranger": CallerStranger, "cut": CallerCut,
	}[words[0]]
	if kind == 0 {
		t.Fatalf("unknown event %q", words[0])
	}
	e := CallerEvent{Kind: kind}
	switch {
	case kind == CallerDigit:
		var all []CallerEvent
		for _, d := range []byte(words[1]) {
			all = append(all, CallerEvent{Kind: kind, Digit: d})
		}
		return all
	case len(words) > 1:
		e.Status, _ = strconv.Atoi(words[1])
	}
	return []CallerEvent{e}
}

func answererEvents(t *testing.T, words []string) []AnswererEvent {
	t.Helper()
	switch words[0] {
	case "begin":
		return []AnswererEvent{{Kind: AnswererBegin}}
	case "digits":
		var all []AnswererEvent
		for _, d := range []byte(words[1]) {
			all = append(all, AnswererEvent{Kind: AnswererDigit, Digit: d})
		}
		return all
	case "time":
		return []AnswererEvent{{Kind: AnswererTime}}
	case "gone":
		return []AnswererEvent{{Kind: AnswererGone}}
	case "other":
		return []AnswererEvent{{Kind: AnswererOther, Test: words[1]}}
	case "told":
		return []AnswererEvent{{Kind: AnswererTold, Ours: words[1] == "ours"}}
	case "cut":
		return []AnswererEvent{{Kind: AnswererCut}}
	}
	t.Fatalf("unknown event %q", words[0])
	return nil
}
