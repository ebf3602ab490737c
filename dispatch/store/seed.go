package store

import "github.com/butlerspb/vahta/dispatch"

// Seed takes in cases and calls that it does not know, and cases that it knows
// in an older state: a Memory then stands in for a store that is away. Logs,
// signals and notices are not part of a board. It is not touched by Fail.
func (m *Memory) Seed(b dispatch.Board) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { m.db.undo = nil }()
	for _, c := range b.Cases {
		old, known := m.db.tickets[c.Ticket.ID]
		if known && old.Version > c.Ticket.Version {
			continue
		}
		m.db.place(c.Ticket)
		for _, t := range c.Timers {
			k := dispatch.TimerKey{Ticket: t.Ticket, Kind: t.Kind}
			if r, set := m.db.timers[k]; !set || r.timer.Gen < t.Gen {
				m.db.timers[k] = timerRec{timer: t}
			}
		}
	}
	for _, c := range b.Calls {
		if _, known := m.db.calls[c.ID]; !known {
			m.db.calls[c.ID] = c
		}
	}
}
