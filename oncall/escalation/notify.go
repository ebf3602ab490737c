package escalation

import (
	"cmp"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Voice is the channel of a person's rules that rings devices. Rules of other channels are kept for those who send them.
const Voice = "voice"

// Part is one notice of a page: devices to ring in order, so long after the page began.
type Part struct {
	After   time.Duration
	Devices []oncall.Device
	// Rule is the index of the person's rule; negative where none rings in time.
	Rule int
}

// Parts returns how a page rings a person: by the person's own rules, each once the devices of the one before it have rung,
// or all devices at once where no rule rings in time. ringTime is that of devices which set none; a rule that comes only when
// the page is given up, patience after its start, rings nobody.
//
// Whether a part is still wanted must be asked right before it is sent.
func Parts(p oncall.Person, ringTime, patience time.Duration) []Part {
	order := make([]int, len(p.Notify))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.Notify[a].After, p.Notify[b].After) })
	var (
		parts []Part
		free  time.Duration // when all devices before have rung
	)
	for _, i := range order {
		rule := p.Notify[i]
		devices := ruleDevices(p, rule)
		after := max(rule.After, free)
		if len(devices) == 0 || after >= patience {
			continue
		}
		parts = append(parts, Part{After: after, Devices: devices, Rule: i})
		free = after + ringing(devices, ringTime)
	}
	if len(parts) == 0 {
		return []Part{{Devices: p.Devices, Rule: -1}}
	}
	return parts
}

// ruleDevices returns the devices that a rule rings, in the person's order.
func ruleDevices(p oncall.Person, rule oncall.NotifyRule) []oncall.Device {
	if rule.Channel != "" && rule.Channel != Voice {
		return nil
	}
	if len(rule.Devices) == 0 {
		return p.Devices
	}
	var list []oncall.Device
	for _, d := range p.Devices {
		if slices.Contains(rule.Devices, d.Kind) {
			list = append(list, d)
		}
	}
	return list
}

// ringing returns how long devices ring one after another when nobody answers.
func ringing(devices []oncall.Device, ringTime time.Duration) (all time.Duration) {
	for _, d := range devices {
		all += d.Rings(ringTime)
	}
	return all
}

// Longest returns how long a page lasts when nobody answers it.
func (m Machine) Longest(p Page) time.Duration {
	patience := m.Policy.Patience()
	if p.Person == "" {
		return min(patience, p.Static.Device().Rings(p.RingTime))
	}
	if m.Person == nil {
		return patience
	}
	person, ok := m.Person(p.Person)
	if !ok {
		return patience
	}
	parts := Parts(person, p.RingTime, patience)
	last := parts[len(parts)-1]
	return min(patience, last.After+ringing(last.Devices, p.RingTime))
}
