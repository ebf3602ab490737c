package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// clock is the wall clock of the commands; tests set it.
var clock = time.Now //nolint:gochecknoglobals // one clock of one process

// planner is what the commands about rotas and people work with: what is in force, and where to edit it.
type planner struct {
	cmd  *cobra.Command
	out  io.Writer
	lang string
	now  time.Time
	rota desk.Rota
	view rota.View
	eval *oncall.Evaluator

	everything bool // previews list all lines
}

// withPlanner runs f on the rota of the running server, or on the record.
func withPlanner(cmd *cobra.Command, f func(*planner) error) error {
	language, err := lang(cmd)
	if err != nil {
		return err
	}
	l, err := load(cmd)
	if err != nil {
		return err
	}
	r, done, err := app.OpenRota(cmd.Context(), l.Config, clock)
	if err != nil {
		return err
	}
	p := &planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language, now: clock().UTC().Truncate(time.Second), rota: r}
	err = p.load()
	if err == nil {
		err = f(p)
	}
	if err != nil {
		_ = done() // the first fault is the one to show
		return p.explain(err)
	}
	return done()
}

// load reads what is in force.
func (p *planner) load() error {
	var err error
	if p.view, err = p.rota.View(p.cmd.Context()); err != nil {
		return err
	}
	p.eval = oncall.Compile(p.view.Roster)
	switch {
	case p.view.Version.Revision == 0:
		fmt.Fprintln(p.cmd.ErrOrStderr(), p.tr("note: there is no record yet; this is what the configuration file says", "замечание: записи ещё нет; это — из файла настроек"))
	case !p.view.Confirmed:
		fmt.Fprintf(p.cmd.ErrOrStderr(), p.tr("warning: the record has not confirmed revision %d for more than 15 minutes; somebody may have edited it elsewhere\n",
			"внимание: запись больше 15 минут не подтверждала правку %d; её могли изменить на другом узле\n"), p.view.Version.Revision)
	}
	return nil
}

// explain puts what an edit is refused for into the user's language.
func (p *planner) explain(err error) error {
	if refusal, ok := errors.AsType[*edit.Refusal](err); ok {
		text := refusal.Text(p.lang)
		if refusal.Field != "" {
			text = refusal.Field + ": " + text
		}
		return errors.New(text)
	}
	if errors.Is(err, rota.ErrAway) && p.lang == "ru" {
		return fmt.Errorf("запись сейчас недоступна, поэтому править нельзя; дежурство идёт как шло, повторите, когда она вернётся (%w)", err)
	}
	return err
}

// tr chooses a text by --lang.
func (p *planner) tr(en, ru string) string {
	if p.lang == "ru" {
		return ru
	}
	return en
}

// say writes a line in the user's language.
func (p *planner) say(en, ru string, args ...any) {
	fmt.Fprintf(p.out, p.tr(en, ru)+"\n", args...)
}

// schedule returns the named schedule, or the only one.
func (p *planner) schedule(id string) (oncall.Schedule, error) {
	all := p.view.Roster.Schedules
	if id == "" && len(all) == 1 {
		return all[0], nil
	}
	if s, ok := p.view.Roster.Schedule(id); ok && id != "" {
		return s, nil
	}
	ids := make([]string, len(all))
	for i, s := range all {
		ids[i] = s.ID
	}
	list := strings.Join(ids, ", ")
	switch {
	case len(all) == 0:
		return oncall.Schedule{}, errors.New(p.tr("there is no schedule yet; `vahta oncall import FILE` brings one in", "графиков ещё нет; внесите: `vahta oncall import ФАЙЛ`"))
	case id == "":
		return oncall.Schedule{}, fmt.Errorf(p.tr("name a schedule: %s", "назовите график: %s"), list)
	}
	return oncall.Schedule{}, fmt.Errorf(p.tr("no schedule %q; there are: %s", "нет графика %q; есть: %s"), id, list)
}

// schedules returns the named schedule, or all.
func (p *planner) schedules(args []string) ([]oncall.Schedule, error) {
	if len(args) == 0 && len(p.view.Roster.Schedules) > 0 {
		return p.view.Roster.Schedules, nil
	}
	id := ""
	if len(args) > 0 {
		id = args[0]
	}
	s, err := p.schedule(id)
	return []oncall.Schedule{s}, err
}

// track returns the ID of a track of a schedule at the time; empty: the first.
func (p *planner) track(s *oncall.Schedule, id string, at time.Time) (string, error) {
	tracks := s.RulesAt(at).Tracks
	if id == "" && len(tracks) > 0 {
		return tracks[0].ID, nil
	}
	var ids []string
	for _, t := range tracks {
		if t.ID == id {
			return id, nil
		}
		ids = append(ids, t.ID)
	}
	return "", p.noTrack(s, id, ids)
}

func (p *planner) noTrack(s *oncall.Schedule, id string, there []string) error {
	return fmt.Errorf(p.tr("schedule %s has no track %q; there are: %s", "в графике %s нет линии %q; есть: %s"), s.ID, id, strings.Join(there, ", "))
}

// tracks returns the IDs of the tracks that a schedule has at any time of a span, or the one that is asked for.
func (p *planner) tracks(s *oncall.Schedule, id string, from, to time.Time) ([]string, error) {
	ids := oncall.TrackIDs(s.RulesIn(from, to)...)
	switch {
	case id == "":
		return ids, nil
	case !slices.Contains(ids, id):
		return nil, p.noTrack(s, id, ids)
	}
	return []string{id}, nil
}

// person returns the ID of a person who is named by ID, name or surname.
func (p *planner) person(text string) (string, error) {
	if _, ok := p.view.Roster.Person(text); ok {
		return text, nil
	}
	var found []string
	for _, person := range p.view.Roster.People {
		words := strings.Fields(strings.ToLower(person.Name))
		if strings.EqualFold(person.ID, text) || strings.EqualFold(person.Name, text) || slices.Contains(words, strings.ToLower(text)) {
			found = append(found, person.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf(p.tr("nobody is called %q; `vahta person list` shows all", "нет никого по имени %q; все: `vahta person list`"), text)
	}
	return "", fmt.Errorf(p.tr("%q may be %s; name one by the ID", "%q — это может быть %s; назовите по ID"), text, strings.Join(found, ", "))
}

// name returns what a person is called.
func (p *planner) name(id string) string {
	if person, ok := p.view.Roster.Person(id); ok && person.Name != "" {
		return printable(person.Name)
	}
	return orDash(printable(id))
}

// names joins people's names.
func (p *planner) names(ids []string) string {
	if len(ids) == 0 {
		return p.tr("NOBODY", "НИКОГО")
	}
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = p.name(id)
	}
	return strings.Join(all, " + ")
}

// author is who edits: the person that --by names, or the one the login name fits.
func (p *planner) author(by string) edit.Author {
	if by == "" {
		by = os.Getenv("USER")
	}
	if by == "" {
		by = "cli"
	}
	if id, err := p.person(by); err == nil {
		by = id
	}
	return edit.Author{Person: by, Channel: "cli"}
}

// json writes a value as JSON.
func (p *planner) json(v any) error { return writeJSON(p.out, v) }

// writeJSON writes a value as JSON; a list without anything in it is an empty one.
func writeJSON(out io.Writer, v any) error {
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice && list.IsNil() {
		v = []struct{}{}
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// finish closes what a command opened; of two faults the command's own is the one to show.
func finish(fault error, done func() error) error {
	if fault != nil {
		_ = done()
		return fault
	}
	return done()
}
