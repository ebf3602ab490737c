package locate

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what is asked; all methods work on nil.
type metrics struct {
	questions *prometheus.CounterVec
	old       prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		questions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_dns_questions_total", Help: "Questions about peers' names, by whether a name server answered.",
		}, []string{"result"}),
		old: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vahta_dns_stale_names", Help: "Peers' names whose addresses have outlived their time or are not known, because DNS does not answer.",
		}),
	}
	reg.MustRegister(m.questions, m.old)
	return m
}

func (m *metrics) asked(err error) {
	if m == nil {
		return
	}
	result := "answered"
	if err != nil {
		result = "failed"
	}
	m.questions.WithLabelValues(result).Inc()
}

func (m *metrics) stale(n int) {
	if m != nil {
		m.old.Set(float64(n))
	}
}
