package dispatch

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts the dispatcher's work; a nil *metrics counts nothing.
type metrics struct {
	verbs     *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	conflicts prometheus.Counter
	late      prometheus.Counter
	taken     prometheus.Counter
	nobody    prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		verbs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_dispatch_verbs_total", Help: "Verbs of the dispatcher by result.",
		}, []string{"verb", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vahta_dispatch_verb_seconds", Help: "Time of a verb until its effect was durable.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1},
		}, []string{"verb"}),
		conflicts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_dispatch_conflicts_total", Help: "Commits repeated because the ticket had changed meanwhile.",
		}),
		late: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_dispatch_late_timers_total", Help: "Timers that fired more than 10 s after they were due.",
		}),
		taken: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_dispatch_taken_over_total", Help: "How often this node was believed dead and its calls were taken over.",
		}),
	}
	m.nobody = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vahta_dispatch_nobody_reached_total", Help: "How often people were paged for minutes and nobody was reached.",
	})
	r.MustRegister(m.verbs, m.seconds, m.conflicts, m.late, m.taken, m.nobody)
	return m
}

func (m *metrics) verb(name string, began time.Time, err error) {
	if m == nil {
		return
	}
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.verbs.WithLabelValues(name, result).Inc()
	m.seconds.WithLabelValues(name).Observe(time.Since(began).Seconds())
}

func (m *metrics) conflict() {
	if m != nil {
		m.conflicts.Inc()
	}
}

func (m *metrics) lateTimer() {
	if m != nil {
		m.late.Inc()
	}
}

func (m *metrics) nobodyReached() {
	if m != nil {
		m.nobody.Inc()
	}
}

func (m *metrics) takenOver() {
	if m != nil {
		m.taken.Inc()
	}
}
