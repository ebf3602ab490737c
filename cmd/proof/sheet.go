package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// figure is one line of the result.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Goal  string  `json:"goal"`
	Holds bool    `json:"holds"`
	Note  string  `json:"note,omitempty"` // why it does not hold, or what must be known to read it
}

// longest is how much of a note is printed; standard error has all of it.
const longest = 300

// sheet prints figures as they come. It may be used by any goroutine.
type sheet struct {
	out io.Writer

	mu  sync.Mutex
	all []figure // guarded by mu
}

func (s *sheet) add(f figure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, f)
	if len(f.Note) > longest {
		f.Note = f.Note[:longest] + "..."
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	err := enc.Encode(f)
	if err != nil { // no figure holds a NaN
		fmt.Fprintf(&line, "{\"name\":%q,\"holds\":false}\n", f.Name)
	}
	_, _ = s.out.Write(line.Bytes())
}

func (s *sheet) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(f figure) bool { return !f.Holds })
}

// atMost is a figure that holds up to its goal.
func (r *rig) atMost(name string, value, goal float64, unit, note string) {
	r.sheet.add(figure{
		Name: name, Value: round(value), Unit: unit, Goal: fmt.Sprintf("<= %g %s", goal, unit), Holds: value <= goal, Note: note,
	})
}

// atLeast is a figure that holds from its goal on.
func (r *rig) atLeast(name string, value, goal float64, unit, note string) {
	r.sheet.add(figure{
		Name: name, Value: round(value), Unit: unit, Goal: fmt.Sprintf(">= %g %s", goal, unit), Holds: value >= goal, Note: note,
	})
}

// none is a count that must be 0; the first of what was found is its note.
func (r *rig) none(name string, found []string) {
	f := figure{Name: name, Value: float64(len(found)), Unit: "count", Goal: "0", Holds: len(found) == 0}
	if len(found) > 0 {
		f.Note = found[0]
	}
	for _, one := range found[:min(len(found), 8)] {
		r.say("%s: %s", name, one)
	}
	r.sheet.add(f)
}

// known is a figure without a goal.
func (r *rig) known(name string, value float64, unit, note string) {
	r.sheet.add(figure{Name: name, Value: round(value), Unit: unit, Goal: "recorded", Holds: true, Note: note})
}

// round keeps three digits behind the point.
func round(v float64) float64 { return float64(int64(v*1000+0.5)) / 1000 }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile is the value below which share of the list lies; 0 for an empty
// list. It sorts the list.
func percentile(list []time.Duration, share float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	at := int(share * float64(len(list)))
	return list[min(at, len(list)-1)]
}
