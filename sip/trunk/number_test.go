package trunk

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// numberForms are numbers as operators, phones and people write them, with what each means.
func numberForms() map[string]string {
	const moscow = "+74951234567"
	return map[string]string{
		// one Russian number in the forms operators, phones and people write it
		"+74951234567": moscow, "74951234567": moscow, "84951234567": moscow, "4951234567": moscow,
		"+7 495 123-45-67": moscow, "8 (495) 123-45-67": moscow, "8-495-123-45-67": moscow, "8.495.123.45.67": moscow,
		"(495) 123-45-67": moscow, "7 495 1234567": moscow, "%2B74951234567": moscow, "%2b74951234567": moscow,
		"tel:+74951234567": moscow, "tel:+7-495-123-45-67": moscow, "tel:84951234567": moscow,
		"+74951234567;user=phone": moscow, "74951234567;npdi": moscow, "+74951234567;isub=1": moscow,
		"1234567;phone-context=+7495": moscow, "123-45-67;phone-context=+7495": moscow,
		"1234567;phone-context=%2B7495": moscow, "1234567;ext=2;phone-context=+7495": moscow,
		"1234567;Phone-Context=+7495": moscow, "84951234567;phone-context=": moscow,
		"84951234567;phone-context=example.org": moscow, " +74951234567 ": moscow,
		"0074951234567": moscow, "81074951234567": moscow,
		// mobile, toll-free, regions
		"+79161234567": "+79161234567", "89161234567": "+79161234567", "9161234567": "+79161234567",
		"88005553535": "+78005553535", "8005553535": "+78005553535", "78005553535": "+78005553535",
		"88122345678": "+78122345678", "3432345678": "+73432345678", "83432345678": "+73432345678",
		// abroad
		"+4930123456": "+4930123456", "004930123456": "+4930123456", "8104930123456": "+4930123456",
		"+375291234567": "+375291234567", "375291234567": "+375291234567", "810375291234567": "+375291234567",
		"00375291234567": "+375291234567", "+12125551234": "+12125551234", "0012125551234": "+12125551234",
		"81012125551234": "+12125551234", "380441234567": "+380441234567", "+380441234567": "+380441234567",
		"tel:+44-20-7946-0958": "+442079460958", "+44 (20) 7946 0958": "+442079460958",
		// short and service numbers stay
		"112": "112", "01": "01", "1000": "1000", "0890": "0890", "*98": "*98", "#31#": "#31#", "2345678": "2345678",
		"11;phone-context=example.org": "11",
		// no numbers
		"anonymous": "anonymous", "hotline": "hotline", "anna.petrova": "anna.petrova", "": "", "+": "+", "0x12": "0x12",
		"hotline;x=1": "hotline", "+7495abc": "+7495abc",
		// more ways to write the same
		"+7(495)1234567": moscow, "8(495)123-45-67": moscow, "8 10 7 495 1234567": moscow, "00 7 495 123 45 67": moscow,
		"TEL:+74951234567": moscow, "Tel:%2B7-495-1234567": moscow, "tel:1234567;phone-context=+7-495": moscow,
		"4951234567;phone-context=+7": moscow, "%2B7%20495%201234567": "+7%20495%201234567",
		"+74951234567;postd=pp22": moscow, "+74951234567;cic=+1234;npdi": moscow, "\t+74951234567\r\n": moscow,
		"810 (49) 30 123456": "+4930123456", "8-10-375-29-123-45-67": "+375291234567", "tel:00375291234567": "+375291234567",
		"+7 916 123 45 67": "+79161234567", "8.916.1234567": "+79161234567", "+7-800-555-35-35": "+78005553535",
		"77071234567": "+77071234567", "+77071234567": "+77071234567", "87071234567": "+77071234567", // Kazakhstan shares +7
		"+998901234567": "+998901234567", "998901234567": "+998901234567", "+86 10 1234 5678": "+861012345678",
		"tel:112": "112", "103;phone-context=+7": "103", "tel:*98": "*98", "+112": "+112",
		"+1234567890123456": "+1234567890123456", "1234567890123456": "1234567890123456",
	}
}

func TestE164(t *testing.T) {
	t.Parallel()
	forms := numberForms()
	if len(forms) < 60 {
		t.Fatalf("only %d forms", len(forms))
	}
	for in, want := range forms {
		if got := Normalize(in); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestE164IsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`\+?[0-9 ().-]{1,18}`).Draw(t, "number")
		once := Normalize(in)
		if twice := Normalize(once); twice != once {
			t.Fatalf("Normalize(%q) = %q, then %q", in, once, twice)
		}
	})
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"+74951234567", "8(495)1234567;phone-context=+7", "%2B7", "tel:112", ";;;=", "+;phone-context=+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if got := Normalize(in); strings.ContainsAny(got, ";") {
			t.Fatalf("Normalize(%q) = %q keeps parameters", in, got)
		}
	})
}

func TestE164Plans(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		plan     Plan
		in, want string
	}{
		{PlanE164, "+74951234567", "+74951234567"},
		{PlanNational8, "+74951234567", "84951234567"},
		{PlanPlain7, "+74951234567", "74951234567"},
		{PlanNational8, "+4930123456", "8104930123456"},
		{PlanPlain7, "+4930123456", "4930123456"},
		{PlanNational8, "112", "112"},
		{PlanPlain7, "hotline", "hotline"},
	} {
		if got := tt.plan.Format(tt.in); got != tt.want {
			t.Errorf("%s.Format(%q) = %q, want %q", tt.plan, tt.in, got, tt.want)
		}
	}
}

func TestE164ReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`\+7[3489][0-9]{9}`).Draw(t, "number")
		plan := rapid.SampledFrom([]Plan{PlanE164, PlanNational8, PlanPlain7}).Draw(t, "plan")
		if got := Normalize(plan.Format(number)); got != number {
			t.Fatalf("%s: %s came back as %s", plan, number, got)
		}
	})
}
