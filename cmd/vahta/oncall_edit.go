package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// consent are the flags of every command that edits.
type consent struct {
	by, reason  string
	yes, dryRun bool
	everything  bool
}

func (c *consent) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.by, "by", "", tr("who decides: a person, or a name; default the login name", "кто решает: человек или имя; по умолчанию имя входа"))
	f.StringVar(&c.reason, "reason", "", tr("why, for the log", "почему, для журнала"))
	f.BoolVarP(&c.yes, "yes", "y", false, tr("do not ask", "не спрашивать"))
	f.BoolVar(&c.everything, "all", false, tr("show every line of what would happen", "показать всё, что изменится, до последней строки"))
	f.BoolVar(&c.dryRun, "dry-run", false, tr("show what would happen and change nothing", "показать, что будет, и ничего не менять"))
}

// commit shows an edit, asks, and makes it. base are the revisions of what its author has looked at; nil: as it is now.
func (p *planner) commit(e edit.Edit, c consent, base map[string]int64) error {
	if c.reason != "" {
		e.Reason = c.reason
	}
	p.everything = c.everything
	by := p.author(c.by)
	ctx := p.cmd.Context()
	preview, err := p.rota.Preview(ctx, e, by)
	if err != nil {
		return err
	}
	p.printPreview(preview)
	if c.dryRun {
		p.say("only shown: nothing is changed", "только показано: ничего не изменено")
		return nil
	}
	if !c.yes {
		if err := p.confirm(); err != nil {
			return err
		}
	}
	if base == nil {
		base = p.looked(e)
	}
	done, err := p.rota.Commit(ctx, e, by, p.seeded(base))
	if clash, ok := errors.AsType[*dispatch.RotaConflict](err); ok {
		return p.conflict(clash, e)
	}
	if err != nil {
		return err
	}
	if len(done.Keys) == 0 {
		p.say("it was so already: nothing is changed", "так уже и было: ничего не изменено")
		return nil
	}
	keys := make([]string, len(done.Keys))
	for i, k := range done.Keys {
		keys[i] = k.String()
	}
	p.say("done: revision %d by %s: %s", "записано: правка %d, автор %s: %s", done.Version.Revision, p.name(by.Person), strings.Join(keys, ", "))
	return nil
}

// looked are the records that an edit changes, with the revisions on the screen: nobody edits what he has not seen.
func (p *planner) looked(e edit.Edit) map[string]int64 {
	base := map[string]int64{}
	for _, k := range touched(e) {
		base[k.String()] = p.view.Revisions[k.String()]
	}
	return base
}

// seedRevision is that of the edit which brings the configuration file into the record.
const seedRevision = 1

// seeded returns the revisions an author has looked at where that was the file, before there was a record: the first edit puts
// just that into it.
func (p *planner) seeded(base map[string]int64) map[string]int64 {
	base = maps.Clone(base)
	for name, seen := range base {
		kind, id, _ := strings.Cut(name, " ")
		body, err := edit.Body(p.view.Roster, edit.Key{Kind: edit.Kind(kind), ID: id})
		there := err == nil && body != nil && (p.view.Version.Revision == 0 || p.view.Revisions[name] == seedRevision)
		if seen == 0 && there {
			base[name] = seedRevision
		}
	}
	return base
}

// touched returns the keys that an edit names itself.
func touched(e edit.Edit) []edit.Key {
	switch {
	case e.Person != nil:
		return []edit.Key{{Kind: edit.Person, ID: e.Person.ID}}
	case e.Schedule != nil:
		return []edit.Key{{Kind: edit.Schedule, ID: e.Schedule.ID}}
	case e.Restore != nil:
		return restored(*e.Restore)
	case e.Absence != nil && e.Absence.ID != "":
		return []edit.Key{{Kind: edit.Absence, ID: e.Absence.ID}}
	case e.Temporary != nil && e.Temporary.ID != "":
		return []edit.Key{{Kind: edit.Temporary, ID: e.Temporary.ID}}
	case e.Override != nil && e.Override.ID != "":
		return []edit.Key{{Kind: edit.Override, ID: e.Override.ID}}
	case e.Calendar != nil:
		return []edit.Key{{Kind: edit.Calendar, ID: edit.CalendarID(e.Calendar.Calendar, e.Calendar.Year)}}
	case e.Remove != nil && e.Remove.Kind != edit.Schedule:
		return []edit.Key{*e.Remove}
	case e.Answer != nil:
		return []edit.Key{{Kind: edit.Request, ID: e.Answer.Request}}
	}
	var all []edit.Key
	for _, one := range e.Import {
		all = append(all, touched(one)...)
	}
	return all
}

// restored returns the keys that a restoring names.
func restored(r edit.Restore) []edit.Key {
	switch {
	case r.Schedule != nil:
		return []edit.Key{{Kind: edit.Schedule, ID: r.Schedule.ID}}
	case r.Absence != nil:
		return []edit.Key{{Kind: edit.Absence, ID: r.Absence.ID}}
	case r.Temporary != nil:
		return []edit.Key{{Kind: edit.Temporary, ID: r.Temporary.ID}}
	case r.Override != nil:
		return []edit.Key{{Kind: edit.Override, ID: r.Override.ID}}
	}
	return nil
}

// confirm asks for a yes.
func (p *planner) confirm() error {
	fmt.Fprint(p.out, p.tr("Make this change? [y/N] ", "Записать? [д/Н] "))
	line, err := bufio.NewReader(p.cmd.InOrStdin()).ReadString('\n')
	switch answer := strings.ToLower(strings.TrimSpace(line)); answer {
	case "y", "yes", "д", "да":
		return nil
	default:
		if err != nil {
			fmt.Fprintln(p.out)
		}
		return errors.New(p.tr("not confirmed: nothing is changed (--yes answers for you)", "не подтверждено: ничего не изменено (--yes соглашается за вас)"))
	}
}

// conflict shows what has become of records meanwhile beside what was to be written.
func (p *planner) conflict(clash *dispatch.RotaConflict, e edit.Edit) error {
	mine := map[string]string{}
	collect(e, mine)
	for _, theirs := range clash.Theirs {
		p.say("%s has changed meanwhile (revision %d).", "%s тем временем изменено (правка %d).", theirs.Key, theirs.Revision)
		now := p.tr("(removed)\n", "(удалено)\n")
		if theirs.Body != nil {
			if text, err := config.PrintYAML(written(theirs)); err == nil {
				now = text
			}
		}
		want, ok := mine[theirs.String()]
		if !ok {
			p.say("as it is now:", "как сейчас:")
			fmt.Fprint(p.out, now)
			continue
		}
		p.say("- as it is now, + as you wrote it:", "- как сейчас, + как у вас:")
		fmt.Fprint(p.out, lineDiff(now, want))
	}
	return errors.New(p.tr("nothing is changed: look at what is new, and edit again", "ничего не изменено: посмотрите, что нового, и повторите правку"))
}

// written is a record as its author would write it: of a schedule the newest rules, in the form of a file.
func written(r edit.Record) any {
	var s oncall.Schedule
	if r.Kind != edit.Schedule || json.Unmarshal(r.Body, &s) != nil {
		return r.Body
	}
	rules, _ := versionOf(&s, farAhead)
	return asFile(s.ID, s.Name, rules)
}

// asFile is a schedule with one set of rules, as a file has it.
func asFile(id, name string, r oncall.Rules) oncall.Schedule {
	return oncall.Schedule{ID: id, Name: name, Zone: r.Zone, Calendar: r.Calendar, Tracks: r.Tracks, Failover: r.Failover}
}

// collect writes down the records that an edit would put, by key.
func collect(e edit.Edit, to map[string]string) {
	var body any
	switch {
	case e.Person != nil:
		body = e.Person
	case e.Schedule != nil:
		body = asFile(e.Schedule.ID, e.Schedule.Name, e.Schedule.Rules)
	case e.Absence != nil:
		body = e.Absence
	case e.Temporary != nil:
		body = e.Temporary
	case e.Override != nil:
		body = e.Override
	case e.Calendar != nil:
		body = e.Calendar
	}
	if keys := touched(e); body != nil && len(keys) == 1 {
		if text, err := config.PrintYAML(body); err == nil {
			to[keys[0].String()] = text
		}
	}
	for _, one := range e.Import {
		collect(one, to)
	}
}

// lineDiff shows two texts line by line: "-" only in a, "+" only in b. It finds the longest common run of lines, which for files
// of a screen or two is quick enough.
func lineDiff(a, b string) string {
	x, y := linesOf(a), linesOf(b)
	common := make([][]int, len(x)+1)
	for i := range common {
		common[i] = make([]int, len(y)+1)
	}
	for i, line := range slices.Backward(x) {
		for k := len(y) - 1; k >= 0; k-- {
			if line == y[k] {
				common[i][k] = common[i+1][k+1] + 1
			} else {
				common[i][k] = max(common[i+1][k], common[i][k+1])
			}
		}
	}
	var out strings.Builder
	i, k := 0, 0
	for i < len(x) || k < len(y) {
		switch {
		case i < len(x) && k < len(y) && x[i] == y[k]:
			out.WriteString("  " + x[i] + "\n")
			i, k = i+1, k+1
		case i < len(x) && (k == len(y) || common[i+1][k] >= common[i][k+1]):
			out.WriteString("- " + x[i] + "\n")
			i++
		default:
			out.WriteString("+ " + y[k] + "\n")
			k++
		}
	}
	return out.String()
}

func linesOf(text string) []string {
	if text = strings.TrimRight(text, "\n"); text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
