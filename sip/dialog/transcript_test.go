package dialog

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "rewrite testdata/*.txt with what the machines do now")

// machines is what a transcript speaks to: one dialog's three machines.
type machines struct {
	uac      UACState
	uas      UASState
	offer    OfferState
	reliable ReliableState
	rseq     RSeq
	session  Session
}

// TestTranscripts plays each file of testdata: lines "uac event", "uas event",
// "offer event", "reliable event", "rseq number" and "session time event [span]"
// are input, indented lines below are what the machine did. A line
// "start machine State" puts a machine into a state.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := play(string(want))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(got, want) {
				return
			}
			if *rewrite {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("transcript differs; -rewrite accepts it\n--- want\n%s\n--- got\n%s", want, got)
		})
	}
}

func play(text string) ([]byte, error) {
	var out bytes.Buffer
	m := machines{}
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue // old output
		}
		fmt.Fprintln(&out, line)
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		step, err := m.step(f)
		if err != nil {
			return nil, fmt.Errorf("line %d %q: %w", n+1, line, err)
		}
		out.WriteString(step)
	}
	return out.Bytes(), nil
}

func (m *machines) step(f []string) (string, error) {
	if f[0] == "start" && len(f) == 3 {
		return "", m.start(f[1], f[2])
	}
	if len(f) < 2 {
		return "", fmt.Errorf("needs a machine and an event")
	}
	switch f[0] {
	case "uac":
		ev, err := byName[UACEvent](f[1], uint8(uacEventCount))
		if err != nil {
			return "", err
		}
		was := m.uac
		next, actions := was.Step(ev)
		m.uac = next
		return shown(was, next, actions), nil
	case "uas":
		ev, err := byName[UASEvent](f[1], uint8(uasEventCount))
		if err != nil {
			return "", err
		}
		was := m.uas
		next, actions := was.Step(ev)
		m.uas = next
		return shown(was, next, actions), nil
	case "offer":
		ev, err := byName[OfferEvent](f[1], uint8(offerEventCount))
		if err != nil {
			return "", err
		}
		was := m.offer
		next, actions := was.Step(ev)
		m.offer = next
		return shown(was, next, actions), nil
	case "reliable":
		ev, err := byName[ReliableEvent](f[1], uint8(reliableEventCount))
		if err != nil {
			return "", err
		}
		was := m.reliable
		next, actions := was.Step(ev)
		m.reliable = next
		return shown(was, next, actions), nil
	case "session":
		return m.stepSession(f[1:])
	case "rseq":
		n, ok := number(f[1])
		if !ok {
			return "", fmt.Errorf("%q is no RSeq", f[1])
		}
		was := m.rseq
		next, actions := was.Step(n)
		m.rseq = next
		return shown(plainNumber(was), plainNumber(next), actions), nil
	}
	return "", fmt.Errorf("no machine %q", f[0])
}

// stepSession plays "time event" or "time event span" on a clock that begins at zero.
func (m *machines) stepSession(f []string) (string, error) {
	if len(f) < 2 {
		return "", fmt.Errorf("needs a time and an event")
	}
	at, err := time.ParseDuration(f[0])
	if err != nil {
		return "", err
	}
	ev, err := byName[SessionEvent](f[1], uint8(sessionEventCount))
	if err != nil {
		return "", err
	}
	var span time.Duration
	if len(f) > 2 {
		if span, err = time.ParseDuration(f[2]); err != nil {
			return "", err
		}
	}
	zero := time.Unix(0, 0)
	was := m.session
	next, actions := was.Step(ev, zero.Add(at), span)
	m.session = next
	line := strings.TrimRight(shown(was.State, next.State, actions), "\n")
	if wake, armed := next.next(); armed {
		line += fmt.Sprintf("; of %v, wakes at %v, ends at %v", next.Interval, wake.Sub(zero), next.ByeAt.Sub(zero))
	}
	return line + "\n", nil
}

func (m *machines) start(machine, state string) (err error) {
	switch machine {
	case "uac":
		m.uac, err = byName[UACState](state, uint8(uacStateCount))
	case "uas":
		m.uas, err = byName[UASState](state, uint8(uasStateCount))
	case "offer":
		m.offer, err = byName[OfferState](state, uint8(offerStateCount))
	case "reliable":
		m.reliable, err = byName[ReliableState](state, uint8(reliableStateCount))
	default:
		err = fmt.Errorf("no machine %q", machine)
	}
	return err
}

// plainNumber shows a number among states.
type plainNumber RSeq

func (n plainNumber) String() string { return decimal(uint32(n)) }

type enum interface {
	~uint8
	fmt.Stringer
}

func byName[T enum](name string, count uint8) (T, error) {
	for i := range count {
		if v := T(i); v.String() == name {
			return v, nil
		}
	}
	return 0, fmt.Errorf("no %T named %q", T(0), name)
}

func shown(was, next fmt.Stringer, actions []Action) string {
	names := make([]string, 0, len(actions))
	for _, a := range actions {
		names = append(names, a.String())
	}
	if len(names) == 0 {
		names = append(names, "nothing")
	}
	return fmt.Sprintf("  %s -> %s: %s\n", was, next, strings.Join(names, ", "))
}
