package dispatch

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// DirectoryStatus is what /status says of the directory.
type DirectoryStatus struct {
	Version   Version    `json:"version"`
	From      string     `json:"from"`               // store, local copy or configuration
	Confirmed time.Time  `json:"confirmed,omitzero"` // zero = never since the start
	Age       float64    `json:"age_seconds"`        // since then, or since the start
	Stale     bool       `json:"stale"`              // the age is above 15 minutes
	Pending   string     `json:"pending,omitempty"`  // the configuration waits for the store: at start, or forced
	Fault     string     `json:"fault,omitempty"`    // why it could not be confirmed
	Rota      RotaStatus `json:"rota"`
	// Misfits are faults of people and schedules in force, and what lines and
	// escalation name and the rota does not have.
	Misfits []string `json:"misfits,omitempty"`
}

// RotaStatus is what /status says of people and schedules; fields like those of
// DirectoryStatus.
type RotaStatus struct {
	Version   RotaVersion `json:"version"`
	From      string      `json:"from"`
	Confirmed time.Time   `json:"confirmed,omitzero"`
	Age       float64     `json:"age_seconds"`
	Stale     bool        `json:"stale"`
	Fault     string      `json:"fault,omitempty"`
	// Differ are living nodes that work with another version.
	Differ []string `json:"differ,omitempty"`
}

// Status says which directory is in force on this node and how sure that is.
func (k *Keeper) Status() DirectoryStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	def, rota := k.ageLocked(k.def), k.ageLocked(k.rota)
	return DirectoryStatus{
		Version: k.current.def.version, From: k.def.from, Confirmed: k.def.confirmed, Age: def.Seconds(), Stale: def > RotaStale,
		Pending: k.pending, Fault: k.def.fault, Misfits: k.misfits,
		Rota: RotaStatus{
			Version: k.current.rota.version, From: k.rota.from, Confirmed: k.rota.confirmed, Age: rota.Seconds(), Stale: rota > RotaStale,
			Fault: k.rota.fault, Differ: k.others.differ,
		},
	}
}

// ageLocked is the time since the store confirmed something; mu is held.
func (k *Keeper) ageLocked(a agreement) time.Duration {
	last := a.confirmed
	if last.IsZero() {
		last = k.born
	}
	if last.IsZero() {
		return 0
	}
	return max(0, k.deps.Now().Sub(last))
}

// watch raises the alarm about an old directory, and ends it, once each.
func (k *Keeper) watch() {
	k.mu.Lock()
	age, fault := k.ageLocked(k.def), k.def.fault
	if rota := k.ageLocked(k.rota); rota > age || fault == "" {
		age, fault = max(age, rota), k.rota.fault
	}
	told := k.alarmed
	k.alarmed = age > RotaStale
	now := k.alarmed
	k.mu.Unlock()
	switch {
	case now && !told:
		k.log.Error("the directory has not been confirmed for more than 15 minutes; it is used all the same, but changes made on other nodes are missing here",
			"age", age.Round(time.Second).String(), "err", fault)
	case told && !now:
		k.log.Info("the directory is confirmed again")
	}
}

// othersLate is how long another node may work with another rota until that is
// said: all follow within seconds.
const othersLate = 5 * time.Second

// others is what is known of the nodes that share the record.
type others struct {
	differ []string  // living nodes with another rota
	since  time.Time // since when there are any
	told   bool
}

// watchOthers says when nodes work with different rotas, and when they agree
// again, once each.
func (k *Keeper) watchOthers(ctx context.Context) {
	if k.deps.Nodes == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, definitionBudget)
	defer cancel()
	list, err := k.deps.Nodes.Nodes(ctx)
	if err != nil {
		return // the store is away, of which others tell
	}
	now := k.deps.Now()
	k.mu.Lock()
	own, was := k.current.rota.version, k.others
	var differ []string
	for _, n := range list {
		if n.ID != k.deps.Node && n.Until.After(now) && n.Rota.Revision > 0 && !n.Rota.Same(own) {
			differ = append(differ, n.ID)
		}
	}
	next := others{differ: differ, since: was.since, told: was.told}
	if len(was.differ) == 0 {
		next.since = now
	}
	late := len(differ) > 0 && now.Sub(next.since) >= othersLate
	next.told = len(differ) > 0 && (was.told || late)
	k.others = next
	k.mu.Unlock()
	switch {
	case next.told && !was.told:
		k.log.Error("nodes work with different rotas; each rings whom its own says until they agree", "nodes", strings.Join(differ, ", "), "revision", own.Revision)
	case was.told && !next.told:
		k.log.Info("all nodes work with the same rota again", "revision", own.Revision)
	}
}

// measure exposes age and version.
func (k *Keeper) measure(r prometheus.Registerer) {
	if r == nil {
		return
	}
	gauge := func(name, help string, value func(DirectoryStatus) float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(k.Status()) }))
	}
	one := func(yes bool) float64 {
		if yes {
			return 1
		}
		return 0
	}
	at := func(t time.Time) float64 {
		if t.IsZero() {
			return 0
		}
		return float64(t.UnixMicro()) / 1e6
	}
	gauge("vahta_directory_age_seconds", "Time since the store confirmed that the directory of this node is in force.",
		func(s DirectoryStatus) float64 { return s.Age })
	gauge("vahta_directory_stale", "1 while the directory was not confirmed for more than 15 minutes.",
		func(s DirectoryStatus) float64 { return one(s.Stale) })
	gauge("vahta_directory_made_at_seconds", "When the directory of this node was put in force, Unix time: its version, to compare nodes.",
		func(s DirectoryStatus) float64 { return at(s.Version.MadeAt) })
	gauge("vahta_directory_misfits", "Faults of the directory in force: what lines and escalation name and the rota does not have, and faults of the rota.",
		func(s DirectoryStatus) float64 { return float64(len(s.Misfits)) })
	gauge("vahta_rota_revision", "Revision of the people and schedules that this node works with; 0: no record has them.",
		func(s DirectoryStatus) float64 { return float64(s.Rota.Version.Revision) })
	gauge("vahta_rota_edited_at_seconds", "When a person last edited them, Unix time; 0: never.",
		func(s DirectoryStatus) float64 { return at(s.Rota.Version.EditedAt) })
	gauge("vahta_rota_age_seconds", "Time since the record confirmed them.", func(s DirectoryStatus) float64 { return s.Rota.Age })
	gauge("vahta_rota_stale", "1 while they were not confirmed for more than 15 minutes.",
		func(s DirectoryStatus) float64 { return one(s.Rota.Stale) })
	gauge("vahta_rota_nodes_differ", "Living nodes that work with another version of them.",
		func(s DirectoryStatus) float64 { return float64(len(s.Rota.Differ)) })
	k.restores = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vahta_rota_restores_total", Help: "How often this node has written its people and schedules back to a record that was restored older.",
	})
	r.MustRegister(k.restores)
}

// short is a version as a log shows it.
func short(v Version) string {
	const enough = 12
	return v.Hash[:min(enough, len(v.Hash))]
}
