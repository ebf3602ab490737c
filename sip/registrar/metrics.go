package registrar

import "github.com/prometheus/client_golang/prometheus"

// metrics are the figures of a registrar; a nil one counts nothing.
type metrics struct {
	registers *prometheus.CounterVec // by result
	invites   *prometheus.CounterVec // refused ones, by result
	pings     *prometheus.CounterVec
	links     *prometheus.CounterVec
	gone      prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, r *Registrar) *metrics {
	if reg == nil {
		return nil
	}
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "vahta", Subsystem: "phones", Name: name, Help: help}
	}
	count := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts(opts(name, help)), []string{"result"})
	}
	m := &metrics{
		registers: count("register_total", "REGISTER requests, by result."),
		invites:   count("invite_refused_total", "INVITEs of phones that were challenged or refused, by reason."),
		pings:     count("options_total", "OPTIONS to phones between calls, by result."),
		links:     count("link_total", "Tries to set a phone up by a link, by result."),
		gone:      prometheus.NewCounter(prometheus.CounterOpts(opts("gone_ringing_total", "Phones that stopped to answer while they rang."))),
	}
	bound := prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts("bindings", "Phones that are registered at this node.")), func() float64 {
		return float64(r.countOwn())
	})
	reg.MustRegister(m.registers, m.invites, m.pings, m.links, m.gone, bound)
	return m
}

func (m *metrics) registered(result string) {
	if m != nil {
		m.registers.WithLabelValues(result).Inc()
	}
}

func (m *metrics) invited(why string) {
	if m != nil {
		m.invites.WithLabelValues(why).Inc()
	}
}

func (m *metrics) pinged(answered bool) {
	if m == nil {
		return
	}
	result := "missed"
	if answered {
		result = "answered"
	}
	m.pings.WithLabelValues(result).Inc()
}

func (m *metrics) linkTried(result string) {
	if m != nil {
		m.links.WithLabelValues(result).Inc()
	}
}

func (m *metrics) goneRinging() {
	if m != nil {
		m.gone.Inc()
	}
}
