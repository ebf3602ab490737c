package ticket

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n      Number
		text   string
		groups []string
		tail   string
	}{
		{Number{26, 1}, "VH-26-000010", []string{"26", "00", "00", "10"}, "10"},
		{Number{26, 421}, "VH-26-004213", []string{"26", "00", "42", "13"}, "4213"},
		{Number{7, 99_999}, "VH-07-999993", []string{"07", "99", "99", "93"}, "999993"},
		{Number{26, 100_000}, "VH-26-1000004", []string{"26", "1", "00", "00", "04"}, "1000004"},
	} {
		if got := c.n.String(); got != c.text || !slices.Equal(c.n.Groups(), c.groups) || c.n.Tail() != c.tail {
			t.Errorf("%+v: %s %v %s, want %s %v %s", c.n, got, c.n.Groups(), c.n.Tail(), c.text, c.groups, c.tail)
		}
	}
}

func TestParseNumber(t *testing.T) {
	t.Parallel()
	want := Number{26, 421}
	text := want.String()
	for _, s := range []string{text, "vh-26-004213", "26-004213", "VH 26 00 42 13", "26004213", " VH–26–004213 "} {
		if got, err := ParseNumber(s); err != nil || got != want {
			t.Errorf("%q: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "VH", "VH-26-4214", "VH-26-00421", "VH-26-004214", "VH-26-x04214", "VH-26-00421300000000", "VH-26-000000"} {
		if got, err := ParseNumber(s); !errors.Is(err, ErrNumber) {
			t.Errorf("%q: read as %v, %v", s, got, err)
		}
	}
}

// The worked example of Damm's thesis.
func TestDamm(t *testing.T) {
	t.Parallel()
	if d := checkDigit("572"); d != '4' {
		t.Errorf("check digit of 572 is %c, want 4", d)
	}
}

// Damm's promise: no single wrong digit and no swap of neighbours passes.
func TestCheckDigit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := Number{rapid.IntRange(0, 99).Draw(t, "year"), rapid.Uint32Range(1, 9_999_999).Draw(t, "seq")}
		if back, err := ParseNumber(n.String()); err != nil || back != n {
			t.Fatalf("%+v → %s → %+v, %v", n, n, back, err)
		}
		digits := []byte(n.digits())
		digits = append(digits, checkDigit(string(digits)))
		for i := range digits {
			for d := byte('0'); d <= '9'; d++ {
				if wrong := slices.Clone(digits); d != digits[i] {
					wrong[i] = d
					refuse(t, wrong)
				}
			}
			if i > 0 && digits[i] != digits[i-1] {
				swapped := slices.Clone(digits)
				swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
				refuse(t, swapped)
			}
		}
	})
}

func refuse(t *rapid.T, digits []byte) {
	if n, err := ParseNumber(string(digits)); err == nil {
		t.Fatalf("%s passed as %v", digits, n)
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"VH-26-004213", "26004213", "vh 26 00 42 13", "", "VH-00-000000", "VH-99-99999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseNumber(s)
		if err != nil {
			return
		}
		if again, err := ParseNumber(n.String()); err != nil || again != n {
			t.Errorf("%q → %v → %v, %v", s, n, again, err)
		}
	})
}

func TestZeroNumberSurvivesStorage(t *testing.T) {
	t.Parallel()
	n := Number{26, 1}
	text, err := Number{}.MarshalText()
	if err != nil || n.UnmarshalText(text) != nil || n != (Number{}) {
		t.Errorf("%s became %v", text, n)
	}
	if n.UnmarshalText([]byte("VH-26-000000")) == nil {
		t.Error("a sequence of 0 was read")
	}
}
