package portal

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// PeopleReply lists the people.
type PeopleReply struct {
	People []Item[oncall.Person] `json:"people"`
}

func (s *Server) people(ctx context.Context, _ *struct{}) (*reply[PeopleReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	out := PeopleReply{People: []Item[oncall.Person]{}}
	for i := range l.Roster.People {
		out.People = append(out.People, l.shown(l.Roster.People[i]))
	}
	return &reply[PeopleReply]{etag(l.Version.Revision), out}, nil
}

// shown is a person as the caller may see them.
func (l *look) shown(p oncall.Person) Item[oncall.Person] {
	if !l.by.devices() {
		p.Devices = nil
	}
	return Item[oncall.Person]{l.revision(edit.Person, p.ID), p}
}

func (s *Server) onePerson(ctx context.Context, in *idInput) (*reply[Item[oncall.Person]], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	p, err := l.person(in.ID)
	if err != nil {
		return nil, err
	}
	item := l.shown(p)
	return &reply[Item[oncall.Person]]{etag(item.Revision), item}, nil
}

// TurnsReply are turns of a person.
type TurnsReply struct {
	Person string        `json:"person"`
	Turns  []oncall.Turn `json:"turns"`
}

type nextInput struct {
	ID string `path:"id"`
	At string `query:"at" doc:"An instant, or a reading of the clock of the person's zone; default now"`
}

func (s *Server) nextTurn(ctx context.Context, in *nextInput) (*reply[TurnsReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	p, err := l.person(in.ID)
	if err != nil {
		return nil, err
	}
	at, err := l.at("query.at", in.At, l.home(p))
	if err != nil {
		return nil, err
	}
	out := TurnsReply{p.ID, []oncall.Turn{}}
	if turn, ok := l.duty.Next(p.ID, at); ok {
		out.Turns = append(out.Turns, turn)
	}
	return &reply[TurnsReply]{etag(l.Version.Revision), out}, nil
}

// home is the zone of a person's readings: their own, else that of the first schedule.
func (l *look) home(p oncall.Person) oncall.Zone {
	if !p.Zone.IsZero() || len(l.Roster.Schedules) == 0 {
		return p.Zone
	}
	return l.Roster.Schedules[0].RulesAt(l.now).Zone
}

type turnsInput struct {
	ID string `path:"id"`
	SpanQuery
}

func (s *Server) turns(ctx context.Context, in *turnsInput) (*reply[TurnsReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	p, err := l.person(in.ID)
	if err != nil {
		return nil, err
	}
	from, to, err := l.span(in.SpanQuery, l.home(p))
	if err != nil {
		return nil, err
	}
	out := TurnsReply{p.ID, []oncall.Turn{}}
	for turn := range l.duty.Turns(p.ID, from, to) {
		out.Turns = append(out.Turns, turn)
	}
	return &reply[TurnsReply]{etag(l.Version.Revision), out}, nil
}

// withoutNumbers leaves the names of static numbers.
func withoutNumbers(list []oncall.StaticNumber) []oncall.StaticNumber {
	list = slices.Clone(list)
	for i := range list {
		list[i].Number = ""
	}
	return list
}

// withoutDevices leaves out how people are reached.
func withoutDevices(records []edit.Record) []edit.Record {
	records = slices.Clone(records)
	for i := range records {
		records[i].Body = redacted(records[i].Body)
	}
	return records
}

// redacted takes devices and numbers out of the JSON of a record or an edit. What can not be read is left out whole.
func redacted(body json.RawMessage) json.RawMessage {
	if len(body) == 0 {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	strip(v)
	out, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return out
}

func strip(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, secret := range []string{"devices", "number"} {
			delete(v, secret)
		}
		for _, inner := range v {
			strip(inner)
		}
	case []any:
		for _, inner := range v {
			strip(inner)
		}
	}
}

// CalendarsReply lists the years of production calendars.
type CalendarsReply struct {
	Calendars []Item[oncall.CalendarYear] `json:"calendars"`
}

func (s *Server) calendars(ctx context.Context, _ *struct{}) (*reply[CalendarsReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	out := CalendarsReply{Calendars: []Item[oncall.CalendarYear]{}}
	for _, c := range l.Roster.Calendars {
		out.Calendars = append(out.Calendars, Item[oncall.CalendarYear]{l.revision(edit.Calendar, edit.CalendarID(c.Calendar, c.Year)), c})
	}
	return &reply[CalendarsReply]{etag(l.Version.Revision), out}, nil
}

// VersionReply says which rota, which program and which zones answer, and which the other nodes have.
type VersionReply struct {
	Product   string        `json:"product"`
	TZData    string        `json:"tzdata" doc:"Version of the time zone data"`
	Node      string        `json:"node"`
	Revision  int64         `json:"revision" doc:"Of the rota on this node"`
	EditedAt  time.Time     `json:"edited_at,omitzero"`
	Hash      string        `json:"hash" doc:"Of all records of the rota"`
	Confirmed bool          `json:"confirmed" doc:"Whether the record agreed within the last 15 minutes"`
	Nodes     []NodeVersion `json:"nodes" doc:"Those that share the record; none when they can not be asked now"`
}

// NodeVersion is what a node works with.
type NodeVersion struct {
	Node     string `json:"node"`
	Alive    bool   `json:"alive"`
	Revision int64  `json:"revision"`
	Same     bool   `json:"same" doc:"Whether it works with the same rota as this node"`
}

func (s *Server) version(ctx context.Context, _ *struct{}) (*reply[VersionReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	out := VersionReply{
		Product: s.deps.Product(), TZData: s.deps.TZData, Node: s.deps.Node, Revision: l.Version.Revision, EditedAt: l.Version.EditedAt,
		Hash: l.Version.Hash, Confirmed: l.Confirmed, Nodes: []NodeVersion{},
	}
	if s.deps.Nodes != nil {
		nodes, err := s.deps.Nodes(ctx)
		if err != nil {
			s.deps.Log.Debug("the nodes can not be asked", "err", err.Error())
		}
		for _, n := range nodes {
			out.Nodes = append(out.Nodes, NodeVersion{n.ID, n.Until.After(l.now), n.Rota.Revision, n.Rota == l.Version})
		}
	}
	return &reply[VersionReply]{etag(l.Version.Revision), out}, nil
}
