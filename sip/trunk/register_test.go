package trunk

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var rewrite = flag.Bool("rewrite", false, "rewrite testdata/register/*.txt with what the machine does now")

// TestREGISTERTranscripts plays each file of testdata/register. A line is an input, with "+10s" in front when so much
// time has passed; "wake" comes when the machine wanted it. Indented lines below are what the machine wants done and,
// after each input, where it stands.
func TestREGISTERTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/register/*.txt")
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
			got, err := playRegister(string(want))
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

// register plays one transcript.
type registerPlay struct {
	e       enrolment
	now     time.Time
	wake    time.Time
	targets int
	out     bytes.Buffer
}

func playRegister(text string) ([]byte, error) {
	p := &registerPlay{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), targets: 1}
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		p.out.WriteString(line + "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return p.out.Bytes(), nil
}

func (p *registerPlay) line(line string) error {
	words := strings.Fields(line)
	if pause, ok := strings.CutPrefix(words[0], "+"); ok {
		d, err := time.ParseDuration(pause)
		if err != nil {
			return err
		}
		p.now, words = p.now.Add(d), words[1:]
	}
	if words[0] == "targets" {
		n, err := strconv.Atoi(words[1])
		p.targets = n
		return err
	}
	in, err := p.input(words)
	if err != nil {
		return err
	}
	next, actions := p.e.step(p.now, p.targets, 0, in)
	p.e = next
	for _, a := range actions {
		fmt.Fprintf(&p.out, "  %s\n", p.action(a))
	}
	standing := p.e.standing(p.now)
	fmt.Fprintf(&p.out, "  = %s", standing)
	if standing == RegistrationActive {
		fmt.Fprintf(&p.out, " for %s", p.e.bound.Sub(p.now))
	}
	p.out.WriteByte('\n')
	return nil
}

func (p *registerPlay) input(words []string) (regInput, error) {
	switch words[0] {
	case "start":
		d, err := time.ParseDuration(words[1])
		return regStart{expires: d}, err
	case "wake":
		p.now = p.wake
		return regWake{}, nil
	case "lost":
		return regLost{errors.New(strings.Join(words[1:], " "))}, nil
	case "nudge":
		return regNudge{}, nil
	case "stop":
		return regStop{}, nil
	}
	status, err := strconv.Atoi(words[0])
	if err != nil {
		return nil, err
	}
	r := regReply{status: status, reason: "Reason"}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		var d time.Duration
		if name != "stale" && name != "unable" {
			if d, err = time.ParseDuration(value); err != nil {
				return nil, err
			}
		}
		switch name {
		case "granted":
			r.granted = d
		case "min":
			r.minExpires = d
		case "retry":
			r.retryAfter = d
		case "stale":
			r.stale = true
		case "unable":
			r.unable = errors.New(value)
		default:
			return nil, fmt.Errorf("what is %q?", w)
		}
	}
	return r, nil
}

func (p *registerPlay) action(a regAction) string {
	switch a := a.(type) {
	case regSend:
		how := "ahead"
		if a.auth == authAnswer {
			how = "answering"
		}
		return fmt.Sprintf("REGISTER to target %d for %s, %s", a.target, a.expires, how)
	case regWait:
		p.wake = a.until
		return "wait " + a.until.Sub(p.now).String()
	case regOutcome:
		switch {
		case a.refused:
			return "refused: " + a.why
		case a.why != "":
			return "failed: " + a.why
		}
		return "ok"
	case regEnd:
		return "end"
	}
	return "?"
}

// Whatever happens in whatever order: the machine waits for something, never asks twice in one step, leaves a registrar
// that refused it alone for five minutes, and every pause has an end.
func TestREGISTERMachineHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var (
			e       enrolment
			now     = time.Unix(0, 0)
			wake    time.Time
			refused time.Time
		)
		e, _ = e.step(now, 1, 0, regStart{expires: defaultExpires})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			var in regInput
			targets := rapid.IntRange(0, 3).Draw(t, "targets")
			waited := time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second
			switch rapid.SampledFrom([]string{"wake", "reply", "lost", "nudge"}).Draw(t, "input") {
			case "wake":
				if e.phase == phaseWaiting && wake.After(now) {
					waited = wake.Sub(now)
				}
				in = regWake{}
			case "reply":
				in = regReply{
					status:     rapid.SampledFrom([]int{200, 302, 400, 401, 403, 404, 407, 408, 423, 480, 500, 503, 603}).Draw(t, "status"),
					granted:    time.Duration(rapid.IntRange(0, 4000).Draw(t, "granted")) * time.Second,
					minExpires: time.Duration(rapid.IntRange(0, 4000).Draw(t, "min")) * time.Second,
					retryAfter: time.Duration(rapid.IntRange(0, 100_000).Draw(t, "retry")) * time.Second,
					stale:      rapid.Bool().Draw(t, "stale"),
				}
			case "lost":
				in = regLost{errNoReply}
			case "nudge":
				in = regNudge{}
			}
			now = now.Add(waited)
			if _, isWake := in.(regWake); isWake && now.Before(wake) {
				continue
			}
			next, actions := e.step(now, targets, rapid.Float64Range(0, 0.999).Draw(t, "dice"), in)
			sends, waits := 0, 0
			for _, a := range actions {
				switch a := a.(type) {
				case regSend:
					sends++
					if a.target >= max(1, targets) && a.target != e.target {
						t.Fatalf("target %d of %d", a.target, targets)
					}
					if now.Sub(refused) < refusedPause && !refused.IsZero() {
						t.Fatalf("asked %s after a refusal", now.Sub(refused))
					}
				case regWait:
					waits++
					wake = a.until
					if d := a.until.Sub(now); d < 0 || d > maxGranted {
						t.Fatalf("waits %s", d)
					}
				case regOutcome:
					if refused = (time.Time{}); a.refused {
						refused = now
					}
				case regEnd:
					t.Fatal("ended by itself")
				}
			}
			if sends+waits > 1 || sends == 1 && next.phase != phaseAsking || waits == 1 && next.phase != phaseWaiting {
				t.Fatalf("%d sends and %d waits, then %+v", sends, waits, next)
			}
			if next.phase != phaseAsking && next.phase != phaseWaiting {
				t.Fatalf("waits for nothing: %+v", next)
			}
			if next.expires < e.expires || next.expires > maxGranted {
				t.Fatalf("asks for %s", next.expires)
			}
			e = next
		}
	})
}
