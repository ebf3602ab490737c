package wire

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what passes the edge; a nil registerer counts into the void.
type metrics struct {
	in, out, refused, answered, relistens, handshakes *prometheus.CounterVec
	panics, icmps, evictions                          prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, e *Edge) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "vahta", Subsystem: "sip", Name: name, Help: help,
		}, labels)
	}
	m := &metrics{
		in:         counter("received_total", "Messages that reached the transactions.", "transport", "kind"),
		out:        counter("requests_sent_total", "Requests sent, by method.", "method"),
		answered:   counter("responses_sent_total", "Responses sent, by class.", "class"),
		refused:    counter("refused_total", "Messages refused or dropped, by reason.", "reason"),
		relistens:  counter("listener_restarts_total", "Listeners that had to be bound again.", "transport"),
		handshakes: counter("tls_handshakes_total", "TLS handshakes, accepted from others and opened by us.", "side", "result"),
		panics:     prometheus.NewCounter(opts("handler_panics_total", "Panics that were recovered.")),
		evictions:  prometheus.NewCounter(opts("idle_connections_closed_total", "TCP connections without any request, closed for newer ones.")),
		icmps:      prometheus.NewCounter(opts("icmp_errors_total", "ICMP errors read from UDP sockets.")),
	}
	if reg != nil {
		reg.MustRegister(m.in, m.out, m.answered, m.refused, m.relistens, m.handshakes, certificates{e}, m.panics, m.icmps, m.evictions)
		gauge := func(name, help string, get func() int) {
			o := prometheus.GaugeOpts{Namespace: "vahta", Subsystem: "sip", Name: name, Help: help}
			reg.MustRegister(prometheus.NewGaugeFunc(o, func() float64 { return float64(get()) }))
		}
		gauge("server_transactions", "Server transactions.", func() int { n, _ := e.table.size(); return n })
		gauge("client_transactions", "Client transactions.", func() int { _, n := e.table.size(); return n })
		gauge("connections", "TCP and TLS connections, accepted and opened by us.", e.connections)
		gauge("mailboxes", "Call-IDs with inputs waiting.", e.boxes.len)
	}
	return m
}

func opts(name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Namespace: "vahta", Subsystem: "sip", Name: name, Help: help}
}

func (m *metrics) received(t Transport, request bool) {
	kind := "response"
	if request {
		kind = "request"
	}
	m.in.WithLabelValues(string(t), kind).Inc()
}

func (m *metrics) sentRequest(method Method) {
	if !knownMethod(method) {
		method = "other"
	}
	m.out.WithLabelValues(method).Inc()
}

func (m *metrics) sentResponse(status int) {
	m.answered.WithLabelValues(strconv.Itoa(status/100) + "xx").Inc()
}

func (m *metrics) refuse(f fault) { m.refused.WithLabelValues(f.String()).Inc() }

func (m *metrics) refuseStatus(status int) { m.refused.WithLabelValues(strconv.Itoa(status)).Inc() }

func (m *metrics) relisten(t Transport) { m.relistens.WithLabelValues(string(t)).Inc() }

func (m *metrics) panicked() { m.panics.Inc() }

func (m *metrics) evicted() { m.evictions.Inc() }

func (m *metrics) icmp() { m.icmps.Inc() }

func (m *metrics) shook(side string, ok bool) {
	result := "failed"
	if ok {
		result = "ok"
	}
	m.handshakes.WithLabelValues(side, result).Inc()
}

// certificates tells how long each certificate file in use is still good.
type certificates struct{ edge *Edge }

//nolint:gochecknoglobals // descriptions that are never written to
var (
	certExpires = prometheus.NewDesc("vahta_sip_certificate_expires_seconds",
		"Seconds until a TLS certificate expires; below 0 it has.", []string{"name", "file"}, nil)
	certProblem = prometheus.NewDesc("vahta_sip_certificate_problem",
		"1: the file cannot be used as it is now, or has expired.", []string{"name", "file"}, nil)
)

// Describe is part of prometheus.Collector.
func (certificates) Describe(out chan<- *prometheus.Desc) {
	out <- certExpires
	out <- certProblem
}

// Collect is part of prometheus.Collector.
func (c certificates) Collect(out chan<- prometheus.Metric) {
	for _, info := range c.edge.Certificates() {
		problem := 0.0
		if info.Problem != "" {
			problem = 1
		}
		out <- prometheus.MustNewConstMetric(certProblem, prometheus.GaugeValue, problem, info.Name, info.File)
		if !info.NotAfter.IsZero() {
			out <- prometheus.MustNewConstMetric(certExpires, prometheus.GaugeValue, time.Until(info.NotAfter).Seconds(), info.Name, info.File)
		}
	}
}
