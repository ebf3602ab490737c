package dialog

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what an operator of the line wants to see; nil counts nothing.
type metrics struct {
	open     prometheus.Gauge
	lateOKs  prometheus.Counter
	noAcks   prometheus.Counter
	meanless prometheus.Counter
	foreign  prometheus.Counter
	panics   prometheus.Counter
	expiries prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vahta_sip_dialogs", Help: "Dialogs known, with those that wait for late answers.",
		}),
		lateOKs: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_sip_swept_answers_total", Help: "2xx that nobody wanted, ended with ACK and BYE.",
		}),
		noAcks: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_sip_unacknowledged_answers_total", Help: "Our 200s that never got their ACK.",
		}),
		meanless: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_sip_illegal_events_total", Help: "Events without meaning in the dialog's state.",
		}),
	}
	m.foreign = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vahta_sip_foreign_requests_total", Help: "Requests within a dialog from an address that is not of it, refused.",
	})
	m.panics = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vahta_sip_dialog_panics_total", Help: "Dialogs that broke when no call was there to notice.",
	})
	m.expiries = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vahta_sip_sessions_expired_total", Help: "Calls ended because their session was not refreshed in time.",
	})
	reg.MustRegister(m.open, m.lateOKs, m.noAcks, m.meanless, m.foreign, m.panics, m.expiries)
	return m
}

func (m *metrics) opened(n float64) {
	if m != nil {
		m.open.Add(n)
	}
}

func (m *metrics) swept() {
	if m != nil {
		m.lateOKs.Inc()
	}
}

func (m *metrics) unacked() {
	if m != nil {
		m.noAcks.Inc()
	}
}

func (m *metrics) foreigner() {
	if m != nil {
		m.foreign.Inc()
	}
}

func (m *metrics) illegal() {
	if m != nil {
		m.meanless.Inc()
	}
}

func (m *metrics) expired() {
	if m != nil {
		m.expiries.Inc()
	}
}

func (m *metrics) panicked() {
	if m != nil {
		m.panics.Inc()
	}
}
