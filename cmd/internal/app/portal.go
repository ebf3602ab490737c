package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/butlerspb/vahta/channels/monitor"
	"github.com/butlerspb/vahta/channels/portal"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
)

// buildPortal makes the way in for alarms, and the API, unless it is switched off.
func (a *App) buildPortal() (err error) {
	a.monitor = monitor.New(sources(a.cfg), monitor.Deps{Receiver: a.desk, Now: a.clock, Log: a.part("monitor"), Registerer: a.registry})
	if !a.cfg.Portal.Enabled {
		return nil
	}
	deps := portal.Deps{
		Rota: a.rota, Tokens: a.journal, Pages: a.reports, Node: a.cfg.Node, Product: func() string { return a.Product }, TZData: oncall.TZData(),
		Now: a.now, Log: a.part("portal"), Registerer: a.registry,
	}
	deps.Desk = portal.Desk{
		Tickets: a.desk, Cases: a.cases, Signals: a.vault.Filing(a.desk), Clients: a.clients, Articles: a.library, Search: a.library, Reports: a.reports, Audit: a.journal, Privacy: a.privacy,
		Kept: portal.Kept{Vault: a.vault, Index: a.journal, Calls: a.desk},
	}
	if a.several() {
		deps.Nodes = a.journal.Nodes
	}
	a.portal, err = portal.New(a.cfg.Portal, deps)
	return err
}

// issuer makes and revokes tokens of this server.
func (a *App) issuer() *portal.Issuer {
	return &portal.Issuer{Store: a.journal, Roster: func() *oncall.Roster { return &a.desk.Directory().Load().Roster }, Now: a.now, Audit: a.journal}
}

// TokensOnRecord answers the commands about tokens when no server runs. People and schedules are the record's, or before it has
// any those of the configuration.
func TokensOnRecord(configured oncall.Roster) func(context.Context, *store.SQL) desk.Tokens {
	return func(ctx context.Context, db *store.SQL) desk.Tokens {
		roster := rosterOf(ctx, dispatch.Rotas(db), configured)
		return &portal.Issuer{Store: db, Roster: func() *oncall.Roster { return &roster }, Now: time.Now, Audit: db}
	}
}

// mountPortal adds the portal, and what else comes from outside, to the listener of the probes, unless it has one of its own.
func (a *App) mountPortal(mux *http.ServeMux) {
	if a.portal == nil || a.cfg.Portal.Listen == "" {
		a.mountMonitor(mux)
	}
	if a.portal == nil || a.cfg.Portal.Listen != "" {
		return
	}
	for _, path := range portal.Paths() {
		mux.Handle(path, a.portal.Handler())
	}
}

// servePortal starts what keeps the tokens fresh, and the portal's own listener if it has one.
func (a *App) servePortal(ctx context.Context, l *lifecycle) error {
	if a.portal == nil {
		return nil
	}
	l.start(ctx, "portal", a.portal.Run)
	if a.cfg.Portal.Listen == "" {
		return nil
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", a.cfg.Portal.Listen)
	if err != nil {
		return fmt.Errorf("portal.listen: %w; free the port or set another, \"\" for that of http.listen", err)
	}
	a.log.Info("the API is served", "service", "portal", "listen", listener.Addr().String())
	mux := http.NewServeMux()
	a.mountMonitor(mux)
	mux.Handle("/", a.portal.Handler())
	l.start(ctx, "portal http", serve(listener, mux, writeTimeout))
	return nil
}
