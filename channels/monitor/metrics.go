package monitor

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what came. Who has no token is source "".
type metrics struct {
	requests *prometheus.CounterVec
	signals  *prometheus.CounterVec
	last     *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_monitor_requests_total", Help: "Requests of monitoring systems, by source and HTTP status.",
		}, []string{"source", "status"}),
		signals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_monitor_signals_total", Help: "Alarms of monitoring systems that were stored, by source.",
		}, []string{"source"}),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vahta_monitor_last_signal_seconds", Help: "When the source was heard last, in Unix seconds.",
		}, []string{"source"}),
	}
	if r != nil {
		r.MustRegister(m.requests, m.signals, m.last)
	}
	return m
}

func (m *metrics) request(source string, status int) {
	m.requests.WithLabelValues(source, strconv.Itoa(status)).Inc()
}

func (m *metrics) stored(source string, n int, now time.Time) {
	m.signals.WithLabelValues(source).Add(float64(n))
	m.last.WithLabelValues(source).Set(float64(now.Unix()))
}
