package triage

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// The canonical answers to a question of yes or no.
const (
	Yes = "yes"
	No  = "no"
)

// maxAnswer bounds a text, in characters.
const maxAnswer = 2000

// AnswerError says what is wrong with an answer, in both languages.
type AnswerError struct{ Words Words }

// Error implements error.
func (e *AnswerError) Error() string { return e.Words.EN }

func wrong(ru, en, given string) error {
	return &AnswerError{Words{fmt.Sprintf(ru, given), fmt.Sprintf(en, given)}}
}

// Read makes the canonical form of an answer as somebody typed it. Times are read by the clock of a zone; one without a date is the
// last such time before now.
func (q Question) Read(typed string, zone *time.Location, now time.Time) (string, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return "", wrong("ответ пуст%s", "the answer is empty%s", "")
	}
	switch q.Type {
	case YesNo:
		return readYesNo(typed)
	case Text:
		if n := utf8.RuneCountInString(typed); n > maxAnswer {
			return "", wrong("ответ длиннее 2000 знаков (%s); остальное — в заметку", "the answer is longer than 2000 characters (%s); put the rest into a note", fmt.Sprint(n))
		}
		return typed, nil
	case Host:
		return readHost(typed)
	case Time:
		t, err := readTime(typed, zone, now)
		if err != nil {
			return "", err
		}
		return t.UTC().Format(time.RFC3339), nil
	}
	return "", fmt.Errorf("question %s: %q is no type of answers", q.ID, q.Type)
}

// Show returns a canonical answer as people read it, times by the clock of a zone. It shows as it is what is not of the type: the
// question may have had another one when it was answered.
func (t Type) Show(answer, language string, zone *time.Location) string {
	switch t {
	case YesNo:
		switch answer {
		case Yes:
			return Words{"да", "yes"}.In(language)
		case No:
			return Words{"нет", "no"}.In(language)
		}
	case Time:
		if at, err := time.Parse(time.RFC3339, answer); err == nil {
			if language == "ru" {
				return at.In(zone).Format("02.01.2006 15:04")
			}
			return at.In(zone).Format("2006-01-02 15:04")
		}
	case Text, Host:
	}
	return answer
}

func readYesNo(typed string) (string, error) {
	switch strings.ToLower(typed) {
	case "yes", "y", "true", "1", "+", "да", "д", "ага":
		return Yes, nil
	case "no", "n", "false", "0", "-", "нет", "н", "не":
		return No, nil
	}
	return "", wrong("«%s» — не да и не нет", "%q is neither yes nor no", typed)
}

// hostName is a name as machines have it, in Windows and in DNS: letters, digits, hyphens, underscores, dots; perhaps a port.
var hostName = regexp.MustCompile(`^[\p{L}\p{N}_]([\p{L}\p{N}_.-]{0,251}[\p{L}\p{N}_])?(:\d{1,5})?$`)

func readHost(typed string) (string, error) {
	host := strings.ToLower(strings.TrimLeft(strings.TrimSuffix(typed, "."), `\`))
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return a.String(), nil
	}
	if a, err := netip.ParseAddrPort(host); err == nil {
		return a.String(), nil
	}
	digits := strings.Trim(host, "0123456789.") == ""
	if digits || strings.Contains(host, "..") || !hostName.MatchString(host) {
		return "", wrong("«%s» — не имя и не адрес машины, например srv-1c или 192.168.1.10", "%q is no name and no address of a machine, such as srv-1c or 192.168.1.10", typed)
	}
	return host, nil
}

func readTime(typed string, zone *time.Location, now time.Time) (time.Time, error) {
	if zone == nil {
		zone = time.UTC
	}
	if t, err := time.Parse(time.RFC3339, typed); err == nil {
		return t, nil
	}
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "02.01.2006 15:04", "02.01.2006 15:04:05"} {
		if t, err := time.ParseInLocation(form, typed, zone); err == nil {
			return t, nil
		}
	}
	for _, form := range []string{"15:04", "15.04"} {
		clock, err := time.Parse(form, typed)
		if err != nil {
			continue
		}
		today := now.In(zone)
		t := time.Date(today.Year(), today.Month(), today.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
		if t.After(now) {
			t = t.AddDate(0, 0, -1)
		}
		return t, nil
	}
	switch strings.ToLower(typed) {
	case "now", "сейчас", "только что":
		return now, nil
	}
	return time.Time{}, wrong("«%s» — не время; напишите 02:10 или 2026-12-31 02:10", "%q is no time; write 02:10 or 2026-12-31 02:10", typed)
}
