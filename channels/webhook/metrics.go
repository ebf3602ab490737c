package webhook

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts requests; a nil *metrics counts nothing.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_webhook_requests_total", Help: "Requests to webhook endpoints by result.",
		}, []string{"endpoint", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vahta_webhook_request_seconds", Help: "Time of a request to a webhook endpoint.", Buckets: prometheus.DefBuckets,
		}, []string{"endpoint"}),
	}
	r.MustRegister(m.requests, m.seconds)
	return m
}

func (m *metrics) sent(endpoint string, took time.Duration, err error) {
	if m == nil {
		return
	}
	result := "delivered"
	if err != nil {
		result = "failed"
	}
	m.requests.WithLabelValues(endpoint, result).Inc()
	m.seconds.WithLabelValues(endpoint).Observe(took.Seconds())
}
