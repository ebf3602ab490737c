package trunk

import "github.com/prometheus/client_golang/prometheus"

// metrics counts per operator; all methods work on nil.
type metrics struct {
	up       *prometheus.GaugeVec
	channels *prometheus.GaugeVec
	refused  *prometheus.CounterVec
	failed   *prometheus.CounterVec
	bound    *prometheus.GaugeVec
	asked    *prometheus.CounterVec
	messages *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vahta_trunk_up", Help: "1 when the operator answers, 0 when it is down (its name has no address, too), -1 while that is not known: before the third look, and with no_options.",
		}, []string{"trunk"}),
		channels: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vahta_trunk_channels", Help: "Calls on the trunk in both directions.",
		}, []string{"trunk"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_trunk_limited_total", Help: "Calls not placed or taken because of channels or calls per second.",
		}, []string{"trunk"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_trunk_failed_attempts_total", Help: "Calls that moved on because the operator or the way to it failed.",
		}, []string{"trunk"}),
	}
	m.bound = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "vahta_trunk_registered", Help: "1 while the operator keeps our registration, 0 while it does not; only trunks that register.",
	}, []string{"trunk"})
	m.asked = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "vahta_trunk_registrations_total", Help: "Attempts to register: ok, refused (our account is not wanted), failed (no good answer).",
	}, []string{"trunk", "result"})
	m.messages = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "vahta_trunk_messages_total", Help: "SIP MESSAGEs: ok, refused (for good), failed (to be sent again).",
	}, []string{"trunk", "direction", "result"})
	reg.MustRegister(m.up, m.channels, m.refused, m.failed, m.bound, m.asked, m.messages)
	return m
}

func (m *metrics) state(trunk string, s State) {
	if m == nil {
		return
	}
	value := -1.0
	switch s {
	case StateUnknown:
	case StateUp:
		value = 1
	case StateDown:
		value = 0
	}
	m.up.WithLabelValues(trunk).Set(value)
}

func (m *metrics) reserve(trunk string, ok bool) {
	if m == nil {
		return
	}
	if !ok {
		m.refused.WithLabelValues(trunk).Inc()
		return
	}
	m.channels.WithLabelValues(trunk).Inc()
}

func (m *metrics) release(trunk string) {
	if m != nil {
		m.channels.WithLabelValues(trunk).Dec()
	}
}

// attempt counts an INVITE that failed.
func (m *metrics) attempt(trunk string, failed bool) {
	if m != nil && failed {
		m.failed.WithLabelValues(trunk).Inc()
	}
}

// registered shows whether the operator keeps our registration.
func (m *metrics) registered(trunk string, is bool) {
	if m != nil {
		m.bound.WithLabelValues(trunk).Set(float64(btoi(is)))
	}
}

// registration counts one attempt to register.
func (m *metrics) registration(trunk string, how regOutcome) {
	if m == nil {
		return
	}
	result := "ok"
	switch {
	case how.refused:
		result = "refused"
	case how.why != "":
		result = "failed"
	}
	m.asked.WithLabelValues(trunk, result).Inc()
}

// message counts one text in or out.
func (m *metrics) message(trunk, direction, result string) {
	if m != nil {
		m.messages.WithLabelValues(trunk, direction, result).Inc()
	}
}
