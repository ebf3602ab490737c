package selftest

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the figures of the lines; a nil one counts nothing.
type metrics struct {
	t     *Tester
	tests *prometheus.CounterVec
	age   *prometheus.Desc
	ok    *prometheus.Desc
	fails *prometheus.Desc
	mos   *prometheus.Desc
	setup *prometheus.Desc
}

func newMetrics(reg prometheus.Registerer, t *Tester) *metrics {
	if reg == nil {
		return nil
	}
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("vahta_line_proof_"+name, help, []string{"trunk"}, nil)
	}
	m := &metrics{
		t: t,
		tests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_line_proof_total", Help: "Line self-tests by result; by_calls: calls of people proved the line instead.",
		}, []string{"trunk", "result"}),
		age:   desc("age_seconds", "Since the line was last proved; since the start while it never was; missing where it is not tested."),
		ok:    desc("ok", "1 when the last verdict was a proof, 0 when it was a failure; missing before the first."),
		fails: desc("failures", "Failed self-tests in a row."),
		mos:   desc("mos", "Quality of sound of the last self-test, 1 to 4.4; missing without one."),
		setup: desc("setup_seconds", "From INVITE to answer in the last self-test; missing without one."),
	}
	for _, l := range t.deps.Lines {
		for _, r := range Results() {
			m.tests.WithLabelValues(l.Trunk, string(r))
		}
	}
	reg.MustRegister(m.tests, m)
	return m
}

func (m *metrics) count(trunk, result string) {
	if m != nil {
		m.tests.WithLabelValues(trunk, result).Inc()
	}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{m.age, m.ok, m.fails, m.mos, m.setup} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	now := m.t.now()
	for _, h := range m.t.Histories() {
		gauge := func(d *prometheus.Desc, v float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, h.Trunk)
		}
		switch {
		case !h.OK.IsZero():
			gauge(m.age, now.Sub(h.OK).Seconds())
		case m.t.tested(h.Trunk):
			gauge(m.age, now.Sub(m.t.started).Seconds())
		}
		if h.Result != "" {
			ok := 0.0
			if h.Result == OK {
				ok = 1
			}
			gauge(m.ok, ok)
		}
		gauge(m.fails, float64(h.Fails))
		if h.MOS > 0 {
			gauge(m.mos, h.MOS)
		}
		if h.Answered > 0 {
			gauge(m.setup, h.Answered.Seconds())
		}
	}
}

// tested reports whether the line is tested by itself.
func (t *Tester) tested(trunk string) bool {
	return t.cfg.Every > 0 && slices.ContainsFunc(t.deps.Lines, func(l Line) bool { return l.Trunk == trunk && !l.Off })
}
