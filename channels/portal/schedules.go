package portal

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// SchedulesReply lists the schedules.
type SchedulesReply struct {
	Schedules []ScheduleHead `json:"schedules"`
}

// ScheduleHead is a schedule without its rules.
type ScheduleHead struct {
	ID       string      `json:"id"`
	Name     string      `json:"name,omitempty"`
	Zone     string      `json:"zone"`
	Calendar string      `json:"calendar,omitempty"`
	Tracks   []TrackHead `json:"tracks" doc:"In the order of failover, as they are now"`
	Revision int64       `json:"revision"`
}

// TrackHead is a track without its layers.
type TrackHead struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

func (s *Server) schedules(ctx context.Context, _ *struct{}) (*reply[SchedulesReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	out := SchedulesReply{Schedules: []ScheduleHead{}}
	for i := range l.Roster.Schedules {
		sc := &l.Roster.Schedules[i]
		rules := sc.RulesAt(l.now)
		head := ScheduleHead{
			ID: sc.ID, Name: sc.Name, Zone: rules.Zone.String(), Calendar: rules.Calendar, Tracks: []TrackHead{},
			Revision: l.revision(edit.Schedule, sc.ID),
		}
		for j := range rules.Tracks {
			head.Tracks = append(head.Tracks, TrackHead{rules.Tracks[j].ID, rules.Tracks[j].Name})
		}
		out.Schedules = append(out.Schedules, head)
	}
	return &reply[SchedulesReply]{etag(l.Version.Revision), out}, nil
}

type idInput struct {
	ID string `path:"id"`
}

func (s *Server) schedule(ctx context.Context, in *idInput) (*reply[Item[oncall.Schedule]], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	sc, err := l.schedule(in.ID)
	if err != nil {
		return nil, err
	}
	revision := l.revision(edit.Schedule, sc.ID)
	return &reply[Item[oncall.Schedule]]{etag(revision), Item[oncall.Schedule]{revision, sc}}, nil
}

// VersionsReply lists the versions of a schedule's rules.
type VersionsReply struct {
	Schedule string            `json:"schedule"`
	Versions []ScheduleVersion `json:"versions" doc:"By their beginning"`
}

// ScheduleVersion is one version of a schedule's rules.
type ScheduleVersion struct {
	ID    string       `json:"id,omitempty" doc:"For an edit that removes a version which has not begun"`
	From  time.Time    `json:"from,omitzero" doc:"Absent: from the beginning"`
	Until time.Time    `json:"until,omitzero" doc:"Absent: it is the last"`
	State string       `json:"state" enum:"past,present,future"`
	Rules oncall.Rules `json:"rules"`
}

func (s *Server) versions(ctx context.Context, in *idInput) (*reply[VersionsReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	sc, err := l.schedule(in.ID)
	if err != nil {
		return nil, err
	}
	list := []ScheduleVersion{}
	if len(sc.Tracks) > 0 || len(sc.Versions) == 0 {
		list = append(list, ScheduleVersion{Rules: sc.RulesAt(time.Time{})})
	}
	for _, v := range sc.Versions {
		if n := len(list); n > 0 {
			list[n-1].Until = v.From
		}
		list = append(list, ScheduleVersion{ID: edit.VersionID(sc.ID, v.From), From: v.From, Rules: v.Rules})
	}
	for i := range list {
		switch v := &list[i]; {
		case v.From.After(l.now):
			v.State = "future"
		case !v.Until.IsZero() && !v.Until.After(l.now):
			v.State = "past"
		default:
			v.State = "present"
		}
	}
	return &reply[VersionsReply]{etag(l.revision(edit.Schedule, sc.ID)), VersionsReply{sc.ID, list}}, nil
}

// ShiftsReply are shifts or gaps of a schedule.
type ShiftsReply struct {
	Schedule string         `json:"schedule"`
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	Shifts   []oncall.Shift `json:"shifts" doc:"Track after track; one without duties is a gap"`
}

type shiftsInput struct {
	ID    string `path:"id"`
	Track string `query:"track" doc:"One track; default all"`
	SpanQuery
}

func (s *Server) shifts(ctx context.Context, in *shiftsInput) (*reply[ShiftsReply], error) {
	l, sc, from, to, err := s.spanOf(ctx, in.ID, in.SpanQuery)
	if err != nil {
		return nil, err
	}
	out := ShiftsReply{sc.ID, from, to, []oncall.Shift{}}
	found := in.Track == ""
	for _, track := range oncall.TrackIDs(sc.AllRules()...) {
		if in.Track != "" && track != in.Track {
			continue
		}
		found = true
		for shift := range l.duty.Shifts(sc.ID, track, from, to) {
			out.Shifts = append(out.Shifts, shift)
		}
	}
	if !found {
		return nil, notFound(l.by.lang, "track", in.Track)
	}
	return &reply[ShiftsReply]{etag(l.Version.Revision), out}, nil
}

// spanOf finds a schedule and a span of its time.
func (s *Server) spanOf(ctx context.Context, id string, q SpanQuery) (l look, sc oncall.Schedule, from, to time.Time, err error) {
	if l, err = s.look(ctx); err != nil {
		return l, sc, from, to, err
	}
	if sc, err = l.schedule(id); err != nil {
		return l, sc, from, to, err
	}
	from, to, err = l.span(q, sc.RulesAt(l.now).Zone)
	return l, sc, from, to, err
}

type gapsInput struct {
	ID string `path:"id"`
	SpanQuery
}

func (s *Server) gaps(ctx context.Context, in *gapsInput) (*reply[ShiftsReply], error) {
	l, sc, from, to, err := s.spanOf(ctx, in.ID, in.SpanQuery)
	if err != nil {
		return nil, err
	}
	out := ShiftsReply{sc.ID, from, to, []oncall.Shift{}}
	for gap := range l.duty.Gaps(sc.ID, from, to) {
		out.Shifts = append(out.Shifts, gap)
	}
	return &reply[ShiftsReply]{etag(l.Version.Revision), out}, nil
}

// ChainReply is the order in which a call tries people.
type ChainReply struct {
	Schedule string        `json:"schedule"`
	At       time.Time     `json:"at"`
	Tiers    []oncall.Tier `json:"tiers"`
}

type chainInput struct {
	ID string `path:"id"`
	At string `query:"at" doc:"An instant, or a reading of the schedule's clock; default now"`
}

func (s *Server) chain(ctx context.Context, in *chainInput) (*reply[ChainReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	sc, err := l.schedule(in.ID)
	if err != nil {
		return nil, err
	}
	at, err := l.at("query.at", in.At, sc.RulesAt(l.now).Zone)
	if err != nil {
		return nil, err
	}
	out := ChainReply{sc.ID, at, []oncall.Tier{}}
	for _, tier := range l.duty.Chain(sc.ID, at) {
		if !l.by.devices() {
			tier.Numbers = withoutNumbers(tier.Numbers)
		}
		out.Tiers = append(out.Tiers, tier)
	}
	return &reply[ChainReply]{etag(l.Version.Revision), out}, nil
}
