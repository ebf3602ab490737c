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
	if s.Zone.IsZero() {
		f.add(path+".zone", "is missing; name an IANA zone such as Europe/Moscow")
	}
	if len(s.Tracks) == 0 {
		f.add(path+".tracks", "is empty; add a track with at least one layer")
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
	for i, w := range l.Windows {
		if w.From < 0 || w.From >= day {
			f.add(fmt.Sprintf("%s.windows[%d].from", path, i), "%s is not a time to start; use 00:00 to 23:59", w.From)
		}
		if w.To < 0 || w.To > day {
			f.add(fmt.Sprintf("%s.windows[%d].to", path, i), "%d is not a time of day; use 00:00 to 24:00", int(w.To))
		}
	}
	if !l.From.IsZero() && !l.To.IsZero() && !l.From.Before(l.To) {
		f.add(path+".to", "%s is not after from (%s); the layer would never be active", l.To, l.From)
	}
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
