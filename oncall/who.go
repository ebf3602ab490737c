package oncall

import (
	"slices"
	"time"
)

// Duty is one person on duty.
type Duty struct {
	// Person is the ID of a person of the roster.
	Person string `json:"person"`
	// Track is the line of duty, or Everyone for those who are called without being on duty.
	Track string `json:"track"`
	// Provenance says why this person.
	Provenance Provenance `json:"provenance,omitzero"`
	// Until is the end of the duty as far as it can be foreseen, zero when no end is in sight.
	Until time.Time `json:"until,omitzero"`
}

// Source is the kind of rule that put somebody on duty.
type Source string

// The sources of duty.
const (
	// FromLayer: a layer's turn.
	FromLayer Source = "layer"
	// FromTemporary: a temporary schedule.
	FromTemporary Source = "temporary"
	// FromSubstitute: instead of somebody absent; the ID is that of the absence.
	FromSubstitute Source = "substitute"
	// FromOverride: a correction, whether planned, a cover or a swap.
	FromOverride Source = "override"
	// FromTakeover: somebody has taken the line.
	FromTakeover Source = "takeover"
	// FromEveryone: nobody's turn, but eligible when all tracks have failed.
	FromEveryone Source = "everyone"
)

// String returns the source's key.
func (s Source) String() string { return string(s) }

// Provenance names the rule behind a duty: its kind, its ID, and who wrote a correction.
type Provenance struct {
	Source Source `json:"source"`
	ID     string `json:"id,omitempty"`
	By     string `json:"by,omitempty"`
}

// String returns for example "layer nights".
func (p Provenance) String() string {
	if p.ID == "" {
		return string(p.Source)
	}
	return string(p.Source) + " " + p.ID
}

// moment is one question about one track.
type moment struct {
	roster *Roster
	zone   Zone
	track  *Track
	at     time.Time
}

// Who returns everybody on duty at t, track after track. An unknown schedule has nobody.
func (r Roster) Who(schedule string, t time.Time) []Duty {
	s, _ := r.Schedule(schedule)
	var all []Duty
	for i := range s.Tracks {
		all = append(all, r.onTrack(&s, &s.Tracks[i], t)...)
	}
	return all
}

// onTrack is Who for one track, with Until filled in.
func (r *Roster) onTrack(s *Schedule, track *Track, t time.Time) []Duty {
	m := moment{roster: r, zone: s.Zone, track: track, at: t}
	duties := m.duties()
	m.foresee(duties)
	return duties
}

// duties is the pipeline: each step takes the list so far and returns the next one.
func (m moment) duties() []Duty {
	list := m.base()
	list = m.withoutDisabled(list)
	return uniquePeople(list)
}

// base is the work of the layers: the highest priority with somebody at this moment, equal priorities united. A Gap falls
// through to lower priorities unless its layer is exclusive.
func (m moment) base() []Duty {
	var (
		list  []Duty
		best  int
		found bool // somebody, or an exclusive Gap, at priority best
	)
	for i := range m.track.Layers {
		layer := &m.track.Layers[i]
		if found && layer.Priority < best || !layer.active(m.at, m.zone) {
			continue
		}
		member, _ := layer.memberAt(m.at, m.zone)
		if member.IsGap() && !layer.Exclusive {
			continue
		}
		if found && layer.Priority > best {
			list = list[:0]
		}
		best, found = layer.Priority, true
		for _, id := range member {
			list = append(list, Duty{Person: id, Track: m.track.ID, Provenance: Provenance{Source: FromLayer, ID: layer.ID}})
		}
	}
	return list
}

// withoutDisabled removes people who are switched off, and IDs that belong to nobody.
func (m moment) withoutDisabled(list []Duty) []Duty {
	return slices.DeleteFunc(list, func(d Duty) bool {
		p := m.roster.person(d.Person)
		return p == nil || p.Disabled
	})
}

// uniquePeople keeps the first duty of each person.
func uniquePeople(list []Duty) []Duty {
	kept := list[:0]
	for _, d := range list {
		if !holdsPerson(kept, d.Person) {
			kept = append(kept, d)
		}
	}
	return kept
}

// nextBoundary returns the earliest instant after the moment at which the track may change, zero for never.
func (m moment) nextBoundary() time.Time {
	var next time.Time
	for i := range m.track.Layers {
		next = earlierAfter(m.at, next, m.track.Layers[i].nextBoundary(m.at, m.zone))
	}
	return next
}

// foresight is how many boundaries Until looks ahead: two months of days. A duty that outlasts them has no end in sight.
const foresight = 64

// foresee fills in Until: the first boundary at which the person is no longer on the track.
func (m moment) foresee(duties []Duty) {
	open := len(duties)
	for range foresight {
		if open == 0 {
			return
		}
		next := m.nextBoundary()
		if next.IsZero() {
			return
		}
		m.at = next
		later := m.duties()
		for i := range duties {
			if duties[i].Until.IsZero() && !holdsPerson(later, duties[i].Person) {
				duties[i].Until = next
				open--
			}
		}
	}
}

func holdsPerson(list []Duty, id string) bool {
	return slices.ContainsFunc(list, func(d Duty) bool { return d.Person == id })
}
