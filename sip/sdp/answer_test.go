package sdp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answerCase is an offer and what comes of it.
type answerCase struct {
	name  string
	offer string
	want  Agreement
	media []string // m= lines of the answer
}

// TestCodecOrder: the first of our codecs that was offered, and it alone.
func TestCodecOrder(t *testing.T) {
	t.Parallel()
	answers(t, []answerCase{
		{
			"trunk offers 8 0 18 101", head + "m=audio 5004 RTP/AVP 8 0 18 101\r\na=rtpmap:101 telephone-event/8000\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, EventPT: 101, RecvEventPT: 101, EventClock: 8000, PTime: 20},
			[]string{"m=audio 40000 RTP/AVP 8 101"},
		},
		{
			"our preference decides", head + "m=audio 5004 RTP/AVP 0 8\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20},
			[]string{"m=audio 40000 RTP/AVP 8"},
		},
		{
			"dynamic type for PCMA, comfort noise", head + "m=audio 5004 RTP/AVP 13 110\r\na=rtpmap:110 pcma/8000/1\r\n",
			Agreement{Codec: Codec{110, "pcma", 8000}, RecvPT: 110, PTime: 20},
			[]string{"m=audio 40000 RTP/AVP 110"},
		},
	})
}

// TestT38AudioStaysBesideFax: audio and fax together are answered with audio; fax alone is not (see below).
func TestT38AudioStaysBesideFax(t *testing.T) {
	t.Parallel()
	answers(t, []answerCase{
		{
			"audio and fax", head + "m=audio 5004 RTP/AVP 0\r\nm=image 5006 udptl t38\r\n",
			Agreement{Codec: PCMU(), PTime: 20},
			[]string{"m=audio 40000 RTP/AVP 0", "m=image 0 udptl t38"},
		},
	})
}

// TestRFC3264Answer: as many lines as the offer, in its order; what we cannot take has port 0.
func TestRFC3264Answer(t *testing.T) {
	t.Parallel()
	answers(t, []answerCase{
		{
			"video first", head + "m=video 5006 RTP/AVP 96 97\r\nm=audio 5004 RTP/AVP 8\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20},
			[]string{"m=video 0 RTP/AVP 96", "m=audio 40000 RTP/AVP 8"},
		},
		{
			"second audio refused", head + "m=audio 5004 RTP/AVP 8\r\nm=audio 5008 RTP/AVP 0\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20},
			[]string{"m=audio 40000 RTP/AVP 8", "m=audio 0 RTP/AVP 0"},
		},
		{
			"secure audio refused, plain one taken", head + "m=audio 5008 RTP/SAVP 8\r\nm=audio 5004 RTP/AVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20},
			[]string{"m=audio 0 RTP/SAVP 8", "m=audio 40000 RTP/AVP 8"},
		},
		{
			"ptime and maxptime", head + "m=audio 5004 RTP/AVP 8\r\na=ptime:40\r\na=maxptime:30\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 30},
			[]string{"m=audio 40000 RTP/AVP 8"},
		},
		{
			"odd ptime", head + "m=audio 5004 RTP/AVP 8\r\na=ptime:25\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20},
			[]string{"m=audio 40000 RTP/AVP 8"},
		},
		{
			"far end only listens", head + "m=audio 5004 RTP/AVP 8\r\na=recvonly\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20, Direction: SendOnly},
			[]string{"m=audio 40000 RTP/AVP 8"},
		},
		{
			"feedback profile in lower case", head + "m=AUDIO 5004 rtp/avpf 8\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20},
			[]string{"m=audio 40000 rtp/avpf 8"},
		},
	})
}

// TestEventClock: of two telephone-events the one with the codec's clock is used.
func TestEventClock(t *testing.T) {
	t.Parallel()
	answers(t, []answerCase{
		{
			"two event clocks", head + "m=audio 5004 RTP/AVP 96 8 97 98\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/48000\r\na=rtpmap:98 telephone-event/8000\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, EventPT: 98, RecvEventPT: 98, EventClock: 8000, PTime: 20},
			[]string{"m=audio 40000 RTP/AVP 8 98"},
		},
	})
}

// TestHoldIsReadInEverySpelling and answered with the reverse direction.
func TestHoldIsReadInEverySpelling(t *testing.T) {
	t.Parallel()
	answers(t, []answerCase{
		{
			"hold by sendonly", head + "m=audio 5004 RTP/AVP 8\r\na=sendonly\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20, Direction: RecvOnly, Held: true},
			[]string{"m=audio 40000 RTP/AVP 8"},
		},
		{
			"hold by inactive of the session", head + "a=inactive\r\nm=audio 5004 RTP/AVP 8\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20, Direction: Inactive, Held: true},
			[]string{"m=audio 40000 RTP/AVP 8"},
		},
		{
			"hold by address", head + "m=audio 5004 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n",
			Agreement{Codec: PCMA(), RecvPT: 8, PTime: 20, Direction: RecvOnly, Held: true, Blocked: BlockedUnspecified},
			[]string{"m=audio 40000 RTP/AVP 8"},
		},
	})
}

func answers(t *testing.T, tests []answerCase) {
	t.Helper()
	far := netip.MustParseAddrPort("198.51.100.9:5004")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, got, err := Answer(mustParse(t, tt.offer), local())
			if err != nil {
				t.Fatal(err)
			}
			if tt.want.Blocked == NotBlocked {
				tt.want.Remote = far
				tt.want.RemoteRTCP = netip.AddrPortFrom(far.Addr(), far.Port()+1)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
				t.Error(diff)
			}
			var media []string
			for line := range strings.SplitSeq(string(answer.Marshal()), "\r\n") {
				if strings.HasPrefix(line, "m=") {
					media = append(media, line)
				}
			}
			if diff := cmp.Diff(tt.media, media); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestT38AloneIsRefused: fax without audio is 488, and the description in force stays.
func TestT38AloneIsRefused(t *testing.T) {
	t.Parallel()
	for _, fax := range []string{"m=image 5006 udptl t38\r\n", "m=audio 0 RTP/AVP 8\r\nm=image 5006 udptl t38\r\n"} {
		if _, _, err := Answer(mustParse(t, head+fax), local()); !errors.Is(err, ErrNotAcceptable) {
			t.Errorf("%q: %v", fax, err)
		}
	}
}

// TestHoldAndBack: every spelling of hold, and the offer with the same address that ends it.
func TestHoldAndBack(t *testing.T) {
	t.Parallel()
	talk := head + "m=audio 5004 RTP/AVP 8\r\n"
	for name, c := range map[string]struct {
		offer string
		ours  Direction
	}{
		"sendonly":              {talk + "a=sendonly\r\n", RecvOnly},
		"inactive":              {talk + "a=inactive\r\n", Inactive},
		"address 0.0.0.0":       {strings.Replace(talk, "c=IN IP4 198.51.100.9", "c=IN IP4 0.0.0.0", 1), RecvOnly},
		"0.0.0.0 and inactive":  {strings.Replace(talk, "c=IN IP4 198.51.100.9", "c=IN IP4 0.0.0.0", 1) + "a=inactive\r\n", Inactive},
		"session says sendonly": {head + "a=sendonly\r\nm=audio 5004 RTP/AVP 8\r\n", RecvOnly},
	} {
		answer, held, err := Answer(mustParse(t, c.offer), local())
		if err != nil || !held.Held || held.Direction != c.ours || answer.Direction(&answer.Media[0]) != c.ours {
			t.Errorf("%s: %v, %v", name, held, err)
		}
		_, back, err := Answer(mustParse(t, talk), local())
		if err != nil || back.Held || back.Direction != SendRecv || !back.Remote.IsValid() {
			t.Errorf("back from %s: %v, %v", name, back, err)
		}
	}
}

// TestIPv6Offer: an offer with an IPv6 address is told from others, and an address of the other family is never sent to.
func TestIPv6Offer(t *testing.T) {
	t.Parallel()
	for conn, six := range map[string]bool{"IN IP6 2001:db8::9": true, "IN IP4 198.51.100.9": false, "IN IP6 ::ffff:198.51.100.9": false, "IN IP4 host.example": false} {
		offer := mustParse(t, head+"m=image 5006 udptl t38\r\nm=audio 5004 RTP/AVP 8\r\nc="+conn+"\r\n")
		if offer.IPv6() != six {
			t.Errorf("%s: IPv6 %v", conn, offer.IPv6())
		}
		l := local()
		if six {
			l.Addr = netip.MustParseAddrPort("[2001:db8::1]:40000")
		}
		answer, a, err := Answer(offer, l)
		if err != nil || conn != "IN IP4 host.example" && !a.Remote.IsValid() {
			t.Errorf("%s: %v, %v", conn, a, err)
			continue
		}
		if want := map[bool]string{true: "c=IN IP6 2001:db8::1\r\n", false: "c=IN IP4 192.0.2.1\r\n"}[six]; !strings.Contains(string(answer.Marshal()), want) {
			t.Errorf("%s: answered\n%s", conn, answer.Marshal())
		}
	}
}
