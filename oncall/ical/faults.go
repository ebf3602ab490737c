package ical

import (
	"fmt"
	"strings"
)

// Fault is one thing in a file that is not understood.
type Fault struct { //nolint:errname // a word of the room, as in the configuration
	Line int // 0: the file as a whole
	Code Code
	Args []any
}

// Error returns the text in English.
func (f Fault) Error() string { return f.Text("en") }

// Text says in a language what is wrong and what to do.
func (f Fault) Text(language string) string {
	t := textsOf(language)
	text := t.faults[f.Code]
	said := fmt.Sprintf(text.problem, f.Args...) + "; " + text.do
	if f.Line == 0 {
		return said
	}
	return fmt.Sprintf("%s %d: %s", t.line, f.Line, said)
}

// Faults are all that is wrong with a file, by line. Nothing of it was taken.
type Faults []Fault //nolint:errname // likewise

// maxTold bounds how many faults are told at once.
const maxTold = 20

// Error returns the texts in English, one a line.
func (f Faults) Error() string { return f.Text("en") }

// Text returns the texts in a language, one a line.
func (f Faults) Text(language string) string {
	t := textsOf(language)
	lines := []string{t.faultsHead + ":"}
	for i, fault := range f {
		if i == maxTold {
			lines = append(lines, "…")
			break
		}
		lines = append(lines, fault.Text(language))
	}
	return strings.Join(lines, "\n")
}

// Code is the kind of a fault.
type Code string

// The kinds of faults.
const (
	Unreadable    Code = "unreadable"
	TooLarge      Code = "too_large"
	Truncated     Code = "truncated"
	Empty         Code = "empty"
	AllOutside    Code = "all_outside"
	WhichKind     Code = "which_kind"
	WhichSchedule Code = "which_schedule"
	NoSchedule    Code = "no_schedule"
	NoTrack       Code = "no_track"
	NoPerson      Code = "no_person"
	WhichPerson   Code = "which_person"
	NobodyNamed   Code = "nobody_named"
	NobodyAbsent  Code = "nobody_absent"
	GapOverride   Code = "gap_override"
	Backwards     Code = "backwards"
	BadTime       Code = "bad_time"
	NoTime        Code = "no_time"
	BadZone       Code = "bad_zone"
	BadRepeat     Code = "bad_repeat"
	EndlessRepeat Code = "endless_repeat"
	ChangedRepeat Code = "changed_repeat"
	NoColumn      Code = "no_column"
	BadColumn     Code = "bad_column"
	TwoColumns    Code = "two_columns"
	BadRow        Code = "bad_row"
	ExtraCell     Code = "extra_cell"
	Unbalanced    Code = "unbalanced"
)

// String returns the code.
func (c Code) String() string { return string(c) }

type faultText struct{ problem, do string }

func englishFaults() map[Code]faultText {
	return map[Code]faultText{
		Unreadable:    {"the file can not be read: %v", "save it as iCalendar (.ics) or CSV text and try again"},
		TooLarge:      {"the file has more than %d %s", "import it in parts"},
		Truncated:     {"the file ends before END:VCALENDAR", "download it again: a part is missing"},
		Empty:         {"the file has no rows", "check that it is the right one"},
		AllOutside:    {"all %d rows lie outside of the span", "name another --from and --to"},
		WhichKind:     {"%q is no kind of import", "choose temporary, overrides or absences"},
		WhichSchedule: {"the row does not say which schedule it belongs to", "add a column \"schedule\" or name one for all rows"},
		NoSchedule:    {"there is no schedule %q", "write its ID or its name as the rota has it"},
		NoTrack:       {"there is no track %q in schedule %s", "write its ID or its name as the rota has it"},
		NoPerson:      {"nobody is called %q", "write the ID or the name as the rota has it, or add the person first"},
		WhichPerson:   {"%q may be several people: %s", "write the ID"},
		NobodyNamed:   {"the row names nobody", "write a person, or \"gap\" for nobody on purpose"},
		NobodyAbsent:  {"the row names nobody who is away", "write a person"},
		GapOverride:   {"an override that puts nobody on duty must say in whose place", "fill the column \"instead\", or import as a temporary schedule"},
		Backwards:     {"it ends (%[2]s) before or when it begins (%[1]s)", "mend one of the two times"},
		BadTime:       {"%q is no time", "write it as 2026-01-05 09:00 or 05.01.2026 09:00"},
		NoTime:        {"%s is missing", "write it"},
		BadZone:       {"the time zone %q is not known", "use an IANA zone such as Europe/Moscow, or times in UTC"},
		BadRepeat:     {"the repetition %q is not understood (daily and weekly ones are, with INTERVAL, COUNT, UNTIL and BYDAY)", "write its events out one by one"},
		EndlessRepeat: {"the repetition %q has no end", "give it an UNTIL or COUNT, or name --to"},
		ChangedRepeat: {"it changes one event of a repetition (%s)", "write the events out one by one"},
		NoColumn:      {"there is no column %q", "the first line must name the columns: schedule, track, person, from, to, instead, substitute, reason"},
		BadColumn:     {"the column %q is not known", "take it out, or call it schedule, track, person, name, date, from, to, instead, substitute or reason"},
		TwoColumns:    {"there are two columns for %q", "take one out"},
		BadRow:        {"the row can not be read: %v", "check quotes and separators"},
		ExtraCell:     {"%q stands beyond the last column", "give the column a heading or take it out"},
		Unbalanced:    {"END does not end what was begun last", "download the file again, or mend it by hand"},
	}
}

func russianFaults() map[Code]faultText {
	return map[Code]faultText{
		Unreadable:    {"файл не читается: %v", "сохраните его как iCalendar (.ics) или CSV и повторите"},
		TooLarge:      {"в файле больше %d %s", "импортируйте по частям"},
		Truncated:     {"файл кончается раньше END:VCALENDAR", "скачайте его заново: части не хватает"},
		Empty:         {"в файле нет строк", "проверьте, тот ли это файл"},
		AllOutside:    {"все строки (%d) лежат вне периода", "укажите другие --from и --to"},
		WhichKind:     {"%q — не вид импорта", "выберите temporary, overrides или absences"},
		WhichSchedule: {"не сказано, к какому расписанию относится строка", "добавьте колонку «расписание» или назовите одно для всех строк"},
		NoSchedule:    {"нет расписания %q", "напишите его ID или название так, как в графике"},
		NoTrack:       {"нет линии %q в расписании %s", "напишите её ID или название так, как в графике"},
		NoPerson:      {"никого не зовут %q", "напишите ID или имя так, как в графике, или сначала добавьте человека"},
		WhichPerson:   {"%q подходит нескольким: %s", "напишите ID"},
		NobodyNamed:   {"в строке никто не назван", "напишите человека или «gap», если никого намеренно"},
		NobodyAbsent:  {"не сказано, кого нет", "напишите человека"},
		GapOverride:   {"замена, которая никого не ставит, должна сказать, вместо кого", "заполните колонку «вместо» или импортируйте как временное расписание"},
		Backwards:     {"конец (%[2]s) раньше начала (%[1]s) или совпадает с ним", "исправьте одно из двух времён"},
		BadTime:       {"%q — не время", "пишите 2026-01-05 09:00 или 05.01.2026 09:00"},
		NoTime:        {"не хватает: %s", "напишите"},
		BadZone:       {"часовой пояс %q не известен", "используйте пояс IANA, например Europe/Moscow, или время в UTC"},
		BadRepeat:     {"повторение %q не понято (понятны ежедневные и еженедельные с INTERVAL, COUNT, UNTIL и BYDAY)", "выпишите события по одному"},
		EndlessRepeat: {"у повторения %q нет конца", "задайте UNTIL или COUNT либо укажите --to"},
		ChangedRepeat: {"изменено одно событие из повторения (%s)", "выпишите события по одному"},
		NoColumn:      {"нет колонки %q", "первая строка должна называть колонки: расписание, линия, дежурный, с, по, вместо, заместитель, причина"},
		BadColumn:     {"колонка %q не известна", "уберите её или назовите: расписание, линия, дежурный, имя, дата, с, по, вместо, заместитель, причина"},
		TwoColumns:    {"две колонки для %q", "уберите одну"},
		BadRow:        {"строка не читается: %v", "проверьте кавычки и разделители"},
		ExtraCell:     {"%q стоит за последней колонкой", "дайте колонке заголовок или уберите её"},
		Unbalanced:    {"END закрывает не то, что открыто последним", "скачайте файл заново или исправьте вручную"},
	}
}
