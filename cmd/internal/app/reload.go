package app

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
)

// Reload puts the directory part of a new configuration into force, for all nodes: lines, static numbers, clients, escalation.
// People and schedules are the record's. Calls in progress keep the plan they have. Changed sections that need a restart are named in the log.
func (a *App) Reload(ctx context.Context, cfg config.Config) error {
	a.mu.Lock()
	was := a.phones
	a.phones = slices.Clone(cfg.Trunks.Phones)
	a.mu.Unlock()
	if err := a.keeper.Force(ctx, cfg.Source()); err != nil {
		a.mu.Lock()
		a.phones = was
		a.mu.Unlock()
		return fmt.Errorf("reload: %w; the old configuration stays in force", err)
	}
	a.admit(a.desk.Directory().Load())
	a.reloadCertificates()
	a.log.Info("configuration reloaded: lines, static numbers, clients and escalation are in force")
	if later := restarts(a.cfg, cfg); len(later) > 0 {
		a.log.Warn("some changed settings wait for a restart", "service", strings.Join(later, ", "))
	}
	return nil
}

// admit lets the phones of a directory send to us, besides those of the configuration.
func (a *App) admit(s *dispatch.Snapshot) {
	if a.trunks == nil {
		return // it is built from the same directory
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trunks.SetPhones(append(slices.Clip(a.phones), phoneHosts(s.Roster)...))
}

// restarts names the sections that differ and that only a restart brings into force.
func restarts(old, now config.Config) []string {
	var names []string
	for _, s := range []struct {
		name string
		a, b any
	}{
		{"data", old.Data, now.Data},
		{"node", old.Node, now.Node},
		{"store", old.Store, now.Store},
		{"redis", old.Redis, now.Redis},
		{"journal", old.Journal, now.Journal},
		{"limits", old.Limits, now.Limits},
		{"log", old.Log, now.Log},
		{"http", old.HTTP, now.HTTP},
		{"drain", old.Drain, now.Drain},
		{"sip", old.SIP, now.SIP},
		{"media", old.Media, now.Media},
		{"calls", old.Calls, now.Calls},
		{"trunks.operators", old.Trunks.Operators, now.Trunks.Operators},
		{"trunks.dns", old.Trunks.DNS, now.Trunks.DNS},
		{"phones", old.Phones, now.Phones},
		{"self_test", old.SelfTest, now.SelfTest},
		{"hotline", old.Hotline, now.Hotline},
		{"dispatch", old.Dispatch, now.Dispatch},
		{"webhooks", old.Webhooks, now.Webhooks},
		{"shifts", old.Shifts, now.Shifts},
	} {
		if !reflect.DeepEqual(s.a, s.b) {
			names = append(names, s.name)
		}
	}
	return names
}
