package oncall

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Taken is a call that somebody on duty was rung for.
type Taken struct {
	Schedule string    `json:"schedule,omitempty"` // empty: not known, it counts for every schedule
	Person   string    `json:"person"`
	At       time.Time `json:"at"`
	// Missed tells that the person was rung and did not take it.
	Missed bool `json:"missed,omitempty"`
}

// Load is what one person carries of a schedule. An hour on two tracks at once is one hour.
type Load struct {
	Person string
	// Hours on duty; those of them at night (22:00 to 06:00), on days off that are no holidays, and on public holidays, all by
	// the clock and the calendar of the schedule.
	Hours, Nights, Weekends, Holidays time.Duration
	// Calls taken and missed.
	Calls, Missed int
	// Share of all people's hours, 0 to 1.
	Share float64
}

// Fair is how a schedule's duty is spread in a span.
type Fair struct {
	Schedule string    `json:"schedule"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	// People are all who are members of a layer, on duty or rung in the span, by ID. Those who were only rung do not count for
	// the balance.
	People []Load `json:"people"`
	// Coverage is the share of the span in which somebody is on the track that is called first, 0 to 1.
	Coverage float64 `json:"coverage"`
	Balance  Balance `json:"balance"`
}

// Balance is how even a spread is: the mean over all pairs of people of the lesser by the greater share; 1 is even.
type Balance struct {
	Hours    float64 `json:"hours"`
	Nights   float64 `json:"nights"`
	Weekends float64 `json:"weekends"`
	Holidays float64 `json:"holidays"`
	Calls    float64 `json:"calls"`
}

// loadWritten is the written form of a Load.
type loadWritten struct {
	Person   string  `json:"person"`
	Hours    string  `json:"hours"`
	Nights   string  `json:"nights"`
	Weekends string  `json:"weekends"`
	Holidays string  `json:"holidays"`
	Calls    int     `json:"calls"`
	Missed   int     `json:"missed"`
	Share    float64 `json:"share"`
}

// MarshalJSON writes durations as they are written everywhere, "48h0m0s".
func (l Load) MarshalJSON() ([]byte, error) {
	return json.Marshal(loadWritten{
		l.Person, l.Hours.String(), l.Nights.String(), l.Weekends.String(), l.Holidays.String(), l.Calls, l.Missed, l.Share,
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Load) UnmarshalJSON(data []byte) error {
	var w loadWritten
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*l = Load{Person: w.Person, Calls: w.Calls, Missed: w.Missed, Share: w.Share}
	for _, f := range []struct {
		to   *time.Duration
		text string
	}{{&l.Hours, w.Hours}, {&l.Nights, w.Nights}, {&l.Weekends, w.Weekends}, {&l.Holidays, w.Holidays}} {
		d, err := time.ParseDuration(f.text)
		if err != nil {
			return err
		}
		*f.to = d
	}
	return nil
}

// Fairness counts who carries how much of a schedule in [from, to), past or ahead, and how evenly.
func Fairness(e *Evaluator, schedule string, from, to time.Time, taken []Taken) Fair {
	f := Fair{Schedule: schedule, From: from, To: to}
	loads := map[string]*Load{}
	of := func(person string) *Load {
		if loads[person] == nil {
			loads[person] = &Load{Person: person}
		}
		return loads[person]
	}
	s, _ := e.Roster().Schedule(schedule)
	for reign := range s.reigns(from, to) {
		for _, id := range membersOf(reign.Tracks) {
			if p, known := e.Roster().Person(id); known && !p.Disabled {
				of(id)
			}
		}
		days := e.days(reign.Zone, reign.Calendar, reign.from, reign.to)
		for person, stretches := range e.stretches(schedule, reign, len(reign.Tracks)) {
			count(of(person), stretches, days)
		}
	}
	ours := slices.Collect(maps.Keys(loads))
	for _, call := range taken {
		if call.At.Before(from) || !call.At.Before(to) || (call.Schedule != "" && call.Schedule != schedule) {
			continue
		}
		if call.Missed {
			of(call.Person).Missed++
		} else {
			of(call.Person).Calls++
		}
	}
	var total time.Duration
	for _, l := range loads {
		total += l.Hours
	}
	for _, id := range slices.Sorted(maps.Keys(loads)) {
		if l := loads[id]; total > 0 {
			l.Share = float64(l.Hours) / float64(total)
		}
		f.People = append(f.People, *loads[id])
	}
	f.Coverage = e.coverage(schedule, from, to)
	f.Balance = balance(slices.DeleteFunc(slices.Clone(f.People), func(l Load) bool { return !slices.Contains(ours, l.Person) }))
	return f
}

// coverage is the share of a span in which somebody is on the track that is called first.
func (e *Evaluator) coverage(schedule string, from, to time.Time) float64 {
	if !from.Before(to) {
		return 0
	}
	var open time.Duration
	for gap := range e.Gaps(schedule, from, to) {
		open += gap.End.Sub(gap.Start)
	}
	return 1 - float64(open)/float64(to.Sub(from))
}

// balance compares the people of a rota.
func balance(people []Load) Balance {
	return Balance{
		Hours:    evenness(people, func(l Load) float64 { return l.Hours.Hours() }),
		Nights:   evenness(people, func(l Load) float64 { return l.Nights.Hours() }),
		Weekends: evenness(people, func(l Load) float64 { return l.Weekends.Hours() }),
		Holidays: evenness(people, func(l Load) float64 { return l.Holidays.Hours() }),
		Calls:    evenness(people, func(l Load) float64 { return float64(l.Calls) }),
	}
}

// evenness is the mean over all pairs of people of the lesser by the greater share. Two who have nothing are even.
func evenness(people []Load, share func(Load) float64) float64 {
	sum, pairs := 0.0, 0
	for i := range people {
		for k := range i {
			a, b := share(people[i]), share(people[k])
			pairs++
			if most := max(a, b); most > 0 {
				sum += min(a, b) / most
			} else {
				sum++
			}
		}
	}
	if pairs == 0 {
		return 1
	}
	return sum / float64(pairs)
}

// count adds what a person's stretches of duty hold of each kind of hours.
func count(l *Load, stretches []stretch, days []dayHours) {
	first := 0
	for _, s := range stretches {
		l.Hours += s.end.Sub(s.start)
		for first < len(days) && !days[first].ends().After(s.start) {
			first++
		}
		for _, d := range days[first:] {
			if !d.day.start.Before(s.end) {
				break
			}
			l.Nights += s.common(d.night)
			switch {
			case d.class == Holiday:
				l.Holidays += s.common(d.day)
			case d.class.Off():
				l.Weekends += s.common(d.day)
			}
		}
	}
}
