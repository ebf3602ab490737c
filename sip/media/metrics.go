package media

import "github.com/prometheus/client_golang/prometheus"

// counters are counted by a shard without locks and handed to the metrics once a second.
type counters struct {
	received, relayed, generated            uint64
	invalid, foreign, unknownPT, sendErrors uint64
	undecryptable, replayed                 uint64
}

// metrics are the figures of a pool; a nil one counts nothing.
type metrics struct {
	streams   prometheus.Gauge
	busy      prometheus.Counter
	exhausted prometheus.Counter
	panics    prometheus.Counter
	packets   *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "vahta_media_streams", Help: "RTP streams that are open."}),
		busy: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_media_ports_busy_total", Help: "RTP ports skipped because another program holds them.",
		}),
		exhausted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_media_ports_exhausted_total", Help: "RTP streams that found no free port.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_media_panics_total", Help: "Panics recovered in the media of one stream, or in its recording.",
		}),
		packets: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vahta_media_packets_total",
			Help: "RTP packets by what became of them: received, relayed, generated, invalid, foreign (source not believed), " +
				"unknown_pt, send_error, undecryptable (SRTP under another key, or none), replayed.",
		}, []string{"what"}),
	}
	r.MustRegister(m.streams, m.busy, m.exhausted, m.panics, m.packets)
	return m
}

func (m *metrics) stream(d float64) {
	if m != nil {
		m.streams.Add(d)
	}
}

func (m *metrics) portBusy() {
	if m != nil {
		m.busy.Inc()
	}
}

func (m *metrics) portsExhausted() {
	if m != nil {
		m.exhausted.Inc()
	}
}

func (m *metrics) panicked() {
	if m != nil {
		m.panics.Inc()
	}
}

// add takes the counts and clears them.
func (m *metrics) add(c *counters) {
	if m != nil {
		for _, v := range []struct {
			what string
			n    uint64
		}{
			{"received", c.received},
			{"relayed", c.relayed},
			{"generated", c.generated},
			{"invalid", c.invalid},
			{"foreign", c.foreign},
			{"unknown_pt", c.unknownPT},
			{"send_error", c.sendErrors},
			{"undecryptable", c.undecryptable},
			{"replayed", c.replayed},
		} {
			m.packets.WithLabelValues(v.what).Add(float64(v.n))
		}
	}
	*c = counters{}
}
