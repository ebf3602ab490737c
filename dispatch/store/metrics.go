package store

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts the writer's work; a nil *metrics counts nothing.
type metrics struct {
	batch   prometheus.Histogram
	seconds prometheus.Histogram
	failed  prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vahta_store_batch_changes", Help: "Changes that shared one transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 8),
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vahta_store_batch_seconds", Help: "Time of one transaction with its fsync.",
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .05, .1, .5, 1, 5},
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vahta_store_failed_batches_total", Help: "Transactions that the database refused as a whole.",
		}),
	}
	m.batch, m.seconds, m.failed = once(r, m.batch), once(r, m.seconds), once(r, m.failed)
	return m
}

// once registers a metric, or returns the one that an earlier try to open the
// store has registered.
func once[C prometheus.Collector](r prometheus.Registerer, c C) C {
	err := r.Register(c)
	if was, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		return was.ExistingCollector.(C) //nolint:forcetypeassert // the same name is the same kind
	}
	if err != nil {
		panic(err) // as MustRegister does: two metrics of one name are a fault of the program
	}
	return c
}

func (m *metrics) committed(n int, took time.Duration, err error) {
	if m == nil {
		return
	}
	m.batch.Observe(float64(n))
	m.seconds.Observe(took.Seconds())
	if err != nil {
		m.failed.Inc()
	}
}
