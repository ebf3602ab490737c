package shift

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// EventJSON is the stable form in which subscribers outside get events about
// shifts. Fields are only ever added.
type EventJSON struct {
	Type  string    `json:"type"` // shift.reminder, shift.confirmed …
	ID    string    `json:"id"`   // of the event; the same in every repeat
	At    time.Time `json:"timestamp"`
	Shift TurnJSON  `json:"shift"`
	By    string    `json:"by,omitempty"`
	Data  any       `json:"data"`
}

// TurnJSON is what an event tells of its turn. A hand-over has no person.
type TurnJSON struct {
	Schedule string    `json:"schedule"`
	Title    string    `json:"schedule_name,omitempty"`
	Track    string    `json:"track,omitempty"`
	Person   string    `json:"person,omitempty"`
	Name     string    `json:"name,omitempty"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end,omitzero"` // none = no end is in sight
}

type reminded struct {
	When      Kind `json:"when"`
	Confirmed bool `json:"confirmed"`
}

type agreed struct {
	How string    `json:"how"`
	At  time.Time `json:"at"`
}

type alarmed struct {
	How  string   `json:"how,omitempty"`
	Told []string `json:"told"` // the schedulers who are rung
}

// event makes the notices that tell subscribers of a turn. Its id follows from
// what has happened, so that it is told once whoever tells it.
func (t teller) event(kind, part string, turn oncall.Turn, by string, data any) []dispatch.Notice {
	what := TurnJSON{Schedule: turn.Schedule, Track: turn.Track, Person: turn.Person, Start: turn.Start.UTC(), End: turn.End.UTC()}
	if turn.End.IsZero() {
		what.End = time.Time{}
	}
	if p, ok := t.s.Roster.Person(turn.Person); ok {
		what.Name = p.Name
	}
	return t.tellAll(kind, kind+"\n"+part+"\n"+turnID(turn), what, by, data)
}

func (t teller) tellAll(kind, key string, what TurnJSON, by string, data any) (list []dispatch.Notice) {
	if s, ok := t.s.Roster.Schedule(what.Schedule); ok {
		what.Title = s.Name
	}
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte("vahta shift\n"+key)).String()
	body, err := json.Marshal(EventJSON{Type: kind, ID: id, At: t.now.UTC(), Shift: what, By: by, Data: data})
	if err != nil {
		return nil // plain values always marshal
	}
	for _, s := range t.rules.Subscribers {
		if len(s.Kinds) == 0 || slices.Contains(s.Kinds, kind) {
			list = append(list, dispatch.Notice{ID: id + "-" + s.To, Kind: dispatch.NoticeEvent, Channel: s.Channel, To: s.To, Body: body, DueAt: t.now})
		}
	}
	return list
}

// handed makes the change that tells a hand-over.
func (t teller) handed(i Item, note Note) dispatch.Change {
	return dispatch.Change{
		ID:      i.ID(),
		Notices: t.tellAll(dispatch.EventShiftHandover, dispatch.EventShiftHandover+"\n"+i.ID(), TurnJSON{Schedule: i.Schedule, Start: i.At}, "", note),
	}
}
