package portal

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what is asked. Routes are patterns: their number is fixed, and no secret is in them.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refused  *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_portal_requests_total", Help: "Requests to the API, feeds and pages, by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vahta_portal_request_seconds", Help: "Time to answer, by route.", Buckets: []float64{.001, .005, .02, .1, .5, 2},
		}, []string{"route"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_portal_tokens_refused_total", Help: "Tokens that were not good, by reason: missing, unknown, revoked, expired, throttled.",
		}, []string{"reason"}),
	}
	if r != nil {
		r.MustRegister(m.requests, m.seconds, m.refused)
	}
	return m
}

func (m *metrics) asked(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

func (m *metrics) failed(reason string) { m.refused.WithLabelValues(reason).Inc() }
