package edit

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// MaxImport is the greatest number of edits in one import.
const MaxImport = 5000

// Result is what an edit comes to.
type Result struct {
	// Roster is the rota after the edit. It shares what did not change with the one before.
	Roster oncall.Roster
	// Changed are the records to write, or to remove when Body finds nothing for them.
	Changed []Key
	// Seen are further records on which the decision rests.
	Seen []Key
}

// Apply decides an edit. The error is a *Refusal; then nothing changes. newID names what the edit leaves nameless.
func Apply(r oncall.Roster, e Edit, by Author, now time.Time, newID func() string) (Result, error) {
	d := &draft{
		roster: r, by: by, now: now.UTC().Truncate(time.Second), at: stamp(&r, now), newID: newID,
		changed: map[Key]bool{}, seen: map[Key]bool{},
	}
	if by.Person == "" {
		return Result{}, refuse("author", "")
	}
	if refusal := plain(e, by); refusal != nil {
		return Result{}, refusal
	}
	if refusal := d.edit(e, ""); refusal != nil {
		return Result{}, refusal
	}
	if refusal := newFault(&r, &d.roster, e.Import != nil); refusal != nil {
		return Result{}, refusal
	}
	for key := range d.changed {
		delete(d.seen, key)
	}
	return Result{Roster: d.roster, Changed: sorted(d.changed), Seen: sorted(d.seen)}, nil
}

// draft is a rota being edited. Its lists are copied before they are changed.
type draft struct {
	roster oncall.Roster
	by     Author
	now    time.Time // whole seconds
	at     time.Time // the time of writing: later than that of all corrections
	newID  func() string

	changed, seen map[Key]bool
	compiled      *oncall.Evaluator // of roster; nil: not yet
}

// stamp returns a time of writing that makes a correction the latest, even where the clocks of nodes differ.
func stamp(r *oncall.Roster, now time.Time) time.Time {
	at := now.UTC().Round(0)
	after := func(t time.Time) {
		if !t.Before(at) {
			at = t.UTC().Add(time.Microsecond)
		}
	}
	for i := range r.Absences {
		after(r.Absences[i].At)
	}
	for i := range r.Temporaries {
		after(r.Temporaries[i].At)
	}
	for i := range r.Overrides {
		after(r.Overrides[i].At)
	}
	return at
}

// write returns the time of writing of the next correction.
func (d *draft) write() time.Time {
	at := d.at
	d.at = at.Add(time.Microsecond)
	return at
}

// evaluator answers who is on duty by the draft as it is.
func (d *draft) evaluator() *oncall.Evaluator {
	if d.compiled == nil {
		d.compiled = oncall.Compile(d.roster)
	}
	return d.compiled
}

// touch notes that a record changes.
func (d *draft) touch(kind Kind, id string) {
	d.changed[Key{kind, id}] = true
	d.compiled = nil
}

// see notes that the decision rests on a record.
func (d *draft) see(kind Kind, id string) { d.seen[Key{kind, id}] = true }

// edit applies one edit; path is its place in an import.
func (d *draft) edit(e Edit, path string) *Refusal {
	if e.Import != nil && path != "" {
		return refuse("import_nested", path)
	}
	if n := e.things(); n != 1 {
		return refuse("one_thing", path, fmt.Sprint(n))
	}
	switch {
	case e.Person != nil:
		return d.person(*e.Person, path+"person")
	case e.Schedule != nil:
		return d.schedule(*e.Schedule, path+"schedule")
	case e.Restore != nil:
		return d.restore(*e.Restore, path+"restore")
	case e.Absence != nil:
		return d.absence(*e.Absence, e.Reason, path+"absence")
	case e.Temporary != nil:
		return d.temporary(*e.Temporary, e.Reason, path+"temporary")
	case e.Override != nil:
		return d.override(*e.Override, e.Reason, path+"override")
	case e.Calendar != nil:
		return d.calendar(*e.Calendar, path+"calendar")
	case e.Remove != nil:
		return d.remove(*e.Remove, path+"remove")
	case e.Ask != nil:
		return d.ask(*e.Ask, e.Reason, path+"ask")
	case e.Answer != nil:
		return d.answer(*e.Answer, e.Reason, path+"answer")
	case e.Take != nil:
		return d.take(*e.Take, e.Reason, path+"take")
	default:
		return d.all(e.Import)
	}
}

// all applies the edits of an import one after another.
func (d *draft) all(edits []Edit) *Refusal {
	if len(edits) > MaxImport {
		return refuse("import_many", "import", fmt.Sprint(len(edits)), fmt.Sprint(MaxImport))
	}
	for i, e := range edits {
		if refusal := d.edit(e, fmt.Sprintf("import[%d].", i)); refusal != nil {
			return refusal
		}
	}
	return nil
}

// things counts the fields of the edit that are set.
func (e *Edit) things() int {
	n := 0
	for _, set := range []bool{
		e.Person != nil, e.Schedule != nil, e.Restore != nil, e.Absence != nil, e.Temporary != nil, e.Override != nil, e.Calendar != nil,
		e.Remove != nil, e.Ask != nil, e.Answer != nil, e.Take != nil, e.Import != nil,
	} {
		if set {
			n++
		}
	}
	return n
}

// newFault refuses what Validate says of the rota after an edit and did not say before.
func newFault(before, after *oncall.Roster, imported bool) *Refusal {
	known := map[string]int{}
	for _, fault := range faultsOf(before) {
		known[anyIndex.ReplaceAllString(fault, "[]")]++
	}
	for _, fault := range faultsOf(after) {
		if bare := anyIndex.ReplaceAllString(fault, "[]"); known[bare] > 0 {
			known[bare]--
			continue
		}
		field, rest, found := strings.Cut(fault, ": ")
		if !found {
			field, rest = "", fault
		}
		problem, do := rest, "correct it"
		if i := strings.LastIndex(rest, "; "); i >= 0 {
			problem, do = rest[:i], rest[i+2:]
		}
		if imported {
			return refuse("faulty", named(after, field), problem, do)
		}
		return refuse("faulty", fieldOf(field), problem, do)
	}
	return nil
}

// anyIndex is the index of a list in the path of a fault. It may be another after an edit, although the fault is the same.
var anyIndex = regexp.MustCompile(`\[[0-9]+\]`)

func faultsOf(r *oncall.Roster) []string {
	err := r.Validate()
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var faults []string
		for _, one := range joined.Unwrap() {
			faults = append(faults, one.Error())
		}
		return faults
	}
	return []string{err.Error()}
}

// fieldOf turns a path in the roster into one in the edit: "overrides[3].changes[0].to" is "override.changes[0].to".
func fieldOf(path string) string {
	list, rest, _ := strings.Cut(path, ".")
	names := map[string]string{
		"people": "person", "schedules": "schedule", "absences": "absence", "temporaries": "temporary", "overrides": "override",
		"requests": "ask", "calendars": "calendar",
	}
	if name, ok := names[anyIndex.ReplaceAllString(list, "")]; ok {
		return strings.TrimSuffix(name+"."+rest, ".")
	}
	return path
}

// named turns a path in the roster into one with an ID, for imports: "overrides[3].changes[0].to" is "overrides[later].changes[0].to".
func named(r *oncall.Roster, path string) string {
	list, rest, _ := strings.Cut(path, ".")
	var ids []string
	for key := range things(r) {
		if strings.HasPrefix(list, listOf(key.Kind)+"[") {
			ids = append(ids, key.ID)
		}
	}
	index, err := strconv.Atoi(strings.Trim(list[strings.IndexByte(list, '[')+1:], "]"))
	if err != nil || index >= len(ids) {
		return path
	}
	return strings.TrimSuffix(fmt.Sprintf("%s[%s].%s", list[:strings.IndexByte(list, '[')], ids[index], rest), ".")
}

// listOf is the name of the list that holds the things of a kind.
func listOf(kind Kind) string {
	if kind == Person {
		return "people"
	}
	if kind == Temporary {
		return "temporaries"
	}
	return kind.String() + "s"
}

func sorted(keys map[Key]bool) []Key {
	list := make([]Key, 0, len(keys))
	for key := range keys {
		list = append(list, key)
	}
	slices.SortFunc(list, Key.Compare)
	return list
}
