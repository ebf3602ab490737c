package hotline

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// rewrite makes the transcripts anew: go test ./sip/hotline -run Transcript -rewrite; review the difference.
var rewrite = flag.Bool("rewrite", false, "rewrite the transcripts in testdata")

// TestTranscripts plays each file of testdata: the lines before the first time
// are the plan; each line with a time is an event, the indented lines below it
// are all the actions that follow.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d transcripts: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
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

// player plays one transcript.
type player struct {
	t     *testing.T
	plan  dispatch.Plan
	s     State
	page  PageState
	begin time.Time
	out   strings.Builder
}

func play(t *testing.T, script string) string {
	t.Helper()
	cfg := Default()
	p := &player{t: t, s: NewState(&cfg), page: NewPage(&cfg), begin: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)}
	p.plan = dispatch.Plan{Rounds: 1, AnswerAfter: 15 * time.Second, ProgressEvery: 20 * time.Second}
	lines := bufio.NewScanner(strings.NewReader(script))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "  "):
			continue
		case line == "" || strings.HasPrefix(line, "#"):
			p.out.WriteString(line + "\n")
			continue
		}
		p.out.WriteString(line + "\n")
		p.line(strings.Fields(line))
	}
	return p.out.String()
}

func (p *player) line(words []string) {
	at, err := time.ParseDuration(words[0])
	if err != nil {
		p.define(words)
		return
	}
	now := p.begin.Add(at)
	if words[1] == "page" || words[1] == "shift" || p.page.begun() {
		var acts []PageAction
		p.page, acts = StepPage(p.page, p.pageEvent(words[1:]), now)
		for _, a := range acts {
			fmt.Fprintf(&p.out, "  %s\n", a)
		}
		fmt.Fprintf(&p.out, "  (%s)\n", p.page.Phase)
		return
	}
	var acts []Action
	p.s, acts = Step(p.s, p.event(words[1:]), now)
	for _, a := range acts {
		fmt.Fprintf(&p.out, "  %s\n", a)
	}
	fmt.Fprintf(&p.out, "  (%s)\n", p.s.Phase)
}

// define reads a line of the plan: "rounds 2", "rung ivan petr", "parallel ivan petr", "static 112", "hold", "remote", "clear".
func (p *player) define(words []string) {
	switch words[0] {
	case "rounds":
		p.plan.Rounds = p.number(words[1])
	case "rung", "parallel":
		r := dispatch.Rung{Name: "first", Parallel: words[0] == "parallel", RingTime: 20 * time.Second}
		for _, w := range words[1:] {
			r.Duties = append(r.Duties, candidate(w))
		}
		p.plan.Rungs = append(p.plan.Rungs, r)
	case "static":
		for _, n := range words[1:] {
			p.plan.Static = append(p.plan.Static, oncall.StaticNumber{Name: n, Number: n})
		}
	case "greeting":
		p.plan.Line.Greeting = words[1]
	case "remote":
		p.s.Remote = true
	case "hold":
		p.plan.Exhausted = dispatch.ExhaustedHold
	case "clear":
		p.plan.Rungs, p.plan.Static = nil, nil
	default:
		p.t.Fatalf("unknown line %q", words)
	}
}

// candidate reads "ivan", "ivan:soft,mobile", "ivan:soft!" (trusted) or "@desk" (shared).
func candidate(w string) dispatch.Candidate {
	name, list, ok := strings.Cut(w, ":")
	if !ok {
		list = "soft"
	}
	name, shared := strings.CutPrefix(name, "@")
	return dispatch.Candidate{Person: oncall.Person{ID: name, Name: name, Devices: devices(name, list), Shared: shared}}
}

func devices(name, list string) []oncall.Device {
	var out []oncall.Device
	for d := range strings.SplitSeq(list, ",") {
		kind, trusted := strings.CutSuffix(d, "!")
		if kind == "mobile" {
			out = append(out, oncall.Device{Kind: oncall.Mobile, Number: "mobile/" + name, RingTime: 25 * time.Second})
			continue
		}
		out = append(out, oncall.Device{Kind: oncall.Softphone, URI: "sip:" + name, Trusted: trusted})
	}
	return out
}

func (p *player) number(s string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(s, "#"))
	if err != nil {
		p.t.Fatalf("%q is no number", s)
	}
	return n
}

func (p *player) duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

// event reads an event: its kind, then "#attempt" and what the kind needs.
func (p *player) event(words []string) Event {
	var e Event
	for k := EvStart; k <= EvQueue; k++ {
		if k.String() == words[0] {
			e.Kind = k
		}
	}
	if e.Kind == 0 {
		p.t.Fatalf("unknown event %q", words)
	}
	for _, w := range words[1:] {
		p.argument(&e, w)
	}
	//exhaustive:ignore
	switch e.Kind {
	case EvStart, EvRecall:
		e.Caller = "+78121234567"
	case EvPlan:
		plan := p.plan
		e.Plan = &plan
	case EvTicket:
		e.Ticket.Number = "VH-26-004217"
	case EvCallBack:
		e.Ticket = Ticket{Number: "VH-26-004217", CallBack: true}
		e.Person, e.Devices = "ivan", devices("ivan", "soft,mobile")
	}
	return e
}

func (p *player) argument(e *Event, w string) {
	switch {
	case strings.HasPrefix(w, "#"):
		e.Attempt = p.number(w)
		e.Timer.Attempt = e.Attempt
	case strings.HasPrefix(w, "rest="):
		e.Resting, e.Rest = e.Kind == EvDenied, p.duration(strings.TrimPrefix(w, "rest="))
	case w == "busy" && e.Kind == EvDenied: // some of them talk
		e.Resting = false
	case w == "joined":
		e.Ticket.Joined = true
	case w == "callback":
		e.Ticket.CallBack = true
	case e.Kind == EvDigit:
		e.Digit = w[0]
	case e.Kind == EvGranted:
		e.Person = w
	case e.Kind == EvFailed:
		e.Outcome = dispatch.AttemptOutcome(w)
	case e.Kind == EvQueue:
		e.Position = p.number(w)
	case e.Kind == EvTimer:
		for k := TimerTicket; k <= TimerSay; k++ {
			if k.String() == w {
				e.Timer.Kind = k
			}
		}
	default:
		p.t.Fatalf("what is %q in an event of kind %s?", w, e.Kind)
	}
}

// pageEvent reads an event of a voice page.
func (p *player) pageEvent(words []string) PageEvent {
	switch words[0] {
	case "page":
		n := dispatch.Notice{Ref: dispatch.Ref{Number: "VH-26-004217"}, Reason: "abandoned"}
		for _, w := range words[2:] { // why, or for which skill
			if skill, ok := strings.CutPrefix(w, "skill:"); ok {
				n.Skill = skill
			} else {
				n.Reason = w
			}
		}
		return PageEvent{Kind: PageBegin, Devices: devices("ivan", words[1]), Say: pageSentences(n), Ticket: n.Ref.Number, Held: confirmsOnly(n)}
	case "shift": // which kind of call, and the devices
		n := dispatch.Notice{
			Kind: dispatch.NoticeShift, Devices: devices("ivan", words[2]),
			Shift: dispatch.ShiftCall{Kind: dispatch.ShiftKind(words[1]), Day: 1, Clock: 9 * 3600, Name: "Anna"},
		}
		return beginning(n)
	case "answered":
		return PageEvent{Kind: PageAnswered}
	case "unreached":
		return PageEvent{Kind: PageUnreached, Outcome: dispatch.AttemptOutcome(words[1])}
	case "hung_up":
		return PageEvent{Kind: PageHungUp}
	case "digit":
		return PageEvent{Kind: PageDigit, Digit: words[1][0]}
	case "played":
		return PageEvent{Kind: PagePlayed}
	case "timeout":
		return PageEvent{Kind: PageTimeout}
	case "saved":
		return PageEvent{Kind: PageSaved}
	case "not_saved":
		return PageEvent{Kind: PageNotSaved}
	case "moot":
		return PageEvent{Kind: PageMooted}
	case "outranked":
		return PageEvent{Kind: PageOutranked}
	}
	p.t.Fatalf("unknown event %q", words)
	return PageEvent{}
}
