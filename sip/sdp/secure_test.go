package sdp

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Lines of the tests.
const (
	line80  = "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4\r\n"
	line32  = "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "\r\n"
	line256 = "a=crypto:9 AES_CM_256_HMAC_SHA1_80 inline:" + key46 + "\r\n"
	noCrypt = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP\r\n"
)

func secureLocal(s Security) Local {
	l := local()
	l.Security, l.Crypto = s, NewCrypto(counting())
	return l
}

// TestSDESAnswer: each policy against each kind of line.
func TestSDESAnswer(t *testing.T) {
	t.Parallel()
	avp, savp := "m=audio 5004 RTP/AVP 8\r\n", "m=audio 5004 RTP/SAVP 8\r\n"
	tests := []struct {
		name, offer            string
		off, offered, required string // what is answered: proto and crypto up to the key; "" = 488
	}{
		{"plain", avp, "RTP/AVP", "RTP/AVP", ""},
		{"optimistic", avp + line80, "RTP/AVP", "RTP/AVP 4 AES_CM_128_HMAC_SHA1_80 |1:4", "RTP/AVP 4 AES_CM_128_HMAC_SHA1_80 |1:4"},
		{"secure", savp + line80, "", "RTP/SAVP 4 AES_CM_128_HMAC_SHA1_80 |1:4", "RTP/SAVP 4 AES_CM_128_HMAC_SHA1_80 |1:4"},
		{"our order decides", savp + line32 + line80, "", "RTP/SAVP 4 AES_CM_128_HMAC_SHA1_80 |1:4", "RTP/SAVP 4 AES_CM_128_HMAC_SHA1_80 |1:4"},
		{"AES-256 keeps its spelling", savp + line32 + line256, "", "RTP/SAVP 9 AES_CM_256_HMAC_SHA1_80", "RTP/SAVP 9 AES_CM_256_HMAC_SHA1_80"},
		{"secure without keys", savp, "", "", ""},
		{"secure in name only", savp + noCrypt, "", "", ""},
		{"optimistic in name only", avp + noCrypt, "RTP/AVP", "RTP/AVP", ""},
		{"the bad line is passed over", savp + noCrypt + line32, "", "RTP/SAVP 2 AES_CM_128_HMAC_SHA1_32", "RTP/SAVP 2 AES_CM_128_HMAC_SHA1_32"},
		{"feedback profile", "m=audio 5004 RTP/SAVPF 8\r\n" + line32, "", "RTP/SAVPF 2 AES_CM_128_HMAC_SHA1_32", "RTP/SAVPF 2 AES_CM_128_HMAC_SHA1_32"},
		{"DTLS", "m=audio 5004 UDP/TLS/RTP/SAVPF 8\r\n" + line32, "", "", ""},
		{"plain line before the secure one", avp + savp + line32, "RTP/AVP", "RTP/SAVP 2 AES_CM_128_HMAC_SHA1_32", "RTP/SAVP 2 AES_CM_128_HMAC_SHA1_32"},
		{"secure line without our codec", "m=audio 5004 RTP/SAVP 18\r\n" + line32 + avp, "RTP/AVP", "RTP/AVP", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for policy, want := range map[Security]string{SecurityOff: tt.off, SecurityOffered: tt.offered, SecurityRequired: tt.required} {
				l := secureLocal(policy)
				answer, a, err := Answer(mustParse(t, head+tt.offer), l)
				if want == "" {
					if !errors.Is(err, ErrNotAcceptable) {
						t.Errorf("%s: %v, %v; want 488", policy, a, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", policy, err)
					continue
				}
				if got := protection(t, answer); got != want {
					t.Errorf("%s: %q, want %q", policy, got, want)
				}
				if (a.Crypto != nil) != strings.Contains(want, "AES") {
					t.Errorf("%s: agreed on %v", policy, a.Crypto)
				}
			}
		})
	}
}

// protection tells profile and crypto of the live line, without the key.
func protection(t *testing.T, s *Session) string {
	t.Helper()
	for i := range s.Media {
		m := &s.Media[i]
		if m.Port == 0 {
			continue
		}
		var text strings.Builder
		text.WriteString(m.Proto)
		for _, a := range m.Attrs {
			if a.Name == cryptoName {
				before, after, _ := strings.Cut(a.Value, " inline:")
				_, after, cut := strings.Cut(after, "|")
				if text.WriteString(" " + before); cut {
					text.WriteString(" |" + after)
				}
			}
		}
		return text.String()
	}
	return ""
}

// TestSDESOffer: what each policy offers, and what answers to it mean.
func TestSDESOffer(t *testing.T) {
	t.Parallel()
	const all = " 1 AES_CM_128_HMAC_SHA1_80 2 AES_256_CM_HMAC_SHA1_80 3 AES_CM_128_HMAC_SHA1_32"
	for policy, want := range map[Security]string{SecurityOff: "RTP/AVP", SecurityOffered: "RTP/AVP" + all, SecurityRequired: "RTP/SAVP" + all} {
		if got := protection(t, Offer(secureLocal(policy))); got != want {
			t.Errorf("%s offers %q, want %q", policy, got, want)
		}
	}
	tests := []struct {
		name, answer      string
		offered, required string // suites of both directions, "plain", or "" = no media
	}{
		{"taken", "m=audio 5004 RTP/AVP 8\r\na=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "\r\n", "3 AES_CM_128_HMAC_SHA1_32", "3 AES_CM_128_HMAC_SHA1_32"},
		{"taken with an MKI", "m=audio 5004 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^31|1:1\r\n", "1 AES_CM_128_HMAC_SHA1_80", "1 AES_CM_128_HMAC_SHA1_80"},
		{"under a tag of its own", "m=audio 5004 RTP/SAVP 8\r\na=crypto:7 AES_256_CM_HMAC_SHA1_80 inline:" + key46 + "\r\n", "2 AES_256_CM_HMAC_SHA1_80", "2 AES_256_CM_HMAC_SHA1_80"},
		{"not taken", "m=audio 5004 RTP/AVP 8\r\n", "plain", ""},
		{"secure without keys", "m=audio 5004 RTP/SAVP 8\r\n", "", ""},
		{"with what cannot be used", "m=audio 5004 RTP/AVP 8\r\n" + noCrypt, "", ""},
		{"refused", "m=audio 0 RTP/SAVP 8\r\n", "", ""},
	}
	for _, tt := range tests {
		for policy, want := range map[Security]string{SecurityOffered: tt.offered, SecurityRequired: tt.required} {
			l := secureLocal(policy)
			a, err := Conclude(Offer(l), mustParse(t, head+tt.answer), l)
			got := ""
			switch {
			case err != nil:
				if !errors.Is(err, ErrNotAcceptable) {
					t.Errorf("%s, %s: %v", tt.name, policy, err)
				}
			case a.Crypto == nil:
				got = "plain"
			default:
				got = fmt.Sprint(a.Crypto.Send.Tag, " ", a.Crypto.Send.Suite)
				if a.Crypto.Recv.Suite != a.Crypto.Send.Suite || len(a.Crypto.Send.Keys[0].MKI) != 0 {
					t.Errorf("%s, %s: %v", tt.name, policy, a.Crypto)
				}
			}
			if got != want {
				t.Errorf("%s, %s: %q, want %q", tt.name, policy, got, want)
			}
		}
	}
}

// TestSDESRefreshKeepsKeys: a refresh either way says the same keys; a new key or address of the far end asks for new ones.
func TestSDESRefreshKeepsKeys(t *testing.T) {
	t.Parallel()
	l := secureLocal(SecurityOffered)
	text := head + "m=audio 5004 RTP/AVP 8\r\n" + line32 + line80
	offer := mustParse(t, text)
	answer, first, err := Answer(offer, l)
	if err != nil {
		t.Fatal(err)
	}
	again, second, err := Answer(offer, l)
	if err != nil || !bytes.Equal(again.Marshal(), answer.Marshal()) || !second.Crypto.Send.Equal(first.Crypto.Send) {
		t.Errorf("a refresh of theirs changed the answer:\n%s\n%s", answer.Marshal(), again.Marshal())
	}
	if got := Reoffer(answer, l); protection(t, got) != "RTP/AVP 4 AES_CM_128_HMAC_SHA1_80 |1:4" {
		t.Errorf("our refresh offers %s", protection(t, got))
	}
	for name, c := range map[string]struct {
		offer string
		want  bool
	}{
		"same":            {text, false},
		"hold":            {text + "a=sendonly\r\n", false},
		"hold by address": {strings.Replace(text, "c=IN IP4 198.51.100.9", "c=IN IP4 0.0.0.0", 1), false},
		"another port":    {strings.Replace(text, "5004", "5008", 1), false},
		"another address": {strings.Replace(text, "c=IN IP4 198.51.100.9", "c=IN IP4 198.51.100.77", 1), true},
		"another key":     {strings.ReplaceAll(text, key30, "AAAA"+key30[4:]), true},
		"plain now":       {head + "m=audio 5004 RTP/AVP 8\r\n", true},
	} {
		if got := first.Rekeyed(mustParse(t, c.offer)); got != c.want {
			t.Errorf("%s: rekeyed %v, want %v", name, got, c.want)
		}
	}
	plain := Agreement{Remote: netip.MustParseAddrPort("198.51.100.9:5004")}
	if plain.Rekeyed(offer) {
		t.Error("a plain session has no keys to renew")
	}

	l.Crypto = NewCrypto(func(b []byte) { copy(b, bytes.Repeat([]byte{9}, len(b))) })
	rekeyed := Reoffer(answer, l)
	if cs := rekeyed.Media[0].Cryptos(); len(cs) != 3 || cs[0].Keys[0].Master[0] != 9 {
		t.Errorf("a re-key of ours offers %v", cs)
	}
	noKeys, _, err := Answer(mustParse(t, head+"m=audio 5004 RTP/AVP 8\r\n"), l)
	if err != nil || protection(t, Reoffer(noKeys, l)) != "RTP/AVP" {
		t.Errorf("after a plain answer we offer %q, %v", protection(t, Reoffer(noKeys, l)), err)
	}
}

// TestSDESBothSidesAgree: whatever the policies, either both sides have the same two keys or both have none.
func TestSDESBothSidesAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom([]Security{SecurityOff, SecurityOffered, SecurityRequired})
		a, b := secureLocal(policy.Draw(t, "a")), secureLocal(policy.Draw(t, "b"))
		b.Crypto = NewCrypto(func(k []byte) { copy(k, bytes.Repeat([]byte{7}, len(k))) })
		b.Crypto = b.Crypto[rapid.IntRange(0, len(b.Crypto)-1).Draw(t, "skip"):]
		offer := Offer(a)
		answer, bAgreed, err := Answer(offer, b)
		if err != nil {
			if a.Security != b.Security && (a.Security == SecurityOff || b.Security == SecurityOff) {
				return // one wants what the other does not
			}
			t.Fatalf("%s offers, %s answers: %v", a.Security, b.Security, err)
		}
		aAgreed, err := Conclude(offer, answer, a)
		if err != nil {
			t.Fatalf("%s offers, %s answers, %s concludes: %v", a.Security, b.Security, a.Security, err)
		}
		if (aAgreed.Crypto == nil) != (bAgreed.Crypto == nil) {
			t.Fatalf("%v and %v", aAgreed.Crypto, bAgreed.Crypto)
		}
		if x, y := aAgreed.Crypto, bAgreed.Crypto; x != nil && (!x.Send.Equal(y.Recv) || !x.Recv.Equal(y.Send)) {
			t.Fatalf("%v and %v", x, y)
		}
		if b.Security == SecurityRequired && bAgreed.Crypto == nil || a.Security == SecurityRequired && aAgreed.Crypto == nil {
			t.Fatal("required, and plain")
		}
	})
}

func TestSDESPolicyWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Security{"": SecurityOff, "off": SecurityOff, "offered": SecurityOffered, "required": SecurityRequired} {
		if got, err := ParseSecurity(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := ParseSecurity("yes"); err == nil || !strings.Contains(err.Error(), "offered") {
		t.Errorf("error %v", err)
	}
}

// FuzzAnswer: no description makes either half of an exchange panic, answer other lines than asked, or lose a key.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{line80, line32, line256, noCrypt} {
		f.Add([]byte(head+"m=audio 5004 RTP/SAVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"+s), uint8(1))
		f.Add([]byte(head+"m=image 5006 udptl t38\r\nm=audio 5004 RTP/AVP 8\r\n"+s), uint8(2))
	}
	f.Fuzz(func(t *testing.T, body []byte, policy uint8) {
		s, err := Parse(body)
		if err != nil {
			return
		}
		l := secureLocal(Security(policy % 3))
		answer, a, err := Answer(s, l)
		if err == nil {
			if len(answer.Media) != len(s.Media) || l.Security == SecurityRequired && a.Crypto == nil || l.Security == SecurityOff && a.Crypto != nil {
				t.Fatalf("%s: %v", l.Security, a)
			}
			far := Local{Addr: netip.MustParseAddrPort("198.51.100.9:5004"), Codecs: l.Codecs, Security: l.Security}
			back, err := Conclude(s, answer, far)
			if err != nil || (back.Crypto == nil) != (a.Crypto == nil) {
				t.Fatalf("%s: their side %v, %v; ours %v", l.Security, back, err, a)
			}
			stable(t, answer)
			stable(t, Reoffer(answer, l))
			if a.Rekeyed(s) {
				t.Fatalf("the same offer re-keys: %v", a)
			}
		}
		if a, err := Conclude(Offer(l), s, l); err == nil && l.Security == SecurityRequired && a.Crypto == nil {
			t.Fatal("required, and plain")
		}
	})
}
