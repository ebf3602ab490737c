package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/butlerspb/vahta/channels/email/ids"
	"github.com/butlerspb/vahta/channels/email/send"
	"github.com/butlerspb/vahta/channels/monitor"
	"github.com/butlerspb/vahta/channels/portal"
	"github.com/butlerspb/vahta/channels/sms"
	"github.com/butlerspb/vahta/channels/webhook"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/pressure"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/privacy"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/shift"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticker"
	"github.com/butlerspb/vahta/dispatch/vault"
	"github.com/butlerspb/vahta/dispatch/watchdog"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/hotline"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/registrar"
	"github.com/butlerspb/vahta/sip/selftest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// App is Vahta, built.
type App struct {
	// Product is the version that the API tells; it may be set before Run.
	Product string

	// set at New
	cfg       config.Config
	log       *slog.Logger
	now       func() time.Time // of people and schedules
	clock     func() time.Time // of calls, tickets and timers
	outside   Outside
	registry  *prometheus.Registry
	parts     *lifecycle // what runs, and is stopped in reverse order
	journal   *journal.Store
	record    *record
	keeper    *dispatch.Keeper
	desk      *dispatch.Dispatcher
	rota      *rota.Rota
	carer     *shift.Carer
	cases     *casework.Worker
	clients   *clientele.Clientele
	library   *library.Library
	pages     *reports.Links // addresses of clients' pages
	reports   *reports.Reports
	vault     *vault.Vault
	privacy   *privacy.Privacy
	portal    *portal.Server // nil = switched off
	monitor   *monitor.Server
	mailIDs   *ids.Maker     // of our mails
	mailOut   *send.Notifier // nil = no mail is written
	sms       *sms.Channel   // nil = no account
	edge      *wire.Edge
	pool      *media.Pool
	trunks    *trunk.Trunks
	registrar *registrar.Registrar // nil = no phone registers
	limits    *pressure.Gauge
	rotation  *rotation.Switch
	engine    *b2bua.Engine
	hotline   *hotline.Hotline
	guard     *guard.Guard
	selftest  *selftest.Tester
	outbox    *outbox.Worker
	ticker    *ticker.Ticker
	watchdog  *watchdog.Watchdog
	web       string        // where the probes listen, set by Run; "" = nowhere
	ready     chan struct{} // closed when calls are taken
	draining  atomic.Bool   // new calls are refused
	strangers strangers

	mu     sync.Mutex
	phones []string // guarded by mu; addresses that the configuration lets send besides those of the people
}

// New builds all parts and opens the record and the sockets. Only the record's writer runs yet: the directory in force is
// read from it. Run must follow. On error everything opened is closed again.
func New(ctx context.Context, cfg config.Config, log *slog.Logger) (*App, error) {
	return NewAt(ctx, cfg, log, time.Now)
}

// NewAt is New with a clock for people and schedules: what they look at and edit, at the command line and by the API. Calls,
// pages and timers go by the wall clock.
func NewAt(ctx context.Context, cfg config.Config, log *slog.Logger, now func() time.Time) (*App, error) {
	return NewIn(ctx, cfg, log, Outside{Today: now})
}

func build(ctx context.Context, cfg config.Config, log *slog.Logger, world Outside) (_ *App, err error) {
	a := &App{cfg: cfg, log: log, now: world.Today, clock: world.Now, outside: world, phones: cfg.Trunks.Phones, registry: prometheus.NewRegistry(), parts: newLifecycle(log), ready: make(chan struct{})}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	defer func() {
		if err != nil {
			err = errors.Join(err, a.parts.stop())
		}
	}()
	if err := a.openRecord(ctx); err != nil {
		return nil, err
	}
	if a.limits, err = pressure.New(cfg.Limits, pressure.Deps{Folder: cfg.Data, Log: a.part("limits"), Registerer: a.registry}); err != nil {
		return nil, err
	}
	a.limits.TuneRuntime()
	a.rotation, err = rotation.New(cfg.Redis, rotation.Deps{Epoch: a.journal.RaiseEpoch, Log: a.part("rotation"), Registerer: a.registry})
	if err != nil {
		return nil, err
	}
	if err := a.buildDispatch(ctx); err != nil {
		return nil, err
	}
	if err := a.buildTelephony(ctx); err != nil {
		return nil, err
	}
	if err := a.buildDelivery(); err != nil {
		return nil, err
	}
	if err := a.buildClients(); err != nil {
		return nil, err
	}
	if err := a.buildCases(); err != nil {
		return nil, err
	}
	if err := a.buildPapers(); err != nil {
		return nil, err
	}
	if err := a.buildPortal(); err != nil {
		return nil, err
	}
	if err := a.edge.Listen(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// openRecord takes the data folder, opens the journal in it, and the database: for us alone, unless it lies where other
// nodes may use it.
func (a *App) openRecord(ctx context.Context) error {
	folder, err := takeFolder(a.cfg.Data)
	if err != nil {
		return err
	}
	a.parts.onStop("data folder", folder.Close)
	jc := a.cfg.Journal
	jc.Path = filepath.Join(a.cfg.Data, "journal")
	a.journal, err = journal.Open(jc, journal.Deps{ //nolint:contextcheck // what was written before is read whatever becomes of the start
		Overlay: func() journal.Overlay { return store.NewMemory() },
		Board: func() dispatch.Board {
			if a.desk == nil {
				return dispatch.Board{}
			}
			return a.desk.BoardNow()
		},
		Healed: func(ctx context.Context) error { return a.desk.Resync(ctx) }, Shared: a.cfg.Shared(),
		Log: a.part("journal"), Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	a.parts.onStop("journal file", a.journal.Close)
	sc := store.At(a.cfg.Database())
	sc.Exclusive, sc.OpenWait = !a.cfg.Shared(), openBudget
	a.record = &record{cfg: sc, known: filepath.Join(a.cfg.Data, "record"), journal: a.journal, log: a.part("store"), registry: a.registry}
	if a.cfg.Shared() {
		a.record.node, a.record.cfg.Node = a.cfg.Node, a.cfg.Node
	}
	a.parts.onStop("store", a.record.close)
	if err := a.record.open(ctx); err != nil {
		return err
	}
	a.parts.start(ctx, "store writer", a.record.run)
	return nil
}

// several reports whether this is one of several nodes: they share what keeps one person from being rung twice, or the
// record.
func (a *App) several() bool { return a.cfg.Redis.Enabled() || a.cfg.Shared() }

// buildDispatch makes directory and dispatcher.
func (a *App) buildDispatch(ctx context.Context) (err error) {
	deps := dispatch.KeeperDeps{
		Store: a.journal, Rotas: a.journal, File: filepath.Join(a.cfg.Data, directoryFile), Node: a.cfg.Node,
		Encode: config.EncodeSource, Decode: config.DecodeSource,
		Publish: func(ctx context.Context, message []byte) error {
			return a.rotation.Publish(ctx, rotation.TopicDirectory, message)
		},
		Changed: func(s *dispatch.Snapshot) { a.admit(s); a.shiftsChanged() }, Log: a.part("directory"), Registerer: a.registry,
	}
	if a.several() {
		deps.Nodes = a.journal
	}
	if a.keeper, err = dispatch.NewKeeper(deps); err != nil {
		return err
	}
	directory, err := a.keeper.Load(ctx, a.cfg.Source())
	if err != nil {
		return err
	}
	a.pages = pageLinks(a.cfg)
	dc := toClients(a.cfg, a.pages, a.outside.Notifiers)
	dc.EventChannels = a.cfg.Webhooks.Subscribers()
	dd := dispatch.Deps{
		Store: a.journal, Archive: a.journal, Signals: a.journal, Directory: directory, Node: a.cfg.Node,
		Now: a.clock, Log: a.part("dispatch"), Registerer: a.registry,
	}
	if catalogue, _ := Catalogue(a.cfg); catalogue != nil { // buildCases tells of a fault
		dd.Suggest = suggest(catalogue)
	}
	if a.several() {
		dd.Nodes = a.journal
	}
	if a.desk, err = dispatch.New(dc, dd); err != nil {
		return err
	}
	Signals(a.desk, a.cfg)
	a.rota, err = rota.New(rota.Deps{
		Store: a.journal, Directory: directory, Calls: a.journal, Refresh: a.keeper.Follow, Node: a.cfg.Node, Log: a.part("rota"),
		Rest: a.cfg.Rest, Now: a.now,
	})
	if err != nil {
		return err
	}
	return a.buildShifts(directory)
}

// buildTelephony makes everything between the socket and the script.
func (a *App) buildTelephony(ctx context.Context) (err error) {
	sc := a.cfg.SIP
	sc.Extensions = slices.Concat(sc.Extensions, dialog.Extensions)
	if a.edge, err = wire.New(sc, wire.Deps{Log: a.part("wire"), Registerer: a.registry}); err != nil {
		return err
	}
	mc := a.cfg.Media
	mc.Log, mc.Registerer = a.part("media"), a.registry
	if a.pool, err = media.NewPool(mc); err != nil {
		return err
	}
	tc := a.cfg.Trunks
	tc.Phones = append(slices.Clip(tc.Phones), phoneHosts(a.desk.Directory().Load().Roster)...)
	a.trunks, err = trunk.New(tc, trunk.Deps{
		Sender: a.edge, ListenerOn: a.edge.ListenerOn, Advertised: a.edge.AdvertisedOn, KeepAlive: a.edge.Ping,
		DNSFile: filepath.Join(a.cfg.Data, "addresses"), Suspect: a.challenged, Log: a.part("trunk"), Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	a.edge.OnFlowClosed(a.trunks.FlowClosed)
	a.trustOperators()
	a.edge.SetAdmission(a.admitSource)
	a.edge.OnStranger(a.stranger)
	if err := a.buildGuard(); err != nil {
		return err
	}
	stack := dialog.NewStack(a.edge, dialog.Default(), dialog.Deps{Log: a.part("dialog"), Registerer: a.registry, Suspect: a.suspect})
	a.edge.SetHandler(stack)
	stack.OnOutOfDialog(wire.MESSAGE, a.trunks.HandleMessage)
	if err := a.buildPhones(ctx, stack); err != nil {
		return err
	}
	var callers b2bua.Phones // engineers who call
	var rung hotline.Phones  // engineers who are called
	if e := a.engineersPhones(); e != nil {
		callers, rung = e, e
	}
	a.engine, err = b2bua.New(a.cfg.Calls, b2bua.Deps{
		Phones: callers, Guard: a.guard,
		Stack: stack, Pool: a.pool, Trunks: a.trunks, Serves: a.serves,
		Pressure: func() b2bua.Pressure {
			why, share := a.limits.Now().Worst()
			return b2bua.Pressure{Share: share, Why: why}
		},
		Known:  func(in trunk.Inbound) bool { return a.desk.KnownCaller(in.Caller) },
		Served: func(s b2bua.Served) { a.selftest.Served(s) },
		Now:    a.outside.moved(), Log: a.part("b2bua"), Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	prompts, err := prompt.New(a.cfg.Hotline.Prompts, a.part("prompts"))
	if err != nil {
		return err
	}
	var arbiter dispatch.Arbiter // decides between nodes; one that is alone needs none
	if a.several() {
		arbiter = a.journal
	}
	a.hotline, err = hotline.New(a.cfg.Hotline, hotline.Deps{
		Arbiter: arbiter, Node: a.cfg.Node, Engine: a.engine, Dispatcher: a.proving(), Shifts: a.carer, Rotation: a.rotation, Prompts: prompts, Trunks: a.trunks, Phones: rung,
		People:    func(id string) (oncall.Person, bool) { return a.desk.Directory().Load().Roster.Person(id) },
		Colleague: a.colleague,
		Now:       a.clock, Log: a.part("hotline"), Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	return a.buildSelfTest() //nolint:contextcheck // calls outlive the start
}

// buildDelivery makes the workers that carry notices and wake timers.
func (a *App) buildDelivery() (err error) {
	hooks, err := webhook.New(a.cfg.Webhooks, webhook.Deps{Registerer: a.registry})
	if err != nil {
		return err
	}
	if err := a.buildMailOut(); err != nil {
		return err
	}
	if err := a.buildSMS(); err != nil {
		return err
	}
	oc, tc, wc := outbox.Default(), ticker.Default(), watchdog.Default()
	oc.Now, tc.Now, wc.Now = a.clock, a.clock, a.clock
	a.outbox, err = outbox.New(oc, outbox.Deps{
		Source: a.journal, Desk: shift.Router{Desk: a.desk, Carer: a.carer}, Sends: a.journal,
		Notifiers: a.notifiers(hooks), Open: a.enclosed,
		Log: a.part("outbox"), Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	if a.ticker, err = ticker.New(tc, a.journal, a.desk, a.part("ticker")); err != nil {
		return err
	}
	watch := watchdog.Deps{Queue: a.journal, Desk: a.desk, Log: a.part("watchdog"), Registerer: a.registry}
	if a.cfg.Webhooks.Heartbeat.URL != "" {
		watch.Beat = hooks.Beat
	}
	if a.watchdog, err = watchdog.New(wc, watch); err != nil {
		return err
	}
	a.desk.SetWaker(dispatch.Workers{Outbox: a.outbox, Ticker: a.ticker})
	return nil
}

func (a *App) part(name string) *slog.Logger { return a.log.With("service", name) }

// Run serves until ctx ends or a part fails, then drains and stops. It may be called once.
func (a *App) Run(ctx context.Context) error {
	l := a.parts
	l.start(ctx, "journal", a.journal.Run)
	l.start(ctx, "limits", a.limits.Run)
	l.start(ctx, "rotation", a.rotation.Run)
	l.start(ctx, "directory", a.keeper.Run)
	a.meetNodes(ctx, l)
	if err := a.desk.Start(ctx); err != nil {
		return errors.Join(err, l.stop())
	}
	l.start(ctx, "dispatcher", a.desk.Run)
	l.start(ctx, "outbox", a.outbox.Run)
	l.start(ctx, "shifts", a.carer.Run)
	l.start(ctx, "ticker", a.ticker.Run)
	l.start(ctx, "library", a.library.Run)
	l.start(ctx, "reports", a.reports.Run)
	l.start(ctx, "vault", func(ctx context.Context) error { return a.vault.Run(ctx, a.desk.Feed()) })
	l.start(ctx, "watchdog", a.watchdog.Run)
	if a.sms != nil {
		l.start(ctx, "sms", a.sms.Run)
	}
	l.start(ctx, "media", a.pool.Run)
	a.meetRedis(ctx)
	// Stopped in reverse: first the calls, while SIP still carries their BYE, then the hotline, which waits for their records,
	// then our registrations, which SIP takes back.
	l.start(ctx, "sip", a.edge.Run)
	if a.registrar != nil {
		l.start(ctx, "phones", a.registrar.Run)
	}
	l.start(ctx, "trunks", a.trunks.Run)
	l.start(ctx, "hotline", a.hotline.Run)
	l.start(ctx, "calls", a.engine.Run)
	l.start(ctx, "self-test", a.selftest.Run)
	l.start(ctx, "audit of the start", a.auditStart)
	if err := errors.Join(a.serveHTTP(ctx, l), a.serveMail(ctx, l)); err != nil {
		return errors.Join(err, l.stop())
	}
	close(a.ready)
	a.log.Info("taking calls", "service", "sip", "listen", a.Address(), "http", a.web, "node", a.cfg.Node)

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
	a.selftest.Cease()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Drain)
	defer cancel()
	if err := a.engine.Drain(ctx); err != nil {
		a.log.Warn("calls are cut by the end of the drain time", "calls", a.engine.Active(), "err", err.Error())
	}
}

// Ready is closed when calls are taken.
func (a *App) Ready() <-chan struct{} { return a.ready }

// Address returns the SIP address callers use, such as "sip:127.0.0.1:5060".
func (a *App) Address() string {
	for _, t := range []wire.Transport{wire.UDP, wire.TCP, wire.TLS} {
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

// Rota returns people and schedules, for commands that run in this process.
func (a *App) Rota() *rota.Rota { return a.rota }

// Dispatcher returns the dispatcher, for commands that run in this process.
func (a *App) Dispatcher() *dispatch.Dispatcher { return a.desk }
