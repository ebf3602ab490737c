package sdp

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func local() Local {
	return Local{
		Addr:   netip.MustParseAddrPort("192.0.2.1:40000"),
		Codecs: []Codec{PCMA(), PCMU(), TelephoneEvent()},
		Origin: Origin{ID: 7, Version: 1},
	}
}

func lines(l ...string) []byte { return []byte(strings.Join(l, "\r\n") + "\r\n") }

const head = "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n"

func mustParse(t *testing.T, text string) *Session {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRFC3264NotAcceptable(t *testing.T) {
	t.Parallel()
	for name, offer := range map[string]string{
		"only fax":           head + "m=image 5006 udptl t38\r\n",
		"only secure":        head + "m=audio 5004 RTP/SAVP 8\r\n",
		"only foreign codec": head + "m=audio 5004 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n",
		"disabled":           head + "m=audio 0 RTP/AVP 8\r\n",
		"no lines":           head,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := Answer(mustParse(t, offer), local()); !errors.Is(err, ErrNotAcceptable) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestBlocked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		conn string
		own  string
		want Blocked
	}{
		{"IN IP4 198.51.100.9", "192.0.2.1", NotBlocked},
		{"IN IP4 10.1.2.3", "192.0.2.1", NotBlocked},
		{"IN IP4 127.0.0.1", "192.0.2.1", BlockedScope},
		{"IN IP4 127.0.0.9", "127.0.0.1", NotBlocked},
		{"IN IP4 169.254.169.254", "192.0.2.1", BlockedScope},
		{"IN IP4 media.example.com", "192.0.2.1", BlockedNoAddress},
		{"IN IP6 ::", "2001:db8::1", BlockedUnspecified},
		{"IN IP6 2001:db8::9", "2001:db8::1", NotBlocked},
		{"IN IP4 0.0.0.0", "192.0.2.1", BlockedUnspecified},
		{"IN IP6 ::ffff:127.0.0.1", "192.0.2.1", BlockedScope},
		{"IN IP6 ::1", "2001:db8::1", BlockedScope},
		{"IN IP6 fe80::1", "2001:db8::1", BlockedScope},
		{"IN IP6 2001:db8::9", "192.0.2.1", BlockedFamily},
		{"IN IP4 198.51.100.9", "2001:db8::1", BlockedFamily},
	}
	for _, tt := range tests {
		t.Run(tt.conn, func(t *testing.T) {
			t.Parallel()
			l := local()
			l.Addr = netip.AddrPortFrom(netip.MustParseAddr(tt.own), 40000)
			_, a, err := Answer(mustParse(t, "v=0\r\nm=audio 5004 RTP/AVP 8\r\nc="+tt.conn+"\r\n"), l)
			if err != nil {
				t.Fatal(err)
			}
			if a.Blocked != tt.want || a.Remote.IsValid() != (tt.want == NotBlocked) {
				t.Errorf("blocked %v, remote %v; want %v", a.Blocked, a.Remote, tt.want)
			}
		})
	}
}

// TestForbiddenTargets: sound to a group or to everybody is refused in whatever part of an exchange it comes, and the
// next line that can be used is taken instead.
func TestForbiddenTargets(t *testing.T) {
	t.Parallel()
	for _, conn := range []string{"IN IP4 224.0.0.9", "IN IP4 224.2.1.1/127", "IN IP4 239.255.255.255", "IN IP4 255.255.255.255", "IN IP6 ff02::1", "IN IP6 ::ffff:224.0.0.9"} {
		line := "m=audio 5004 RTP/AVP 8\r\nc=" + conn + "\r\n"
		if _, a, err := Answer(mustParse(t, head+line), local()); !errors.Is(err, ErrNotAcceptable) {
			t.Errorf("offer with %s: %+v, %v", conn, a, err)
		}
		if a, err := Conclude(Offer(local()), mustParse(t, head+line), local()); !errors.Is(err, ErrNotAcceptable) {
			t.Errorf("answer with %s: %+v, %v", conn, a, err)
		}
		answer, a, err := Answer(mustParse(t, head+line+"m=audio 5008 RTP/AVP 0\r\n"), local())
		if err != nil || a.Remote.Port() != 5008 || answer.Media[0].Port != 0 {
			t.Errorf("%s before a good line: %+v, %v", conn, a, err)
		}
	}
}

func TestRTCPPort(t *testing.T) {
	t.Parallel()
	for attr, want := range map[string]string{
		"":                                    "198.51.100.9:5005",
		"a=rtcp:6000\r\n":                     "198.51.100.9:6000",
		"a=rtcp:6000 IN IP4 198.51.100.7\r\n": "198.51.100.7:6000",
		"a=rtcp:6000 IN IP4 224.0.0.1\r\n":    "invalid AddrPort",
		"a=rtcp:x\r\n":                        "198.51.100.9:5005",
	} {
		_, a, err := Answer(mustParse(t, head+"m=audio 5004 RTP/AVP 8\r\n"+attr), local())
		if err != nil {
			t.Fatal(err)
		}
		if got := a.RemoteRTCP.String(); got != want {
			t.Errorf("%q: RTCP to %s, want %s", attr, got, want)
		}
	}
}

func TestPTAsymmetryConclude(t *testing.T) {
	t.Parallel()
	offer := Offer(local())
	answer := mustParse(t, head+"m=audio 5004 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\na=recvonly\r\n")
	a, err := Conclude(offer, answer, local())
	if err != nil {
		t.Fatal(err)
	}
	if !a.Codec.Is(PCMU()) || a.EventPT != 96 || a.RecvEventPT != 101 || a.PTime != 30 || a.Direction != SendOnly || a.Held {
		t.Errorf("%+v", a)
	}
	bare := mustParse(t, head+"m=audio 5004 RTP/AVP 8 101\r\n") // no rtpmap: our own meaning
	if a, err = Conclude(offer, bare, local()); err != nil || a.EventPT != 101 || a.Codec.PT != 8 {
		t.Errorf("%+v, %v", a, err)
	}
	for _, refusal := range []string{"m=audio 0 RTP/AVP 8\r\n", "m=audio 5004 RTP/AVP 18\r\n", "m=image 5004 udptl t38\r\n", ""} {
		if _, err := Conclude(offer, mustParse(t, head+refusal), local()); !errors.Is(err, ErrNotAcceptable) {
			t.Errorf("%q: error is %v", refusal, err)
		}
	}
}

func TestRFC3264ReofferKeepsLines(t *testing.T) {
	t.Parallel()
	first := mustParse(t, head+"m=image 5006 udptl t38\r\nm=audio 5004 RTP/AVP 8\r\n")
	answer, _, err := Answer(first, local())
	if err != nil {
		t.Fatal(err)
	}
	l := local()
	l.Direction = SendOnly
	l.Origin.Version++
	again := Reoffer(answer, l)
	if len(again.Media) != 2 || again.Media[0].Port != 0 || again.Media[1].Port != 40000 ||
		again.Direction(&again.Media[1]) != SendOnly || again.Origin.Version != 2 {
		t.Errorf("%s", again.Marshal())
	}
}

func TestParseTolerance(t *testing.T) {
	t.Parallel()
	want := "v=0\r\no=- 0 0 IN IP4 198.51.100.9\r\ns=-\r\nt=0 0\r\nm=audio 5004 rtp/avp 8\r\nc=IN IP4 198.51.100.9\r\na=sendrecv\r\n"
	for name, text := range map[string]string{
		"LF only":          "v=0\no=- 0 0 IN IP4 198.51.100.9\ns=-\nt=0 0\nm=audio 5004 rtp/avp 8\nc=IN IP4 198.51.100.9\na=sendrecv\n",
		"no last line end": "v=0\r\no=- 0 0 IN IP4 198.51.100.9\r\nm=audio 5004 rtp/avp 8\r\nc=IN IP4 198.51.100.9\r\na=sendrecv",
		"negative id":      "v=0\r\no=- -5 x IN IP4 198.51.100.9\r\nm=audio 5004 rtp/avp 8\r\nc=IN IP4 198.51.100.9\r\na=sendrecv\r\n",
		"several c=":       "o=- 0 0 IN IP4 198.51.100.9\r\nm=audio 5004/2 rtp/avp 8\r\nc=IN IP4 198.51.100.9/127\r\nc=IN IP4 198.51.100.8\r\na=sendrecv\r\n",
		"unknown and b=":   "v=0\r\nq=what\r\no=- 0 0 IN IP4 198.51.100.9\r\nm=audio 5004 rtp/avp 8\r\na=sendrecv\r\nb=AS:64\r\nc=IN IP4 198.51.100.9\r\njunk\r\n",
	} {
		if got := string(mustParse(t, text).Marshal()); got != want {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"empty":      nil,
		"junk":       []byte("hello\r\n"),
		"port":       []byte("v=0\r\nm=audio 70000 RTP/AVP 8\r\n"),
		"minus port": []byte("v=0\r\nm=audio -1 RTP/AVP 8\r\n"),
		"short m=":   []byte("v=0\r\nm=audio 5004\r\n"),
		"33 lines":   []byte("v=0\r\n" + strings.Repeat("m=audio 5004 RTP/AVP 8\r\n", 33)),
		"too long":   []byte("v=0\r\n" + strings.Repeat("a=x\r\n", 4000)),
		"many lines": []byte("v=0\n" + strings.Repeat("a=\n", 2000)),
	} {
		if _, err := Parse(body); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for d := SendRecv; d <= Inactive; d++ {
		if got, ok := parseDirection(d.String()); !ok || got != d || d.Reverse().Reverse() != d {
			t.Errorf("%v", d)
		}
	}
	if got := BlockedPort.String() + Blocked(99).String() + Direction(99).String(); got != "port 0blocked(99)direction(99)" {
		t.Error(got)
	}
}

// sessions draws descriptions as a tolerant parser may meet them.
func sessions(t *rapid.T) string {
	line := rapid.SampledFrom([]string{
		"v=0", "o=- 1 2 IN IP4 198.51.100.9", "o=x -1", "s=", "s= a b ", "c=IN IP4 198.51.100.9", "c=IN IP6 2001:db8::1",
		"c=IN IP4 224.2.1.1/127/3", "c=IN IP4 0.0.0.0", "c=host.example", "t=0 0", "b=AS:64", "a=sendonly", "a=inactive", "a=ptime:30",
		"a=rtpmap:101 telephone-event/8000", "a=rtpmap:96 PCMA/8000", "a= rtcp : 6000 ", "a=:x", "m=audio 5004 RTP/AVP 8 0 101",
		"m=audio 5004 rtp/avp 96 101", "m=video 5006 RTP/AVP 97", "m=image 5008 udptl t38", "m=audio 0 RTP/AVP 8", "zzz", "\x00", "a=x\ry",
	})
	end := rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "end")
	return "v=0" + end + strings.Join(rapid.SliceOfN(line, 0, 24).Draw(t, "lines"), end)
}

func TestMarshalParseStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, err := Parse([]byte(sessions(t)))
		if err != nil {
			t.Fatal(err)
		}
		stable(t, s)
	})
}

type fataler interface{ Fatalf(string, ...any) }

func stable(t fataler, s *Session) {
	once := s.Marshal()
	again, err := Parse(once)
	if err != nil {
		t.Fatalf("%v\n%q", err, once)
	}
	if twice := again.Marshal(); string(once) != string(twice) {
		t.Fatalf("%q\n%q", once, twice)
	}
}

func TestAnswerMatchesOffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		offer, err := Parse([]byte(sessions(t)))
		if err != nil {
			t.Fatal(err)
		}
		matches(t, offer)
	})
}

func matches(t fataler, offer *Session) {
	l := local()
	answer, a, err := Answer(offer, l)
	if err != nil {
		return
	}
	if len(answer.Media) != len(offer.Media) {
		t.Fatalf("%d lines for %d", len(answer.Media), len(offer.Media))
	}
	live := 0
	for i := range answer.Media {
		if answer.Media[i].Kind != offer.Media[i].Kind || answer.Media[i].Proto != offer.Media[i].Proto {
			t.Fatalf("line %d changed its kind", i)
		}
		if answer.Media[i].Port != 0 {
			live++
			if got := answer.Direction(&answer.Media[i]); got != a.Direction {
				t.Fatalf("direction %v, agreed %v", got, a.Direction)
			}
		}
	}
	if live != 1 || a.Remote.IsValid() != (a.Blocked == NotBlocked) {
		t.Fatalf("%d live lines, %+v", live, a)
	}
	back, err := Conclude(offer, answer, Local{Addr: netip.MustParseAddrPort("198.51.100.9:5004"), Codecs: l.Codecs})
	if err != nil || !back.Codec.Is(a.Codec) || back.EventPT != a.RecvEventPT {
		t.Fatalf("their side: %+v, %v; ours %+v", back, err, a)
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := Parse(body)
		if err != nil {
			return
		}
		if len(s.Media) > MaxMedia {
			t.Fatalf("%d media lines", len(s.Media))
		}
		stable(t, s)
		matches(t, s)
	})
}

func BenchmarkParseAnswerMarshal(b *testing.B) {
	offer := lines("v=0", "o=- 1 1 IN IP4 198.51.100.9", "s=-", "c=IN IP4 198.51.100.9", "t=0 0",
		"m=audio 5004 RTP/AVP 8 0 18 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:18 G729/8000",
		"a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:20", "a=sendrecv")
	l := local()
	b.ReportAllocs()
	for b.Loop() {
		s, err := Parse(offer)
		if err != nil {
			b.Fatal(err)
		}
		answer, _, err := Answer(s, l)
		if err != nil {
			b.Fatal(err)
		}
		answer.Marshal()
	}
}
