package oncall

import (
	"encoding/json"
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
	// People are all who are members of a layer or on duty in the span, by ID.
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
	return Fair{Schedule: schedule, From: from, To: to}
}
