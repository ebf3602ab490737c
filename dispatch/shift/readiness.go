package shift

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// The ways in which a device is proven.
const (
	HowKey        = "key"        // a key was pressed on it
	HowRegistered = "registered" // it had registered
	HowAnswered   = "answered"   // it was picked up and no key pressed: a mailbox, perhaps
)

// Light is a judgement at a glance.
type Light string

// The lights, the best first.
const (
	Green  Light = "green"
	Yellow Light = "yellow"
	Red    Light = "red"
)

// worse returns the worse of two lights.
func worse(a, b Light) Light {
	order := []Light{Green, Yellow, Red}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// Code names what is wrong with somebody's readiness.
type Code string

// What may be wrong.
const (
	NoDevice      Code = "no_device"
	NeverProven   Code = "never_proven"  // no key was ever pressed on the device
	StaleProof    Code = "stale_proof"   // the last key is too long ago
	NotRegistered Code = "unregistered"  // the account has no phone now
	NoneWorks     Code = "none_proven"   // no device of the person is proven
	CertExpired   Code = "cert_expired"  // a certificate has run out
	CertExpires   Code = "cert_expires"  // it runs out before long
	TurnUnsure    Code = "turn_unsure"   // the next turn is not confirmed though he has been asked
	TurnUnknown   Code = "turn_unproven" // he is on duty and has not confirmed it
)

// Problem is one thing to do something about.
type Problem struct {
	Code Code     `json:"code"`
	Args []string `json:"args,omitempty"`
}

// Text says what is wrong and what to do, "ru" or "en".
func (p Problem) Text(language string) string {
	texts := map[Code][2]string{
		NoDevice:      {"has no device: add one with `vahta person device add %s`", "нет ни одного телефона: `vahta person device add %s`"},
		NeverProven:   {"%s has never been proven: make a test call with `vahta person test %s`", "%s ни разу не проверен: сделайте проверочный звонок, `vahta person test %s`"},
		StaleProof:    {"the last key on %s is %s days ago: `vahta person test %s`", "последняя клавиша на %s — %s дн. назад: `vahta person test %s`"},
		NotRegistered: {"no phone is registered as %s: switch it on, or set it up anew with `vahta phone`", "телефон %s не зарегистрирован: включите его или настройте заново, `vahta phone`"},
		NoneWorks:     {"no device is proven: a call may reach nobody", "ни один телефон не проверен: звонок может не дойти"},
		CertExpired:   {"certificate %s ran out on %s", "сертификат «%s» закончился %s"},
		CertExpires:   {"certificate %s runs out on %s", "сертификат «%s» закончится %s"},
		TurnUnsure:    {"the turn at %s is not confirmed: ask, or `vahta oncall confirm %s`", "смена %s не подтверждена: спросите или `vahta oncall confirm %s`"},
		TurnUnknown:   {"is on duty since %s and has not confirmed it: ask, or `vahta oncall confirm %s`", "дежурит с %s и не подтвердил(а) смену: спросите или `vahta oncall confirm %s`"},
	}
	pair := texts[p.Code]
	text := pair[0]
	if language == "ru" {
		text = pair[1]
	}
	args := make([]any, len(p.Args))
	for i, a := range p.Args {
		args[i] = a
	}
	return fmt.Sprintf(text, args...)
}

// DeviceReady is what is known of one device.
type DeviceReady struct {
	Kind       oncall.DeviceKind `json:"kind"`
	Address    string            `json:"address"`
	Light      Light             `json:"light"`
	Registered bool              `json:"registered"` // now
	Seen       time.Time         `json:"seen,omitzero"`
	Key        time.Time         `json:"key,omitzero"` // when a key was last pressed on it
}

// Ready is the readiness of one person.
type Ready struct {
	Person    string        `json:"person"`
	Name      string        `json:"name,omitempty"`
	Light     Light         `json:"light"`
	Devices   []DeviceReady `json:"devices,omitempty"`
	Next      *oncall.Turn  `json:"next,omitempty"` // the present or next turn
	OnDuty    bool          `json:"on_duty"`
	Confirmed bool          `json:"confirmed"` // that turn
	Problems  []Problem     `json:"problems,omitempty"`
}

// certAhead is how long before its end a certificate is spoken of.
const certAhead = 14

// Readiness judges everybody who may be called: the worst first, then who is on
// duty soonest.
func Readiness(s *dispatch.Snapshot, rules Config, proofs []dispatch.Proof, words []dispatch.Confirmation, registered []Registered, now time.Time) []Ready {
	known := confirmedBy(words)
	list := []Ready{}
	for i := range s.Roster.People {
		p := &s.Roster.People[i]
		if p.Disabled {
			continue
		}
		j := judge{s: s, rules: rules, p: p, now: now, r: Ready{Person: p.ID, Name: p.Name, Light: Green}}
		j.devices(proofs, registered)
		j.certificates()
		j.turn(known)
		list = append(list, j.r)
	}
	slices.SortStableFunc(list, func(a, b Ready) int {
		return cmp.Or(cmp.Compare(rank(b.Light), rank(a.Light)), startOf(a).Compare(startOf(b)), cmp.Compare(a.Person, b.Person))
	})
	return list
}

func rank(l Light) int { return slices.Index([]Light{Green, Yellow, Red}, l) }

func startOf(r Ready) time.Time {
	if r.Next == nil {
		return time.Unix(1<<40, 0)
	}
	return r.Next.Start
}

type judge struct {
	s     *dispatch.Snapshot
	rules Config
	p     *oncall.Person
	now   time.Time
	r     Ready
}

func (j *judge) blame(l Light, c Code, args ...string) {
	j.r.Light = worse(j.r.Light, l)
	j.r.Problems = append(j.r.Problems, Problem{c, args})
}

func (j *judge) devices(proofs []dispatch.Proof, registered []Registered) {
	if len(j.p.Devices) == 0 {
		j.blame(Red, NoDevice, j.p.ID)
		return
	}
	proven := false
	for _, d := range j.p.Devices {
		r := DeviceReady{Kind: d.Kind, Address: d.Address(), Light: Green}
		r.Registered = d.Account != "" && slices.ContainsFunc(registered, func(g Registered) bool { return g.Account == d.Account })
		for _, p := range proofs {
			if p.Person != j.p.ID || p.Device != r.Address {
				continue
			}
			if p.At.After(r.Seen) {
				r.Seen = p.At
			}
			if p.How == HowKey && p.At.After(r.Key) {
				r.Key = p.At
			}
		}
		switch {
		case d.Account != "" && !r.Registered:
			r.Light = Red
			j.blame(Yellow, NotRegistered, d.Account)
		case r.Key.IsZero():
			r.Light = Yellow
			j.blame(Yellow, NeverProven, r.Address, j.p.ID)
		case j.now.Sub(r.Key) > j.rules.Stale:
			r.Light = Yellow
			j.blame(Yellow, StaleProof, r.Address, fmt.Sprint(int(j.now.Sub(r.Key).Hours()/24)), j.p.ID)
		}
		proven = proven || r.Light == Green || r.Registered
		j.r.Devices = append(j.r.Devices, r)
	}
	if !proven {
		j.blame(Red, NoneWorks)
	}
}

func (j *judge) certificates() {
	today := oncall.CivilAt(j.now, j.p.Zone)
	for _, c := range j.p.Certificates {
		switch date := c.Expires; {
		case date.IsZero():
		case !today.Before(date):
			j.blame(Yellow, CertExpired, c.Name, date.String()[:len("2006-01-02")])
		case !today.AddDays(certAhead).Before(date):
			j.blame(Yellow, CertExpires, c.Name, date.String()[:len("2006-01-02")])
		}
	}
}

func (j *judge) turn(known confirmed) {
	t, ok := j.s.Duty.Next(j.p.ID, j.now)
	if !ok {
		return
	}
	j.r.Next, j.r.OnDuty = &t, !t.Start.After(j.now)
	if t.Start.IsZero() || j.p.Shared {
		j.r.Confirmed = true // nobody asks: he has been there for years, or is a switchboard
		return
	}
	j.r.Confirmed = known.knows(j.s.Duty, t)
	zone := zoneOf(j.s.Duty, *j.p, t)
	start := oncall.CivilAt(t.Start, zone)
	asked := zone.Resolve(start.AddDays(-1).At(j.rules.Evening), oncall.First)
	switch {
	case j.r.Confirmed:
	case j.r.OnDuty && j.now.Sub(t.Start) < ahead:
		j.blame(Red, TurnUnknown, start.String(), j.p.ID)
	case !j.r.OnDuty && !j.now.Before(asked):
		j.blame(Yellow, TurnUnsure, start.String(), j.p.ID)
	}
}

// Readiness reports on everybody.
func (c *Carer) Readiness(ctx context.Context) ([]Ready, error) {
	now := c.now().UTC()
	proofs, err := c.deps.Store.Proofs(ctx)
	if err != nil {
		return nil, err
	}
	words, err := c.deps.Store.Confirmations(ctx, now.Add(-oncall.Foresight))
	if err != nil {
		return nil, err
	}
	var registered []Registered
	if c.deps.Registered != nil {
		registered = c.deps.Registered()
	}
	return Readiness(c.deps.Directory.Load(), c.cfg, proofs, words, registered, now), nil
}

// Handover makes the note of a schedule for its last hand-over, or for now when
// there was none within a day.
func (c *Carer) Handover(ctx context.Context, schedule string, at time.Time) (Note, error) {
	s := c.deps.Directory.Load()
	if _, ok := s.Roster.Schedule(schedule); !ok {
		return Note{}, fmt.Errorf("hand over: no schedule %q: %w", schedule, dispatch.ErrNotFound)
	}
	return c.note(ctx, s, schedule, at), nil
}
