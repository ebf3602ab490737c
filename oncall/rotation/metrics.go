package rotation

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the figures of a Switch; a nil one counts nothing.
type metrics struct {
	shared prometheus.Gauge
	falls  prometheus.Counter
	took   *prometheus.HistogramVec // by op, result
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		shared: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "vahta", Subsystem: "rotation", Name: "shared", Help: "1 while Redis answers, 0 while this node decides alone.",
		}),
		falls: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "vahta", Subsystem: "rotation", Name: "falls_total", Help: "Times that Redis failed or was too slow and this node went on alone.",
		}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "vahta", Subsystem: "rotation", Name: "operation_seconds", Help: "Operations in Redis, by operation and result.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25},
		}, []string{"op", "result"}),
	}
	reg.MustRegister(m.shared, m.falls, m.took)
	return m
}

func (m *metrics) asked(op string, took time.Duration, err error) {
	if m == nil {
		return
	}
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.took.WithLabelValues(op, result).Observe(took.Seconds())
}

func (m *metrics) turned(shared bool) {
	if m == nil {
		return
	}
	if shared {
		m.shared.Set(1)
		return
	}
	m.shared.Set(0)
	m.falls.Inc()
}
