package client

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// forms are callers as trunks, phones, cards and people write them, with the
// number each must become; empty = refused.
func forms() map[string]string {
	return map[string]string{
		// national
		"88124567890": "+78124567890", "8 812 456-78-90": "+78124567890", "8(812)456-78-90": "+78124567890",
		"8-812-456-78-90": "+78124567890", "8.812.456.78.90": "+78124567890", "8 (812) 456 78 90": "+78124567890",
		"8124567890": "+78124567890", "(812) 456-78-90": "+78124567890", "9211234567": "+79211234567",
		"89211234567": "+79211234567", "8 921 123 45 67": "+79211234567", "8 800 555-35-35": "+78005553535",
		"4951234567": "+74951234567", "3431234567": "+73431234567",
		// country code
		"+78124567890": "+78124567890", "+7 812 456-78-90": "+78124567890", "+7 (812) 456-78-90": "+78124567890",
		"78124567890": "+78124567890", "7 812 456 78 90": "+78124567890", "+7\u00a0921\u00a0123\u201145\u201167": "+79211234567",
		"＋７９２１１２３４５６７": "+79211234567", "+7/921/123/45/67": "+79211234567", " +79211234567 ": "+79211234567",
		"\u202a+79211234567\u202c": "+79211234567",
		// local
		"4567890": "+78124567890", "456-78-90": "+78124567890",
		// abroad
		"+442079460958": "+442079460958", "00442079460958": "+442079460958", "810442079460958": "+442079460958",
		"8~10 44 20 7946 0958": "+442079460958", "8-10-44-20-7946-0958": "+442079460958", "+1 (202) 555-0143": "+12025550143",
		"0012025550143": "+12025550143", "81012025550143": "+12025550143", "+375291234567": "+375291234567",
		"810375291234567": "+375291234567", "+49 30 901820": "+4930901820", "0078124567890": "+78124567890",
		"81078124567890": "+78124567890", "+77012345678": "+77012345678", "77012345678": "+77012345678",
		// tel URIs, RFC 3966
		"tel:+78124567890": "+78124567890", "TEL:+7-812-456-78-90": "+78124567890", "tel:4567890;phone-context=+7812": "+78124567890",
		"tel:8124567890;phone-context=+7": "+78124567890", "tel:88124567890;phone-context=example.com": "+78124567890",
		"tel:+78124567890;ext=12": "+78124567890", "tel:+78124567890;isub=1;cpc=ordinary": "+78124567890",
		"tel:%2B78124567890": "+78124567890", "tel:456-78-90;phone-context=+7-812": "+78124567890",
		// SIP URIs
		"sip:88124567890@10.0.0.1": "+78124567890", "sip:+78124567890@trunk.example.com:5060;user=phone": "+78124567890",
		"sips:78124567890@trunk.example.com": "+78124567890", "sip:%2B78124567890@10.0.0.1": "+78124567890",
		"<sip:+78124567890@10.0.0.1>;tag=abc": "+78124567890", `"Иван" <sip:89211234567@10.0.0.1>`: "+79211234567",
		"sip:4567890;phone-context=+7812@10.0.0.1;user=phone": "+78124567890", "sip:+78124567890:secret@10.0.0.1": "+78124567890",
		"sip:4567890@10.0.0.1;phone-context=+7812": "+78124567890", "%2b79211234567": "+79211234567", "sip:8124567890@10.0.0.1": "+78124567890",
		"+78124567890,,12": "+78124567890",
		// short ones
		"101": "101", "sip:101@pbx": "101", "112": "112", "1234": "1234", "tel:101;phone-context=pbx.example.com": "101",
		// nobody
		"": "", "anonymous": "", "sip:anonymous@anonymous.invalid": "", `"Anonymous" <sip:anonymous@anonymous.invalid>`: "",
		"Restricted": "", "unknown": "", "sip:alice@example.com": "", "+": "", "++78124567890": "", "7812456": "+78127812456",
		"+7812": "", "12345678901234567890": "", "+999123456789": "", "1": "", "call me": "", "8812456789０x": "",
		"sip:@10.0.0.1": "", "tel:": "",
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	if n := len(forms()); n < 60 {
		t.Fatalf("only %d forms", n)
	}
	plan := Default()
	for raw, want := range forms() {
		got, err := plan.Parse(raw)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("Parse(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
}

func TestParseTellsAnonymous(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]error{"anonymous": ErrAnonymous, "": ErrAnonymous, "sip:bob@x": ErrNotNumber, strings.Repeat("1", 300): ErrNotNumber} {
		if _, err := Default().Parse(raw); !errors.Is(err, want) {
			t.Errorf("Parse(%.20q): %v, want %v", raw, err, want)
		}
	}
}

func TestParseHidesTheNumber(t *testing.T) {
	t.Parallel()
	_, err := Default().Parse("+999123456789")
	if err == nil || strings.Contains(err.Error(), "999123") {
		t.Errorf("error %v shows the number", err)
	}
}

// Whatever is accepted is stable: reading it again gives the same.
func TestParseIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.StringMatching(`(\+|8|7|00|810|tel:|sip:)?[0-9 ()\-.]{1,18}`).Draw(t, "raw")
		n, err := Default().Parse(raw)
		if err != nil {
			return
		}
		again, err := Default().Parse(string(n))
		if err != nil || again != n {
			t.Fatalf("%q → %q → %q, %v", raw, n, again, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for raw := range forms() {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		n, err := Default().Parse(raw)
		if err != nil {
			if n != "" {
				t.Errorf("a refused number is returned: %q", n)
			}
			return
		}
		if again, err := Default().Parse(string(n)); err != nil || again != n {
			t.Errorf("%q → %q → %q, %v", raw, n, again, err)
		}
		for i, r := range string(n) {
			if (r < '0' || r > '9') && (i != 0 || r != '+') {
				t.Errorf("%q holds %q", n, r)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	plan := Default()
	for b.Loop() {
		if _, err := plan.Parse("sip:88124567890@10.0.0.1"); err != nil {
			b.Fatal(err)
		}
	}
}
