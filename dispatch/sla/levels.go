package sla

import (
	"fmt"
	"slices"
	"time"
)

// Breach is the name of each clock's last level: it is due.
const Breach = "breach"

// Level is a moment of a running clock at which somebody should be told.
type Level struct {
	Name string    `json:"name"` // such as 45m, 75%, eta-15m, due-1bd, breach
	At   time.Time `json:"at"`
}

// Levels returns when somebody must be told about a clock, earliest first; the
// last one is its Breach. A clock that does not run or promises nothing has
// none; those of K1 are the paging ladder's. While a pause lasts they stand
// where they will be if it ends when it should. A level is told once: by its
// name and At, for both K4 and a clock that was moved have the same names again.
func Levels(c Clock) []Level {
	if !c.Runs() || c.Due.IsZero() {
		return nil
	}
	var list []Level
	add := func(name string, at time.Time) {
		if at.After(c.Start) && at.Before(c.Due) {
			list = append(list, Level{name, at})
		}
	}
	part := func(num, of int64) time.Time { return c.Start.Add(time.Duration(int64(c.Due.Sub(c.Start)) / of * num)) }
	switch c.Name {
	case FirstContactClock:
		return nil
	case PlanClock:
		for _, twelfths := range []int64{6, 9, 11} { // 30, 45 and 55 minutes of an hour
			at := part(twelfths, 12)
			add(fmt.Sprintf("%dm", int64(at.Sub(c.Start)/time.Minute)), at)
		}
	case StabiliseClock:
		add("50%", part(1, 2))
		add("75%", part(3, 4))
		if c.ETA != nil && !c.ETA.Due.IsZero() {
			add("eta-15m", c.ETA.Due.Add(-15*time.Minute))
		}
	case UpdateClock:
		add("due-5m", c.Due.Add(-5*time.Minute))
	case RootCauseClock, ReportClock:
		if !c.DayBefore.IsZero() {
			add("due-1bd", c.DayBefore)
		}
	}
	slices.SortStableFunc(list, func(a, b Level) int { return a.At.Compare(b.At) })
	return append(list, Level{Breach, c.Due})
}
