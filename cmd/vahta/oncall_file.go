package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/ical"
)

// maxRotaFile bounds a file of a rota, in bytes.
const maxRotaFile = 8 << 20

// readFile reads a file, or standard input for "-".
func readFile(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxRotaFile))
	}
	return os.ReadFile(name)
}

func exportCommand() *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "export [WHAT…]",
		Short: tr("write a schedule, a person or everything as the configuration has it", "вывести график, человека или всё в виде файла настроек"),
		Long: tr(`WHAT is the ID of a schedule, person:ID, or people. Of a schedule the newest rules are written, also when they begin later;
--at chooses others. Without WHAT everything is written, corrections included: a copy to keep, or to seed another record with.

The first lines remember the revision: if somebody else edits the same thing before you bring it in, you are told.`,
			`ЧТО: ID графика, person:ID или people. У графика выводятся новейшие правила, даже если начнутся позже; --at выберет другие.
Без ЧТО выводится всё, вместе с правками: копия на хранение или посев для другой записи.

Первые строки помнят номер правки: если до внесения кто-то изменит то же самое, вам об этом скажут.`),
		Example: `  vahta oncall export duty > duty.yaml
  vahta oncall export person:anna > anna.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				part, keys, err := p.part(args, at)
				if err != nil {
					return err
				}
				text, err := config.PrintYAML(part)
				if err != nil {
					return err
				}
				for _, k := range keys {
					fmt.Fprintf(p.out, "# revision of %s: %d\n", k, p.view.Revisions[k.String()])
				}
				_, err = fmt.Fprint(p.out, text)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", tr("rules in force at this moment, instead of the newest", "правила в силе на этот момент вместо новейших"))
	return cmd
}

// farAhead is after every version that anybody writes.
var farAhead = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// part returns what is to be exported, and the keys of its records.
func (p *planner) part(what []string, at string) (oncall.Roster, []edit.Key, error) {
	if len(what) == 0 {
		return p.view.Roster, nil, nil
	}
	var part oncall.Roster
	var keys []edit.Key
	for _, w := range what {
		id, isPerson := strings.CutPrefix(w, "person:")
		switch {
		case w == "people":
			part.People = p.view.Roster.People
			for _, person := range part.People {
				keys = append(keys, edit.Key{Kind: edit.Person, ID: person.ID})
			}
		case isPerson:
			id, err := p.person(id)
			if err != nil {
				return part, nil, err
			}
			person, _ := p.view.Roster.Person(id)
			part.People = append(part.People, person)
			keys = append(keys, edit.Key{Kind: edit.Person, ID: id})
		default:
			s, err := p.schedule(w)
			if err != nil {
				return part, nil, err
			}
			when, err := p.instant("at", at, s.RulesNear(p.now).Zone, farAhead)
			if err != nil {
				return part, nil, err
			}
			rules, from := versionOf(&s, when)
			if from.After(p.now) {
				fmt.Fprintf(p.cmd.ErrOrStderr(), p.tr("note: these rules begin %s; those of today: --at now\n", "замечание: эти правила начнутся %s; сегодняшние: --at now\n"), p.show(from, rules.Zone))
			}
			part.Schedules = append(part.Schedules, asFile(s.ID, s.Name, rules))
			keys = append(keys, edit.Key{Kind: edit.Schedule, ID: s.ID})
		}
	}
	return part, keys, nil
}

// revisionLine is what export writes above a file.
var revisionLine = regexp.MustCompile(`(?m)^# revision of (\S+ \S+): ([0-9]+)\s*$`)

// baseOf reads the revisions that a file was exported from.
func baseOf(text []byte) map[string]int64 {
	base := map[string]int64{}
	for _, m := range revisionLine.FindAllSubmatch(text, -1) {
		if n, err := strconv.ParseInt(string(m[2]), 10, 64); err == nil {
			base[string(m[1])] = n
		}
	}
	return base
}

// importing are the flags of commands that bring a file in.
type importing struct {
	from            string
	keepStart, over bool
	target          ical.Target // of a table or a calendar
	as, to          string
}

func (i *importing) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&i.from, "from", "", tr("when schedules of the file come into force; default now", "когда графики из файла вступают в силу; по умолчанию сейчас"))
	cmd.Flags().BoolVar(&i.keepStart, "keep-start", false, tr("take handoff.start as it is written; otherwise whoever is on duty keeps the present turn", "взять handoff.start как написано; иначе тот, кто дежурит, сохраняет свою смену"))
	cmd.Flags().StringVar(&i.as, "as", string(ical.AsTemporary), tr("what the rows of a .csv or .ics become: temporary, overrides or absences", "чем станут строки .csv или .ics: temporary, overrides или absences"))
	cmd.Flags().StringVar(&i.to, "to", "", tr("of a .csv or .ics: the end of what is taken", "для .csv и .ics: конец того, что взять"))
	cmd.Flags().StringVar(&i.target.Schedule, "schedule", "", tr("of a .csv or .ics: the schedule; default what a row names", "для .csv и .ics: график; по умолчанию — названный в строке"))
	cmd.Flags().StringVar(&i.target.Track, "track", "", tr("of a .csv or .ics: the track", "для .csv и .ics: линия"))
	cmd.Flags().BoolVar(&i.target.FallBack, "fall-back", false, tr("of a .csv or .ics: where no row is, the layers speak", "для .csv и .ics: где строки нет, говорят слои"))
	cmd.Flags().BoolVar(&i.over, "over", false, tr("write over what others have changed since the file was exported", "записать поверх того, что другие изменили после выгрузки"))
}

func importCommand() *cobra.Command {
	var i importing
	var c consent
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: tr("bring people, schedules and corrections of a file in, all or none; YAML, CSV or iCalendar", "внести людей, графики и правки из файла: всё или ничего; YAML, CSV или iCalendar"),
		Long: tr(`The file has the form of the configuration: a part that export wrote, or a whole vahta.yaml. A schedule goes over to the rules
of the file at --from; what the file does not name stays as it is. - reads standard input.

A table (.csv) or a calendar (.ics) becomes a temporary schedule, overrides or absences: --as. "vahta oncall shifts --csv" shows
how a table is written.`,
			`Файл в виде настроек: то, что вывел export, или целый vahta.yaml. График переходит на правила из файла с момента --from; то, чего
в файле нет, остаётся как есть. - читает стандартный ввод.

Таблица (.csv) или календарь (.ics) становится временным графиком, заменами или отсутствиями: --as. Как пишется таблица,
показывает "vahta oncall shifts --csv".`),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				e, base, err := p.fileEdit(args[0], i)
				if errors.Is(err, errNoChange) {
					p.say("the file says what is in force already: nothing is changed", "в файле то, что уже в силе: ничего не изменено")
					return nil
				}
				if err != nil {
					return err
				}
				return p.commit(e, c, base)
			})
		},
	}
	i.flags(cmd)
	c.flags(cmd)
	return cmd
}

func diffCommand() *cobra.Command {
	var i importing
	var since int64
	var f stretch
	var asJSON, everything bool
	cmd := &cobra.Command{
		Use:   "diff [FILE]",
		Short: tr("show what a file would change, or what edits have changed, in hours per person", "показать, что изменит файл или что изменили правки, в часах на человека"),
		Example: `  vahta oncall diff duty.yaml --effective "2026-12-01 09:00"
  vahta oncall diff --since 41            # what all edits after revision 41 have changed for the coming month`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				p.everything = everything
				if len(args) == 1 {
					return p.diffFile(args[0], i, asJSON)
				}
				if since <= 0 {
					return errors.New(p.tr("name a file, or a revision: --since 41", "назовите файл или правку: --since 41"))
				}
				return p.diffSince(since, f, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&i.from, "effective", "", tr("when the file would come into force; default now", "когда файл вступил бы в силу; по умолчанию сейчас"))
	cmd.Flags().BoolVar(&i.keepStart, "keep-start", false, tr("take handoff.start as it is written", "взять handoff.start как написано"))
	cmd.Flags().Int64Var(&since, "since", 0, tr("compare with what revision N has left", "сравнить с тем, что оставила правка N"))
	f.flags(cmd, "30d")
	cmd.Flags().BoolVar(&everything, "all", false, tr("show every line", "показать всё, до последней строки"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *planner) diffFile(name string, i importing, asJSON bool) error {
	e, _, err := p.fileEdit(name, i)
	if errors.Is(err, errNoChange) {
		p.say("the file says what is in force already", "в файле то, что уже в силе")
		return nil
	}
	if err != nil {
		return err
	}
	preview, err := p.rota.Preview(p.cmd.Context(), e, p.author(""))
	if err != nil {
		return err
	}
	if asJSON {
		return p.json(preview)
	}
	p.printPreview(preview)
	return nil
}

// fileEdit makes an edit of a file, and the revisions it rests on.
func (p *planner) fileEdit(name string, i importing) (edit.Edit, map[string]int64, error) {
	text, err := readFile(p.cmd, name)
	if err != nil {
		return edit.Edit{}, nil, err
	}
	if read := sheet(name); read != nil {
		return p.sheetEdit(text, i, read)
	}
	file, err := config.ParseRota(name, text)
	if err != nil {
		return edit.Edit{}, nil, err
	}
	edits, err := p.edits(file, i)
	if err != nil {
		return edit.Edit{}, nil, err
	}
	if len(edits) == 0 {
		return edit.Edit{}, nil, errNoChange
	}
	base := baseOf(text)
	if len(base) == 0 || i.over {
		base = nil
	}
	if len(edits) == 1 {
		return edits[0], base, nil
	}
	return edit.Edit{Import: edits}, base, nil
}

// reader reads a table or a calendar.
type reader func(data []byte, r *oncall.Roster, t ical.Target) (ical.Import, error)

// sheet tells by a file's name how it is read; nil: as a configuration.
func sheet(name string) reader {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		return ical.ReadCSV
	case ".ics":
		return ical.ReadCalendar
	}
	return nil
}

// sheetEdit makes an edit of a table or a calendar.
func (p *planner) sheetEdit(text []byte, i importing, read reader) (edit.Edit, map[string]int64, error) {
	t := i.target
	t.As = ical.As(i.as)
	zone := p.zoneOfPlanner()
	if s, ok := p.view.Roster.Schedule(t.Schedule); ok {
		zone = s.RulesNear(p.now).Zone
	}
	for _, one := range []struct {
		flag, text string
		to         *oncall.Point
	}{{"--from", i.from, &t.From}, {"--to", i.to, &t.To}} {
		if one.text == "" {
			continue
		}
		var err error
		if *one.to, err = p.point(one.text, zone); err != nil {
			return edit.Edit{}, nil, wrap(one.flag, err)
		}
	}
	got, err := read(text, &p.view.Roster, t)
	if faults, ok := errors.AsType[ical.Faults](err); ok {
		return edit.Edit{}, nil, errors.New(faults.Text(p.lang))
	}
	if err != nil {
		return edit.Edit{}, nil, err
	}
	p.say("%d row(s) read, %d outside of the span", "строк прочитано: %d, вне отрезка: %d", got.Rows, got.Outside)
	return got.Edit, nil, nil
}

// edits compares a file with what is in force, and returns one edit for each thing that differs.
func (p *planner) edits(file oncall.Roster, i importing) ([]edit.Edit, error) {
	var all []edit.Edit
	now := &p.view.Roster
	for _, person := range file.People {
		if have, ok := now.Person(person.ID); !ok || !same(have, person) {
			all = append(all, edit.Edit{Person: &person})
		}
	}
	for _, year := range file.Calendars {
		if !slices.ContainsFunc(now.Calendars, func(have oncall.CalendarYear) bool { return same(have, year) }) {
			all = append(all, edit.Edit{Calendar: &year})
		}
	}
	for k := range file.Schedules {
		one, err := p.newRules(&file.Schedules[k], i)
		if err != nil {
			return nil, err
		}
		if one != nil {
			all = append(all, edit.Edit{Schedule: one})
		}
	}
	for _, a := range file.Absences {
		if !slices.ContainsFunc(now.Absences, func(have oncall.Absence) bool { return same(have, a) }) {
			all = append(all, edit.Edit{Absence: &a})
		}
	}
	for _, t := range file.Temporaries {
		if !slices.ContainsFunc(now.Temporaries, func(have oncall.Temporary) bool { return same(have, t) }) {
			all = append(all, edit.Edit{Temporary: &t})
		}
	}
	for _, o := range file.Overrides {
		if !slices.ContainsFunc(now.Overrides, func(have oncall.Override) bool { return same(have, o) }) {
			all = append(all, edit.Edit{Override: &o})
		}
	}
	return all, nil
}

// newRules compares a schedule of a file with the rules in force when it would begin; nil: they are the same.
func (p *planner) newRules(s *oncall.Schedule, i importing) (*edit.NewRules, error) {
	if len(s.Versions) > 0 {
		have, ok := p.view.Roster.Schedule(s.ID)
		if ok && same(have, *s) {
			return nil, nil //nolint:nilnil // nothing to do
		}
		return nil, fmt.Errorf(p.tr("schedule %s of the file has versions; bring in one at a time, as `vahta oncall export %s` writes it", "у графика %s в файле есть версии; вносите по одной, как выводит `vahta oncall export %s`"), s.ID, s.ID)
	}
	rules := &edit.NewRules{ID: s.ID, Name: s.Name, Rules: s.RulesAt(time.Time{}), KeepStart: i.keepStart}
	have, known := p.view.Roster.Schedule(s.ID)
	zone := rules.Zone
	if known {
		zone = have.RulesNear(p.now).Zone
	}
	at := p.now
	if i.from != "" {
		var err error
		if rules.From, err = p.point(i.from, zone); err != nil {
			return nil, wrap("--from", err)
		}
		at = rules.From.In(zone)
	}
	if known && have.Name == s.Name && same(have.RulesAt(at), rules.Rules) {
		return nil, nil //nolint:nilnil // nothing to do
	}
	return rules, nil
}

// same reports whether two values have the same written form.
func same(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
