package dispatch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// Line is one hotline number with its script.
type Line struct {
	ID            string                `yaml:"id"`
	Name          string                `yaml:"name"`
	DIDs          []string              `yaml:"dids"`     // numbers callers dial, any written form; empty = takes what no other line takes
	Language      string                `yaml:"language"` // "ru" or "en"; empty = ru
	Greeting      string                `yaml:"greeting"`
	Schedule      string                `yaml:"schedule"` // rota that serves the line; empty = Ladder
	Ladder        []LadderRung          `yaml:"ladder"`   // fixed people, used instead of a schedule
	Static        []oncall.StaticNumber `yaml:"static"`   // rung last; empty = the roster's
	RingTime      time.Duration         `yaml:"ring_time"`
	AnswerAfter   time.Duration         `yaml:"answer_after"`
	ProgressEvery time.Duration         `yaml:"progress_every"`
	Rounds        int                   `yaml:"rounds"`
	Exhausted     Exhausted             `yaml:"exhausted"`
	NoRecording   bool                  `yaml:"no_recording"`
}

// LadderRung is one fixed step of a line without a schedule.
type LadderRung struct {
	People   []string      `yaml:"people"`
	Parallel bool          `yaml:"parallel"`
	RingTime time.Duration `yaml:"ring_time"`
}

// Defaults of a line.
const (
	lineAnswerAfter   = 15 * time.Second // true ringing until then
	lineProgressEvery = 20 * time.Second
	lineRounds        = 3
	maxRounds         = 100
)

// withDefaults fills what a line leaves out.
func (l Line) withDefaults() Line {
	if l.Name == "" {
		l.Name = l.ID
	}
	if l.Language == "" {
		l.Language = "ru"
	}
	if l.AnswerAfter == 0 {
		l.AnswerAfter = lineAnswerAfter
	}
	if l.ProgressEvery == 0 {
		l.ProgressEvery = lineProgressEvery
	}
	if l.Rounds == 0 {
		l.Rounds = lineRounds
	}
	if l.Exhausted == "" {
		l.Exhausted = ExhaustedClose
	}
	return l
}

// Source is what a directory is made of: plain configuration.
type Source struct {
	Roster    oncall.Roster
	Lines     []Line
	Clients   []client.Organisation
	Policy    escalation.Policy // how pages go on when a call found nobody
	Numbering client.Numbering
	Zone      string // IANA name; of clients whose card has none
}

// HasPeople reports whether the source can begin a rota.
func (src Source) HasPeople() bool { return hasPeople(src.Roster) }

// Snapshot is one consistent view of people, lines and clients; immutable.
type Snapshot struct {
	// Duty answers who is on duty; Roster is what it was compiled from.
	Duty   *oncall.Evaluator
	Roster oncall.Roster
	// Rota is the version of people, schedules and clients, and Revisions those of their records by the keys' String. The zero
	// version: they came from a configuration and no record has them.
	Rota      RotaVersion
	Revisions map[string]int64

	Book   *client.Book
	Policy escalation.Policy
	lines  []Line
	byDID  map[client.Number]int
}

// NewSnapshot checks a source and indexes it; all faults are joined. One
// without people and schedules leaves them to the record: what its lines name is
// not looked for.
func NewSnapshot(src Source) (*Snapshot, error) {
	s, f := compose(src)
	if !src.HasPeople() {
		f.between = nil
	}
	if err := errors.Join(f.rota, f.own, f.clients, f.between); err != nil {
		return nil, fmt.Errorf("check directory: %w", err)
	}
	return s, nil
}

// WithRoster is the snapshot with other people and schedules; the static numbers stay. The error has the faults that the present
// ones do not have.
func (s *Snapshot) WithRoster(r oncall.Roster) (*Snapshot, error) {
	src := Source{Roster: s.Roster, Lines: s.lines, Policy: s.Policy}
	was := append(leaves(rosterFaults(src.Roster)), leaves(between(src))...)
	r.Static = s.Roster.Static
	src.Roster = r
	known := map[string]bool{}
	for _, err := range was {
		known[err.Error()] = true
	}
	fresh := slices.DeleteFunc(append(leaves(rosterFaults(r)), leaves(between(src))...), func(err error) bool { return known[err.Error()] })
	if err := errors.Join(fresh...); err != nil {
		return nil, err
	}
	next := *s
	next.Roster, next.Duty = r, oncall.Compile(r)
	return &next, nil
}

// faults of a source, by whose they are.
type faults struct {
	rota    error // of people and schedules
	clients error // of clients
	own     error // of the rest by itself
	between error // where the rest names people, schedules and tracks that are not there
}

// compose indexes a source, whatever its faults: a line whose schedule is not there rings everybody.
func compose(src Source) (*Snapshot, faults) {
	s := &Snapshot{Duty: oncall.Compile(src.Roster), Roster: src.Roster, Policy: src.Policy, byDID: map[client.Number]int{}}
	book, err := client.NewBook(src.Clients, src.Numbering)
	s.Book = book.In(client.Company{Zone: src.Zone, Calendars: calendarsOf(src.Roster.Calendars)})
	own := []error{oncall.Roster{Static: src.Roster.Static}.Validate(), under("escalation", src.Policy.Validate())}
	if len(src.Lines) == 0 {
		own = append(own, errors.New("lines: at least one hotline is required"))
	}
	for i, l := range src.Lines {
		own = append(own, s.addLine(i, l.withDefaults(), src.Numbering)...)
	}
	return s, faults{rota: rosterFaults(src.Roster), clients: errors.Unwrap(err), own: errors.Join(own...), between: between(src)}
}

// calendarsOf are the production calendars as contracts read them.
func calendarsOf(years []oncall.CalendarYear) client.Calendars {
	all := client.Calendars{}
	for _, y := range years {
		if all[y.Calendar] == nil {
			all[y.Calendar] = map[string]client.Day{}
		}
		for date, class := range y.Days {
			day := client.DayOn
			switch {
			case class.Off():
				day = client.DayOff
			case class == oncall.Short:
				day = client.DayShort
			}
			all[y.Calendar][fmt.Sprintf("%04d-%s", y.Year, date)] = day
		}
	}
	return all
}

// rosterFaults are those of people and schedules by themselves.
func rosterFaults(r oncall.Roster) error {
	r.Static = nil
	return errors.Join(r.Validate(), checkDevices(r.People))
}

// between reports what lines and escalation name and the roster does not have.
func between(src Source) error {
	var list []error
	for i, l := range src.Lines {
		fault := func(field, format string, args ...any) {
			list = append(list, fmt.Errorf("lines[%d].%s: %w", i, field, fmt.Errorf(format, args...)))
		}
		switch schedule, ok := src.Roster.Schedule(l.Schedule); {
		case l.Schedule == "":
		case !ok:
			fault("schedule", "no schedule %q", l.Schedule)
		case closed(schedule):
			fault("schedule", "schedule %q is closed", l.Schedule)
		}
		checkLadderPeople(src.Roster, l.Ladder, fault)
	}
	return errors.Join(append(list, under("escalation", src.Policy.CheckTargets(src.Roster.Schedules)))...)
}

// closed reports whether a schedule has nobody for good from some moment on: it was removed.
func closed(s oncall.Schedule) bool {
	return len(s.Versions) > 0 && len(s.Versions[len(s.Versions)-1].Tracks) == 0
}

// addLine checks and adds a line.
func (s *Snapshot) addLine(i int, l Line, plan client.Numbering) (faults []error) {
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("lines[%d].%s: %w", i, field, fmt.Errorf(format, args...)))
	}
	if l.ID == "" || slices.ContainsFunc(s.lines, func(o Line) bool { return o.ID == l.ID }) {
		fault("id", "%q is empty or used twice", l.ID)
	}
	if l.Language != "ru" && l.Language != "en" {
		fault("language", "%q, want ru or en", l.Language)
	}
	if (l.Schedule == "") == (len(l.Ladder) == 0) {
		fault("schedule", "a line needs a schedule or a ladder, and not both")
	}
	checkLadder(l.Ladder, fault)
	checkTimes(l, fault)
	if l.Rounds < 1 || l.Rounds > maxRounds {
		fault("rounds", "%d, want 1 to %d", l.Rounds, maxRounds)
	}
	if l.Exhausted != ExhaustedClose && l.Exhausted != ExhaustedHold {
		fault("exhausted", "%q, want close or hold", l.Exhausted)
	}
	for j, raw := range l.DIDs {
		if err := s.claim(did(plan, raw)); err != nil {
			fault(fmt.Sprintf("dids[%d]", j), "%q %w", raw, err)
		}
	}
	s.lines = append(s.lines, l)
	return faults
}

// claim gives a dialled number to the line that is being added.
func (s *Snapshot) claim(n client.Number) error {
	line := len(s.lines)
	o, taken := s.byDID[n]
	switch {
	case n == "":
		return errors.New("is no number; write what callers dial, such as +78005550100")
	case taken && o == line:
		return errors.New("is a number of this line already, in this or another spelling; remove one")
	case taken:
		return fmt.Errorf("is a number of line %s already; remove one", s.lines[o].ID)
	}
	s.byDID[n] = line
	return nil
}

// did brings a dialled number to the form lines are indexed by: a number, or
// the lower-case user part when it is a name such as "hotline".
func did(plan client.Numbering, raw string) client.Number {
	if n, err := plan.Parse(raw); err == nil {
		return n
	}
	user := strings.ToLower(strings.TrimSpace(raw))
	user = strings.TrimPrefix(strings.TrimPrefix(user, "sips:"), "sip:")
	user, _, _ = strings.Cut(user, "@")
	return client.Number(user)
}

// Line returns the hotline with this id.
func (s *Snapshot) Line(id string) (Line, bool) {
	for _, l := range s.lines {
		if l.ID == id {
			return l, true
		}
	}
	return Line{}, false
}

// Lines returns all hotlines.
func (s *Snapshot) Lines() []Line { return slices.Clone(s.lines) }

// Listed returns the hotline that lists a dialled number or name.
func (s *Snapshot) Listed(dialled string) (Line, bool) {
	if i, ok := s.byDID[did(s.Book.Numbering(), dialled)]; ok {
		return s.lines[i], true
	}
	return Line{}, false
}

// LineFor returns the hotline a dialled number belongs to: the line that lists
// it, else the first line without numbers, else the only line there is.
func (s *Snapshot) LineFor(dialled string) (Line, bool) {
	if l, ok := s.Listed(dialled); ok {
		return l, true
	}
	for _, l := range s.lines {
		if len(l.DIDs) == 0 {
			return l, true
		}
	}
	if len(s.lines) == 1 {
		return s.lines[0], true
	}
	return Line{}, false
}

// Directory is the snapshot in force. Readers take one snapshot and work with
// it; all of it is swapped at once. A Keeper keeps it the same on all nodes.
type Directory struct {
	current atomic.Pointer[inForce]
	agreed  atomic.Pointer[time.Time]
}

// inForce is a snapshot with its name.
type inForce struct {
	snapshot *Snapshot
	version  Version
}

// NewDirectory returns a directory that holds the snapshot, without a version.
func NewDirectory(s *Snapshot) *Directory {
	d := &Directory{}
	d.Replace(s)
	return d
}

// Load returns the snapshot in force. It never waits.
func (d *Directory) Load() *Snapshot { return d.current.Load().snapshot }

// Version names the definition in force: lines, static numbers and escalation; zero when it came without a version. Load().Rota is that of
// people, schedules and clients.
func (d *Directory) Version() Version { return d.current.Load().version }

// Agreed is when the record last agreed with the people and schedules in
// force; zero = never since the start.
func (d *Directory) Agreed() time.Time {
	if t := d.agreed.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// Replace puts a new snapshot in force; calls in progress keep the plan they have.
func (d *Directory) Replace(s *Snapshot) { d.put(s, Version{}) }

func (d *Directory) put(s *Snapshot, v Version) { d.current.Store(&inForce{s, v}) }
