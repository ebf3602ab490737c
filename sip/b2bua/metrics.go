package b2bua

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Why INVITEs are refused before they become calls.
const (
	refusedDrain  = "drain" // stopping, or not ready
	refusedLate   = "late"  // waited too long for us
	refusedRate   = "rate"  // too many new calls a second
	refusedCalls  = "calls" // too many calls at once; names of resources (memory, descriptors) stand beside these
	refusedPeer   = "peer"
	refusedNumber = "number"
	refusedMedia  = "media"
	refusedLoop   = "loop"   // Max-Forwards is used up
	refusedBrief  = "min_se" // his sessions would be shorter than his operator's min_se
	refusedLimit  = "trunk_limit"
)

// longQueue is a queue of one call that deserves to be counted: a call has a few dozen messages.
const longQueue = 256

// metrics counts calls; all methods work on nil.
type metrics struct {
	calls    prometheus.Gauge
	refusals *prometheus.CounterVec
	clients  prometheus.Counter
	attempts *prometheus.CounterVec
	ends     *prometheus.CounterVec
	ring     prometheus.Histogram
	answer   prometheus.Histogram
	bridge   prometheus.Histogram
	panics   prometheus.Counter
	queues   prometheus.Counter
	silent   prometheus.Counter
	lost     prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	setup := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 8, 16, 32, 64, 128}
	m := &metrics{
		calls: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vahta_calls_active", Help: "Calls now, those that settle included.",
		}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_calls_refused_total", Help: "INVITEs refused before they became calls.",
		}, []string{"why"}),
		clients: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_calls_known_refused_total", Help: "Known clients among the INVITEs refused for lack of room.",
		}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_call_attempts_total", Help: "Dialled legs by outcome and operator (phone = none).",
		}, []string{"outcome", "trunk"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_calls_ended_total", Help: "Ended calls by cause.",
		}, []string{"cause"}),
		ring: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vahta_leg_ring_seconds", Help: "INVITE to ringing of dialled legs.", Buckets: setup,
		}),
		answer: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vahta_call_answer_seconds", Help: "Caller's INVITE to our 200.", Buckets: setup,
		}),
		bridge: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vahta_call_bridge_seconds", Help: "Caller's INVITE to the first bridge.", Buckets: setup,
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_call_panics_total", Help: "Calls ended by an internal error.",
		}),
		queues: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_call_long_queues_total", Help: "Calls whose queue was ever longer than 256.",
		}),
		silent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_call_one_way_total", Help: "Answered legs of which nothing was heard in time, asked anew by re-INVITE.",
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_call_ways_lost_total", Help: "Phones whose connection or registration went away while they rang.",
		}),
	}
	reg.MustRegister(m.calls, m.refusals, m.clients, m.attempts, m.ends, m.ring, m.answer, m.bridge, m.panics, m.queues, m.silent, m.lost)
	return m
}

func (m *metrics) active(delta float64) {
	if m != nil {
		m.calls.Add(delta)
	}
}

func (m *metrics) refused(why string) {
	if m != nil {
		m.refusals.WithLabelValues(why).Inc()
	}
}

func (m *metrics) refusedKnown() {
	if m != nil {
		m.clients.Inc()
	}
}

func (m *metrics) attempt(l *Leg) {
	if m == nil {
		return
	}
	operator := l.trunk
	if operator == "" {
		operator = "phone"
	}
	m.attempts.WithLabelValues(l.outcome.String(), operator).Inc()
}

func (m *metrics) ringing(l *Leg) {
	if m != nil {
		m.ring.Observe(l.ringingAt.Sub(l.dialledAt).Seconds())
	}
}

func (m *metrics) answered(l *Leg) {
	if m != nil {
		m.answer.Observe(l.call.since(l.answeredAt).Seconds())
	}
}

func (m *metrics) bridged(c *Call) {
	if m != nil {
		m.bridge.Observe(c.since(c.bridgedAt).Seconds())
	}
}

func (m *metrics) ended(cause string) {
	if m != nil {
		m.ends.WithLabelValues(knownCause(cause)).Inc()
	}
}

// knownCause keeps the label set closed: a script's own words count as normal.
func knownCause(cause string) string {
	switch cause {
	case CauseElsewhere, CauseCallerGone, CauseNoAnswer, CauseBusy, CauseDeclined, CauseUnavailable, CauseMediaLost,
		CauseNoAck, CauseMaxDuration, CauseAbandoned, CauseInternal, CauseShutdown, CauseNoMedia, CauseTrunkLimit,
		CausePorts, CauseDialogFailed, CauseRejected, CauseAnnouncement, CauseNotSecure, CauseExpired:
		return cause
	}
	return CauseNormal
}

func (m *metrics) panicked() {
	if m != nil {
		m.panics.Inc()
	}
}

func (m *metrics) queue(longest int) {
	if m != nil && longest > longQueue {
		m.queues.Inc()
	}
}

func (m *metrics) oneWay() {
	if m != nil {
		m.silent.Inc()
	}
}

func (m *metrics) wayLost() {
	if m != nil {
		m.lost.Inc()
	}
}
