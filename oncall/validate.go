package oncall

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The shapes of what people type in; a number has at most the 15 digits of E.164.
var (
	idShape      = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,62}$`)
	numberShape  = regexp.MustCompile(`^\+?[0-9]{2,15}$`)
	accountShape = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`) // of a SIP user part without escapes
	uriShape     = regexp.MustCompile(`^sips?:([^\s<>"@;?]+@)?(\[[0-9A-Fa-f:.]+\]|[^\s<>"@:;?\[\]]+)(:[0-9]{1,5})?(;[^\s<>"?]+)*$`)
)

// maxRingTime bounds a ring time: operators end an unanswered call after two to three minutes by themselves.
const maxRingTime = 3 * time.Minute

// maxNotifyDelay bounds the delay of a person's own rule: a page that waits longer has failed.
const maxNotifyDelay = time.Hour

var roles = [...]Role{Engineer, Scheduler, Lead, Head, Director} //nolint:gochecknoglobals // a constant table

// faults collects what is wrong, each with the path of its field.
type faults struct{ errs []error }

func (f *faults) add(path, format string, args ...any) {
	f.errs = append(f.errs, fmt.Errorf("%s: "+format, append([]any{path}, args...)...))
}

// Validate reports every fault of the roster, joined, each as "field path: what is wrong; what to do".
func (r Roster) Validate() error {
	var f faults
	seen := map[string]bool{}
	for i, p := range r.People {
		path := fmt.Sprintf("people[%d]", i)
		f.id(path+".id", p.ID, seen)
		if p.ID == gap || p.ID == Everyone || p.ID == Static {
			f.add(path+".id", "%q is a reserved word; choose another ID", p.ID)
		}
		f.person(path, p)
	}
	seen = map[string]bool{}
	for i := range r.Schedules {
		path := fmt.Sprintf("schedules[%d]", i)
		f.id(path+".id", r.Schedules[i].ID, seen)
		f.schedule(path, &r, &r.Schedules[i])
	}
	f.corrections(&r)
	for i, s := range r.Static {
		path := fmt.Sprintf("static[%d]", i)
		f.number(path+".number", s.Number)
		f.ringTime(path+".ring_time", s.RingTime)
	}
	return errors.Join(f.errs...)
}

func (f *faults) id(path, id string, seen map[string]bool) {
	switch {
	case !idShape.MatchString(id):
		f.add(path, "%q is not an ID; use up to 63 letters, digits, dots, dashes or underscores, a letter or digit first", id)
	case seen[id]:
		f.add(path, "%q is used twice; give each its own", id)
	}
	seen[id] = true
}

func (f *faults) person(path string, p Person) {
	if p.Name == "" {
		f.add(path+".name", "is empty; write the name that tickets shall show")
	}
	for i, d := range p.Devices {
		f.device(fmt.Sprintf("%s.devices[%d]", path, i), d)
	}
	for i, r := range p.Roles {
		if !slices.Contains(roles[:], r) {
			f.add(fmt.Sprintf("%s.roles[%d]", path, i), "%q is unknown; use one of %s", string(r), listed(roles[:]))
		}
	}
	for i, s := range p.Skills {
		if !idShape.MatchString(s) || s != strings.ToLower(s) {
			f.add(fmt.Sprintf("%s.skills[%d]", path, i), "%q is no skill; use small letters, digits, dots, dashes and underscores, such as 1c", s)
		}
	}
	for i, c := range p.Certificates {
		if c.Name == "" {
			f.add(fmt.Sprintf("%s.certificates[%d].name", path, i), "is empty; write what it certifies")
		}
	}
	if !slices.Contains([]string{"", "ru", "en"}, p.Language) {
		f.add(path+".language", "%q is not spoken here; use ru or en", p.Language)
	}
	for i, n := range p.Notify {
		f.notify(fmt.Sprintf("%s.notify[%d]", path, i), n)
	}
	for i, o := range p.Off {
		if !o.From.Before(o.To) {
			f.add(fmt.Sprintf("%s.off[%d].to", path, i), "is not after from; a span ends after it begins")
		}
	}
}

func (f *faults) notify(path string, n NotifyRule) {
	if n.After < 0 || n.After > maxNotifyDelay {
		f.add(path+".after", "%s is out of range; use at most %s", n.After, maxNotifyDelay)
	}
	if n.Channel != "voice" {
		f.add(path+".channel", "%q is unknown; use voice", n.Channel)
	}
	for i, k := range n.Devices {
		if k != Softphone && k != Mobile {
			f.add(fmt.Sprintf("%s.devices[%d]", path, i), "%q is unknown; use %s or %s", string(k), Softphone, Mobile)
		}
	}
}

func (f *faults) device(path string, d Device) {
	f.ringTime(path+".ring_time", d.RingTime)
	switch d.Kind {
	case Softphone:
		switch {
		case d.Account != "" && d.URI != "":
			f.add(path+".account", "the phone has a uri too; write where it is (uri), or what it registers as (account)")
		case d.Account != "" && !accountShape.MatchString(d.Account):
			f.add(path+".account", "%q is no name of a phone account; use small latin letters, digits, dots, dashes and underscores", d.Account)
		case d.Account == "" && !uriShape.MatchString(d.URI):
			f.add(path+".uri", "%q is not a SIP address; write it as sip:anna@192.0.2.7:5060, or name the phone's account", d.URI)
		}
		if d.Number != "" {
			f.add(path+".number", "a softphone has a uri; move the number to a device of kind mobile")
		}
	case Mobile:
		f.number(path+".number", d.Number)
		if d.URI != "" {
			f.add(path+".uri", "a mobile has a number; move the uri to a device of kind softphone")
		}
		if d.Account != "" {
			f.add(path+".account", "a mobile has a number; move the account to a device of kind softphone")
		}
		if d.Trusted {
			f.add(path+".trusted", "a mobile may have a mailbox, its answer proves nobody; only a softphone can be trusted")
		}
	default:
		f.add(path+".kind", "%q is unknown; use %s or %s", string(d.Kind), Softphone, Mobile)
	}
}

// separators are what people put between digits (RFC 3966 §5.1.1 visual separators, and the blank).
var separators = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "") //nolint:gochecknoglobals // a constant table

// number never repeats the whole number: it may be somebody's private one.
func (f *faults) number(path, number string) {
	if !numberShape.MatchString(separators.Replace(number)) {
		f.add(path, "is not a telephone number; write 2 to 15 digits in international form, such as +78005550100")
	}
}

func (f *faults) ringTime(path string, d time.Duration) {
	if d < 0 || d > maxRingTime || (d > 0 && d < time.Second) {
		f.add(path, "%s is out of range; use 1s to %s, or leave it out", d, maxRingTime)
	}
}

func (f *faults) schedule(path string, r *Roster, s *Schedule) {
	if len(s.Tracks) == 0 && len(s.Versions) == 0 {
		f.add(path+".tracks", "is empty; add a track with at least one layer")
	}
	f.rules(path, r, &Rules{s.Zone, s.Calendar, s.Tracks, s.Failover})
	for i := range s.Versions {
		v := &s.Versions[i]
		versionPath := fmt.Sprintf("%s.versions[%d]", path, i)
		switch {
		case v.From.IsZero():
			f.add(versionPath+".from", "is missing; write the instant from which these rules hold")
		case i > 0 && !s.Versions[i-1].From.Before(v.From):
			f.add(versionPath+".from", "%s is not after that of the version before; put versions in order", v.From.Format(time.RFC3339))
		}
		f.rules(versionPath, r, &v.Rules)
	}
}

// rules may have no tracks: a schedule that begins later, or that has been closed.
func (f *faults) rules(path string, r *Roster, s *Rules) {
	if s.Zone.IsZero() {
		f.add(path+".zone", "is missing; name an IANA zone such as Europe/Moscow")
	}
	names := map[string]bool{}
	for i := range s.Tracks {
		track := &s.Tracks[i]
		trackPath := fmt.Sprintf("%s.tracks[%d]", path, i)
		f.id(trackPath+".id", track.ID, names)
		if track.ID == Everyone || track.ID == Static {
			f.add(trackPath+".id", "%q is the name of a tier of its own; choose another ID", track.ID)
		}
		layers := map[string]bool{}
		for k := range track.Layers {
			layerPath := fmt.Sprintf("%s.layers[%d]", trackPath, k)
			f.id(layerPath+".id", track.Layers[k].ID, layers)
			f.layer(layerPath, r, &track.Layers[k])
		}
	}
	tiers := map[string]bool{}
	for i, tier := range s.Failover {
		tierPath := fmt.Sprintf("%s.failover[%d]", path, i)
		if tier.Track != Everyone && !slices.ContainsFunc(s.Tracks, func(t Track) bool { return t.ID == tier.Track }) {
			f.add(tierPath+".track", "%q is not a track of this schedule; name a track or %s", tier.Track, Everyone)
		}
		if tiers[tier.Track] {
			f.add(tierPath+".track", "%q is listed twice; its people are only tried once", tier.Track)
		}
		tiers[tier.Track] = true
		f.ringTime(tierPath+".ring_time", tier.RingTime)
	}
}

func (f *faults) layer(path string, r *Roster, l *Layer) {
	if len(l.Members) == 0 {
		f.add(path+".members", "is empty; list people, or %q for nobody on purpose", gap)
	}
	for i, member := range l.Members {
		f.member(fmt.Sprintf("%s.members[%d]", path, i), r, member)
	}
	f.handoff(path+".handoff", l)
	for i := range l.Windows {
		f.window(fmt.Sprintf("%s.windows[%d]", path, i), &l.Windows[i])
	}
	if !l.From.IsZero() && !l.To.IsZero() && !l.From.Before(l.To) {
		f.add(path+".to", "%s is not after from (%s); the layer would never be active", l.To, l.From)
	}
}

func (f *faults) window(path string, w *Window) {
	if w.From < 0 || w.From >= day {
		f.add(path+".from", "%s is not a time to start; use 00:00 to 23:59", w.From)
	}
	if w.To < 0 || w.To > day {
		f.add(path+".to", "%d is not a time of day; use 00:00 to 24:00", int(w.To))
	}
	for i, c := range w.Require {
		f.class(fmt.Sprintf("%s.require[%d]", path, i), c)
		if slices.Contains(w.Exclude, c) {
			f.add(fmt.Sprintf("%s.require[%d]", path, i), "%s is excluded too; remove one of the two", c)
		}
	}
	for i, c := range w.Exclude {
		f.class(fmt.Sprintf("%s.exclude[%d]", path, i), c)
	}
	if w.Shorten < 0 || w.Shorten >= 24*time.Hour {
		f.add(path+".shorten", "%s is out of range; use 1s to 23h59m, such as 1h", w.Shorten)
	}
}

func (f *faults) class(path string, c DayClass) {
	if classesOf(c) == 0 {
		f.add(path, "%q is unknown; use one of %s", string(c), listed(classOrder[:]))
	}
}

// listed joins what may be written.
func listed[T ~string](values []T) string {
	var list []string
	for _, v := range values {
		list = append(list, string(v))
	}
	return strings.Join(list, ", ")
}

func (f *faults) member(path string, r *Roster, member Member) {
	for i, id := range member {
		p, known := r.Person(id)
		switch {
		case !known:
			f.add(path, "%q is nobody; use an ID from people, or %q", id, gap)
		case !p.Disabled && len(p.Devices) == 0:
			f.add(path, "%q has no device and could never be called; add one under people", id)
		case slices.Contains(member[:i], id):
			f.add(path, "%q is named twice in one turn; remove one", id)
		}
	}
}

func (f *faults) handoff(path string, l *Layer) {
	h := l.Handoff
	if h.Every < 0 {
		f.add(path+".every", "%d is negative; use 1 or more", h.Every)
	}
	if h.Every > longest(h.Unit) {
		f.add(path+".every", "%d is longer than %d years; use at most %d", h.Every, maxIntervalYears, longest(h.Unit))
	}
	if h.Advance != ByCalendar && h.Advance != ByWorked {
		f.add(path+".advance", "%q is unknown; use %s, or leave it out to count every period", string(h.Advance), ByWorked)
	}
	if h.Start < 0 || (h.Start > 0 && h.Start >= len(l.Members)) {
		f.add(path+".start", "%d is not the index of a member; use 0 to %d", h.Start, max(len(l.Members)-1, 0))
	}
	switch h.Unit {
	case Hour, Day, Week, Month:
		if h.Anchor.IsZero() {
			f.add(path+".anchor", "is missing; write the date and time of one hand-off, such as 2026-01-05 09:00")
		}
	case "":
		if len(l.Members) > 1 {
			f.add(path+".unit", "is missing and %d members can not take turns; use %s, or join people who are on duty together with +",
				len(l.Members), strings.Join([]string{Hour.String(), Day.String(), Week.String(), Month.String()}, ", "))
		}
	default:
		f.add(path+".unit", "%q is unknown; use %s, %s, %s or %s", string(h.Unit), Hour, Day, Week, Month)
	}
}
