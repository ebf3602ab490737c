package prompt

import (
	"strconv"
	"strings"
	"time"
)

// Gender is the grammatical gender of what is counted: Russian says «один
// час», «одна минута», «одно письмо».
type Gender uint8

// The genders. English numbers ignore them.
const (
	Masculine Gender = iota
	Feminine
	Neuter
)

// String returns the name of the gender.
func (g Gender) String() string {
	switch g {
	case Masculine:
		return "masculine"
	case Feminine:
		return "feminine"
	case Neuter:
		return "neuter"
	}
	return "gender(" + strconv.Itoa(int(g)) + ")"
}

// Form is the form a counted noun takes.
type Form uint8

// The forms: 1 минута, 2 минуты, 5 минут. English uses FormOne and FormMany.
const (
	FormOne Form = iota
	FormFew
	FormMany
)

// String returns the word that names the form in clip names.
func (f Form) String() string {
	switch f {
	case FormOne:
		return "one"
	case FormFew:
		return "few"
	case FormMany:
		return "many"
	}
	return "form(" + strconv.Itoa(int(f)) + ")"
}

// Plural returns the form that a noun takes after n.
func Plural(l Language, n int) Form {
	if n < 0 {
		n = -n
	}
	if l == English {
		if n == 1 {
			return FormOne
		}
		return FormMany
	}
	switch tens, ones := n%100, n%10; {
	case tens >= 11 && tens <= 14:
		return FormMany
	case ones == 1:
		return FormOne
	case ones >= 2 && ones <= 4:
		return FormFew
	}
	return FormMany
}

// unit is a noun that can be counted.
type unit struct {
	name   string
	gender Gender
	ru     [3]string // by Form
	en     [3]string
}

func minute() unit {
	return unit{"minute", Feminine, [3]string{"минута", "минуты", "минут"}, [3]string{"minute", "minutes", "minutes"}}
}

func second() unit {
	return unit{"second", Feminine, [3]string{"секунда", "секунды", "секунд"}, [3]string{"second", "seconds", "seconds"}}
}

func hour() unit {
	return unit{"hour", Masculine, [3]string{"час", "часа", "часов"}, [3]string{"hour", "hours", "hours"}}
}

func units() []unit { return []unit{second(), minute(), hour()} }

func (u unit) word(l Language, f Form) string {
	if l == English {
		return u.en[f]
	}
	return u.ru[f]
}

// maxSpoken is the largest number that is spoken; beyond it the number itself
// is said to be this. Longer values (ticket numbers) are spoken by digits.
const maxSpoken = 999

// numberParts splits n into the values that are single words, largest first.
func numberParts(n int) []int {
	n = min(max(n, 0), maxSpoken)
	if n == 0 {
		return []int{0}
	}
	var parts []int
	if h := n / 100 * 100; h > 0 {
		parts = append(parts, h)
		n -= h
	}
	if n > 20 {
		parts = append(parts, n/10*10)
		n %= 10
	}
	if n > 0 {
		parts = append(parts, n)
	}
	return parts
}

// word is the spoken form of one value of numberParts.
func word(l Language, n int, g Gender) string {
	if l == English {
		return englishWord(n)
	}
	return russianWord(n, g)
}

func russianWord(n int, g Gender) string {
	switch {
	case n == 1 && g == Feminine:
		return "одна"
	case n == 1 && g == Neuter:
		return "одно"
	case n == 2 && g == Feminine:
		return "две"
	case n < 20:
		return [...]string{
			"ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать",
			"двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать", "девятнадцать",
		}[n]
	case n < 100:
		return [...]string{"", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"}[n/10]
	}
	return [...]string{"", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"}[n/100]
}

func englishWord(n int) string {
	switch {
	case n < 20:
		return [...]string{
			"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
			"twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
		}[n]
	case n < 100:
		return [...]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}[n/10]
	}
	return englishWord(n/100) + " hundred"
}

// Number returns n in words: Number(Russian, 21, Feminine) is «двадцать одна».
// Values beyond 0..999 are brought into that range.
func Number(l Language, n int, g Gender) string {
	parts := numberParts(n)
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = word(l, p, g)
	}
	return strings.Join(words, " ")
}

// Counted is a number of units of time, as it is spoken.
type Counted struct {
	N    int
	unit unit
}

// Round returns d as one number of one unit, as a human would say it: below a
// minute in tens of seconds (at least one ten), below an hour in minutes, then
// in hours.
func Round(d time.Duration) Counted {
	switch {
	case d < time.Minute-5*time.Second:
		tens := int((d + 5*time.Second) / (10 * time.Second))
		return Counted{max(tens, 1) * 10, second()}
	case d < time.Hour-30*time.Second:
		return RoundMinutes(d)
	}
	return Counted{max(int((d+30*time.Minute)/time.Hour), 1), hour()}
}

// RoundMinutes returns d in whole minutes, at least one.
func RoundMinutes(d time.Duration) Counted {
	return Counted{max(int((d+30*time.Second)/time.Minute), 1), minute()}
}

// Words returns the count in words: «две минуты».
func (c Counted) Words(l Language) string {
	return Number(l, c.N, c.unit.gender) + " " + c.unit.word(l, Plural(l, c.N))
}

// Text returns the count with its number in figures: «2 минуты».
func (c Counted) Text(l Language) string {
	return strconv.Itoa(c.N) + " " + c.unit.word(l, Plural(l, c.N))
}

// letter is the spoken name of a Latin letter: ticket numbers begin with two.
func letter(l Language, c byte) string {
	if c < 'A' || c > 'Z' {
		return ""
	}
	if l == English {
		return [...]string{
			"ay", "bee", "see", "dee", "ee", "eff", "jee", "aitch", "eye", "jay", "kay", "ell", "em",
			"en", "oh", "pee", "cue", "are", "ess", "tee", "you", "vee", "double you", "ex", "why", "zee",
		}[c-'A']
	}
	return [...]string{
		"эй", "би", "си", "ди", "и", "эф", "джи", "эйч", "ай", "джей", "кей", "эль", "эм",
		"эн", "оу", "пи", "кью", "ар", "эс", "ти", "ю", "ви", "дабл ю", "экс", "уай", "зед",
	}[c-'A']
}
