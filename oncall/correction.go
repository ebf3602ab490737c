package oncall

import "time"

// Absence is time off: the person is on no track and in no tier, but for what is added by name after it was written.
type Absence struct {
	ID     string `yaml:"id" json:"id"`
	Person string `yaml:"person" json:"person"`
	From   Point  `yaml:"from,omitempty" json:"from,omitzero"`
	To     Point  `yaml:"to,omitempty" json:"to,omitzero"`
	// Zone gives civil times their meaning; zero: that of the schedule that is asked.
	Zone Zone `yaml:"zone,omitempty" json:"zone,omitzero"`
	// Substitute is on duty instead wherever a layer or a temporary schedule would have the absent person; empty: nobody.
	Substitute string    `yaml:"substitute,omitempty" json:"substitute,omitempty"`
	Reason     string    `yaml:"reason,omitempty" json:"reason,omitempty"`
	By         string    `yaml:"by,omitempty" json:"by,omitempty"`
	At         time.Time `yaml:"at,omitempty" json:"at,omitzero"`
}

// Temporary is a schedule that replaces the layers of one track for a while.
type Temporary struct {
	ID       string           `yaml:"id" json:"id"`
	Schedule string           `yaml:"schedule" json:"schedule"`
	Track    string           `yaml:"track" json:"track"`
	From     Point            `yaml:"from,omitempty" json:"from,omitzero"`
	To       Point            `yaml:"to,omitempty" json:"to,omitzero"`
	Shifts   []TemporaryShift `yaml:"shifts,omitempty" json:"shifts,omitempty"`
	// FallBack lets the layers speak where no shift does; otherwise that is a gap.
	FallBack bool      `yaml:"fall_back,omitempty" json:"fall_back,omitempty"`
	Reason   string    `yaml:"reason,omitempty" json:"reason,omitempty"`
	By       string    `yaml:"by,omitempty" json:"by,omitempty"`
	At       time.Time `yaml:"at,omitempty" json:"at,omitzero"`
}

// TemporaryShift is a span of a temporary schedule.
type TemporaryShift struct {
	From   Point  `yaml:"from,omitempty" json:"from,omitzero"`
	To     Point  `yaml:"to,omitempty" json:"to,omitzero"`
	Member Member `yaml:"member" json:"member"`
}

// Override is one correction of one track: a group of changes that take effect together, applied once to what all earlier
// ones have made. Groups are ordered by At, then by ID; takeovers come after all others.
type Override struct {
	ID       string       `yaml:"id" json:"id"`
	Schedule string       `yaml:"schedule" json:"schedule"`
	Track    string       `yaml:"track" json:"track"`
	Kind     OverrideKind `yaml:"kind,omitempty" json:"kind,omitempty"`
	Changes  []Change     `yaml:"changes,omitempty" json:"changes,omitempty"`
	Reason   string       `yaml:"reason,omitempty" json:"reason,omitempty"`
	By       string       `yaml:"by,omitempty" json:"by,omitempty"`
	At       time.Time    `yaml:"at,omitempty" json:"at,omitzero"`
}

// OverrideKind is why there is an override.
type OverrideKind string

// The kinds of overrides.
const (
	// Planned is what a scheduler writes; the zero value.
	Planned OverrideKind = ""
	// Cover is an accepted request: somebody else has a part of a shift.
	Cover OverrideKind = "cover"
	// Swap is an accepted exchange.
	Swap OverrideKind = "swap"
	// Takeover is an engineer who takes the line now, for a while.
	Takeover OverrideKind = "takeover"
)

// Change is one substitution: with Add alone somebody is on duty besides, with Remove alone somebody is not, with both Add
// is on duty in the place of Remove wherever that one would be.
type Change struct {
	From   Point  `yaml:"from,omitempty" json:"from,omitzero"`
	To     Point  `yaml:"to,omitempty" json:"to,omitzero"`
	Add    string `yaml:"add,omitempty" json:"add,omitempty"`
	Remove string `yaml:"remove,omitempty" json:"remove,omitempty"`
}

// Request asks others to be on duty instead of somebody. It changes nothing until it is accepted.
type Request struct {
	ID       string `yaml:"id" json:"id"`
	Schedule string `yaml:"schedule" json:"schedule"`
	Track    string `yaml:"track" json:"track"`
	// Person asks to be covered From To.
	Person string `yaml:"person" json:"person"`
	From   Point  `yaml:"from,omitempty" json:"from,omitzero"`
	To     Point  `yaml:"to,omitempty" json:"to,omitzero"`
	// ReturnFrom and ReturnTo are what Person offers to do for the accepting one; zero: a cover, not a swap.
	ReturnFrom Point `yaml:"return_from,omitempty" json:"return_from,omitzero"`
	ReturnTo   Point `yaml:"return_to,omitempty" json:"return_to,omitzero"`
	// Asked are the people who may accept; none: everybody.
	Asked  []string  `yaml:"asked,omitempty" json:"asked,omitempty"`
	Reason string    `yaml:"reason,omitempty" json:"reason,omitempty"`
	By     string    `yaml:"by,omitempty" json:"by,omitempty"`
	At     time.Time `yaml:"at,omitempty" json:"at,omitzero"`
	// State is open until it is settled; an open one whose From has come is expired.
	State RequestState `yaml:"state,omitempty" json:"state,omitempty"`
	// Settled is who accepted, declined or withdrew it, and when. Override is what an acceptance wrote.
	SettledBy string    `yaml:"settled_by,omitempty" json:"settled_by,omitempty"`
	SettledAt time.Time `yaml:"settled_at,omitempty" json:"settled_at,omitzero"`
	Override  string    `yaml:"override,omitempty" json:"override,omitempty"`
	// Declined are those of Asked who have said no.
	Declined []string `yaml:"declined,omitempty" json:"declined,omitempty"`
}

// RequestState is where a request stands.
type RequestState string

// The states of a request.
const (
	RequestOpen      RequestState = ""
	RequestAccepted  RequestState = "accepted"
	RequestDeclined  RequestState = "declined" // by all who were asked
	RequestWithdrawn RequestState = "withdrawn"
	RequestExpired   RequestState = "expired"
)
