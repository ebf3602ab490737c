package app

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/pressure"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/watchdog"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/locate"
	"github.com/butlerspb/vahta/sip/registrar"
	"github.com/butlerspb/vahta/sip/selftest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// statusBudget bounds what /status asks of the record: people look at it when something is wrong.
const statusBudget = time.Second

// status is what /status shows. Unlike the probes it asks what we depend on.
type status struct {
	Node      string                   `json:"node"`
	Ready     string                   `json:"ready"` // "ok" or why not
	Calls     int                      `json:"calls"`
	Record    string                   `json:"record"` // "ok" or why not
	Journal   journal.Status           `json:"journal"`
	Claims    rotation.Status          `json:"rotation"`
	Directory dispatch.DirectoryStatus `json:"directory"`
	Nodes     []nodeStatus             `json:"nodes,omitempty"` // of several nodes
	Limits    limitsStatus             `json:"limits"`
	Trunks    []trunk.Health           `json:"trunks"`
	Names     []locate.State           `json:"names,omitempty"`        // what DNS says of peers
	Certs     []wire.CertInfo          `json:"certificates,omitempty"` // of listeners and operators
	Phones    []registrar.Status       `json:"phones,omitempty"`       // that register
	Toll      guard.Status             `json:"toll"`                   // the day's budget, the stop, security events
	SelfTests []selftest.History       `json:"self_tests,omitempty"`   // when each line was last proved
	Watch     []watchdog.Fault         `json:"watch,omitempty"`        // what wakes people and is not done in time
}

// nodeStatus is a node as the record knows it.
type nodeStatus struct {
	Node  string    `json:"node"`
	State string    `json:"state"`          // "alive", "dead", "stopped" in good order, or "unknown" while the record is away
	Until time.Time `json:"until,omitzero"` // end of its lease
	Rota  int64     `json:"rota,omitempty"` // revision of the people and schedules it works with
}

// limitsStatus is what is used of what there is.
type limitsStatus struct {
	Machine pressure.Sample `json:"machine"`
	Calls   b2bua.Load      `json:"calls"`
}

func (a *App) status(ctx context.Context) status {
	s := status{
		Node: a.cfg.Node, Ready: "ok", Record: "ok", Calls: a.engine.Active(), Trunks: a.trunks.Status(),
		Names: a.trunks.Names(), Certs: a.edge.Certificates(), Toll: a.guard.Status(), SelfTests: a.selftest.Histories(),
		Watch:   a.watchdog.Faults(),
		Journal: a.journal.Status(), Claims: a.rotation.Status(), Directory: a.keeper.Status(),
		Limits: limitsStatus{a.limits.Now(), a.engine.Load()},
	}
	if err := a.canAnswer(ctx); err != nil {
		s.Ready = err.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, statusBudget)
	defer cancel()
	if err := a.record.health(ctx); err != nil {
		s.Record = err.Error()
	}
	if a.registrar != nil {
		s.Phones = a.registrar.Accounts()
	}
	if a.several() {
		s.Nodes = a.nodes(ctx, s.Record == "ok" && s.Journal.State == journal.Passing)
	}
	return s
}

// nodes lists all nodes of the record; nothing while it cannot be asked. stored says that leases reach the record now.
func (a *App) nodes(ctx context.Context, stored bool) []nodeStatus {
	list, err := a.journal.Nodes(ctx)
	if err != nil {
		return nil
	}
	now := time.Now()
	states := make([]nodeStatus, len(list))
	for i, n := range list {
		states[i] = nodeStatus{n.ID, lifeOf(n, now, stored), n.Until, n.Rota.Revision}
		if n.ID == a.cfg.Node {
			states[i].State = "alive" // who else would answer
		}
	}
	return states
}

// lifeOf reads a lease. While leases cannot be renewed, one that has ended says nothing: nobody is held for dead then.
func lifeOf(n dispatch.Node, now time.Time, stored bool) string {
	switch {
	case n.Until.IsZero():
		return "stopped"
	case !n.Until.Before(now):
		return "alive"
	case !stored:
		return "unknown"
	}
	return "dead"
}
