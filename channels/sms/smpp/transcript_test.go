package smpp

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

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

var rewrite = flag.Bool("rewrite", false, "rewrite testdata/*.txt with what the machine does now")

var epoch = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// TestTranscripts plays each file of testdata. A line is a time and an event;
// the indented lines below it are what the machine did, where it stands, and
// when it wants to be woken.
//
//	0s tick | lost | stop | garbage | table State
//	0s dialed ok|failed
//	0s submit 7              a message of that id
//	0s stored 3 ok|failed    the deliver_sm of that sequence
//	0s recv deliver_sm 3 [ESME_…] [malformed] [id=x]
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d transcripts: %v", len(files), err)
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

func testConfig() Config {
	c := Default()
	c.Name, c.Addresses, c.SystemID, c.Password, c.Source = "op", []string{"smsc:2775"}, "vahta", "pw", "Vahta"
	c.Window, c.Inbound = 2, 2
	return c
}

func play(text string) ([]byte, error) {
	var out bytes.Buffer
	m := newMachine(testConfig(), epoch, func() float64 { return 1 })
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue // old output
		}
		fmt.Fprintln(&out, line)
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if err := playLine(&out, m, f); err != nil {
			return nil, fmt.Errorf("line %d %q: %w", n+1, line, err)
		}
	}
	return out.Bytes(), nil
}

func playLine(out *bytes.Buffer, m *machine, f []string) error {
	after, err := time.ParseDuration(f[0])
	if err != nil || len(f) < 2 {
		return errors.New("a line is a time and an event")
	}
	now := epoch.Add(after)
	if f[1] == "table" {
		return table(out, f[2])
	}
	effects, err := playEvent(m, now, f[1:])
	if err != nil {
		return err
	}
	for _, e := range effects {
		fmt.Fprintf(out, "  %s\n", describe(e))
	}
	wake := "never"
	if at := m.deadline(); !at.IsZero() {
		wake = at.Sub(epoch).String()
	}
	ready := "no"
	if at, ok := m.ready(now); ok {
		ready = at.Sub(epoch).Round(time.Millisecond).String()
	}
	fmt.Fprintf(out, "  = %s, wake %s, ready %s\n", m.state, wake, ready)
	return nil
}

func playEvent(m *machine, now time.Time, f []string) ([]effect, error) {
	number := uint64(0)
	if len(f) > 1 && f[0] != "dialed" && f[0] != "recv" {
		n, err := strconv.ParseUint(f[1], 10, 32)
		if err != nil {
			return nil, err
		}
		number = n
	}
	switch f[0] {
	case "tick":
		return m.tick(now), nil
	case "lost":
		return m.lost(now), nil
	case "stop":
		return m.stop(now), nil
	case "garbage":
		return m.outOfStep(now), nil
	case "dialed":
		return m.dialed(now, f[1] == "ok"), nil
	case "submit":
		if at, ok := m.ready(now); !ok || at.After(now) {
			return nil, errors.New("it may not submit now")
		}
		return m.submit(now, pdu.PDU{Command: pdu.SubmitSM, Body: &pdu.Message{}}, number), nil
	case "stored":
		p := pdu.PDU{Command: pdu.DeliverSM, Sequence: uint32(number)}
		return m.stored(now, m.link, p, f[2] == "ok"), nil
	case "stored-before": // of the connection before this one
		p := pdu.PDU{Command: pdu.DeliverSM, Sequence: uint32(number)}
		return m.stored(now, m.link-1, p, f[2] == "ok"), nil
	case "recv":
		return playReceived(m, now, f[1:])
	}
	return nil, fmt.Errorf("no event %q", f[0])
}

func playReceived(m *machine, now time.Time, f []string) ([]effect, error) {
	p := pdu.PDU{}
	for _, c := range []pdu.Command{
		pdu.GenericNack, pdu.BindTransceiverResp, pdu.SubmitSMResp, pdu.DeliverSM, pdu.DataSM, pdu.Unbind, pdu.UnbindResp, pdu.EnquireLink,
		pdu.EnquireLinkResp, pdu.AlertNotification, pdu.Outbind, pdu.QuerySM, 0x77, pdu.DataSMResp,
	} {
		if c.String() == f[0] {
			p.Command = c
		}
	}
	if p.Command == 0 {
		return nil, fmt.Errorf("no command %q", f[0])
	}
	seq, err := strconv.ParseUint(f[1], 10, 32)
	if err != nil {
		return nil, err
	}
	p.Sequence = uint32(seq)
	var fault error
	for _, word := range f[2:] {
		if id, ok := strings.CutPrefix(word, "id="); ok {
			p.Body = &pdu.MessageResp{ID: id}
			continue
		}
		if word == "malformed" {
			fault = errors.New("malformed")
			continue
		}
		found := false
		for s := range pdu.Status(0x100) {
			if s.String() == word {
				p.Status, found = s, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no status %q", word)
		}
	}
	return m.received(now, p, nil, fault), nil
}

func describe(e effect) string {
	switch e.kind {
	case doDial:
		return "dial"
	case doSend:
		s := fmt.Sprintf("send %s %d", e.pdu.Command, e.pdu.Sequence)
		if e.pdu.Command.IsResponse() {
			s += " " + e.pdu.Status.String()
		}
		return s
	case doHangUp:
		return "hang up"
	case doDeliver:
		return fmt.Sprintf("store %s %d", e.pdu.Command, e.pdu.Sequence)
	case doOutcome:
		return fmt.Sprintf("message %d: %s", e.id, outcomeText(e.result))
	case doLate:
		return fmt.Sprintf("message %d, late: %s", e.id, outcomeText(e.result))
	case doNote:
		s := "strange: " + e.note.String()
		if e.result.Status != pdu.OK {
			s += " " + e.result.Status.String()
		}
		return s
	case doFinish:
		return "finish"
	}
	return "?"
}

func outcomeText(r Result) string {
	s := r.Outcome.String()
	if r.ID != "" {
		s += " " + r.ID
	}
	if r.Status != pdu.OK {
		s += " " + r.Status.String()
	}
	return s
}

// table prints all that a state does.
func table(out *bytes.Buffer, name string) error {
	events := map[event]string{
		evDue: "due", evDialed: "dialed", evDialFailed: "dial failed", evBindAccepted: "bind accepted", evBindRefused: "bind refused", evLost: "lost",
		evSilent: "silent", evPeerUnbind: "peer unbinds", evStop: "stop", evDrained: "drained", evUnbound: "unbound",
	}
	acts := map[act]string{
		actDial: "dial", actBind: "bind", actUnbind: "unbind", actAnswerUnbind: "answer unbind", actHangUp: "hang up", actBackoff: "back off", actFinish: "finish",
	}
	for s := Waiting; s <= Ended; s++ {
		if s.String() != name {
			continue
		}
		for ev := evDue; ev <= evUnbound; ev++ {
			next, todo, ok := s.Step(ev)
			if !ok {
				continue
			}
			var names []string
			for _, a := range todo {
				names = append(names, acts[a])
			}
			fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %-14s → %-10s %s", events[ev], next, strings.Join(names, ", ")), " "))
		}
		return nil
	}
	return fmt.Errorf("no state %q", name)
}
