package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// examineDuty says who would be rung now, line by line, by the people and schedules in force.
func examineDuty(ctx context.Context, c config.Config, running bool, now time.Time) []Finding {
	view, err := rotaInForce(ctx, c, running)
	if err != nil {
		return []Finding{{"duty", false, fmt.Sprintf("%v; who is on duty can not be looked at", err)}}
	}
	duty := oncall.Compile(view.Roster)
	fs := examineView(c, view, running)
	fs = append(fs, Finding{"time zones", true, "data of " + oncall.TZData() + ", built in"})
	for _, l := range c.Lines {
		fs = append(fs, dutyOf(c, l, duty, now))
	}
	if warnings := len(oncall.Lint(duty, now)); warnings > 0 {
		fs = append(fs, Finding{"duty", true, fmt.Sprintf("%d warning(s) about people and schedules: `vahta oncall lint` lists them", warnings)})
	}
	return fs
}

// dutyOf says whom a line would ring now.
func dutyOf(c config.Config, l dispatch.Line, duty *oncall.Evaluator, now time.Time) Finding {
	f := Finding{What: "duty", OK: true, Text: l.ID + ": fixed ladder"}
	var gone []string
	for _, rung := range l.Ladder {
		for _, id := range rung.People {
			if _, ok := duty.Roster().Person(id); !ok {
				gone = append(gone, id)
			}
		}
	}
	if len(gone) > 0 {
		f.OK, f.Text = false, fmt.Sprintf("%s: nobody has the id %s; add them with `vahta person`, or correct the ladder", l.ID, strings.Join(gone, ", "))
	}
	if l.Schedule == "" {
		return f
	}
	if _, ok := duty.Roster().Schedule(l.Schedule); !ok {
		f.OK, f.Text = false, fmt.Sprintf("%s: there is no schedule %s, so a call rings everybody; make it, or let the line name another", l.ID, l.Schedule)
		return f
	}
	var names []string
	for _, d := range duty.Who(l.Schedule, now) {
		names = append(names, d.Person)
	}
	f.OK, f.Text = len(names) > 0, l.ID+": on duty now "+strings.Join(names, ", ")
	if !f.OK {
		f.Text = fmt.Sprintf("%s: nobody is on duty now; a call tries everyone and %d static number(s); fill schedule %s", l.ID, len(c.Static), l.Schedule)
	}
	return f
}

// examineView says whose people and schedules are in force.
func examineView(c config.Config, view rota.View, running bool) []Finding {
	var fs []Finding
	if running {
		f := Finding{"rota", view.Confirmed, fmt.Sprintf("the server works with revision %d", view.Version.Revision)}
		switch {
		case view.Version.Revision == 0:
			f.OK, f.Text = false, "the server works with the people and schedules of its configuration file, for no record has any yet: see record in /status"
		case !view.Confirmed:
			f.Text += ", which the record has not confirmed for 15 minutes: edits of other nodes are missing; see record in /status"
		case !view.Version.EditedAt.IsZero():
			f.Text += ", last edited " + view.Version.EditedAt.Local().Format("2006-01-02 15:04:05 -0700")
		}
		fs = append(fs, f)
	}
	if view.Version.Revision > 0 && c.Source().HasPeople() && !samePeople(c.Roster, view.Roster) {
		fs = append(fs, Finding{"rota", true, "people and schedules of the configuration file differ from the record's, which decide; `vahta oncall import` brings those of a file in"})
	}
	return fs
}

// samePeople reports whether two rosters have the same people, schedules and corrections.
func samePeople(a, b oncall.Roster) bool {
	one, err := edit.Records(a)
	if err != nil {
		return false
	}
	other, err := edit.Records(b)
	return err == nil && dispatch.HashRota(one) == dispatch.HashRota(other)
}

// rotaInForce is what the running server works with, or what the record has, or, when that has nothing, the file's. It begins
// no rota.
func rotaInForce(ctx context.Context, c config.Config, running bool) (view rota.View, err error) {
	if running {
		r, done, err := OpenRota(ctx, c, nil)
		if err != nil {
			return view, err
		}
		view, err = r.View(ctx)
		return view, errors.Join(err, done())
	}
	view.Roster = c.Roster
	if !store.There(c.Database()) {
		return view, nil // there is none yet
	}
	db, done, err := desk.MakeRecord(ctx, c.Database())
	if err != nil {
		return view, err
	}
	v, records, err := db.Rota(ctx)
	if err == nil && v.Revision > 0 {
		view.Version = v
		view.Roster, err = edit.Assemble(records)
		view.Roster.Static = c.Static
	}
	return view, errors.Join(err, done())
}
