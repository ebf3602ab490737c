package oncall

import "time"

// DefaultRingTime is how long one person is rung when neither device nor tier says otherwise.
const DefaultRingTime = 20 * time.Second

// Person is somebody who can be on duty.
type Person struct {
	// ID is the short name used by layers, claims and records: letters, digits, dot, dash, underscore.
	ID string `yaml:"id" json:"id"`
	// Name is shown on screens and in tickets.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Names is the name as it is spoken, by language ("ru", "en").
	Names map[string]string `yaml:"names,omitempty" json:"names,omitempty"`
	// Devices are tried in this order, one after another.
	Devices []Device `yaml:"devices,omitempty" json:"devices,omitempty"`
	// Shared marks a ring group or switchboard that takes several calls at once: it is rung without a claim.
	Shared bool `yaml:"shared,omitempty" json:"shared,omitempty"`
	// Disabled takes the person out of every duty and tier without touching the schedules.
	Disabled bool `yaml:"disabled,omitempty" json:"disabled,omitempty"`
	// DisabledAt is since when Disabled holds; zero: always. Off are earlier spans in which the person was disabled. They keep
	// the past as it was.
	DisabledAt time.Time `yaml:"disabled_at,omitempty" json:"disabled_at,omitzero"`
	Off        []Off     `yaml:"off,omitempty" json:"off,omitempty"`
	// Roles say what the person may decide and who is told what.
	Roles []Role `yaml:"roles,omitempty" json:"roles,omitempty"`
	// Skills are what the person can be paged for, such as "1c" or "network"; lower case.
	Skills []string `yaml:"skills,omitempty" json:"skills,omitempty"`
	// Certificates are proofs of skills that end.
	Certificates []Certificate `yaml:"certificates,omitempty" json:"certificates,omitempty"`
	// Zone is where the person lives, for notices and feeds; zero: that of the schedule.
	Zone Zone `yaml:"zone,omitempty" json:"zone,omitzero"`
	// Language of notices, "ru" or "en"; empty: that of the line.
	Language string `yaml:"language,omitempty" json:"language,omitempty"`
	// Notify are the person's own rules for pages; none: all devices in order, at once.
	Notify []NotifyRule `yaml:"notify,omitempty" json:"notify,omitempty"`
}

// Off is a span in which a person was disabled.
type Off struct {
	From time.Time `yaml:"from,omitempty" json:"from,omitzero"`
	To   time.Time `yaml:"to,omitempty" json:"to,omitzero"`
}

// Role is what a person is in the service.
type Role string

// The roles.
const (
	// Engineer takes calls and pages.
	Engineer Role = "engineer"
	// Scheduler keeps the rota and is told of unconfirmed shifts and gaps.
	Scheduler Role = "scheduler"
	// Lead is the shift lead.
	Lead Role = "lead"
	// Head is the head of the service.
	Head Role = "head"
	// Director is told when the promise is broken.
	Director Role = "director"
)

// String returns the role as it is written in a configuration file.
func (r Role) String() string { return string(r) }

// Certificate is a proof of a skill.
type Certificate struct {
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Expires is the first date on which it no longer holds; zero: it does not end.
	Expires Civil `yaml:"expires,omitempty" json:"expires,omitzero"`
}

// NotifyRule is one step of a person's own way of being paged.
type NotifyRule struct {
	// After is the time since the page was due.
	After time.Duration `yaml:"after,omitempty" json:"after,omitempty"`
	// Channel is how: "voice" today.
	Channel string `yaml:"channel,omitempty" json:"channel,omitempty"`
	// Devices limits voice to these kinds; none: all devices, in order.
	Devices []DeviceKind `yaml:"devices,omitempty" json:"devices,omitempty"`
}

// Spoken returns the name for prompts in the given language.
func (p Person) Spoken(language string) string {
	if name := p.Names[language]; name != "" {
		return name
	}
	return p.Name
}

// off visits the spans in which the person is disabled.
func (p *Person) off(visit func(start, end int64)) {
	for _, o := range p.Off {
		visit(unix(o.From), unix(o.To))
	}
	switch {
	case p.Disabled && p.DisabledAt.IsZero():
		visit(always, never)
	case p.Disabled:
		visit(unix(p.DisabledAt), never)
	}
}

// Eligible reports whether the person may be called at all.
func (p Person) Eligible() bool { return !p.Disabled && len(p.Devices) > 0 }

// DeviceKind says how a device is reached.
type DeviceKind string

// The kinds of devices.
const (
	// Softphone is a SIP phone of ours, reached at its URI or where its account has registered.
	Softphone DeviceKind = "softphone"
	// Mobile is a telephone number, reached through a trunk.
	Mobile DeviceKind = "mobile"
)

// String returns the kind as it is written in a configuration file.
func (k DeviceKind) String() string { return string(k) }

// Device is one way to ring a person.
type Device struct {
	Kind DeviceKind `yaml:"kind,omitempty" json:"kind,omitempty"`
	// URI is the SIP address of a softphone that stays at one.
	URI string `yaml:"uri,omitempty" json:"uri,omitempty"`
	// Account is what a softphone registers as; it is rung wherever it has registered from.
	Account string `yaml:"account,omitempty" json:"account,omitempty"`
	// Number is the telephone number of a mobile, in international form.
	Number string `yaml:"number,omitempty" json:"number,omitempty"`
	// RingTime is how long this device rings; zero leaves it to the tier.
	RingTime time.Duration `yaml:"ring_time,omitempty" json:"ring_time,omitempty"`
	// Trusted makes the answer of a softphone count as acceptance. A device that may have a mailbox must not be trusted.
	Trusted bool `yaml:"trusted,omitempty" json:"trusted,omitempty"`
}

// Address returns the URI, the account or the number, whichever the device uses.
func (d Device) Address() string {
	switch {
	case d.Kind != Softphone:
		return d.Number
	case d.Account != "":
		return d.Account
	default:
		return d.URI
	}
}

// Rings returns the device's ring time, or that of its tier, or the default.
func (d Device) Rings(tier time.Duration) time.Duration {
	switch {
	case d.RingTime > 0:
		return d.RingTime
	case tier > 0:
		return tier
	default:
		return DefaultRingTime
	}
}

// StaticNumber is an emergency number of last resort. It belongs to nobody and is never claimed.
type StaticNumber struct {
	Name     string            `yaml:"name,omitempty" json:"name,omitempty"`
	Names    map[string]string `yaml:"names,omitempty" json:"names,omitempty"`
	Number   string            `yaml:"number,omitempty" json:"number,omitempty"`
	RingTime time.Duration     `yaml:"ring_time,omitempty" json:"ring_time,omitempty"`
}

// Device returns the number as a device to ring.
func (s StaticNumber) Device() Device {
	return Device{Kind: Mobile, Number: s.Number, RingTime: s.RingTime}
}

// Spoken returns the name for prompts in the given language.
func (s StaticNumber) Spoken(language string) string {
	return Person{Name: s.Name, Names: s.Names}.Spoken(language)
}
