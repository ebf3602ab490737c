package client

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// Contract is what an organisation was promised. A limit of zero is the
// default of its clock.
type Contract struct {
	ID            string        `yaml:"id"`
	FirstContact  time.Duration `yaml:"first_contact"`
	Plan          time.Duration `yaml:"plan"`
	Stabilisation time.Duration `yaml:"stabilisation"`
	NextUpdate    time.Duration `yaml:"next_update"`
	RootCauseDays int           `yaml:"root_cause_days"` // business days
	ReportDays    int           `yaml:"report_days"`     // business days
	// Hours are those of business days; Calendar names the production calendar that knows the holidays, "none" = there are none.
	Hours    Hours  `yaml:"hours"`
	Calendar string `yaml:"calendar"` // empty = ru
	// CountFromOccurrence lets what monitoring reports begin when the machine says that it began.
	CountFromOccurrence bool `yaml:"count_from_occurrence"`
	// LetSleep says that nobody of the client is woken for what only machines have reported.
	LetSleep bool `yaml:"let_sleep"`
	// Attempts is how many failed tries over two channels count as first contact; 0 = none do.
	Attempts int `yaml:"attempts"`
	// Urgent says that a message which can not be read may be an emergency.
	Urgent bool `yaml:"urgent"`
	// Channels are those on which the client is written to, in the order in which they are tried; empty = the one it wrote on.
	Channels []string `yaml:"channels"`
	// Quantum is the smallest piece of working time that is charged.
	Quantum time.Duration `yaml:"quantum"`
	// Retention is how long things are kept after a ticket was closed.
	Retention Retention `yaml:"retention"`
}

// Retention is how long things are kept, in days; 0 = for good.
type Retention struct {
	RecordingDays  int `yaml:"recording_days" json:"recording_days,omitempty"`
	AttachmentDays int `yaml:"attachment_days" json:"attachment_days,omitempty"`
}

const day = 24 * time.Hour

// Recordings is how long recordings of calls are kept; 0 = for good.
func (r Retention) Recordings() time.Duration { return time.Duration(r.RecordingDays) * day }

// Attachments is how long files are kept; 0 = for good.
func (r Retention) Attachments() time.Duration { return time.Duration(r.AttachmentDays) * day }

// Hours are the windows of business days, by weekday.
type Hours struct {
	Zone string   `yaml:"zone" json:"zone,omitempty"` // IANA name; empty = the organisation's
	Week []string `yaml:"week" json:"week,omitempty"` // such as "mon-fri 09:00-18:00"; empty = exactly that
}

// contractForm is how a contract is kept: times are words, so that people can
// read and write it.
type contractForm struct {
	ID                  string        `json:"id,omitempty"`
	FirstContact        span          `json:"first_contact,omitzero"`
	FirstContactNS      time.Duration `json:"first_contact_ns,omitempty"` // as it was written before contracts had more than that
	Plan                span          `json:"plan,omitzero"`
	Stabilisation       span          `json:"stabilisation,omitzero"`
	NextUpdate          span          `json:"next_update,omitzero"`
	RootCauseDays       int           `json:"root_cause_days,omitempty"`
	ReportDays          int           `json:"report_days,omitempty"`
	Hours               Hours         `json:"hours,omitzero"`
	Calendar            string        `json:"calendar,omitempty"`
	CountFromOccurrence bool          `json:"count_from_occurrence,omitempty"`
	LetSleep            bool          `json:"let_sleep,omitempty"`
	Attempts            int           `json:"attempts,omitempty"`
	Urgent              bool          `json:"urgent,omitempty"`
	Channels            []string      `json:"channels,omitempty"`
	Quantum             span          `json:"quantum,omitzero"`
	Retention           Retention     `json:"retention,omitzero"`
}

// IsZero reports whether the hours are the usual ones.
func (h Hours) IsZero() bool { return h.Zone == "" && len(h.Week) == 0 }

func (c Contract) clone() Contract {
	c.Hours.Week, c.Channels = slices.Clone(c.Hours.Week), slices.Clone(c.Channels)
	return c
}

// MarshalJSON implements json.Marshaler.
func (c Contract) MarshalJSON() ([]byte, error) {
	return json.Marshal(contractForm{
		ID: c.ID, FirstContact: span(c.FirstContact), Plan: span(c.Plan), Stabilisation: span(c.Stabilisation),
		NextUpdate: span(c.NextUpdate), RootCauseDays: c.RootCauseDays, ReportDays: c.ReportDays, Hours: c.Hours, Calendar: c.Calendar,
		CountFromOccurrence: c.CountFromOccurrence, LetSleep: c.LetSleep, Attempts: c.Attempts, Urgent: c.Urgent, Channels: c.Channels,
		Quantum: span(c.Quantum), Retention: c.Retention,
	})
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Contract) UnmarshalJSON(body []byte) error {
	var f contractForm
	if err := strictly(body, &f); err != nil {
		return err
	}
	*c = Contract{
		ID: f.ID, FirstContact: cmp.Or(time.Duration(f.FirstContact), f.FirstContactNS), Plan: time.Duration(f.Plan),
		Stabilisation: time.Duration(f.Stabilisation), NextUpdate: time.Duration(f.NextUpdate), RootCauseDays: f.RootCauseDays,
		ReportDays: f.ReportDays, Hours: f.Hours, Calendar: f.Calendar, CountFromOccurrence: f.CountFromOccurrence, LetSleep: f.LetSleep,
		Attempts: f.Attempts, Urgent: f.Urgent, Channels: f.Channels, Quantum: time.Duration(f.Quantum), Retention: f.Retention,
	}
	return nil
}

// span is a length of time in words, such as 15m or 1h30m.
type span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s span) MarshalText() ([]byte, error) {
	text := time.Duration(s).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return []byte(text), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no length of time; write one such as 15m or 1h30m", text)
	}
	*s = span(d)
	return nil
}

// strictly decodes JSON and refuses what it has no place for.
func strictly(body []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the body")
	}
	return nil
}

// validate reports all faults of the contract.
func (c Contract) validate() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: %w", field, fmt.Errorf(format, args...)))
	}
	for _, limit := range []struct {
		field string
		value int64
	}{
		{"first_contact", int64(c.FirstContact)},
		{"plan", int64(c.Plan)},
		{"stabilisation", int64(c.Stabilisation)},
		{"next_update", int64(c.NextUpdate)},
		{"root_cause_days", int64(c.RootCauseDays)},
		{"report_days", int64(c.ReportDays)},
		{"attempts", int64(c.Attempts)},
		{"quantum", int64(c.Quantum)},
		{"retention.recording_days", int64(c.Retention.RecordingDays)},
		{"retention.attachment_days", int64(c.Retention.AttachmentDays)},
	} {
		if limit.value < 0 {
			fault(limit.field, "is below zero; 0 is the default")
		}
	}
	if _, err := week(c.Hours.Week); err != nil {
		faults = append(faults, fmt.Errorf("hours.week: %w", err))
	}
	if !zone(c.Hours.Zone) {
		fault("hours.zone", "%q is not an IANA zone such as Europe/Moscow", c.Hours.Zone)
	}
	return errors.Join(faults...)
}

// version names the contract's wording: its id, and a hash of all that it says.
func (c Contract) version() string {
	body, err := json.Marshal(c)
	if err != nil {
		return c.ID // a contract is plain values
	}
	sum := sha256.Sum256(body)
	const digits = 8
	return cmp.Or(c.ID, "standard") + "@" + hex.EncodeToString(sum[:])[:digits]
}

// policy makes the rules of clocks out of a contract.
func (c Contract) policy(zone string, calendars Calendars) sla.Policy {
	p := sla.Policy{
		Version: c.version(), Limits: map[sla.Name]sla.Limit{}, CountFromOccurrence: c.CountFromOccurrence, LetSleep: c.LetSleep,
		Attempts: c.Attempts, Calendar: c.calendar(zone, calendars),
	}
	maps.Copy(p.Limits, map[sla.Name]sla.Limit{
		sla.FirstContactClock: {Time: c.FirstContact}, sla.PlanClock: {Time: c.Plan}, sla.StabiliseClock: {Time: c.Stabilisation},
		sla.UpdateClock: {Time: c.NextUpdate}, sla.RootCauseClock: {Days: c.RootCauseDays}, sla.ReportClock: {Days: c.ReportDays},
	})
	maps.DeleteFunc(p.Limits, func(_ sla.Name, l sla.Limit) bool { return l == sla.Limit{} })
	return p
}
