package portal

import (
	"context"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// WhoReply is who is on duty at a moment.
type WhoReply struct {
	At        time.Time     `json:"at"`
	Revision  int64         `json:"revision" doc:"Of the rota"`
	Confirmed bool          `json:"confirmed" doc:"Whether the record agreed within the last 15 minutes"`
	Schedules []ScheduleNow `json:"schedules"`
}

// ScheduleNow is who is on duty on a schedule.
type ScheduleNow struct {
	Schedule string     `json:"schedule"`
	Name     string     `json:"name,omitempty"`
	Zone     string     `json:"zone"`
	Gap      bool       `json:"gap" doc:"Nobody is on the track that is called first"`
	Tracks   []TrackNow `json:"tracks"`
}

// TrackNow is who is on duty on a track.
type TrackNow struct {
	Track  string    `json:"track"`
	Name   string    `json:"name,omitempty"`
	OnDuty []OnDuty  `json:"on_duty" doc:"In the order in which they are called; none: a gap"`
	Next   *NextDuty `json:"next,omitempty" doc:"Who comes next; absent: nobody within a year"`
}

// OnDuty is one person on duty.
type OnDuty struct {
	Person string            `json:"person"`
	Name   string            `json:"name"`
	Why    oncall.Provenance `json:"why" doc:"The rule that decided"`
	Until  time.Time         `json:"until,omitzero" doc:"Absent: no end in sight"`
}

// NextDuty is the next change of people on a track.
type NextDuty struct {
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	People []Named   `json:"people" doc:"None: a gap"`
}

// Named is a person by ID and name.
type Named struct {
	Person string `json:"person"`
	Name   string `json:"name"`
}

type whoInput struct {
	Schedule string `query:"schedule" doc:"One schedule; default all"`
	At       string `query:"at" doc:"An instant, or a reading of the schedule's clock such as 2026-12-31 23:00; default now" example:"2026-12-31 23:00"`
}

func (s *Server) who(ctx context.Context, in *whoInput) (*reply[WhoReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	out := WhoReply{At: l.now, Revision: l.Version.Revision, Confirmed: l.Confirmed, Schedules: []ScheduleNow{}}
	if in.Schedule != "" {
		if _, err := l.schedule(in.Schedule); err != nil {
			return nil, err
		}
	}
	for i := range l.Roster.Schedules {
		sc := &l.Roster.Schedules[i]
		if in.Schedule != "" && sc.ID != in.Schedule {
			continue
		}
		at, err := l.at("query.at", in.At, sc.RulesAt(l.now).Zone)
		if err != nil {
			return nil, err
		}
		out.At = at
		out.Schedules = append(out.Schedules, l.scheduleNow(sc, at))
	}
	return &reply[WhoReply]{ETag: etag(l.Version.Revision), Body: out}, nil
}

// nextWithin is how far ahead the next change is looked for.
const nextWithin = 366 * 24 * time.Hour

func (l *look) scheduleNow(sc *oncall.Schedule, at time.Time) ScheduleNow {
	rules := sc.RulesAt(at)
	duties := l.duty.Who(sc.ID, at)
	now := ScheduleNow{Schedule: sc.ID, Name: sc.Name, Zone: rules.Zone.String(), Tracks: []TrackNow{}}
	for i := range rules.Tracks {
		t := TrackNow{Track: rules.Tracks[i].ID, Name: rules.Tracks[i].Name, OnDuty: []OnDuty{}}
		var people []string
		for _, d := range duties {
			if d.Track == t.Track {
				t.OnDuty = append(t.OnDuty, OnDuty{Person: d.Person, Name: l.name(d.Person), Why: d.Provenance, Until: d.Until})
				people = append(people, d.Person)
			}
		}
		t.Next = l.next(sc.ID, t.Track, at, people)
		now.Tracks = append(now.Tracks, t)
	}
	now.Gap = len(now.Tracks) == 0 || len(now.Tracks[0].OnDuty) == 0
	return now
}

// next returns the next span of a track with other people.
func (l *look) next(schedule, track string, at time.Time, people []string) *NextDuty {
	var next *NextDuty
	for shift := range l.duty.Shifts(schedule, track, at, at.Add(nextWithin)) {
		ids := peopleOf(shift.Duties)
		switch {
		case next == nil && slices.Equal(ids, people):
			continue
		case next == nil:
			next, people = &NextDuty{Start: shift.Start, People: []Named{}}, ids
			for _, id := range ids {
				next.People = append(next.People, Named{id, l.name(id)})
			}
		case !slices.Equal(ids, people):
			return next
		}
		next.End = shift.End
	}
	return next
}

func peopleOf(duties []oncall.Duty) []string {
	var ids []string
	for _, d := range duties {
		ids = append(ids, d.Person)
	}
	return ids
}
