package dispatch

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// board is what the dispatcher keeps in memory: the open cases, whose they
// are, and the calls that are being served now. The store is the record; the
// board is read first and corrected from the store when a commit conflicts.
type board struct {
	mu    sync.Mutex
	cases map[string]Case            // guarded by mu; by ticket id, open tickets only
	party map[string]string          // guarded by mu; party or number → ticket id
	live  map[string]liveRec         // guarded by mu; by call id
	stale map[string]bool            // guarded by mu; tickets to read anew: another node may have changed them
	orgs  map[string]map[string]bool // guarded by mu; ticket ids by organisation
}

// liveRec is a call that this process is serving.
type liveRec struct {
	ticket  string
	hunting bool // nobody has accepted yet
	call    CallRecord
}

func newBoard() *board {
	return &board{cases: map[string]Case{}, party: map[string]string{}, live: map[string]liveRec{}, stale: map[string]bool{}, orgs: map[string]map[string]bool{}}
}

// find returns the open case that any of the parties belongs to.
func (b *board) find(parties ...string) (Case, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range parties {
		if id, ok := b.party[p]; ok && p != "" {
			if c, ok := b.cases[id]; ok {
				return c, true
			}
		}
	}
	return Case{}, false
}

func (b *board) get(id string) (Case, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.cases[id]
	return c, ok
}

// markStale notes that the board's copy of a ticket may be old.
func (b *board) markStale(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stale[id] = true
}

// isStale reports whether the board's copy of a ticket may be old.
func (b *board) isStale(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stale[id]
}

// markFresh takes the mark of markStale away. It is called before the ticket is
// read, so that a mark set meanwhile stays.
func (b *board) markFresh(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.stale, id)
}

// staleIDs returns the tickets to read anew.
func (b *board) staleIDs() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.stale))
}

// replace takes a case as the store has it, also where it is older.
func (b *board) replace(c Case) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.removeLocked(c.Ticket.ID)
	b.putLocked(c)
}

// remove takes a ticket off the board.
func (b *board) remove(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.removeLocked(id)
}

// now returns all of the board at one moment.
func (b *board) now() (all Board) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.cases {
		c.Timers = slices.Clone(c.Timers)
		all.Cases = append(all.Cases, c)
	}
	for _, l := range b.live {
		all.Calls = append(all.Calls, l.call)
	}
	slices.SortFunc(all.Cases, func(x, y Case) int { return x.Ticket.OpenedAt.Compare(y.Ticket.OpenedAt) })
	slices.SortFunc(all.Calls, func(x, y CallRecord) int { return x.StartedAt.Compare(y.StartedAt) })
	return all
}

// parties are the keys under which the further signals of a ticket's requesters
// find it, and of those whose tickets were merged into it.
func parties(t ticket.Ticket) []string {
	list := ownParties(t)
	for _, a := range t.Absorbed {
		list = append(list, a.Parties...)
	}
	return list
}

// ownParties are those of the ticket's first requester.
func ownParties(t ticket.Ticket) []string {
	if t.Party == "" {
		return nil
	}
	if strings.HasPrefix(t.Party, quietPrefix) { // no emergency: a call must not find it
		return []string{t.Party}
	}
	return []string{t.Party, numberParty(t.Caller)}
}

// put replaces what the board knows of a ticket unless it knows better.
func (b *board) put(c Case) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.putLocked(c)
}

func (b *board) putLocked(c Case) {
	id := c.Ticket.ID
	if old, ok := b.cases[id]; ok && old.Ticket.Version > c.Ticket.Version {
		c.Ticket = old.Ticket
	}
	if !c.Ticket.Open() {
		b.removeLocked(id)
		return
	}
	b.cases[id] = c
	if org := c.Ticket.Client.Org; org != "" {
		if b.orgs[org] == nil {
			b.orgs[org] = map[string]bool{}
		}
		b.orgs[org][id] = true
	}
	for _, p := range parties(c.Ticket) {
		if p != "" {
			b.party[p] = id
		}
	}
}

func (b *board) removeLocked(id string) {
	if old, ok := b.cases[id]; ok {
		for _, p := range parties(old.Ticket) {
			if b.party[p] == id {
				delete(b.party, p)
			}
		}
		org := old.Ticket.Client.Org
		if delete(b.orgs[org], id); len(b.orgs[org]) == 0 {
			delete(b.orgs, org)
		}
	}
	delete(b.cases, id)
}

// apply brings a committed change to the board.
func (b *board) apply(c Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Ticket != nil {
		b.moveLocked(*c.Ticket)
	}
	for _, r := range c.Also {
		b.moveLocked(r.Ticket)
	}
	for _, t := range c.Timers {
		b.timer(t.Ticket, t.Kind, &t)
	}
	for _, k := range c.Drop {
		b.timer(k.Ticket, k.Kind, nil)
	}
}

func (b *board) moveLocked(t ticket.Ticket) {
	b.putLocked(Case{t, b.cases[t.ID].Timers})
}

func (b *board) timer(id string, kind TimerKind, set *Timer) {
	c, ok := b.cases[id]
	if !ok {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(c.Timers), func(t Timer) bool {
		return t.Kind == kind && (set == nil || t.Gen <= set.Gen)
	})
	if set != nil && !slices.ContainsFunc(kept, func(t Timer) bool { return t.Kind == kind }) {
		kept = append(kept, *set)
	}
	c.Timers = kept
	b.cases[id] = c
}

// begin notes that this process serves the call.
func (b *board) begin(call CallRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.live[call.ID]; !ok {
		b.live[call.ID] = liveRec{ticket: call.Ref.ID, hunting: call.AcceptedAt.IsZero(), call: call}
	}
}

// rest notes that the call hunts no longer.
func (b *board) rest(call string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.live[call]; ok {
		l.hunting = false
		b.live[call] = l
	}
}

// accepted notes who has accepted the call; it hunts no longer.
func (b *board) accepted(call CallRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.live[call.ID]; ok {
		l.hunting = false
		l.call.AcceptedAt, l.call.AcceptedBy, l.call.Detail = call.AcceptedAt, call.AcceptedBy, call.Detail
		b.live[call.ID] = l
	}
}

// end forgets the call.
func (b *board) end(call string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.live, call)
}

// hunting reports whether a call other than except, begun after since, hunts
// for the ticket.
func (b *board) hunting(ticketID, except string, since time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, l := range b.live {
		if l.ticket == ticketID && l.hunting && id != except && l.call.StartedAt.After(since) {
			return true
		}
	}
	return false
}

// call returns what the opening of the call told.
func (b *board) call(id string) (CallRecord, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.live[id]
	return l.call, ok
}

// ofOrg returns the open tickets of an organisation, oldest first; empty = of none.
func (b *board) ofOrg(org string) (list []ticket.Ticket) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.orgs[org] {
		list = append(list, b.cases[id].Ticket)
	}
	slices.SortFunc(list, func(x, y ticket.Ticket) int { return x.OpenedAt.Compare(y.OpenedAt) })
	return list
}

// open returns all cases, by number.
func (b *board) open() []Case {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Case, 0, len(b.cases))
	for _, c := range b.cases {
		all = append(all, c)
	}
	slices.SortFunc(all, func(x, y Case) int { return int(x.Ticket.Number.Seq) - int(y.Ticket.Number.Seq) })
	return all
}
