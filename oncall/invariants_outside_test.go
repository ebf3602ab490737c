package oncall_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/ical"
)

// change is a moment from which a clock has another offset.
type change struct {
	at     int64
	offset int32
}

// zoneFile writes a zone as RFC 9636 §3.1 has it, version 1: the offset before the first change is 0.
func zoneFile(t *rapid.T, changes []change) oncall.Zone {
	var b bytes.Buffer
	b.WriteString("TZif")
	b.Write(make([]byte, 16))
	put := func(values ...any) {
		for _, v := range values {
			if err := binary.Write(&b, binary.BigEndian, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(uint32(0), uint32(0), uint32(0), uint32(len(changes)), uint32(len(changes)+1), uint32(4))
	for _, c := range changes {
		put(int32(c.at))
	}
	for i := range changes {
		put(uint8(i + 1))
	}
	put(int32(0), uint8(0), uint8(0))
	for _, c := range changes {
		put(c.offset, uint8(0), uint8(0))
	}
	b.WriteString("XXX\x00")
	loc, err := time.LoadLocationFromTZData("Test/Zone", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return oncall.ZoneOf(loc)
}

// New time-zone data change nothing before the first change of the clock that differs; only a window that ends in an hour
// which the new data repeat is open for the first of the two as well.
func TestInvariant21TimeZoneData(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := world{from: int64(wallDate(2026, 2, 1)), to: int64(wallDate(2026, 5, 1))}
		var err error
		if w.zone, err = oncall.LoadZone("UTC"); err != nil {
			t.Fatal(err)
		}
		w.clock = timelineOf(w.zone)
		offsets := rapid.SampledFrom([]int32{0, 1800, 3600, 7200, -3600, 12 * 3600, -11 * 3600})
		at := w.from - 40*daySeconds
		var old []change
		for range 6 {
			at += rapid.Int64Range(10, 30).Draw(t, "days to the next change")*daySeconds + 3600
			old = append(old, change{at, offsets.Draw(t, "offset")})
		}
		i := rapid.IntRange(1, len(old)-1).Draw(t, "what differs")
		changed := slices.Clone(old[:i])
		if rapid.Bool().Draw(t, "another offset") {
			changed = append(changed, change{old[i].at, offsets.Draw(t, "new offset")})
		}
		first := old[i].at
		last := old[i-1].offset
		repeated := max(0, last-old[i].offset)
		if len(changed) > i {
			repeated = max(repeated, last-changed[i].offset)
		}
		w = fill(t, w)
		w.correct(t)
		s := &w.roster.Schedules[0]
		s.Versions = nil
		for j := range s.Tracks {
			for k := range s.Tracks[j].Layers {
				l := &s.Tracks[j].Layers[k]
				l.From = oncall.Civil{} // turns before the anchor are counted across what comes between
			}
		}
		for j := range w.roster.Absences {
			w.roster.Absences[j].Zone = oncall.Zone{}
		}
		s.Zone = zoneFile(t, old)
		before := oncall.Compile(w.roster)
		other := *s
		other.Zone = zoneFile(t, changed)
		again := w.roster
		again.Schedules = []oncall.Schedule{other}
		after := oncall.Compile(again)
		end := first - int64(repeated)
		if end <= w.from {
			return
		}
		for _, track := range []string{"primary", "secondary", "lead"} {
			was, is := merge(shifts(before, track, w.from, end)), merge(shifts(after, track, w.from, end))
			if fmt.Sprint(was) != fmt.Sprint(is) {
				t.Fatalf("changes\n%v\nand\n%v\nshow\n%v\nand\n%v\nbefore %s\n%s", old, changed, was, is, sec(end), w.text())
			}
		}
	})
}

// What is exported as a calendar and imported again as a temporary schedule reproduces the people of Shifts.
func TestInvariant22Calendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		if w.from < int64(wallDate(1975, 1, 1)) {
			t.Skip("an endless shift is shown from a time that imports refuse")
		}
		from, to := w.from+2*daySeconds, w.to-2*daySeconds
		e := oncall.Compile(w.roster)
		text := ical.Schedule(e, "line", ical.Options{From: sec(from), To: sec(to), Version: ical.Version{Revision: 7, EditedAt: sec(w.from)}})
		if !bytes.Contains(text, []byte("BEGIN:VEVENT")) {
			t.Skip("nobody is ever on duty")
		}
		bare := w.roster
		bare.Absences, bare.Overrides, bare.Temporaries = nil, nil, nil
		bare.Schedules = []oncall.Schedule{{ID: "line", Zone: w.zone, Tracks: []oncall.Track{{ID: "primary"}, {ID: "secondary"}, {ID: "lead"}}}}
		bare.People = slices.Clone(bare.People)
		for i := range bare.People {
			bare.People[i].Disabled, bare.People[i].Off = false, nil
		}
		read, err := ical.ReadCalendar(text, &bare, ical.Target{As: ical.AsTemporary})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		edits := append([]edit.Edit{read.Edit}, read.Edit.Import...)
		for i, one := range edits {
			if one.Temporary != nil {
				x := *one.Temporary
				x.ID = fmt.Sprint("t", i)
				bare.Temporaries = append(bare.Temporaries, x)
			}
		}
		again := oncall.Compile(bare)
		for _, x := range bare.Temporaries {
			was, is := byPeople(shifts(e, x.Track, from, to)), byPeople(shifts(again, x.Track, from, to))
			if fmt.Sprint(was) != fmt.Sprint(is) {
				t.Fatalf("%s comes back as\n%v\nwant\n%v\n%s\n%s", x.Track, is, was, text, w.text())
			}
		}
	})
}

// byPeople are pieces without reasons.
func byPeople(list []oncall.Shift) []piece {
	var result []piece
	for _, s := range list {
		p := piece{from: s.Start, to: s.End}
		for _, d := range s.Duties {
			p.seats = append(p.seats, seat{person: d.Person})
		}
		if n := len(result); n > 0 && slices.Equal(result[n-1].seats, p.seats) {
			result[n-1].to = p.to
			continue
		}
		result = append(result, p)
	}
	return result
}

// Calendars know their events again: what does not change keeps its UID, what changes has a higher SEQUENCE.
func TestInvariant22Identity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		more, _, _ := w.with(t)
		export := func(r oncall.Roster, revision int64) map[string]event {
			return eventsOf(t, ical.Schedule(oncall.Compile(r), "line", ical.Options{
				From: sec(w.from), To: sec(w.to), Version: ical.Version{Revision: revision, EditedAt: sec(w.from + revision)},
			}))
		}
		before, after := export(w.roster, 7), export(more, 8)
		kept := map[string]string{} // by what is seen, the UID
		for uid, ev := range before {
			kept[ev.shown] = uid
		}
		for uid, ev := range after {
			if was, ok := kept[ev.shown]; ok && was != uid {
				t.Fatalf("%s was %s and is %s", ev.shown, was, uid)
			}
			if was, ok := before[uid]; ok && ev.sequence <= was.sequence {
				t.Fatalf("%s has the sequence %d after %d", uid, ev.sequence, was.sequence)
			}
		}
	})
}

type event struct {
	shown    string
	sequence int
}

// eventsOf reads the events of a calendar by UID (RFC 5545 §3.1: long lines are folded).
func eventsOf(t *rapid.T, text []byte) map[string]event {
	events := map[string]event{}
	unfolded := strings.ReplaceAll(string(text), "\r\n ", "")
	for _, part := range strings.Split(unfolded, "BEGIN:VEVENT")[1:] {
		var ev event
		uid := ""
		for line := range strings.SplitSeq(part, "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			switch name, _, _ = strings.Cut(name, ";"); name {
			case "UID":
				uid = value
			case "SEQUENCE":
				n, err := strconv.Atoi(value)
				if err != nil {
					t.Fatal(err)
				}
				ev.sequence = n
			case "DTSTART", "DTEND", "SUMMARY":
				ev.shown += line + " "
			}
		}
		if _, twice := events[uid]; twice || uid == "" {
			t.Fatalf("the UID %q is there twice, or empty:\n%s", uid, text)
		}
		events[uid] = ev
	}
	return events
}
