package outbox

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
)

// metrics counts deliveries; a nil *metrics counts nothing.
type metrics struct {
	deliveries *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_outbox_deliveries_total", Help: "Tries of the outbox by channel and result.",
		}, []string{"channel", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vahta_outbox_wait_seconds", Help: "Time from a notice's due moment to the end of its try.",
			Buckets: []float64{.1, .5, 1, 5, 15, 60, 300, 3600},
		}, []string{"channel"}),
	}
	r.MustRegister(m.deliveries, m.seconds)
	return m
}

func (m *metrics) delivered(d dispatch.Delivery) {
	if m == nil {
		return
	}
	m.deliveries.WithLabelValues(string(d.Notice.Channel), string(d.Result)).Inc()
	m.seconds.WithLabelValues(string(d.Notice.Channel)).Observe(d.At.Add(d.Took).Sub(d.Notice.DueAt).Seconds())
}
