package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a report tells the client's time on every machine
)

// speech tells times, spans and words in the language of a report.
type speech struct {
	words   map[string]string
	ru      bool
	zone    *time.Location
	offsets bool // the zone changes its offset within the report
}

// newSpeech returns how a model speaks; an unknown zone is UTC, and is called so.
func newSpeech(m Model) speech {
	s := speech{words: wordsEN(), zone: time.UTC}
	if m.Language != "en" {
		s.words, s.ru = wordsRU(), true
	}
	if z, err := time.LoadLocation(m.Zone); err == nil && m.Zone != "" {
		s.zone = z
	}
	s.offsets = s.changes(m.times())
	return s
}

// changes reports whether the zone has more than one offset between the first and the last of the times.
func (s speech) changes(times []time.Time) bool {
	first := ""
	for _, t := range times {
		if t.IsZero() {
			continue
		}
		switch offset := t.In(s.zone).Format("-07:00"); {
		case first == "":
			first = offset
		case offset != first:
			return true
		}
	}
	return false
}

// times are all instants that a model shows as times of the day.
func (m Model) times() []time.Time {
	list := []time.Time{m.Head.Began, m.Head.Known, m.Head.Ended, m.Result.Confirmed}
	for _, l := range m.Timeline {
		list = append(list, l.At, l.Own)
	}
	for _, a := range m.Actions {
		list = append(list, a.At, a.Until)
	}
	return list
}

// say returns the text of a key with its parameters filled in.
func (s speech) say(key string, kv ...string) string {
	text, ok := s.words[key]
	if !ok {
		return key
	}
	for i := 0; i+1 < len(kv); i += 2 {
		text = strings.ReplaceAll(text, "{"+kv[i]+"}", kv[i+1])
	}
	return text
}

// sayOr returns the text of a key, or the other text when there is none.
func (s speech) sayOr(key, other string) string {
	if text, ok := s.words[key]; ok {
		return text
	}
	return other
}

// clock is the time of the day.
func (s speech) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if s.offsets {
		return t.In(s.zone).Format("15:04 -07:00")
	}
	return t.In(s.zone).Format("15:04")
}

// day is a date in words.
func (s speech) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	l := t.In(s.zone)
	month := s.words["month."+strconv.Itoa(int(l.Month()))]
	return fmt.Sprintf("%d %s %d", l.Day(), month, l.Year())
}

// weekday is a date with its day of the week.
func (s speech) weekday(t time.Time) string {
	return s.day(t) + ", " + s.words["weekday."+strconv.Itoa(int(t.In(s.zone).Weekday()))]
}

// moment is date and time.
func (s speech) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return s.day(t) + ", " + s.clock(t)
}

// span is a period: the date is said once when it is the same.
func (s speech) span(from, to time.Time) string {
	if to.IsZero() {
		return s.say("span.open", "from", s.moment(from))
	}
	if s.day(from) == s.day(to) {
		return s.moment(from) + "–" + s.clock(to)
	}
	return s.moment(from) + " – " + s.moment(to)
}

// zoneName says by which clock times are told.
func (s speech) zoneName(at time.Time) string {
	name := s.zone.String()
	if city, ok := s.words["zone."+name]; ok {
		name = city
	}
	if s.offsets {
		return name
	}
	offset := strings.TrimSuffix(at.In(s.zone).Format("-07:00"), ":00")
	sign, hours := offset[:1], strings.TrimPrefix(offset[1:], "0")
	if sign == "-" {
		sign = "−"
	}
	return name + ", UTC" + sign + hours
}

// duration is a length of time in its two largest units; it is rounded up, as
// the clocks are judged: never into compliance.
func (s speech) duration(d time.Duration) string {
	seconds := max(0, int64((d+time.Second-1)/time.Second))
	const minute, hour, day = 60, 3600, 86400
	parts := func(big, small int64, bigUnit, smallUnit string) string {
		text := strconv.FormatInt(big, 10) + nbsp + s.words["unit."+bigUnit]
		if small > 0 {
			text += nbsp + strconv.FormatInt(small, 10) + nbsp + s.words["unit."+smallUnit]
		}
		return text
	}
	switch {
	case seconds < minute:
		return parts(seconds, 0, "s", "")
	case seconds < hour:
		return parts(seconds/minute, seconds%minute, "min", "s")
	case seconds < 2*day:
		up := (seconds + minute - 1) / minute
		return parts(up/60, up%60, "h", "min")
	default:
		up := (seconds + hour - 1) / hour
		return parts(up/24, up%24, "d", "h")
	}
}

// count is a number with the form of a word that fits it.
func (s speech) count(n int, word string) string {
	form := "many"
	switch {
	case !s.ru && n == 1, s.ru && n%10 == 1 && n%100 != 11:
		form = "one"
	case s.ru && n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		form = "few"
	}
	return strconv.Itoa(n) + nbsp + s.words["count."+word+"."+form]
}

// size is a number of bytes.
func (s speech) size(n int64) string {
	const kilo = 1024
	switch {
	case n < kilo:
		return strconv.FormatInt(n, 10) + nbsp + s.words["unit.bytes"]
	case n < kilo*kilo:
		return strconv.FormatInt((n+kilo-1)/kilo, 10) + nbsp + s.words["unit.kib"]
	}
	tenths := (n*10 + kilo*kilo - 1) / (kilo * kilo)
	return fmt.Sprintf("%d%s%d%s%s", tenths/10, s.words["decimal"], tenths%10, nbsp, s.words["unit.mib"])
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	r := []rune(text)
	first := strings.ToUpper(string(r[0]))
	text = first + string(r[1:])
	if !strings.ContainsAny(text[len(text)-1:], ".!?:;") && !strings.HasSuffix(text, "…") {
		text += "."
	}
	return text
}

const nbsp = "\u00a0"

// typeset binds what must not be parted at the end of a line: short words and
// numbers to the next word, a dash to the one before.
func typeset(text string) string {
	words := strings.Split(text, " ")
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			prev := words[i-1]
			switch {
			case w == "—" || w == "–":
				b.WriteString(nbsp)
			case short(prev):
				b.WriteString(nbsp)
			case number(prev):
				b.WriteString(nbsp)
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString(w)
	}
	return b.String()
}

// short reports whether a word hangs when it ends a line: a preposition, a conjunction, №.
func short(w string) bool {
	w = strings.ToLower(strings.TrimLeft(w, "«(\""))
	return slices.Contains([]string{
		"а", "в", "во", "и", "из", "за", "до", "к", "ко", "на", "не", "ни", "но", "о", "об", "от", "по", "с", "со", "у", "№",
		"a", "an", "the", "of", "to", "at", "in", "on", "by",
	}, w)
}

func number(w string) bool {
	return w != "" && strings.Trim(w, "0123456789.,") == ""
}
