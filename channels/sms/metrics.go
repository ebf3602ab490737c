package sms

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/channels/sms/smpp"
	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

// metrics are the figures of the channel; it is a smpp.Metrics.
type metrics struct {
	up        *prometheus.GaugeVec
	parts     *prometheus.CounterVec
	took      prometheus.Histogram
	delivered *prometheus.CounterVec
	signals   *prometheus.CounterVec
	receipts  *prometheus.CounterVec
	odd       *prometheus.CounterVec
	rate      *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vahta_sms_link_up", Help: "Whether messages pass through the link to the message centre (1) or not (0).",
		}, []string{"link"}),
		parts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_sms_parts_sent_total", Help: "Parts of texts that left, by link and what the message centre said.",
		}, []string{"link", "outcome"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vahta_sms_submit_seconds", Help: "How long the message centre took to answer for a part.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 13),
		}),
		delivered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_sms_parts_received_total", Help: "Messages and parts that a message centre delivered, by link and whether they were kept.",
		}, []string{"link", "kept"}),
		signals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_sms_signals_total", Help: "Texts handed to the dispatcher, by whether it stored them.",
		}, []string{"stored"}),
		receipts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_sms_receipts_total", Help: "What operators say became of our texts.",
		}, []string{"account", "state"}),
		odd: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_sms_odd_total", Help: "What a message centre should not do, by link and name.",
		}, []string{"link", "what"}),
		rate: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vahta_sms_rate", Help: "Messages a second that the link sends at most now.",
		}, []string{"link"}),
	}
	if r != nil {
		r.MustRegister(m.up, m.parts, m.took, m.delivered, m.signals, m.receipts, m.odd, m.rate)
	}
	return m
}

func (m *metrics) State(bind string, s smpp.State) {
	up := 0.0
	if s == smpp.Bound {
		up = 1
	}
	m.up.WithLabelValues(bind).Set(up)
}

func (m *metrics) Submitted(bind string, o smpp.Outcome, _ pdu.Status, took time.Duration) {
	m.parts.WithLabelValues(bind, o.String()).Inc()
	m.took.Observe(took.Seconds())
}

func (m *metrics) Received(bind string, stored bool) {
	m.delivered.WithLabelValues(bind, yes(stored)).Inc()
}
func (m *metrics) Strange(bind, what string)           { m.odd.WithLabelValues(bind, what).Inc() }
func (m *metrics) Rate(bind string, perSecond float64) { m.rate.WithLabelValues(bind).Set(perSecond) }
func (m *metrics) stored(ok bool)                      { m.signals.WithLabelValues(yes(ok)).Inc() }
func (m *metrics) receipt(account string, s pdu.State) {
	m.receipts.WithLabelValues(account, s.String()).Inc()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
