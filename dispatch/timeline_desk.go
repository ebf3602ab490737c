package dispatch

import (
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// desk writes one line of the log about the work on a ticket; ok is false for
// bodies that it does not know.
func (w writer) desk(e ticket.Event) (string, bool) {
	by := w.person(e.By)
	switch b := e.Body.(type) {
	case ticket.Reported:
		return w.say("event.reported", "n", strconv.Itoa(b.Report), "from", w.contact(b.From)) + w.quote(b.Text), true
	case ticket.Signalled:
		if b.Recovery {
			return w.say("event.recovery", "from", w.contact(b.From)) + w.quote(b.Text), true
		}
		return w.say("event.signalled", "from", w.contact(b.From)) + w.quote(b.Text) + w.files(b.Files), true
	case ticket.Triaged:
		return w.say("event.triaged", "person", by) + w.triage(b), true
	case ticket.Classified:
		return w.say("event.classified", "class", w.word("class", string(b.Class)), "person", by) + w.reason(b.Reason), true
	case ticket.Answered:
		return w.say("event.answered", "question", first(b.Asked, b.Question), "answer", b.Answer, "person", by), true
	case ticket.Stepped:
		return w.say("event.stepped", "step", first(b.Did, b.Step), "result", w.word("step", b.Result), "person", by) + w.reason(b.Note), true
	case ticket.Assigned:
		return w.say("event.assigned", "person", w.person(b.To), "by", by) + w.reason(b.Reason), true
	case ticket.HandedOver:
		return w.say("event.handed_over", "from", w.person(b.From), "to", w.person(b.To), "note", b.Note), true
	case ticket.TookPart:
		if b.Left {
			return w.say("event.left", "person", w.person(b.Person)), true
		}
		return w.say("event.took_part", "person", w.person(b.Person)) + w.reason(b.Role), true
	case ticket.T0Moved:
		return w.say("event.t0_moved", "from", w.clock(b.From), "to", w.clock(b.To)), true
	case ticket.Recomputed:
		return w.say("event.recomputed", "version", b.Policy.Version, "person", by) + w.reason(b.Reason), true
	case ticket.Paused:
		return w.say("event.paused", "pause", b.Pause, "reason", w.word("pause", string(b.Reason)), "until", w.clock(b.Until), "person", by) + w.reason(b.Note), true
	case ticket.Resumed:
		return w.say("event.resumed", "pause", first(b.Pause, w.say("pause.all")), "reason", w.word("resumed", b.Reason)), true
	case ticket.Reopened:
		return w.say("event.reopened", "person", by) + w.reason(b.Reason), true
	case ticket.Warned:
		return w.warned(b), true
	}
	if text, ok := w.spoken(e, by); ok {
		return text, true
	}
	if text, ok := w.ties(e, by); ok {
		return text, true
	}
	return w.papers(e, by)
}

// spoken writes what was said to the client and what came back.
func (w writer) spoken(e ticket.Event, by string) (string, bool) {
	switch b := e.Body.(type) {
	case ticket.Messaged:
		return w.say("event.messaged", "purpose", w.word("purpose", string(b.Purpose)), "to", w.contact(b.To), "person", by) + w.quote(b.Text), true
	case ticket.Sent:
		return w.say("event.message_sent", "channel", w.word("channel", b.Channel)), true
	case ticket.Unsent:
		return w.say("event.message_failed", "channel", w.word("channel", b.Channel)) + w.reason(b.Cause), true
	case ticket.Contacted:
		return w.say("event.contacted", "person", by, "with", b.With, "channel", w.word("channel", b.Channel)) + w.reason(b.Note), true
	case ticket.ContactTried:
		return w.say("event.contact_tried", "person", by, "channel", w.word("channel", b.Channel), "result", w.word("outcome", b.Result)), true
	case ticket.Planned:
		return w.planned(b), true
	case ticket.PlanTold:
		return w.say("event.plan_told", "version", strconv.Itoa(b.Version), "with", b.With, "person", by), true
	case ticket.Updated:
		text := w.say("event.updated", "text", b.Text, "person", by)
		if !b.Next.IsZero() {
			text += w.say("event.next", "at", w.clock(b.Next))
		}
		if l, untold := w.untold[e.Seq]; untold {
			text += w.say("event.untold", "at", w.clock(l.At))
		}
		return text, true
	case ticket.Restored:
		return w.say("event.stabilised", "statement", b.Statement, "check", b.Check, "person", by), true
	case ticket.ClientConfirmed:
		return w.say("event.client_confirmed", "with", b.With), true
	case ticket.Rated:
		return w.say("event.rated", "score", strconv.Itoa(b.Score)) + w.quote(b.Comment), true
	}
	return "", false
}

// ties writes how tickets belong together.
func (w writer) ties(e ticket.Event, by string) (string, bool) {
	switch b := e.Body.(type) {
	case ticket.Absorbed:
		return w.say("event.absorbed", "number", b.Number.String(), "person", by), true
	case ticket.Released:
		return w.say("event.released", "person", by), true
	case ticket.Unmerged:
		return w.say("event.unmerged", "person", by) + w.reason(b.Reason), true
	case ticket.Split:
		return w.say("event.split", "signal", b.Signal, "number", b.Number.String(), "person", by), true
	case ticket.Linked:
		return w.say("event.linked", "relation", w.word("relation", string(b.Relation)), "number", b.Number.String()), true
	case ticket.Unlinked:
		return w.say("event.unlinked", "relation", w.word("relation", string(b.Relation))), true
	}
	return "", false
}

// papers writes sessions, working time, tasks, the root cause and the report.
func (w writer) papers(e ticket.Event, by string) (string, bool) {
	switch b := e.Body.(type) {
	case ticket.Tasked:
		text := w.say("event.tasked", "task", b.Task, "text", b.Text, "owner", w.owner(b.Owner))
		if !b.Due.IsZero() {
			text += w.say("event.due", "at", w.day(b.Due))
		}
		return text, true
	case ticket.TaskDone:
		return w.say("event.task_done", "task", b.Task, "result", w.word("task", b.Result), "person", by) + w.reason(b.Note), true
	case ticket.Connected:
		return w.say("event.session_opened", "session", b.Session, "way", b.Way, "person", by) + w.reason(strings.TrimSpace(b.Asset+" "+b.Purpose)), true
	case ticket.Disconnected:
		return w.say("event.session_closed", "session", b.Session, "person", by) + w.reason(b.Note), true
	case ticket.Revealed:
		return w.say("event.secret_revealed", "asset", b.Asset, "access", b.Access, "person", by) + w.reason(b.Reason), true
	case ticket.Timed:
		return w.say("event.timed", "person", w.person(b.Person), "source", w.word("time", b.Source), "span", w.duration(b.To.Sub(b.From))), true
	case ticket.TimeSettled:
		return w.say("event.time_settled", "entry", b.Entry, "span", w.duration(b.Time), "person", by), true
	case ticket.RootCaused:
		return w.say("event.root_caused", "cause", b.Cause, "person", by), true
	case ticket.Explained:
		return w.say("event.breach_explained", "clock", w.word("sla", string(b.Clock)), "text", b.Text, "person", by), true
	case ticket.Curated:
		return w.say("event.line_curated", "line", strconv.Itoa(b.Seq), "person", by), true
	case ticket.Drafted:
		return w.say("event.report_drafted", "version", strconv.Itoa(b.Version), "person", by), true
	case ticket.Approved:
		return w.say("event.report_approved", "version", strconv.Itoa(b.Version), "person", by), true
	case ticket.ReportRead:
		return w.say("event.report_opened", "version", strconv.Itoa(b.Version)), true
	}
	return "", false
}

// unreported says why an emergency was closed without a report.
func (w writer) unreported(why string) string {
	if why == "" {
		return ""
	}
	return w.say("event.unreported", "why", why)
}

func (w writer) planned(b ticket.Planned) string {
	key := "event.planned"
	if !b.Complete() {
		key = "event.plan_drafted"
	}
	text := w.say(key, "version", strconv.Itoa(b.Version), "hypothesis", first(b.Hypothesis, "—"), "person", w.person(b.Engineer))
	if !b.ETA.IsZero() {
		text += w.say("event.eta", "at", w.clock(b.ETA))
	}
	return text + w.reason(b.Reason)
}

func (w writer) triage(b ticket.Triaged) string {
	var parts []string
	if b.Category != "" {
		parts = append(parts, w.word("category", string(b.Category)))
	}
	for _, l := range []struct {
		key   string
		level ticket.Level
	}{{"triage.impact", b.Impact}, {"triage.urgency", b.Urgency}} {
		if l.level != ticket.NoLevel {
			parts = append(parts, w.say(l.key, "level", w.word("level", string(l.level))))
		}
	}
	if len(b.Services) > 0 {
		parts = append(parts, strings.Join(b.Services, ", "))
	}
	if b.Summary != "" {
		parts = append(parts, b.Summary)
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, "; ")
}

func (w writer) warned(b ticket.Warned) string {
	clock, task := strings.CutPrefix(string(b.Clock), taskPrefix)
	key := "event.clock_warned"
	switch {
	case task:
		key = "event.task_due"
	case warnedType(b) == "clock.breached":
		key = "event.clock_breached"
	}
	names := make([]string, len(b.To))
	for i, id := range b.To {
		names[i] = w.owner(id)
	}
	text := w.say(key, "clock", w.word("sla", clock), "level", w.word("level", b.Level), "task", clock)
	if len(names) > 0 {
		text += w.say("event.told", "people", strings.Join(names, ", "))
	}
	return text + w.late(b.Late)
}

// contact is a person or an address on the client's side.
func (w writer) contact(c ticket.Contact) string {
	if c.Unproven {
		c.Unproven = false
		return w.say("contact.unproven", "who", w.contact(c))
	}
	who := first(c.Name, c.Client.ContactName)
	at := strings.TrimSpace(w.word("channel", c.Channel) + " " + c.Address)
	switch {
	case who == "":
		return at
	case at == "":
		return who
	}
	return who + " (" + at + ")"
}

// owner is who has a task.
func (w writer) owner(id string) string {
	if id == "" || id == byClient {
		return w.word("owner", first(id, "nobody"))
	}
	return w.person(id)
}

// quoted is how much of a text a line of a timeline shows, in runes.
const quoted = 160

// quote shows the beginning of a text.
func (w writer) quote(text string) string {
	text = ticket.OneLine(text)
	if text == "" {
		return ""
	}
	if r := []rune(text); len(r) > quoted {
		text = string(r[:quoted]) + "…"
	}
	return ": «" + text + "»"
}

func (w writer) clock(t time.Time) string { return t.In(w.opt.Zone).Format("15:04") }
func (w writer) day(t time.Time) string   { return t.In(w.opt.Zone).Format("2006-01-02 15:04") }

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// files names what came with a message.
func (w writer) files(hashes []string) string {
	if len(hashes) == 0 {
		return ""
	}
	const short = 12 // digits of a hash: enough for `vahta ticket file`
	names := make([]string, len(hashes))
	for i, hash := range hashes {
		if w.opt.File != nil {
			names[i] = w.opt.File(hash)
		}
		names[i] = first(names[i], hash[:min(short, len(hash))])
	}
	return w.say("event.files", "names", strings.Join(names, ", "))
}
