package prompt

import (
	"testing"
	"time"
)

func TestPlural(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0: "минут", 1: "минута", 2: "минуты", 3: "минуты", 4: "минуты", 5: "минут", 10: "минут", 11: "минут", 12: "минут",
		14: "минут", 20: "минут", 21: "минута", 22: "минуты", 25: "минут", 100: "минут", 101: "минута", 111: "минут", 112: "минут", 122: "минуты",
	} {
		if got := minute().word(Russian, Plural(Russian, n)); got != want {
			t.Errorf("%d %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "minutes", 1: "minute", 2: "minutes", 11: "minutes", 21: "minutes"} {
		if got := minute().word(English, Plural(English, n)); got != want {
			t.Errorf("%d %s, want %s", n, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n      int
		g      Gender
		ru, en string
	}{
		{0, Masculine, "ноль", "zero"},
		{1, Masculine, "один", "one"},
		{1, Feminine, "одна", "one"},
		{1, Neuter, "одно", "one"},
		{2, Feminine, "две", "two"},
		{2, Neuter, "два", "two"},
		{12, Feminine, "двенадцать", "twelve"},
		{20, Masculine, "двадцать", "twenty"},
		{21, Feminine, "двадцать одна", "twenty one"},
		{32, Feminine, "тридцать две", "thirty two"},
		{40, Masculine, "сорок", "forty"},
		{90, Masculine, "девяносто", "ninety"},
		{100, Masculine, "сто", "one hundred"},
		{101, Feminine, "сто одна", "one hundred one"},
		{111, Feminine, "сто одиннадцать", "one hundred eleven"},
		{222, Feminine, "двести двадцать две", "two hundred twenty two"},
		{999, Masculine, "девятьсот девяносто девять", "nine hundred ninety nine"},
		{5000, Masculine, "девятьсот девяносто девять", "nine hundred ninety nine"},
		{-3, Masculine, "ноль", "zero"},
	} {
		if got := Number(Russian, c.n, c.g); got != c.ru {
			t.Errorf("%d %s: %q, want %q", c.n, c.g, got, c.ru)
		}
		if got := Number(English, c.n, c.g); got != c.en {
			t.Errorf("%d: %q, want %q", c.n, got, c.en)
		}
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d            time.Duration
		text, spoken string
		english      string
	}{
		{0, "10 секунд", "десять секунд", "10 seconds"},
		{14 * time.Second, "10 секунд", "десять секунд", "10 seconds"},
		{36 * time.Second, "40 секунд", "сорок секунд", "40 seconds"},
		{54 * time.Second, "50 секунд", "пятьдесят секунд", "50 seconds"},
		{56 * time.Second, "1 минута", "одна минута", "1 minute"},
		{100 * time.Second, "2 минуты", "две минуты", "2 minutes"},
		{5 * time.Minute, "5 минут", "пять минут", "5 minutes"},
		{21 * time.Minute, "21 минута", "двадцать одна минута", "21 minutes"},
		{62 * time.Minute, "1 час", "один час", "1 hour"},
		{2*time.Hour + time.Minute, "2 часа", "два часа", "2 hours"},
		{5 * time.Hour, "5 часов", "пять часов", "5 hours"},
	} {
		got := Round(c.d)
		if got.Text(Russian) != c.text || got.Words(Russian) != c.spoken || got.Text(English) != c.english {
			t.Errorf("%s: %q, %q, %q", c.d, got.Text(Russian), got.Words(Russian), got.Text(English))
		}
	}
}
