package sdp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// key30 and key46 are the keys of the tests: 30 bytes for AES-128, 46 for AES-256.
const (
	key30 = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" // RFC 4568 §5.2
	key46 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ=="
)

// TestSDESCryptoLines: what peers write that means nothing else is understood; what would change the packets is refused.
func TestSDESCryptoLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, line string
		want       string // tag, suite, MKIs in hex; "" = refused
	}{
		{"plain", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "1 AES_CM_128_HMAC_SHA1_80 []"},
		{"short tag", "2 AES_CM_128_HMAC_SHA1_32 inline:" + key30, "2 AES_CM_128_HMAC_SHA1_32 []"},
		{"AES-256", "3 AES_256_CM_HMAC_SHA1_80 inline:" + key46, "3 AES_256_CM_HMAC_SHA1_80 []"},
		{"AES-256 as a draft calls it", "3 AES_CM_256_HMAC_SHA1_80 inline:" + key46, "3 AES_256_CM_HMAC_SHA1_80 []"},
		{"base64 without padding", "3 AES_256_CM_HMAC_SHA1_80 inline:" + strings.TrimRight(key46, "="), "3 AES_256_CM_HMAC_SHA1_80 []"},
		{"lower case", "1 aes_cm_128_hmac_sha1_80 INLINE:" + key30, "1 AES_CM_128_HMAC_SHA1_80 []"},
		{"lifetime 2^20", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20", "1 AES_CM_128_HMAC_SHA1_80 []"},
		{"lifetime in decimal", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1066:4", "1 AES_CM_128_HMAC_SHA1_80 [0000042a]"},
		{"lifetime and MKI 1:4", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4", "1 AES_CM_128_HMAC_SHA1_80 [00000001]"},
		{"decimal lifetime alone", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1048576", "1 AES_CM_128_HMAC_SHA1_80 []"},
		{"MKI without lifetime", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:1", "1 AES_CM_128_HMAC_SHA1_80 [01]"},
		{"long MKI", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|7:16", "1 AES_CM_128_HMAC_SHA1_80 [00000000000000000000000000000007]"},
		{"two keys", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4;inline:" + key30 + "|2^20|2:4", "1 AES_CM_128_HMAC_SHA1_80 [00000001 00000002]"},
		{"two keys and a blank", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4; inline:" + key30 + "|2^20|2:4", "1 AES_CM_128_HMAC_SHA1_80 [00000001 00000002]"},
		{"FEC_ORDER", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " FEC_ORDER=FEC_SRTP", "1 AES_CM_128_HMAC_SHA1_80 []"},
		{"window hint and KDR=0", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " WSH=128 KDR=0", "1 AES_CM_128_HMAC_SHA1_80 []"},
		{"negligible parameter", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " -NEW=1", "1 AES_CM_128_HMAC_SHA1_80 []"},

		{"UNENCRYPTED_SRTP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP", ""},
		{"UNENCRYPTED_SRTCP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTCP", ""},
		{"UNAUTHENTICATED_SRTP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20 unauthenticated_srtp", ""},
		{"key derivation", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=20", ""},
		{"key of an FEC stream", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " FEC_KEY=inline:" + key30, ""},
		{"unknown parameter", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " WHAT=1", ""},
		{"unknown suite", "1 F8_128_HMAC_SHA1_80 inline:" + key30, ""},
		{"AEAD", "1 AEAD_AES_128_GCM inline:" + key30, ""},
		{"key too short", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30[:36], ""},
		{"key too long", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key46, ""},
		{"no base64", "1 AES_CM_128_HMAC_SHA1_80 inline:!!!!", ""},
		{"another method", "1 AES_CM_128_HMAC_SHA1_80 uri:sips:x", ""},
		{"no key", "1 AES_CM_128_HMAC_SHA1_80", ""},
		{"tag no number", "x AES_CM_128_HMAC_SHA1_80 inline:" + key30, ""},
		{"tag of ten digits", "1000000000 AES_CM_128_HMAC_SHA1_80 inline:" + key30, ""},
		{"lifetime 0", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|0", ""},
		{"lifetime 2^49", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^49", ""},
		{"MKI too large for its length", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|256:1", ""},
		{"MKI of no length", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:0", ""},
		{"MKI of 129 bytes", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:129", ""},
		{"two keys, no MKI", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + ";inline:" + key30, ""},
		{"two keys, one MKI", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:4;inline:" + key30 + "|1:4", ""},
		{"two keys, MKIs of two lengths", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:4;inline:" + key30 + "|2:2", ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := parseCrypto(tt.line)
			got := ""
			if err == nil {
				mkis := make([]string, 0, len(c.Keys))
				for _, k := range c.Keys {
					if len(k.MKI) > 0 {
						mkis = append(mkis, fmt.Sprintf("%x", k.MKI))
					}
				}
				got = fmt.Sprint(c.Tag, c.Suite, mkis)
				got = strings.Replace(got, "AES", " AES", 1)
				got = strings.Replace(got, "  ", " ", 1)
				got = strings.Replace(got, "80[", "80 [", 1)
				got = strings.Replace(got, "32[", "32 [", 1)
			}
			if got != tt.want {
				t.Errorf("read as %q, want %q (%v)", got, tt.want, err)
			}
			if err != nil && strings.Contains(err.Error(), key30[:8]) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
}

// TestSDESKeysArePrintedMasked: no way of printing shows a key, but Marshal.
func TestSDESKeysArePrintedMasked(t *testing.T) {
	t.Parallel()
	keys := NewCrypto(counting())
	offer := mustParse(t, head+"m=audio 5004 RTP/AVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+key30+"\r\n")
	l := local()
	l.Security, l.Crypto = SecurityOffered, keys
	answer, a, err := Answer(offer, l)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{key30, key30[:12], "575953", "65 66 67 68 69 70"}
	for _, k := range append(keys, a.Crypto.Recv) {
		raw := []byte(k.Keys[0].Master)
		secrets = append(secrets, base64.StdEncoding.EncodeToString(raw)[:12], fmt.Sprintf("%x", raw)[:12], fmt.Sprintf("%#v", raw)[8:24], string(raw[:8]))
	}
	for _, v := range []any{keys, keys[0], &keys[0], keys[0].Keys, keys[0].Keys[0].Master, a, a.Crypto, *a.Crypto, offer, *offer, answer, answer.Media, answer.Media[0].Attrs, l} {
		js, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%T: %v", v, err)
		}
		var text, lines bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("here", "v", v)
		slog.New(slog.NewJSONHandler(&lines, nil)).Info("here", "v", v)
		texts := []string{fmt.Sprint(v), fmt.Sprintf("%v %+v %#v %s %x %X %q %d", v, v, v, v, v, v, v, v), string(js), text.String(), lines.String()}
		for _, text := range texts {
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%T shows %q: %s", v, s, text)
				}
			}
		}
	}
	if js, err := json.Marshal(Attr{"rtpmap", "8 PCMA/8000"}); err != nil || string(js) != `{"Name":"rtpmap","Value":"8 PCMA/8000"}` {
		t.Errorf("an attribute without a secret: %s, %v", js, err)
	}
	if !strings.Contains(string(answer.Marshal()), base64.StdEncoding.EncodeToString(keys[0].Keys[0].Master)) {
		t.Error("the answer itself does not tell the key")
	}
}

// counting is a source of keys that are all different.
func counting() func([]byte) {
	next := byte(0x41)
	return func(b []byte) {
		for i := range b {
			b[i] = next + byte(i)
		}
		next += 7
	}
}

// TestSDESLineSurvivesWriting: what is written is read back as the same line.
func TestSDESLineSurvivesWriting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		suite := rapid.SampledFrom([]Suite{AES128HMAC80, AES256HMAC80, AES128HMAC32}).Draw(t, "suite")
		n := suite.KeyLen() + saltLen
		c := Crypto{
			Tag: rapid.IntRange(0, maxTag).Draw(t, "tag"), Suite: suite,
			Keys: []Key{{Master: rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "key")}},
		}
		if size := rapid.IntRange(0, 8).Draw(t, "MKI"); size > 0 {
			c.Keys[0].MKI = rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "id")
		}
		got, err := parseCrypto(c.attr().Value)
		if err != nil || got.Tag != c.Tag || !got.Equal(c) {
			t.Fatalf("%v read back as %v, %v", c, got, err)
		}
	})
}

func FuzzCrypto(f *testing.F) {
	for _, seed := range []string{
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4;inline:" + key30 + "|2^20|2:4 FEC_ORDER=FEC_SRTP",
		"2 AES_256_CM_HMAC_SHA1_80 inline:" + key46 + " WSH=64", "3 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "|4294967296", "1 X y", "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|18446744073709551615:9",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parseCrypto(line)
		if err != nil {
			return
		}
		if len(c.Keys) == 0 || len(c.Keys[0].Master) != c.Suite.KeyLen()+saltLen {
			t.Fatalf("%q read as %v", line, c)
		}
		c.Keys = c.Keys[:1]
		again, err := parseCrypto(c.attr().Value)
		if err != nil || !again.Equal(c) {
			t.Fatalf("%q written as %q: %v", line, c.attr().Value, err)
		}
	})
}
