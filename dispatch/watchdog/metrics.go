package watchdog

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
)

// metrics shows what the watchdog sees; a nil *metrics shows nothing.
type metrics struct {
	faults  *prometheus.GaugeVec
	timers  prometheus.Gauge
	notices *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		faults: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vahta_watchdog_fault", Help: "1 while something that wakes people is not done in time, by fault.",
		}, []string{"fault"}),
		timers: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vahta_watchdog_timer_lag_seconds", Help: "How long the oldest timer that nobody has fetched is due.",
		}),
		notices: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vahta_watchdog_notice_lag_seconds", Help: "How long the oldest notice that nobody has fetched is due, by kind.",
		}, []string{"kind"}),
	}
	r.MustRegister(m.faults, m.timers, m.notices)
	return m
}

func (m *metrics) fault(name string, is bool) {
	if m == nil {
		return
	}
	value := 0.0
	if is {
		value = 1
	}
	m.faults.WithLabelValues(name).Set(value)
}

func (m *metrics) timerLag(d time.Duration) {
	if m != nil {
		m.timers.Set(d.Seconds())
	}
}

func (m *metrics) noticeLag(kind dispatch.NoticeKind, d time.Duration) {
	if m != nil {
		m.notices.WithLabelValues(string(kind)).Set(d.Seconds())
	}
}
