package dispatch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// TimelineOptions say how a timeline is written.
type TimelineOptions struct {
	Language string                     // "ru" or "en"
	Zone     *time.Location             // nil = UTC
	Name     func(person string) string // a person's name by id; nil = the id
	File     func(hash string) string   // what the sender calls a file; nil or empty = the beginning of its hash
	Now      time.Time                  // for clocks that run
	Partial  bool                       // the beginning of the log can not be read now
}

// Timeline writes a ticket and its log as plain text for people: a head of
// three lines, then one line per event with the clock time and the time since
// the first signal. Lines stand in the order of what happened; the log has them
// in the order of recording (an attempt is recorded at its end).
func Timeline(t ticket.Ticket, log []ticket.Event, opt TimelineOptions) string {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if opt.Name == nil {
		opt.Name = func(id string) string { return id }
	}
	w := writer{opt: opt, texts: texts(opt.Language), untold: ticket.Untold(log)}
	var b strings.Builder
	b.WriteString(w.head(t, log, ticket.FirstContact(log, opt.Now)))
	if opt.Partial {
		b.WriteString(w.say("log.partial") + "\n")
	}
	log = slices.Clone(log)
	slices.SortStableFunc(log, func(a, b ticket.Event) int { return a.At.Compare(b.At) })
	for _, e := range log {
		since := max(0, e.At.Sub(t.OpenedAt).Round(time.Millisecond))
		fmt.Fprintf(&b, "%s  +%-12s %s\n", e.At.In(opt.Zone).Format("15:04:05.000"), w.duration(since), w.event(e))
	}
	return b.String()
}

// writer renders in one language.
type writer struct {
	opt    TimelineOptions
	texts  map[string]string
	untold map[int]ticket.Line[ticket.Unsent] // updates that have not arrived, by their line
}

// say fills a text's {names} from pairs of name and value.
func (w writer) say(key string, pairs ...string) string {
	text, ok := w.texts[key]
	if !ok {
		return key
	}
	for i := range pairs {
		if i%2 == 0 {
			pairs[i] = "{" + pairs[i] + "}"
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// InWords returns how people say a stored key of a kind: stage, priority, category, outcome, result. A key without a text is
// returned as it is.
func InWords(kind, key, language string) string {
	return writer{texts: texts(language)}.word(kind, key)
}

// word translates a stored key; a key without a text is shown as it is.
func (w writer) word(kind, key string) string {
	if text, ok := w.texts[kind+"."+key]; ok {
		return text
	}
	return key
}

func (w writer) head(t ticket.Ticket, log []ticket.Event, k1 sla.Clock) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s · %s · %s\n", t.Number, w.word("priority", t.Priority.String()), w.word("stage", t.Stage.String()))
	b.WriteString(w.say("head.client", "client", w.client(t.Client)) + w.asker(t, log) + "\n")
	b.WriteString(w.say("head.opened", "at", t.OpenedAt.In(w.opt.Zone).Format("2006-01-02 15:04:05 MST"), "line", t.Line) + "\n")
	if k1.Verdict != sla.Idle {
		b.WriteString(w.say("clock."+k1.Verdict.String(), "elapsed", w.seconds(k1.Seconds()), "limit", w.seconds(int64(k1.Limit/time.Second))) + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// asker is who has brought the ticket: a caller, a sender, or nobody but us.
func (w writer) asker(t ticket.Ticket, log []ticket.Event) string {
	i := slices.IndexFunc(log, func(e ticket.Event) bool { return e.Body != nil && e.Body.Kind() == ticket.KindOpened })
	if i >= 0 {
		if o, ok := log[i].Body.(ticket.Opened); ok && o.Call == "" && o.Signal != "" {
			if o.From.Channel == "" && o.From.Name == "" {
				return ""
			}
			return w.say("head.asker", "from", w.contact(o.From))
		}
	}
	if i < 0 && t.Caller == "" {
		return "" // the beginning of the log is away: it may have been a message
	}
	return w.say("head.caller", "caller", w.caller(t.Caller, t.Name))
}

func (w writer) client(m client.Match) string {
	switch {
	case m.Level == client.Unknown:
		return w.say("client.unknown")
	case m.Level == client.Maybe:
		return w.say("client.maybe", "client", m.OrgName)
	case m.ContactName != "":
		return m.OrgName + ", " + m.ContactName
	default:
		return m.OrgName
	}
}

func (w writer) caller(n client.Number, name string) string {
	switch {
	case n == "":
		return w.say("caller.hidden")
	case name != "" && name != string(n):
		return fmt.Sprintf("%s (%s)", n, name)
	default:
		return string(n)
	}
}

// event writes one line of the log.
func (w writer) event(e ticket.Event) string {
	switch b := e.Body.(type) {
	case ticket.Opened:
		if b.Call == "" && b.Signal != "" {
			if b.From.Channel == "" {
				return w.say("event.opened_desk", "person", w.person(e.By)) + w.quote(b.Text)
			}
			return w.say("event.opened_message", "from", w.contact(b.From)) + w.quote(b.Text) + w.files(b.Files)
		}
		return w.say("event.opened", "caller", w.caller(b.Caller, b.Name), "line", b.Line)
	case ticket.Joined:
		return w.say("event.joined", "caller", w.caller(b.Caller, b.Name), "line", b.Line)
	case ticket.Attempted:
		return w.attempt(b)
	case ticket.Accepted:
		return w.say("event.accepted", "person", w.person(b.Person), "device", w.device(b.Device))
	case ticket.CallEnded:
		return w.ended(b)
	case ticket.PageRaised:
		return w.say("event.page_raised", "reason", w.word("reason", b.Reason)) + w.late(b.Late)
	case ticket.Acknowledged:
		return w.say("event.acknowledged", "person", w.person(e.By), "how", w.word("how", b.How))
	case ticket.Noted:
		if text, ok := w.scriptNote(e.By, b.Text); ok {
			return text
		}
		return w.say("event.noted", "person", w.person(e.By), "text", b.Text)
	case ticket.Moved:
		return w.say("event.moved", "person", w.person(e.By), "stage", w.word("stage", b.To.String())) + w.reason(b.Reason) + w.unreported(b.Unreported)
	case ticket.Categorised:
		return w.say("event.categorised", "category", w.word("category", string(b.Category)))
	case ticket.Prioritised:
		return w.say("event.prioritised", "priority", w.word("priority", b.Priority.String())) + w.reason(b.Reason)
	case ticket.MergedInto:
		return w.say("event.merged", "target", b.Target)
	case ticket.RecallAsked:
		if b.Refused != "" {
			return w.say("event.recall_refused", "reason", w.word("refusal", b.Refused))
		}
		return w.say("event.recall_asked", "caller", w.caller(b.Number, ""))
	case ticket.RecallTried:
		return w.say("event.recall_tried", "try", strconv.Itoa(b.Try), "outcome", w.word("recall", b.Result), "took", w.duration(b.Took))
	case ticket.RecallEnded:
		return w.say("event.recall_"+b.Reason, "tries", strconv.Itoa(b.Tries))
	case ticket.SpecialistAsked:
		return w.say("event.specialist_asked", "skill", b.Skill, "person", w.person(e.By), "people", w.specialists(b))
	case ticket.SpecialistTook:
		return w.say("event.specialist_took", "skill", b.Skill, "person", w.person(b.Person)) + w.expired(b.Expired)
	case ticket.SpecialistMissed:
		return w.say("event.specialist_missed", "skill", b.Skill, "tries", strconv.Itoa(b.Tries))
	case ticket.NobodyReached:
		return w.say("event.nobody_reached", "pages", strconv.Itoa(b.Pages), "took", w.duration(e.At.Sub(b.Since)))
	}
	if text, ok := w.desk(e); ok {
		return text
	}
	return string(e.Body.Kind())
}

// specialists lists whom a search asks, in order.
func (w writer) specialists(b ticket.SpecialistAsked) string {
	names := make([]string, len(b.People))
	for i, id := range b.People {
		names[i] = w.person(id) + w.expired(slices.Contains(b.Expired, id))
	}
	return strings.Join(names, ", ")
}

func (w writer) expired(is bool) string {
	if is {
		return " (" + w.say("certificate.expired") + ")"
	}
	return ""
}

func (w writer) attempt(b ticket.Attempted) string {
	key := "event.attempt"
	if b.Page {
		key = "event.page"
	}
	text := w.say(key, "person", w.person(b.Person), "device", w.device(b.Device), "outcome", w.word("outcome", b.Outcome), "took", w.duration(b.Took))
	if b.Status != 0 {
		text += fmt.Sprintf(" (SIP %d)", b.Status)
	}
	if b.Repeats > 0 {
		text += w.say("event.repeats."+plural(b.Repeats), "n", strconv.Itoa(b.Repeats))
	}
	return text
}

// plural tells which form of the word for "times" a number takes.
func plural(n int) string {
	if n == 1 {
		return "one"
	}
	if last := n % 10; last >= 2 && last <= 4 && n%100/10 != 1 {
		return "few"
	}
	return "many"
}

// Itself is the author of what Vahta writes down of its own doing.
const Itself = byVahta

// ScriptNote is a turn of a call that its script notes in the ticket's log as
// it happens. The log keeps the key; a timeline has the words.
type ScriptNote string

// The turns that are noted.
const (
	NoteAnswered       ScriptNote = "answered_by_vahta" // greeting and music instead of ringing
	NoteQueued         ScriptNote = "queued"            // all engineers talk
	NoteCallerLeft     ScriptNote = "caller_left"       // while an engineer was being asked
	NoteCallingBack    ScriptNote = "calling_back"      // the client's number, masked
	NoteClientAnswered ScriptNote = "client_answered"   // the call-back
	NoteClientSilent   ScriptNote = "client_silent"     // the same, in vain
	NoteGoesOn         ScriptNote = "goes_on"           // a call that another node has ended on record
	NoteClientUnheard  ScriptNote = "client_unheard"    // one-way audio
	NotePersonUnheard  ScriptNote = "person_unheard"    // the same of an engineer: his id
)

// Text is the note as the log keeps it; value is what it is about, if anything.
func (n ScriptNote) Text(value string) string {
	return strings.TrimSpace(string(n) + " " + value)
}

// scriptNote writes a note of Vahta's own.
func (w writer) scriptNote(by, text string) (string, bool) {
	key, value, _ := strings.Cut(text, " ")
	sentence, ok := w.texts["note."+key]
	if !ok || by != Itself {
		return "", false
	}
	return strings.ReplaceAll(sentence, "{value}", value), true
}

func (w writer) ended(b ticket.CallEnded) string {
	text := w.say("event.call_ended", "result", w.word("result", b.Result))
	if b.Talk > 0 {
		text += w.say("event.talk", "talk", w.duration(b.Talk))
	}
	if b.Recording != "" {
		text += w.say("event.recording", "path", b.Recording)
	}
	return text
}

func (w writer) person(id string) string {
	switch id {
	case "":
		return w.say("person.nobody")
	case byVahta, byCaller, "static":
		return w.word("person", id)
	}
	return w.opt.Name(id)
}

func (w writer) device(kind string) string {
	if kind == "" {
		return ""
	}
	return " (" + w.word("device", kind) + ")"
}

func (w writer) reason(r string) string {
	if r == "" {
		return ""
	}
	return ": " + r
}

func (w writer) late(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return w.say("event.late", "late", w.duration(d))
}

// duration writes a time span as a person reads it: 0.412 s, 19.3 s, 2 min 5 s.
func (w writer) duration(d time.Duration) string {
	if d < 0 {
		return "-" + w.duration(-d)
	}
	digits := 3
	switch {
	case d >= time.Minute:
		return w.seconds(int64(d / time.Second))
	case d >= 10*time.Second:
		digits = 1
	}
	number := strconv.FormatFloat(d.Seconds(), 'f', digits, 64)
	return strings.Replace(number, ".", w.texts["decimal"], 1) + " " + w.texts["unit.s"]
}

func (w writer) seconds(n int64) string {
	const minute, hour = 60, 3600
	var parts []string
	add := func(n int64, unit string) {
		if n > 0 {
			parts = append(parts, strconv.FormatInt(n, 10)+" "+w.texts[unit])
		}
	}
	add(n/hour, "unit.h")
	add(n%hour/minute, "unit.min")
	add(n%minute, "unit.s")
	if len(parts) == 0 {
		return "0 " + w.texts["unit.s"]
	}
	return strings.Join(parts, " ")
}
