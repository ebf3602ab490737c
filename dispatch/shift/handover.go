package shift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// Note is what those who go leave to those who come.
type Note struct {
	Schedule string    `json:"schedule"`
	Name     string    `json:"name,omitempty"`
	At       time.Time `json:"at"`
	Tracks   []Change  `json:"tracks"`
	// Open is the open work of the schedule's lines, oldest first.
	Open []OpenTicket `json:"open"`
	// Unlisted says that open work could not be listed; Open tells nothing then.
	Unlisted bool `json:"open_unknown,omitempty"`

	// Zone is that of the schedule, for the times in Text.
	Zone oncall.Zone `json:"zone,omitzero"`
}

// Change is who goes, comes and stays on a track.
type Change struct {
	Track string   `json:"track"`
	Goes  []Who    `json:"goes,omitempty"`
	Comes []Who    `json:"comes,omitempty"`
	Stays []Who    `json:"stays,omitempty"`
	Next  NextHand `json:"next,omitzero"`
}

// Who is a person by id and name.
type Who struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// NextHand is when the people of a track change again, and who they are then.
type NextHand struct {
	At     time.Time `json:"at"`
	People []Who     `json:"people,omitempty"`
}

// OpenTicket is one piece of open work.
type OpenTicket struct {
	Number   string       `json:"number"`
	Line     string       `json:"line,omitempty"`
	Client   string       `json:"client,omitempty"`
	Caller   string       `json:"caller,omitempty"` // masked
	Stage    ticket.Stage `json:"stage"`
	Since    time.Time    `json:"since"`
	Assignee Who          `json:"assignee,omitzero"`
	// Waiting says that nobody has acknowledged it yet.
	Waiting bool `json:"waiting,omitempty"`
	// Contact is when an engineer first talked to the client; Limit is when that was promised for.
	Contact time.Time `json:"contact_at,omitzero"`
	Limit   time.Time `json:"contact_limit,omitzero"`
	// OwesCall says that the client was cut off and waits for our call.
	OwesCall bool `json:"owes_call,omitempty"`
}

// Handover makes the note of the schedule for a hand-over at an instant. Without
// a change at that instant everybody stays.
func Handover(s *dispatch.Snapshot, schedule string, at time.Time, tickets []ticket.Ticket) Note {
	n := Note{Schedule: schedule, At: at.UTC(), Zone: scheduleZone(s.Duty, schedule, at)}
	if found, ok := s.Roster.Schedule(schedule); ok {
		n.Name = found.Name
		for _, track := range oncall.TrackIDs(found.RulesIn(at.Add(-time.Second), at.Add(time.Second))...) {
			n.Tracks = append(n.Tracks, changeOf(s, schedule, track, at))
		}
	}
	lines := map[string]string{}
	for _, l := range s.Lines() {
		if l.Schedule == schedule {
			lines[l.ID] = l.Name
		}
	}
	for i := range tickets {
		t := &tickets[i]
		if _, ours := lines[t.Line]; ours && t.Open() {
			n.Open = append(n.Open, openTicket(s, t))
		}
	}
	slices.SortStableFunc(n.Open, func(a, b OpenTicket) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Number, b.Number)) })
	return n
}

func openTicket(s *dispatch.Snapshot, t *ticket.Ticket) OpenTicket {
	o := OpenTicket{
		Number: t.Number.String(), Line: t.Line, Client: t.Client.OrgName, Caller: t.Caller.Masked(), Stage: t.Stage, Since: t.OpenedAt.UTC(),
		Waiting: t.NeedsPage(), Contact: t.ContactAt, OwesCall: t.OwesCall(),
	}
	if t.Assignee != "" {
		o.Assignee = who(s, t.Assignee)
	}
	if t.ContactAt.IsZero() && t.Limit > 0 {
		o.Limit = t.OpenedAt.Add(t.Limit).UTC()
	}
	return o
}

// changeOf compares the people of a track right before and at an instant.
func changeOf(s *dispatch.Snapshot, schedule, track string, at time.Time) Change {
	c := Change{Track: track}
	before, now := on(s.Duty, schedule, track, at.Add(-time.Second)), on(s.Duty, schedule, track, at)
	for _, id := range before {
		if !slices.Contains(now, id) {
			c.Goes = append(c.Goes, who(s, id))
		}
	}
	for _, id := range now {
		if slices.Contains(before, id) {
			c.Stays = append(c.Stays, who(s, id))
		} else {
			c.Comes = append(c.Comes, who(s, id))
		}
	}
	for shift := range s.Duty.Shifts(schedule, track, at, at.Add(oncall.Foresight)) {
		if then := people(shift.Duties); !slices.Equal(then, now) {
			c.Next.At = shift.Start.UTC()
			for _, id := range then {
				c.Next.People = append(c.Next.People, who(s, id))
			}
			break
		}
	}
	return c
}

func on(e *oncall.Evaluator, schedule, track string, at time.Time) []string {
	duties := slices.DeleteFunc(e.AppendWho(nil, schedule, at), func(d oncall.Duty) bool { return d.Track != track })
	return people(duties)
}

func who(s *dispatch.Snapshot, id string) Who {
	w := Who{ID: id}
	if p, ok := s.Roster.Person(id); ok {
		w.Name = p.Name
	}
	return w
}

// Text writes the note for people, "ru" or "en".
func (n Note) Text(language string, now time.Time) string {
	say := func(en, ru string, args ...any) string {
		if language == "ru" {
			en = ru
		}
		return fmt.Sprintf(en, args...)
	}
	clock := func(t time.Time) string { return oncall.CivilAt(t, n.Zone).String() }
	nobody := say("NOBODY", "НИКОГО")
	var b strings.Builder
	b.WriteString(say("Hand-over of %s, %s (%s)\n", "Передача смены: %s, %s (%s)\n", cmp.Or(n.Name, n.Schedule), clock(n.At), n.Zone))
	for _, c := range n.Tracks {
		parts := []string{}
		if len(c.Goes) > 0 {
			parts = append(parts, say("goes: %s", "сдаёт: %s", names(c.Goes, nobody)))
		}
		if len(c.Comes) > 0 || len(c.Stays) == 0 {
			parts = append(parts, say("comes: %s", "принимает: %s", names(c.Comes, nobody)))
		}
		if len(c.Stays) > 0 {
			parts = append(parts, say("stays: %s", "остаётся: %s", names(c.Stays, nobody)))
		}
		if !c.Next.At.IsZero() {
			parts = append(parts, say("next: %s at %s", "следующая смена: %s, с %s", names(c.Next.People, nobody), clock(c.Next.At)))
		}
		fmt.Fprintf(&b, "  %s: %s\n", c.Track, strings.Join(parts, "; "))
	}
	if n.Unlisted {
		b.WriteString(say("OPEN TICKETS ARE NOT KNOWN: they could not be listed, look with vahta ticket list\n",
			"ОТКРЫТЫЕ ЗАЯВКИ НЕИЗВЕСТНЫ: список получить не удалось, посмотрите сами: vahta ticket list\n"))
		return b.String()
	}
	if len(n.Open) == 0 {
		b.WriteString(say("No open tickets.\n", "Открытых заявок нет.\n"))
		return b.String()
	}
	b.WriteString(say("Open tickets: %d\n", "Открытых заявок: %d\n", len(n.Open)))
	for _, t := range n.Open {
		parts := []string{t.Number, cmp.Or(t.Client, t.Caller, say("unknown caller", "номер неизвестен")), stage(t.Stage, language), say("since %s", "с %s", clock(t.Since))}
		switch {
		case t.Waiting:
			parts = append(parts, say("NOBODY HAS IT", "ЕЁ НИКТО НЕ ВЗЯЛ"))
		case t.Assignee.ID != "":
			parts = append(parts, say("with %s", "у: %s", cmp.Or(t.Assignee.Name, t.Assignee.ID)))
		}
		switch {
		case t.OwesCall:
			parts = append(parts, say("CALL THE CLIENT BACK: cut off, nobody has talked to him since", "ПЕРЕЗВОНИТЬ КЛИЕНТУ: звонок прервался, с ним ещё не говорили"))
		case !t.Limit.IsZero() && now.After(t.Limit):
			parts = append(parts, say("first contact was promised by %s: LATE", "первый ответ обещан до %s: ПРОСРОЧЕН", clock(t.Limit)))
		case !t.Limit.IsZero():
			parts = append(parts, say("first contact by %s", "первый ответ до %s", clock(t.Limit)))
		}
		fmt.Fprintf(&b, "  %s\n", strings.Join(parts, "; "))
	}
	return b.String()
}

// stage is the name of a stage for people.
func stage(s ticket.Stage, language string) string {
	if language != "ru" {
		return s.String()
	}
	if ru, ok := map[string]string{
		"new": "новая", "triage": "разбор", "in_progress": "в работе", "pending": "ожидание", "resolved": "решена",
	}[s.String()]; ok {
		return ru
	}
	return s.String()
}

func names(list []Who, nobody string) string {
	if len(list) == 0 {
		return nobody
	}
	all := make([]string, len(list))
	for i, w := range list {
		all[i] = cmp.Or(w.Name, w.ID)
	}
	return strings.Join(all, ", ")
}
