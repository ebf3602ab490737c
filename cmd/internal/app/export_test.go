package app

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/hotline"
	"github.com/butlerspb/vahta/sip/selftest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Engine lets product tests count the calls that are left.
func (a *App) Engine() *b2bua.Engine { return a.engine }

// Edge lets product tests find all listeners; [App.Address] names only one.
func (a *App) Edge() *wire.Edge { return a.edge }

// Metrics lets product tests read what /metrics shows.
func (a *App) Metrics() prometheus.Gatherer { return a.registry }

// Health lets product tests ask the probes without a listener.
func (a *App) Health() http.Handler { return a.health() }

// Trunks lets product tests see the operators' health and where calls go.
func (a *App) Trunks() *trunk.Trunks { return a.trunks }

// Phones lets product tests make accounts and see where phones are.
func (a *App) Phones() desk.Phones { return a.phoneDesk() }

// Guard lets product tests read security events and bans, and stop calls out.
func (a *App) Guard() *guard.Guard { return a.guard }

// Hotline lets product tests place call-backs.
func (a *App) Hotline() *hotline.Hotline { return a.hotline }

// SelfTests lets product tests test the line and see what is known of it.
func (a *App) SelfTests() *selftest.Tester { return a.selftest }

// ExamineLines lets product tests see what doctor says of the lines.
var ExamineLines = examineLines

// MaxHTTP and Serve let product tests load a listener of their own.
const MaxHTTP = maxHTTP

// Serve is how all HTTP listeners are served.
var Serve = serve

// FindPhone lets tests read what doctor says of an account.
var FindPhone = findPhone
