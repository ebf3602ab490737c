package app

import (
	"net/netip"
	"path/filepath"
	"sync/atomic"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// buildGuard makes what decides which calls may leave through an operator.
func (a *App) buildGuard() (err error) {
	gc := a.cfg.Toll
	if gc.Country == "" {
		gc.Country = a.cfg.Dispatch.Numbering.Country
	}
	if gc.Zone == "" {
		gc.Zone = a.cfg.Dispatch.Zone
	}
	own := map[string]bool{}
	for _, op := range a.cfg.Trunks.Operators {
		if op.Number != "" {
			own[trunk.Normalize(op.Number)] = true
		}
		if op.SelfTest.Number != "" {
			own[trunk.Normalize(op.SelfTest.Number)] = true
		}
	}
	known := &standing{load: a.desk.Directory().Load, own: own}
	a.guard, err = guard.New(gc, guard.Deps{
		Known: known.of, Exempt: a.configured, File: filepath.Join(a.cfg.Data, "toll.json"), Log: a.part("security"), Registerer: a.registry,
	})
	if err == nil {
		a.parts.onStop("toll figures", a.guard.Close)
	}
	return err
}

// configured reports whether an address belongs to an operator or to a phone that the configuration names.
func (a *App) configured(addr netip.Addr) bool {
	return a.trunks.Admit(netip.AddrPortFrom(addr, 0)) != wire.Unknown
}

// colleague finds whom an engineer has dialled: a person's id, one of his accounts or numbers.
func (a *App) colleague(dialled string) (oncall.Person, bool) {
	roster := &a.desk.Directory().Load().Roster
	if p, ok := roster.Person(dialled); ok {
		return p, p.Eligible()
	}
	for _, p := range roster.People {
		for _, d := range p.Devices {
			if d.Account != "" && d.Account == dialled || d.Kind == oncall.Mobile && trunk.Normalize(d.Number) == dialled {
				return p, p.Eligible()
			}
		}
	}
	return oncall.Person{}, false
}

// standing tells where a number stands in the directory in force. It is asked on the way to each INVITE, so the numbers of the
// roster are gathered once per directory.
type standing struct {
	load func() *dispatch.Snapshot
	own  map[string]bool
	last atomic.Pointer[rosterNumbers]
}

type rosterNumbers struct {
	of      *dispatch.Snapshot
	numbers map[string]bool
}

func (s *standing) of(number string) guard.Known {
	snapshot := s.load()
	roster := s.last.Load()
	if roster == nil || roster.of != snapshot {
		roster = &rosterNumbers{snapshot, numbersOf(snapshot)}
		s.last.Store(roster)
	}
	return guard.Known{
		Roster: roster.numbers[number], Card: snapshot.Book.Lists(client.Number(number)), Ours: s.own[number],
	}
}

// numbersOf are the numbers that may be paged: people's devices and the numbers of last resort.
func numbersOf(s *dispatch.Snapshot) map[string]bool {
	numbers := map[string]bool{}
	static := func(list []oncall.StaticNumber) {
		for _, n := range list {
			numbers[trunk.Normalize(n.Number)] = true
		}
	}
	for _, p := range s.Roster.People {
		for _, d := range p.Devices {
			if d.Kind == oncall.Mobile && !p.Disabled {
				numbers[trunk.Normalize(d.Number)] = true
			}
		}
	}
	static(s.Roster.Static)
	for _, l := range s.Lines() {
		static(l.Static)
	}
	return numbers
}
