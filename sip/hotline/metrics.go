package hotline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
)

// metrics are the figures of the script; a nil one counts nothing.
type metrics struct {
	calls    *prometheus.CounterVec // by result
	attempts *prometheus.CounterVec // by outcome
	claims   *prometheus.CounterVec // by answer
	pages    *prometheus.CounterVec // by result
	recalls  *prometheus.CounterVec // by result
	records  *prometheus.CounterVec // refused by the store, by kind
	degraded *prometheus.CounterVec // by what could not be asked
	shed     prometheus.Counter
	panics   prometheus.Counter
	prompts  prometheus.Counter
	files    prometheus.Counter
	queue    prometheus.Gauge
	toDial   prometheus.Histogram
	toAccept prometheus.Histogram
	length   prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	counter := func(name, help, label string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "vahta", Subsystem: "hotline", Name: name, Help: help}, []string{label})
		reg.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "vahta", Subsystem: "hotline", Name: name, Help: help, Buckets: buckets,
		})
		reg.MustRegister(h)
		return h
	}
	m := &metrics{
		calls:    counter("calls_total", "Calls that ended, by result.", "result"),
		attempts: counter("attempts_total", "Tries to reach somebody on a live call, by outcome.", "outcome"),
		claims:   counter("claims_total", "Answers of the live rotation.", "answer"),
		pages:    counter("pages_total", "Voice pages, by result.", "result"),
		recalls:  counter("recalls_total", "Tries to ring a client whose call was cut, by result.", "result"),
		records:  counter("records_refused_total", "Records that the store refused for now, by kind.", "kind"),
		degraded: counter("degraded_calls_total", "Calls that went on although something could not be asked, by what.", "what"),
		shed: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "vahta", Subsystem: "hotline", Name: "recordings_shed_total", Help: "Recordings not begun or ended early because the disk is nearly full.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "vahta", Subsystem: "hotline", Name: "panics_total", Help: "Panics of work beside the calls that were recovered.",
		}),
		prompts: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "vahta", Subsystem: "hotline", Name: "prompt_fallbacks_total", Help: "Prompts replaced by their fallback.",
		}),
		files: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "vahta", Subsystem: "hotline", Name: "recording_failures_total", Help: "Calls that could not be recorded.",
		}),
		queue: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "vahta", Subsystem: "hotline", Name: "waiting_callers", Help: "Callers who wait because everybody on duty talks.",
		}),
		toDial:   histogram("first_dial_seconds", "First INVITE of a call until the first engineer's INVITE.", []float64{.0005, .001, .002, .005, .01, .05, .1, .5, 1}),
		toAccept: histogram("accept_seconds", "First INVITE of a call until the accept key.", []float64{5, 10, 15, 20, 30, 45, 60, 120, 300, 900}),
		length:   histogram("call_seconds", "Length of calls.", []float64{5, 15, 30, 60, 120, 300, 600, 1800, 3600}),
	}
	reg.MustRegister(m.shed, m.panics, m.prompts, m.files, m.queue)
	return m
}

func (m *metrics) ended(r dispatch.CallResult, took time.Duration) {
	if m != nil {
		m.calls.WithLabelValues(string(r)).Inc()
		m.length.Observe(took.Seconds())
	}
}

func (m *metrics) panicked() {
	if m != nil {
		m.panics.Inc()
	}
}

func (m *metrics) attempt(o dispatch.AttemptOutcome) {
	if m != nil {
		m.attempts.WithLabelValues(string(o)).Inc()
	}
}

func (m *metrics) claim(answer string) {
	if m != nil {
		m.claims.WithLabelValues(answer).Inc()
	}
}

func (m *metrics) wasDegraded(what string) {
	if m != nil {
		m.degraded.WithLabelValues(what).Inc()
	}
}

func (m *metrics) recordingShed() {
	if m != nil {
		m.shed.Inc()
	}
}

func (m *metrics) page(r dispatch.Result) {
	if m != nil {
		m.pages.WithLabelValues(string(r)).Inc()
	}
}

func (m *metrics) recalled(r dispatch.Result) {
	if m != nil {
		m.recalls.WithLabelValues(string(r)).Inc()
	}
}

func (m *metrics) recordFailed(kind string) {
	if m != nil {
		m.records.WithLabelValues(kind).Inc()
	}
}

func (m *metrics) missingPrompt() {
	if m != nil {
		m.prompts.Inc()
	}
}

func (m *metrics) recordingFailed() {
	if m != nil {
		m.files.Inc()
	}
}

func (m *metrics) waiting(by float64) {
	if m != nil {
		m.queue.Add(by)
	}
}

func (m *metrics) dialled(first bool, after time.Duration) {
	if m != nil && first {
		m.toDial.Observe(after.Seconds())
	}
}

func (m *metrics) accepted(after time.Duration) {
	if m != nil {
		m.toAccept.Observe(after.Seconds())
	}
}
