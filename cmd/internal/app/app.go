package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/butlerspb/vahta/channels/webhook"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/pressure"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticker"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/hotline"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// App is Vahta, built.
type App struct {
	// set at New
	cfg      config.Config
	log      *slog.Logger
	registry *prometheus.Registry
	folder   *os.File // locked while we have it
	store    *store.SQLite
	desk     *dispatch.Dispatcher
	edge     *wire.Edge
	pool     *media.Pool
	trunks   *trunk.Trunks
	limits   *pressure.Gauge
	rotation *rotation.Switch
	engine   *b2bua.Engine
	hotline  *hotline.Hotline
	outbox   *outbox.Worker
	ticker   *ticker.Ticker
	ready    chan struct{} // closed when calls are taken
	draining atomic.Bool   // new calls are refused
}

// New builds all parts and opens the record and the sockets. Nothing runs yet. On error everything opened is closed again.
func New(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *App, err error) {
	a := &App{cfg: cfg, log: log, registry: prometheus.NewRegistry(), ready: make(chan struct{})}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if a.folder, err = takeFolder(cfg.Data); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.folder.Close())
		}
	}()
	if err := a.openRecord(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.store.Close())
		}
	}()
	if a.limits, err = pressure.New(cfg.Limits, pressure.Deps{Folder: cfg.Data, Log: a.part("limits"), Registerer: a.registry}); err != nil {
		return nil, err
	}
	a.limits.TuneRuntime()
	if a.rotation, err = rotation.New(cfg.Redis, rotation.Deps{Log: a.part("rotation"), Registerer: a.registry}); err != nil {
		return nil, err
	}
	if err := a.buildDispatch(); err != nil {
		return nil, err
	}
	if err := a.buildTelephony(); err != nil {
		return nil, err
	}
	if err := a.buildDelivery(); err != nil {
		return nil, err
	}
	if err := a.edge.Listen(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// openRecord opens the database: for us alone, unless it lies where other nodes may use it.
func (a *App) openRecord(ctx context.Context) error {
	sc := store.Default()
	sc.Path, sc.Exclusive = a.cfg.Database(), !a.cfg.Shared()
	var err error
	a.store, err = store.Open(ctx, sc, store.Deps{Log: a.part("store"), Registerer: a.registry})
	return err
}

// buildDispatch makes directory and dispatcher.
func (a *App) buildDispatch() error {
	snapshot, err := dispatch.NewSnapshot(a.cfg.Source())
	if err != nil {
		return err
	}
	dc := a.cfg.Dispatch
	dc.EventChannels = a.cfg.Webhooks.Subscribers()
	a.desk, err = dispatch.New(dc, dispatch.Deps{
		Store: a.store, Archive: a.store, Directory: dispatch.NewDirectory(snapshot),
		Log: a.part("dispatch"), Registerer: a.registry,
	})
	return err
}

// buildTelephony makes everything between the socket and the script.
func (a *App) buildTelephony() (err error) {
	if a.edge, err = wire.New(a.cfg.SIP, wire.Deps{Log: a.part("wire"), Registerer: a.registry}); err != nil {
		return err
	}
	mc := a.cfg.Media
	mc.Log, mc.Registerer = a.part("media"), a.registry
	if a.pool, err = media.NewPool(mc); err != nil {
		return err
	}
	tc := a.cfg.Trunks
	tc.Phones = append(tc.Phones, phoneHosts(a.cfg.Roster)...)
	if a.trunks, err = trunk.New(tc, trunk.Deps{Sender: a.edge, Log: a.part("trunk"), Registerer: a.registry}); err != nil {
		return err
	}
	a.edge.SetAdmission(a.trunks.Admit)
	stack := dialog.NewStack(a.edge, dialog.Default(), dialog.Deps{Log: a.part("dialog"), Registerer: a.registry})
	a.edge.SetHandler(stack)
	a.engine, err = b2bua.New(a.cfg.Calls, b2bua.Deps{
		Stack: stack, Pool: a.pool, Trunks: a.trunks, Serves: a.serves,
		Log: a.part("b2bua"), Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	prompts, err := prompt.New(a.cfg.Hotline.Prompts, a.part("prompts"))
	if err != nil {
		return err
	}
	a.hotline, err = hotline.New(a.cfg.Hotline, hotline.Deps{
		Engine: a.engine, Dispatcher: a.desk, Rotation: a.rotation, Prompts: prompts, Trunks: a.trunks,
		People: func(id string) (oncall.Person, bool) { return a.desk.Directory().Load().Roster.Person(id) },
		Log:    a.part("hotline"), Registerer: a.registry,
	})
	return err
}

// buildDelivery makes the workers that carry notices and wake timers.
func (a *App) buildDelivery() (err error) {
	hooks, err := webhook.New(a.cfg.Webhooks, webhook.Deps{Registerer: a.registry})
	if err != nil {
		return err
	}
	a.outbox, err = outbox.New(outbox.Default(), outbox.Deps{
		Source: a.store, Desk: a.desk,
		Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: a.hotline, dispatch.ChannelWebhook: hooks},
		Log:       a.part("outbox"), Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	if a.ticker, err = ticker.New(ticker.Default(), a.store, a.desk, a.part("ticker")); err != nil {
		return err
	}
	a.desk.SetWaker(dispatch.Workers{Outbox: a.outbox, Ticker: a.ticker})
	return nil
}

func (a *App) part(name string) *slog.Logger { return a.log.With("service", name) }

// serves reports whether the called number is one of our lines.
func (a *App) serves(in trunk.Inbound) bool {
	_, ok := a.desk.Directory().Load().LineFor(in.DID)
	return ok
}

// phoneHosts returns the hosts of all softphones of the roster: they may send to us.
func phoneHosts(r oncall.Roster) []string {
	var hosts []string
	for _, p := range r.People {
		for _, d := range p.Devices {
			if d.Kind != oncall.Softphone {
				continue
			}
			if uri, err := wire.ParseURI(d.URI); err == nil {
				hosts = append(hosts, uri.Host)
			}
		}
	}
	return hosts
}

// Run serves until ctx ends or a part fails, then drains and stops. It may be called once.
func (a *App) Run(ctx context.Context) error {
	l := newLifecycle(a.log)
	l.onStop("data folder", a.folder.Close)
	l.onStop("store", a.store.Close)
	l.start(ctx, "store writer", a.store.Run)
	if err := a.desk.Start(ctx); err != nil {
		return errors.Join(err, l.stop())
	}
	l.start(ctx, "dispatcher", a.desk.Run)
	l.start(ctx, "outbox", a.outbox.Run)
	l.start(ctx, "ticker", a.ticker.Run)
	l.start(ctx, "limits", a.limits.Run)
	l.start(ctx, "rotation", a.rotation.Run)
	l.start(ctx, "media", a.pool.Run)
	l.start(ctx, "trunks", a.trunks.Run)
	// Stopped in reverse: first the calls, while SIP still carries their BYE, then the hotline, which waits for their records.
	l.start(ctx, "sip", a.edge.Run)
	l.start(ctx, "hotline", a.hotline.Run)
	l.start(ctx, "calls", a.engine.Run)
	if err := a.serveHTTP(ctx, l); err != nil {
		return errors.Join(err, l.stop())
	}
	close(a.ready)
	a.log.Info("taking calls", "service", "sip", "listen", a.Address())

	var failed error
	select {
	case <-ctx.Done():
		a.log.Info("draining", "service", "sip", "calls", a.engine.Active(), "cause", context.Cause(ctx).Error())
		a.drain(ctx)
	case failed = <-l.failed:
		a.log.Error("a part has failed, stopping", "err", failed.Error())
	}
	return errors.Join(failed, l.stop())
}

// drain lets calls in progress end, within the configured time.
func (a *App) drain(ctx context.Context) {
	a.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Drain)
	defer cancel()
	if err := a.engine.Drain(ctx); err != nil {
		a.log.Warn("calls are cut by the end of the drain time", "calls", a.engine.Active(), "err", err.Error())
	}
}

// Reload puts the directory part of a new configuration into force: people, schedules, lines, clients. Calls in progress
// keep the plan they have. Changed sections that need a restart are named in the log.
func (a *App) Reload(cfg config.Config) error {
	snapshot, err := dispatch.NewSnapshot(cfg.Source())
	if err != nil {
		return fmt.Errorf("reload: %w; the old configuration stays in force", err)
	}
	a.desk.Directory().Replace(snapshot)
	a.trunks.SetPhones(append(append([]string(nil), cfg.Trunks.Phones...), phoneHosts(cfg.Roster)...))
	a.log.Info("configuration reloaded: lines, people, schedules, static numbers, clients and escalation are in force")
	if later := restarts(a.cfg, cfg); len(later) > 0 {
		a.log.Warn("some changed settings wait for a restart", "service", strings.Join(later, ", "))
	}
	return nil
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
		{"limits", old.Limits, now.Limits},
		{"log", old.Log, now.Log},
		{"http", old.HTTP, now.HTTP},
		{"drain", old.Drain, now.Drain},
		{"sip", old.SIP, now.SIP},
		{"media", old.Media, now.Media},
		{"calls", old.Calls, now.Calls},
		{"trunks.operators", old.Trunks.Operators, now.Trunks.Operators},
		{"hotline", old.Hotline, now.Hotline},
		{"dispatch", old.Dispatch, now.Dispatch},
		{"webhooks", old.Webhooks, now.Webhooks},
	} {
		if !reflect.DeepEqual(s.a, s.b) {
			names = append(names, s.name)
		}
	}
	return names
}

// Ready is closed when calls are taken.
func (a *App) Ready() <-chan struct{} { return a.ready }

// Address returns the SIP address callers use, such as "sip:127.0.0.1:5060".
func (a *App) Address() string {
	for _, t := range []wire.Transport{wire.UDP, wire.TCP} {
		if host, port := a.edge.Advertised(t); port != 0 {
			u := wire.URI{Scheme: "sip", Host: host, Port: port}
			if t != wire.UDP {
				u.Params = u.Params.With("transport", strings.ToLower(string(t)))
			}
			return u.String()
		}
	}
	return ""
}

// Dispatcher returns the dispatcher, for commands that run in this process.
func (a *App) Dispatcher() *dispatch.Dispatcher { return a.desk }
