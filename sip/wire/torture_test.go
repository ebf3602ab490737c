package wire

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// torture lists the RFC 4475 messages with the answers that are right; 200 means
// that the handler saw the message, 0 that nothing is answered.
var torture = map[string][]int{
	// section 3.1.1 and others: valid
	"valid/dblreq":     {200}, // the INVITE behind it is never acted on
	"valid/esc01":      {200},
	"valid/esc02":      {501},
	"valid/escnull":    {200},
	"valid/intmeth":    {501, 400},
	"valid/longreq":    {200},
	"valid/lwsdisp":    {200},
	"valid/mpart01":    {200},
	"valid/noreason":   {0},
	"valid/semiuri":    {200},
	"valid/transports": {200},
	"valid/unreason":   {0},
	"valid/wsinv":      {200},
	// section 3.1.2 and others: invalid, or valid with a catch
	"invalid/badaspec":   {400, 200},
	"invalid/badbranch":  {200}, // an RFC 2543 client
	"invalid/baddate":    {400, 200},
	"invalid/baddn":      {400, 200},
	"invalid/badinv01":   {400},
	"invalid/badvers":    {505},
	"invalid/bcast":      {0},
	"invalid/bext01":     {420},
	"invalid/bigcode":    {0},
	"invalid/clerr":      {400},
	"invalid/cparam01":   {200},
	"invalid/cparam02":   {200},
	"invalid/escruri":    {400},
	"invalid/insuf":      {400},
	"invalid/inv2543":    {200},
	"invalid/invut":      {415},
	"invalid/ltgtruri":   {400},
	"invalid/lwsruri":    {400},
	"invalid/lwsstart":   {400},
	"invalid/mcl01":      {400},
	"invalid/mismatch01": {400},
	"invalid/mismatch02": {400, 501},
	"invalid/multi01":    {400},
	"invalid/ncl":        {400},
	"invalid/novelsc":    {416},
	"invalid/quotbal":    {400},
	"invalid/regaut01":   {200},
	"invalid/regbadct":   {200, 400},
	"invalid/regescrt":   {200},
	"invalid/scalar02":   {400},
	"invalid/scalarlg":   {0},
	"invalid/sdp01":      {406},
	"invalid/test":       {0},
	"invalid/trws":       {400},
	"invalid/unkscm":     {416},
	"invalid/unksm2":     {200, 400},
	"invalid/zeromf":     {200, 483},
}

func tortureMessages(t *testing.T) map[string][]byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/emiago/sipgo").Output()
	if err != nil {
		t.Skipf("sipgo's module, which carries the messages, is not at hand: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "sip", "testdata", "torture")
	messages := make(map[string][]byte)
	for _, kind := range []string{"valid", "invalid"} {
		files, err := filepath.Glob(filepath.Join(dir, kind, "*.dat"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no messages in %s: %v", dir, err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			messages[kind+"/"+strings.TrimSuffix(filepath.Base(f), ".dat")] = data
		}
	}
	return messages
}

func tortureEdge(t *testing.T, ip string) (*Edge, *recorder) {
	t.Helper()
	h := newRecorder()
	h.react = answer(StatusOK)
	return startEdge(t, ip, h, func(c *Config) { c.FirstMessage = 300 * time.Millisecond }), h
}

// handed returns the methods that the handler has seen, but for Call-IDs that
// are to be skipped.
func handed(h *recorder, skip func(callID string) bool) []string {
	var out []string
	for {
		select {
		case tx := <-h.requests:
			if !skip(tx.Request().CallID()) {
				out = append(out, tx.Request().Method())
			}
		case a := <-h.acks:
			out = append(out, a.Method())
		case s := <-h.strays:
			out = append(out, strconv.Itoa(s.Status()))
		default:
			return out
		}
	}
}

func TestRFC3261TortureByUDP(t *testing.T) {
	t.Parallel()
	messages := tortureMessages(t)
	e, h := tortureEdge(t, "127.0.75.31")
	// Answers go to the port of Via, which is 5060 in all messages but one.
	ports := []*peer{newPeer(t, "127.0.75.32:5060", e), newPeer(t, "127.0.75.32:5050", e)}
	sentinel := newPeer(t, "127.0.75.33:0", e)
	n := 0
	for name, data := range messages {
		ports[0].send(string(data))
		n++
		sentinel.send(sentinel.message(OPTIONS, fmt.Sprint("alive", n), fmt.Sprint(n), 1))
		sentinel.expect("SIP/2.0 200")
		want, ok := torture[name]
		if !ok {
			t.Errorf("%s has no expectation", name)
			continue
		}
		from := ports[0]
		if name == "invalid/quotbal" {
			from = ports[1]
		}
		callID := string(scan(data, e.limits(UDP)).callID)
		got := tortureAnswer(from, want, callID)
		seen := handed(h, func(id string) bool { return strings.HasPrefix(id, "alive") })
		checkTorture(t, name, want, got, seen)
	}
}

// tortureAnswer reads the final answer to a Call-ID, past retransmitted answers
// to others; where silence is right it waits a little.
func tortureAnswer(p *peer, want []int, callID string) int {
	wait := patience
	if slices.Contains(want, 0) {
		wait = 30 * time.Millisecond
	}
	for end := time.Now().Add(wait); time.Now().Before(end); {
		msg := p.read(time.Until(end))
		if status := statusOf(msg); status >= 200 && headerOf(msg, "Call-ID") == callID {
			return status
		}
	}
	return 0
}

func statusOf(msg string) int {
	if len(msg) < 12 || !strings.HasPrefix(msg, "SIP/2.0 ") {
		return -1
	}
	n, err := strconv.Atoi(msg[8:11])
	if err != nil {
		return -1
	}
	return n
}

// checkTorture compares the answer, and that the handler saw the request only
// when that was right.
func checkTorture(t *testing.T, name string, want []int, got int, seen []string) {
	t.Helper()
	if !slices.Contains(want, got) {
		t.Errorf("%s: answered %d, want one of %v", name, got, want)
	}
	allowed := 0
	if got == 200 {
		allowed = 1
	}
	if len(seen) > allowed {
		t.Errorf("%s: the handler saw %v", name, seen)
	}
}

func TestRFC3261TortureByTCP(t *testing.T) {
	t.Parallel()
	messages := tortureMessages(t)
	e, h := tortureEdge(t, "127.0.75.35")
	for name, data := range messages {
		want := torture[name]
		conn, err := net.Dial("tcp4", e.Addr(TCP).String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(data); err != nil {
			t.Fatal(err)
		}
		switch name {
		case "invalid/clerr": // the rest of the body never comes: closed after the time-out
			want = []int{0}
		case "invalid/inv2543": // no Content-Length: a stream cannot frame it
			want = []int{400}
		case "invalid/baddn": // lacks the empty line after the headers: closed after the time-out
			want = []int{0}
		}
		wait := patience
		if slices.Contains(want, 0) && name != "invalid/clerr" && name != "invalid/baddn" {
			wait = 30 * time.Millisecond
		}
		got := firstFinal(conn, wait)
		_ = conn.Close()
		// On a stream the INVITE behind dblreq is a message of its own, and the
		// bytes behind that end the connection.
		callID := string(scan(data, e.limits(UDP)).callID)
		if seen := handed(h, func(id string) bool { return id != callID }); name != "valid/dblreq" {
			checkTorture(t, name, want, got, seen)
		}
		again, err := net.Dial("tcp4", e.Addr(TCP).String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Write([]byte(requestText(OPTIONS, again.LocalAddr().String(), "TCP", e.Addr(TCP).String(), "alive-"+name, "a", 1))); err != nil {
			t.Fatal(err)
		}
		if got := firstFinal(again, patience); got != 200 {
			t.Errorf("after %s an OPTIONS got %d", name, got)
		}
		_ = again.Close()
	}
}

// firstFinal reads a stream until a final answer, its end or the wait.
func firstFinal(conn net.Conn, wait time.Duration) int {
	_ = conn.SetReadDeadline(time.Now().Add(wait))
	var all strings.Builder
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		all.WriteString(string(b[:n]))
		for part := range strings.SplitSeq(all.String(), "\r\n\r\n") {
			if status := statusOf(part); status >= 200 {
				return status
			}
		}
		if err != nil {
			return 0
		}
	}
}
