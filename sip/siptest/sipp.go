package siptest

import (
	"bytes"
	"embed"
	"encoding/csv"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

//go:embed testdata/sipp/*.xml
var sippScenarios embed.FS

// SIPP describes a run of Debian's sipp. Scenarios, by name:
//
//	caller           INVITE, talk [talk] ms, BYE
//	caller_patient   INVITE, talks until the far end hangs up
//	caller_cancel_trying   CANCEL at the 180, at the latest [after] ms after the 100; takes 487
//	caller_cancel_ringing  CANCEL [after] ms after the 180, takes 487
//	caller_keys      INVITE, presses [digit] by play_dtmf (payload type 96), BYE after [talk] ms
//	caller_100rel    requires 100rel; PRACK [after] ms after a [provisional], then caller
//	caller_brief     asks for a session of 60 s, takes the 422 and asks again, then caller
//	answer           180 for [ring] ms, 200, until the far end hangs up
//	answer_bye       the same, but hangs up itself after [talk] ms
//	answer_100rel    a reliable 183 with the description, 200 without one after its PRACK
//	answer_challenge 401 first; the next INVITE must prove [user] and [password]
//	press            answer, then [digit] after [after] ms by RFC 4733, payload type 101
//	press_info       the same by SIP INFO, application/dtmf-relay
//	press_bye        press, then hangs up itself after [talk] ms
//	refuse           [status] [reason] at once
//	ring             180 and nothing more; takes the CANCEL
//	silent           no SIP answer at all
//
// sipp takes an answer between two sends for an error, so INVITE and CANCEL back
// to back are a job for [UA].
//
// press, press_bye and caller_keys send RTP through a raw socket, for which
// sipp must run as root or with CAP_NET_RAW.
type SIPP struct {
	Scenario  string
	Peer      netip.AddrPort    // whom a caller calls; zero for those who wait
	Transport string            // "udp" (default) or "tcp"
	Service   string            // user part that a caller dials; default "112"
	Calls     int               // how many, then it ends; default 1
	Rate      int               // calls a second; default 10
	Limit     int               // calls at a time; default as sipp
	Set       map[string]string // overrides the [words] of the scenario
	Args      []string          // further sipp options
}

// sippWords are the defaults of the words in the scenarios.
func sippWords() map[string]string {
	return map[string]string{
		"ring": "200", "talk": "500", "after": "100", "digit": "1", "status": "486", "reason": "Busy Here",
		"caller": "+79161234567", "provisional": "180", "user": "vahta", "password": "secret",
	}
}

// SIPPRun is sipp at work.
type SIPPRun struct {
	*child
	addr netip.AddrPort
	dir  string
}

// SIPPStats is what sipp counted.
type SIPPStats struct {
	Created, Successful, Failed int
	Exit                        int // 0 = all calls went as the scenario says
}

// StartSIPP runs sipp on free loopback ports until its calls are done or the
// test ends. One that waits for calls is reachable when StartSIPP returns.
func StartSIPP(tb testing.TB, cfg SIPP) *SIPPRun {
	tb.Helper()
	dir := tb.TempDir()
	text, err := sippScenarios.ReadFile("testdata/sipp/" + cfg.Scenario + ".xml")
	if err != nil {
		tb.Fatalf("find the sipp scenario %q: %v", cfg.Scenario, err)
	}
	words := sippWords()
	maps.Copy(words, cfg.Set)
	writeFile(tb, filepath.Join(dir, "scenario.xml"), fillWords(text, words))
	writeFile(tb, filepath.Join(dir, "key.pcap"), keyPcap(words["digit"], sippEventPT))

	port := freePorts(tb, 8) // SIP, a gap, audio and video with RTCP: sipp opens all of them
	r := &SIPPRun{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port), dir: dir}
	r.child = startChild(tb, "sipp", "sip-tester", dir, cfg.args(port)...)
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("sipp %s:\n%s\n%s", cfg.Scenario, r.text(), r.errors())
		}
	})
	network := "udp"
	if cfg.Transport == "tcp" {
		network = "tcp"
	}
	if !cfg.Peer.IsValid() {
		r.awaitPort(network, port)
	}
	return r
}

// args is the command line.
func (c SIPP) args(port uint16) []string {
	args := []string{
		"-sf", "scenario.xml", "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", strconv.Itoa(int(port)), "-mp", strconv.Itoa(int(port) + 2),
		"-m", strconv.Itoa(max(1, c.Calls)), "-r", strconv.Itoa(max(1, c.Rate)), "-nostdin",
		"-trace_msg", "-message_file", "messages.log", "-trace_err", "-error_file", "errors.log",
		"-trace_stat", "-stf", "stats.csv", "-fd", "1",
	}
	if c.Rate == 0 {
		args[slices.Index(args, "-r")+1] = "10"
	}
	if c.Limit > 0 {
		args = append(args, "-l", strconv.Itoa(c.Limit))
	}
	if c.Transport == "tcp" {
		args = append(args, "-t", "t1")
	}
	args = append(args, c.Args...)
	if c.Peer.IsValid() {
		service := c.Service
		if service == "" {
			service = "112"
		}
		args = append(args, "-s", service, c.Peer.String())
	}
	return args
}

// fillWords replaces the [words] of a scenario; sipp's own stay.
func fillWords(text []byte, words map[string]string) []byte {
	var pairs []string
	for name, value := range words {
		pairs = append(pairs, "["+name+"]", value)
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(text)))
}

func writeFile(tb testing.TB, path string, data []byte) {
	tb.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatalf("write a file for the test: %v", err)
	}
}

// Addr is where sipp listens.
func (r *SIPPRun) Addr() netip.AddrPort { return r.addr }

// URI is sipp's address; transport "tcp" adds the parameter.
func (r *SIPPRun) URI(user, transport string) string {
	uri := "sip:" + user + "@" + r.addr.String()
	if transport == "tcp" {
		uri += ";transport=tcp"
	}
	return uri
}

// Wait waits for the end of all calls and returns what sipp counted.
func (r *SIPPRun) Wait() SIPPStats {
	r.tb.Helper()
	stats := SIPPStats{Exit: r.wait()}
	file, err := os.ReadFile(filepath.Join(r.dir, "stats.csv"))
	if err != nil {
		r.tb.Fatalf("read sipp's statistics: %v; its output:\n%s\n%s", err, r.text(), r.errors())
	}
	if err := stats.read(file); err != nil {
		r.tb.Fatalf("read sipp's statistics: %v", err)
	}
	return stats
}

// WaitAllGood is Wait, and fails the test unless each call went as the scenario
// says.
func (r *SIPPRun) WaitAllGood() SIPPStats {
	r.tb.Helper()
	stats := r.Wait()
	if stats.Exit != 0 || stats.Failed != 0 || stats.Successful == 0 {
		r.tb.Errorf("sipp: %+v, want only successful calls:\n%s\n%s", stats, r.text(), r.errors())
	}
	return stats
}

// Stop ends sipp at once.
func (r *SIPPRun) Stop() { r.kill() }

// read takes the totals from the last line of the statistics file.
func (s *SIPPStats) read(file []byte) error {
	in := csv.NewReader(bytes.NewReader(file))
	in.Comma, in.FieldsPerRecord = ';', -1
	rows, err := in.ReadAll()
	if err != nil || len(rows) < 2 {
		return fmt.Errorf("want a header and a line of figures, got %d lines: %w", len(rows), err)
	}
	last := rows[len(rows)-1]
	for name, into := range map[string]*int{
		"TotalCallCreated": &s.Created, "SuccessfulCall(C)": &s.Successful, "FailedCall(C)": &s.Failed,
	} {
		at := slices.Index(rows[0], name)
		if at < 0 || at >= len(last) {
			return fmt.Errorf("column %s is missing", name)
		}
		if *into, err = strconv.Atoi(last[at]); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	return nil
}

// errors is sipp's error file.
func (r *SIPPRun) errors() string {
	text, _ := os.ReadFile(filepath.Join(r.dir, "errors.log")) // it exists only when there were errors
	return string(text[max(0, len(text)-4000):])
}

// sippMark is the line before each message of sipp's trace:
// "UDP message received [455] bytes :".
var sippMark = regexp.MustCompile(`(?m)^\w+ message (received|sent) [\[(](\d+)[\])] bytes ?:\r?\n\r?\n`)

// Messages are the messages sipp has received, in order.
func (r *SIPPRun) Messages() []Message { return r.traced("received") }

// Sent are the messages sipp has sent, in order.
func (r *SIPPRun) Sent() []Message { return r.traced("sent") }

func (r *SIPPRun) traced(which string) []Message {
	text, _ := os.ReadFile(filepath.Join(r.dir, "messages.log")) // absent until the first message
	var out []Message
	for _, m := range sippMark.FindAllSubmatchIndex(text, -1) {
		n, _ := strconv.Atoi(string(text[m[4]:m[5]]))
		if string(text[m[2]:m[3]]) != which {
			continue
		}
		if msg, err := ParseMessage(text[m[1]:min(len(text), m[1]+n)]); err == nil {
			out = append(out, msg)
		}
	}
	return out
}
