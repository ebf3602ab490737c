package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/sip/registrar"
)

// Limits of the HTTP servers: probes and commands are short, and idle ones must not hold descriptors that calls need.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 10 * time.Second // who reads nothing must not hold a connection that a probe needs
	idleTimeout   = 30 * time.Second
	readyTimeout  = 2 * time.Second
	maxHTTP       = 64 // connections of one listener; further ones wait to be accepted
)

// serveHTTP starts the health listener and the control socket.
func (a *App) serveHTTP(ctx context.Context, l *lifecycle) error {
	var lc net.ListenConfig
	socket := filepath.Join(a.cfg.Data, desk.Socket)
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) { // left by a process that was killed
		return fmt.Errorf("control socket: %w", err)
	}
	control, err := lc.Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("control socket: %w; its path must be shorter than 108 bytes and its folder writable", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return errors.Join(fmt.Errorf("control socket: %w", err), control.Close())
	}
	local, err := desk.NewLocal(a.desk, a.cfg.Dispatch.Zone)
	if err != nil {
		return errors.Join(err, control.Close())
	}
	local.Files = a.journal
	handler := desk.Handler(local, a.phoneDesk(), desk.LocalToll{Guard: a.guard})
	handler = desk.HandleTokens(desk.HandleRota(desk.HandleSelfTests(handler, a.selftest), a.rota), a.issuer())
	handler = desk.HandleLetters(handler, desk.Letters{Store: a.journal, Wake: a.outbox.Wake})
	handler = a.handleClients(a.handleCases(desk.HandleSignals(desk.HandleShifts(handler, a.carer), a.vault.Filing(a.desk))))
	handler = desk.HandlePrivacy(desk.HandleFiles(desk.HandlePapers(handler, a.papersDesk()), a.filesDesk()), a.privacy)
	l.start(ctx, "control socket", serve(control, handler, 0)) // its answers take as long as a call
	if a.cfg.HTTP.Listen != "" {
		health, err := lc.Listen(ctx, "tcp", a.cfg.HTTP.Listen)
		if err != nil {
			return fmt.Errorf("http.listen: %w; free the port or set another, \"\" for none", err)
		}
		a.web = health.Addr().String()
		l.start(ctx, "http", serve(health, a.health(), writeTimeout))
	}
	if a.links() && a.cfg.Phones.Listen != "" {
		links, err := lc.Listen(ctx, "tcp", a.cfg.Phones.Listen)
		if err != nil {
			return fmt.Errorf("phones.listen: %w; free the port or set another, \"\" for that of http.listen", err)
		}
		a.log.Info("phones are set up by links", "service", "http", "listen", links.Addr().String())
		l.start(ctx, "links", serve(links, a.registrar.Web(), writeTimeout))
	}
	return a.servePortal(ctx, l)
}

// links reports whether phones are set up by links.
func (a *App) links() bool { return a.registrar != nil && a.cfg.Phones.PublicURL != "" }

// serve returns a part that serves h until its context ends; within is how long an answer may take, 0 = any time.
func serve(l net.Listener, h http.Handler, within time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		l := netutil.LimitListener(l, maxHTTP)
		s := &http.Server{
			Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: within, IdleTimeout: idleTimeout,
			BaseContext: func(net.Listener) context.Context { return ctx },
		}
		stop := context.AfterFunc(ctx, func() { _ = s.Close() }) // nothing on these listeners is worth waiting for
		defer stop()
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}

// health answers probes: /livez (the process turns), /readyz (a call would be answered now; never asks Redis or SQL),
// /status (dependencies, for people), /metrics; and sets phones up by their links, unless these have a listener
// of their own.
func (a *App) health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := a.canAnswer(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a.status(r.Context())) // a probe that went away needs no answer
	})
	if a.links() && a.cfg.Phones.Listen == "" {
		mux.Handle(registrar.Path, a.registrar.Web())
	}
	a.mountPortal(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}))
	return mux
}

// canAnswer asks what a call needs: our own sockets answer OPTIONS, and an RTP port is free.
func (a *App) canAnswer(ctx context.Context) error {
	if a.draining.Load() {
		return errors.New("draining: calls in progress go on, new ones are refused with 503")
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := a.edge.Ready(ctx); err != nil {
		return err
	}
	if err := a.engine.Full(); err != nil {
		return err
	}
	if a.pool.Free() == 0 {
		return errors.New("no RTP port is free; widen media.min_port to media.max_port")
	}
	return nil
}
