package journal

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts the journal's work; a nil *metrics counts nothing.
type metrics struct {
	append  *prometheus.HistogramVec
	records prometheus.Counter
	turns   prometheus.Counter
	replays prometheus.Counter
	rebases prometheus.Counter
}

func newMetrics(r prometheus.Registerer, s *Store) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		append: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vahta_journal_append_seconds", Help: "Time of one write to the journal with its sync, by result (ok, failed).",
			Buckets: []float64{.0001, .0002, .0005, .001, .002, .005, .01, .05, .1, .5, 1, 5},
		}, []string{"result"}),
		records: prometheus.NewCounter(prometheus.CounterOpts{Name: "vahta_journal_records_total", Help: "Changes written to the journal."}),
		turns: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_journal_away_total", Help: "How often the database stopped taking changes.",
		}),
		replays: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_journal_replayed_total", Help: "Changes brought from the journal to the database.",
		}),
		rebases: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_journal_rebased_total", Help: "Changes that were decided anew at the replay, because the stored ticket looked different.",
		}),
	}
	gauge := func(name, help string, read func(Status) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return read(s.Status()) })
	}
	r.MustRegister(m.append, m.records, m.turns, m.replays, m.rebases,
		gauge("vahta_journal_state", "0 = the database takes changes, 1 = away, 2 = replaying, 3 = away and the journal is full.", func(st Status) float64 {
			switch st.State {
			case Passing:
				return 0
			case Away:
				return 1
			case Replaying:
				return 2
			case Full:
				return 3
			}
			return 1
		}),
		gauge("vahta_journal_pending", "Changes that the database has not got.", func(st Status) float64 { return float64(st.Pending) }),
		gauge("vahta_journal_oldest_seconds", "Age of the oldest of them.", func(st Status) float64 {
			if st.Oldest.IsZero() {
				return 0
			}
			return s.now().Sub(st.Oldest).Seconds()
		}),
		gauge("vahta_journal_bytes", "Bytes of the journal in use.", func(st Status) float64 { return float64(st.Bytes) }),
		gauge("vahta_journal_size_bytes", "Size of the journal.", func(st Status) float64 { return float64(st.Size) }),
		gauge("vahta_journal_lost_records", "Records that could not be read at the start: the file was damaged.", func(st Status) float64 { return float64(st.Lost) }),
		gauge("vahta_journal_rejected_changes", "Changes since the start that could not be applied.", func(st Status) float64 { return float64(st.Rejected) }),
	)
	return m
}

func (m *metrics) appended(took time.Duration, n int, err error) {
	if m == nil {
		return
	}
	result := "ok"
	if err != nil {
		result = "failed"
	} else {
		m.records.Add(float64(n))
	}
	m.append.WithLabelValues(result).Observe(took.Seconds())
}

func (m *metrics) turned() {
	if m != nil {
		m.turns.Inc()
	}
}

func (m *metrics) brought() {
	if m != nil {
		m.replays.Inc()
	}
}

func (m *metrics) rebased() {
	if m != nil {
		m.rebases.Inc()
	}
}
