//go:build !race

// The race detector takes memory and time of its own: bounds are measured
// without it, which `make test` does for this room.

package letter

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bombs are mails that cost libraries minutes or gigabytes, each with a fault
// that says what of it was not read; "" when all of it is read.
func bombs() map[string]struct {
	make  func() []byte
	fault FaultCode
} {
	type bomb = struct {
		make  func() []byte
		fault FaultCode
	}
	mixed := "From: a@x.ru\nContent-Type: multipart/mixed; boundary=b\n\n"
	rep := func(head, piece string, n int, tail string) func() []byte {
		return func() []byte { return []byte(head + strings.Repeat(piece, n) + tail) }
	}
	return map[string]bomb{
		"10,000 multiparts deep": {func() []byte {
			var b bytes.Buffer
			b.WriteString("From: a@x.ru\nContent-Type: multipart/mixed; boundary=b0\n\n")
			for i := range 10_000 {
				fmt.Fprintf(&b, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
			}
			b.WriteString("text\n")
			return b.Bytes()
		}, FaultTooDeep},
		"10,000 mails deep":               {rep("From: a@x.ru\n", "Content-Type: message/rfc822\n\n", 10_000, "x"), FaultTooDeep},
		"mails deep, each in base64":      {nestedBase64, FaultTooLarge},
		"100,000 parts":                   {rep(mixed, "--b\nContent-Type: text/plain\n\nx\n", 100_000, "--b--\n"), FaultTooMany},
		"100,000 files":                   {rep(mixed, "--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nJVBERg==\n", 100_000, "--b--\n"), FaultTooMany},
		"10,000 headers":                  {rep("", "X-A: "+strings.Repeat("b", 20)+"\n", 10_000, "From: a@x.ru\n\ntext\n"), FaultTooMany},
		"a header of 32 MiB":              {rep("From: a@x.ru\nSubject: ", "=?utf-8?Q?=D0?= ", 2<<20, "\n\ntext\n"), FaultTooLarge},
		"folded header of 32 MiB":         {rep("From: a@x.ru\nReferences: ", " <a@b>\n", 4<<20, "\n\ntext\n"), FaultTooLarge},
		"encoded words without an end":    {rep("From: a@x.ru\nSubject: ", "=?utf-8?B?", 6000, "\n\ntext\n"), ""},
		"recipients":                      {rep("From: a@x.ru\nTo: ", "a@b.ru,", 9000, "\n\ntext\n"), ""},
		"parameters":                      {rep("From: a@x.ru\nContent-Type: text/plain", "; a*0*=b", 7000, "\n\ntext\n"), ""},
		"base64 of 32 MiB":                {rep("From: a@x.ru\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n", strings.Repeat("QUJD", 19)+"\r\n", 430_000, ""), ""},
		"base64 of 32 MiB, junk":          {rep("From: a@x.ru\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n", "Q!U.J*D ", 4<<20, ""), FaultEncoding},
		"base64 of 100 MiB":               {rep("From: a@x.ru\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n", strings.Repeat("QUJD", 19)+"\r\n", 1_340_000, ""), FaultTooLarge},
		"quoted-printable text of 32 MiB": {rep("From: a@x.ru\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n", "=D0=9F=D1=80=\n", 2<<20, ""), FaultTooLarge},
		"quoted-printable file of 32 MiB": {rep("From: a@x.ru\nContent-Type: application/pdf\nContent-Transfer-Encoding: quoted-printable\n\n", "=41=42=43=44=45=46=\n", 1_500_000, ""), ""},
		"text of 32 MiB":                  {rep("From: a@x.ru\n\n", "abc def > \n", 3<<20, ""), FaultTooLarge},
		"lines that look quoted":          {rep("From: a@x.ru\n\n", "On 2025 12:30\n", 70_000, ""), ""},
		"farewells":                       {rep("From: a@x.ru\n\nx\n", "Regards\n", 120_000, ""), ""},
		"uuencoded begins":                {rep("From: a@x.ru\n\n", "begin 644 a\n", 80_000, "end\n"), ""},
		"ticket numbers":                  {rep("From: a@x.ru\n\n", "VH-26-000011 ", 80_000, ""), ""},
		"nested HTML":                     {rep("From: a@x.ru\nContent-Type: text/html\n\n", "<div><blockquote>", 60_000, "x"), ""},
		"HTML never closed":               {rep("From: a@x.ru\nContent-Type: text/html\n\n", "<a href=\"", 110_000, ""), ""},
		"HTML attributes":                 {rep("From: a@x.ru\nContent-Type: text/html\n\n<p", " align=x", 120_000, ">x"), ""},
		"HTML images":                     {rep("From: a@x.ru\nContent-Type: text/html\n\n", "<img src=//t.ru>", 60_000, ""), ""},
		"HTML ampersands":                 {rep("From: a@x.ru\nContent-Type: text/html\n\n", "&", 1_000_000, ""), ""},
		"HTML links":                      {rep("From: a@x.ru\nContent-Type: text/html\n\n", "<a href=http://a.ru/>x", 45_000, ""), ""},
		"format=flowed":                   {rep("From: a@x.ru\nContent-Type: text/plain; format=flowed; delsp=yes\n\n", "a \n", 340_000, ""), ""},
		"TNEF of a million files":         {tnefBomb, FaultTooMany},
		"CMS never closed":                {func() []byte { return p7m("signed-data", bytes.Repeat([]byte{0x30, 0x80}, 8<<20)) }, FaultContainer},
		"CMS in a million pieces": {func() []byte {
			encap := ber(0x30, true, ber(0x06, false, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")), ber(0xa0, true, ber(0x24, true, bytes.Repeat([]byte{4, 1, 'x'}, 6<<20))))
			return p7m("signed-data", ber(0x30, true, ber(0x06, false, []byte(oidSigned)), ber(0xa0, true, ber(0x30, true, ber(0x02, false, []byte{1}), ber(0x31, false, nil), encap))))
		}, FaultContainer},
		"CR alone, 32 MiB":              {rep("From: a@x.ru\r\r", "abc\r", 8<<20, ""), FaultTooLarge},
		"NULs, 32 MiB":                  {rep("From: a@x.ru\n\n", "\x00", 32<<20, ""), FaultTooLarge},
		"random 8-bit":                  {rep("From: a@x.ru\n\n", "\xd0\xff\x80\xe2 \xb8\n", 5<<20, ""), FaultTooLarge},
		"delivery report":               {rep("From: a@x.ru\nContent-Type: message/delivery-status\n\n", "Final-Recipient: rfc822; a@b.ru\nAction: failed\n\n", 5000, ""), FaultTooMany},
		"100 multiparts around hyphens": {nestedHyphens, FaultTooDeep},
		"everything at once":            {everything, FaultTooLarge},
		"boundaries that are none": {func() []byte {
			return []byte("From: a@x.ru\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + strings.Repeat("--bx\n", 6<<20) + "--b--\n")
		}, FaultTooLarge},
	}
}

// everything is a mail that goes to several limits at once.
func everything() []byte {
	var b bytes.Buffer
	b.WriteString("From: a@x.ru\nContent-Type: multipart/mixed; boundary=b\n\n")
	for range 2 {
		b.WriteString("--b\nContent-Type: text/html\n\n" + strings.Repeat("&", 1_000_000) + "\n")
	}
	b.WriteString("--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 400_000))
	b.WriteString("\n--b\nContent-Type: text/plain\n\n" + strings.Repeat("On 2025 12:30\n", 70_000) + "\n--b--\n")
	return b.Bytes()
}

// nestedHyphens has every level search all of the text for its boundary.
func nestedHyphens() []byte {
	var b bytes.Buffer
	b.WriteString("From: a@x.ru\nContent-Type: multipart/mixed; boundary=zzzzzzzz0\n\n")
	for i := range 100 {
		fmt.Fprintf(&b, "--zzzzzzzz%d\nContent-Type: multipart/mixed; boundary=zzzzzzzz%d\n\n", i, i+1)
	}
	b.WriteString(strings.Repeat("--zzzzzzzy\n", 3<<20))
	return b.Bytes()
}

func nestedBase64() []byte {
	b := []byte("Content-Type: text/plain\n\n" + strings.Repeat("x", 1<<20))
	for range 20 {
		b = []byte("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(b) + "\n")
		if len(b) > 30<<20 {
			break
		}
	}
	for range 20 {
		b = append([]byte("Content-Type: message/rfc822\n\n"), b...)
	}
	return b
}

func tnefBomb() []byte {
	rend := attrOf(2, attRend, make([]byte, 14))
	return winmail(tnefStream(bytes.Repeat(rend, 900_000)))
}

// status reads a size in KiB from the process's own status.
func status(t *testing.T, key string) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), key+":")
	if !ok {
		t.Fatalf("no %s in the status of the process", key)
	}
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const (
	boundMemory = 64 << 10 // KiB above what the process had with the raw mail in it
	boundCPU    = time.Second
	bombKey     = "LETTER_BOMB"
)

// TestBounds reads each bomb in a process of its own and holds the memory and
// the CPU time that this took against the bounds.
func TestBounds(t *testing.T) {
	t.Parallel()
	if name := os.Getenv(bombKey); name != "" {
		explode(t, name)
		return
	}
	for name := range bombs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBounds$", "-test.v")
			cmd.Env = append(os.Environ(), bombKey+"="+name, "GOGC=100", "GOMEMLIMIT=off")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Log(strings.TrimSpace(string(out[:min(len(out), 400)])))
		})
	}
}

// explode reads one bomb in this process.
func explode(t *testing.T, name string) {
	t.Helper()
	bomb, ok := bombs()[name]
	if !ok {
		t.Fatalf("no bomb %q", name)
	}
	b, r := bomb.make(), NewReader(Config{})
	r.Read([]byte("From: a@x.ru\nContent-Type: text/html\n\n<p>warm</p>"), Envelope{})
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak starts anew
		t.Fatal(err)
	}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	before, start := status(t, "VmRSS"), cpu(t)
	l := r.Read(b, Envelope{})
	spent, peak := cpu(t)-start, status(t, "VmHWM")-before
	runtime.ReadMemStats(&is)
	runtime.KeepAlive(b)
	t.Logf("%s: %d MiB raw, %v, %d MiB more, %d MiB allocated, faults %.200v", name, len(b)>>20, spent.Round(time.Millisecond), peak>>10, (is.TotalAlloc-was.TotalAlloc)>>20, l.Faults)
	if peak > boundMemory {
		t.Errorf("%d MiB of memory", peak>>10)
	}
	if spent > boundCPU {
		t.Errorf("%v of CPU", spent)
	}
	if bomb.fault != "" && !faulty(l, bomb.fault) {
		t.Errorf("no fault %s: %v", bomb.fault, l.Faults)
	}
	if faulty(l, FaultBroken) {
		t.Errorf("the reader failed: %v", l.Faults)
	}
}
