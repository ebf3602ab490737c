package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/phrase"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

func historyCommand() *cobra.Command {
	var record string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "history [REVISION]",
		Short: tr("list who edited what and when, or show one edit", "показать, кто, что и когда правил, или одну правку"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				if len(args) == 1 {
					entry, err := p.entry(args[0])
					if err != nil {
						return err
					}
					if asJSON {
						return p.json(entry)
					}
					return p.printEntry(entry)
				}
				filter, err := p.filter(record, limit)
				if err != nil {
					return err
				}
				list, err := p.rota.History(cmd.Context(), filter)
				if err != nil {
					return err
				}
				if len(list) == 0 && record != "" {
					return fmt.Errorf(p.tr("nobody has ever edited %s", "%s никто никогда не правил"), filter.Key)
				}
				if asJSON {
					return p.json(list)
				}
				return p.printHistory(list)
			})
		},
	}
	cmd.Flags().StringVar(&record, "record", "", tr("only edits of this, such as person:anna or schedule:duty", "только правки этого, например person:anna или schedule:duty"))
	cmd.Flags().IntVar(&limit, "limit", 20, tr("how many at most", "не больше скольких"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// filter reads what of the log is asked for.
func (p *planner) filter(record string, limit int) (dispatch.RotaFilter, error) {
	filter := dispatch.RotaFilter{Limit: limit}
	if record == "" {
		return filter, nil
	}
	kind, id, ok := strings.Cut(record, ":")
	if !ok {
		return filter, fmt.Errorf(p.tr("--record %q: write person:anna or schedule:duty", "--record %q: напишите person:anna или schedule:duty"), record)
	}
	filter.Key = edit.Key{Kind: edit.Kind(kind), ID: id}
	if !slices.Contains(kinds(), filter.Key.Kind) {
		return filter, fmt.Errorf(p.tr("--record %q: %q is no kind; there are: %s", "--record %q: вида %q нет; есть: %s"), record, kind, joinKinds())
	}
	return filter, nil
}

// kinds are those of records.
func kinds() []edit.Kind {
	return []edit.Kind{edit.Person, edit.Schedule, edit.Absence, edit.Temporary, edit.Override, edit.Request, edit.Calendar, edit.Organisation}
}

func joinKinds() string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}

func (p *planner) printHistory(list []dispatch.RotaEntry) error {
	if len(list) == 0 {
		p.say("no edits yet", "правок ещё нет")
		return nil
	}
	zone := p.zoneOfPlanner()
	p.say("times of %s", "время %s", zoneAt(zone, p.now))
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, p.tr("REVISION\tWHEN\tBY\tVIA\tWHAT\tREASON", "ПРАВКА\tКОГДА\tАВТОР\tКАК\tЧТО\tПОЧЕМУ"))
	for _, e := range list {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", e.Revision, p.show(e.At.Truncate(time.Minute), zone), p.name(e.By.Person), e.By.Channel, p.what(e), printable(p.reason(e.Reason)))
	}
	return w.Flush()
}

// what names the records of an edit; many are counted.
func (p *planner) what(e dispatch.RotaEntry) string {
	const most = 3
	var all []string
	for i, r := range e.After {
		sign := ""
		switch {
		case r.Body == nil:
			sign = "− "
		case i < len(e.Before) && e.Before[i].Body == nil:
			sign = "+ "
		}
		all = append(all, sign+p.recordKind(r.Kind)+" "+r.ID)
	}
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(p.tr(" and %d more", " и ещё %d"), len(all)-most)
	}
	return strings.Join(all, ", ")
}

// recordKind says what a record is of.
func (p *planner) recordKind(k edit.Kind) string {
	if p.lang != "ru" {
		return k.String()
	}
	return map[edit.Kind]string{
		edit.Person: "человек", edit.Schedule: "график", edit.Override: "замена", edit.Absence: "отсутствие", edit.Temporary: "временный график",
		edit.Request: "просьба", edit.Calendar: "календарь", edit.Organisation: "клиент",
	}[k]
}

// entry returns one edit of the log.
func (p *planner) entry(revision string) (dispatch.RotaEntry, error) {
	n, err := strconv.ParseInt(revision, 10, 64)
	if err != nil || n < 1 {
		return dispatch.RotaEntry{}, fmt.Errorf(p.tr("%q is no revision; `vahta oncall history` lists them", "%q — не номер правки; они видны в `vahta oncall history`"), revision)
	}
	list, err := p.rota.History(p.cmd.Context(), dispatch.RotaFilter{Before: n + 1, Limit: 1})
	if err != nil {
		return dispatch.RotaEntry{}, err
	}
	if len(list) == 0 || list[0].Revision != n {
		return dispatch.RotaEntry{}, fmt.Errorf(p.tr("there is no revision %d; `vahta oncall history` lists them", "правки %d нет; они видны в `vahta oncall history`"), n)
	}
	return list[0], nil
}

func (p *planner) printEntry(e dispatch.RotaEntry) error {
	zone := p.zoneOfPlanner()
	p.say("revision %d, %s %s, by %s (%s) on node %s", "правка %d, %s %s, автор %s (%s), узел %s",
		e.Revision, p.show(e.At, zone), zone, p.name(e.By.Person), e.By.Channel, orDash(e.Node))
	if e.Reason != "" {
		p.say("reason: %s", "почему: %s", printable(e.Reason))
	}
	for i, after := range e.After {
		var before json.RawMessage
		if k := slices.IndexFunc(e.Before, func(r edit.Record) bool { return r.Key == after.Key }); k >= 0 {
			before = e.Before[k].Body
		} else if i < len(e.Before) {
			before = e.Before[i].Body
		}
		a, err1 := yamlOf(before)
		b, err2 := yamlOf(after.Body)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "\n%s\n%s", after.Key, lineDiff(a, b))
	}
	return nil
}

func yamlOf(body json.RawMessage) (string, error) {
	if body == nil {
		return "", nil
	}
	return config.PrintYAML(body)
}

func undoCommand() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "undo REVISION",
		Short: tr("take an edit back, as far as it has not yet happened", "отменить правку, насколько она ещё не случилась"),
		Long: tr(`What the edit added is removed, what it changed is as before, what it removed is back: from now on. What has passed stays as it
was, so a schedule goes back to its former rules now, and a correction in progress ends now.`,
			`Добавленное правкой удаляется, изменённое становится прежним, удалённое возвращается — начиная с этой минуты. Прошлое остаётся как
было: график возвращается к прежним правилам сейчас, идущая замена сейчас кончается.`),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				entry, err := p.entry(args[0])
				if err != nil {
					return err
				}
				edits, err := p.reverse(entry)
				if err != nil {
					return err
				}
				e := edit.Edit{Import: edits}
				if len(edits) == 1 {
					e = edits[0]
				}
				e.Reason = fmt.Sprintf("undo of revision %d", entry.Revision)
				return p.commit(e, c, p.unchangedSince(entry))
			})
		},
	}
	c.flags(cmd)
	return cmd
}

// unchangedSince are the revisions an undo rests on: whoever has edited the same things since is not written over unseen.
func (p *planner) unchangedSince(e dispatch.RotaEntry) map[string]int64 {
	base := map[string]int64{}
	for _, r := range e.After {
		if r.Body != nil {
			base[r.String()] = e.Revision
		}
	}
	return base
}

// reverse returns the edits that take an entry back.
func (p *planner) reverse(e dispatch.RotaEntry) ([]edit.Edit, error) {
	var all []edit.Edit
	order := slices.Clone(e.After)
	slices.SortStableFunc(order, func(a, b edit.Record) int { return undoneAt(a) - undoneAt(b) })
	for _, after := range order {
		var before json.RawMessage
		if k := slices.IndexFunc(e.Before, func(r edit.Record) bool { return r.Key == after.Key }); k >= 0 {
			before = e.Before[k].Body
		}
		one, err := p.reverseRecord(after.Key, before, after.Body)
		if err != nil {
			return nil, fmt.Errorf("undo %s: %w", after.Key, err)
		}
		if one != nil {
			all = append(all, *one)
		}
	}
	if len(all) == 0 {
		return nil, errors.New(p.tr("there is nothing to take back", "отменять нечего"))
	}
	return all, nil
}

// undoneAt is the place of a record in an undo: people are there before anything names them and go when nothing does; a
// schedule has its zone again before the corrections that are written by it.
func undoneAt(after edit.Record) int {
	switch {
	case after.Kind == edit.Person && after.Body != nil:
		return 3
	case after.Kind == edit.Person:
		return 0
	case after.Kind == edit.Schedule:
		return 1
	}
	return 2
}

// reverseRecord returns the edit that makes one record as it was before; nil: it can stay.
func (p *planner) reverseRecord(key edit.Key, before, after json.RawMessage) (*edit.Edit, error) {
	if key.Kind == edit.Organisation {
		return nil, errors.New(p.tr("cards of clients are edited by `vahta client`", "карточки клиентов правят командой `vahta client`"))
	}
	if before == nil && key.Kind != edit.Request {
		return &edit.Edit{Remove: &key}, nil
	}
	var e edit.Edit
	switch key.Kind {
	case edit.Person:
		return &e, into(before, &e.Person)
	case edit.Absence:
		e.Restore = &edit.Restore{}
		return &e, into(before, &e.Restore.Absence)
	case edit.Temporary:
		e.Restore = &edit.Restore{}
		return &e, into(before, &e.Restore.Temporary)
	case edit.Override:
		e.Restore = &edit.Restore{}
		return &e, into(before, &e.Restore.Override)
	case edit.Calendar:
		return &e, into(before, &e.Calendar)
	case edit.Schedule:
		e.Restore = &edit.Restore{}
		return &e, into(before, &e.Restore.Schedule)
	case edit.Organisation: // refused above
	case edit.Request:
		if before != nil {
			p.say("request %s stays settled: whoever asked has to ask anew", "запрос %s остаётся решённым: просить придётся заново", key.ID)
		}
		if before == nil && after != nil {
			return &edit.Edit{Answer: &edit.Answer{Request: key.ID, Verdict: edit.Withdraw}}, nil
		}
		return nil, nil //nolint:nilnil // an answer was given; the override it wrote is taken back, the request stays settled
	}
	return nil, fmt.Errorf("%s can not be taken back", key)
}

func into[T any](body json.RawMessage, to **T) error {
	*to = new(T)
	return json.Unmarshal(body, *to)
}

// diffSince compares what is in force with what a revision has left.
func (p *planner) diffSince(since int64, f stretch, asJSON bool) error {
	records, err := edit.Records(p.view.Roster)
	if err != nil {
		return err
	}
	bodies := map[edit.Key]json.RawMessage{}
	for _, r := range records {
		bodies[r.Key] = r.Body
	}
	for before := int64(0); ; {
		list, err := p.rota.History(p.cmd.Context(), dispatch.RotaFilter{Before: before})
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Revision <= since {
				return p.printSince(bodies, f, asJSON)
			}
			for _, r := range e.Before {
				bodies[r.Key] = r.Body
			}
			before = e.Revision
		}
		if len(list) == 0 {
			return p.printSince(bodies, f, asJSON)
		}
	}
}

func (p *planner) printSince(bodies map[edit.Key]json.RawMessage, f stretch, asJSON bool) error {
	var records []edit.Record
	for key, body := range bodies {
		if body != nil {
			records = append(records, edit.Record{Key: key, Body: body})
		}
	}
	slices.SortFunc(records, func(a, b edit.Record) int { return strings.Compare(a.String(), b.String()) })
	roster, err := edit.Assemble(records)
	if err != nil {
		return err
	}
	then := oncall.Compile(roster)
	var preview edit.Preview
	for i := range p.view.Roster.Schedules {
		s := &p.view.Roster.Schedules[i]
		from, to, err := f.in(p, s.RulesNear(p.now).Zone)
		if err != nil {
			return err
		}
		if d := oncall.Diff(then, p.eval, s.ID, from, to); !d.Same() {
			preview.Schedules = append(preview.Schedules, edit.ScheduleDiff{Difference: d})
		}
	}
	if asJSON {
		return p.json(preview)
	}
	p.printPreview(preview)
	return nil
}

// reason is why an edit was made; what the program itself has written is said in the user's language.
func (p *planner) reason(text string) string {
	if p.lang == "ru" {
		return phrase.Russian(text)
	}
	return text
}
