package send

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/butlerspb/vahta/dispatch"
)

// metrics count mails; the labels are results and the accounts of the configuration.
type metrics struct {
	mails *prometheus.CounterVec
	tries *prometheus.CounterVec
	took  prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	return &metrics{
		mails: f.NewCounterVec(prometheus.CounterOpts{Name: "vahta_mail_out_total", Help: "Tries to send a mail, by result."}, []string{"result"}),
		tries: f.NewCounterVec(prometheus.CounterOpts{Name: "vahta_mail_out_account_total", Help: "What submission accounts did with mails."}, []string{"account", "outcome"}),
		took: f.NewHistogram(prometheus.HistogramOpts{
			Name: "vahta_mail_out_seconds", Help: "How long a try took.", Buckets: prometheus.ExponentialBuckets(0.01, 2.5, 10),
		}),
	}
}

func (m *metrics) sent(result dispatch.Result, took time.Duration) {
	m.mails.WithLabelValues(string(result)).Inc()
	m.took.Observe(took.Seconds())
}

func (m *metrics) tried(account string, o outcome) {
	m.tries.WithLabelValues(account, o.String()).Inc()
}

// String names the outcome.
func (o outcome) String() string {
	switch o {
	case taken:
		return "taken"
	case unreached:
		return "unreached"
	case unwelcome:
		return "unwelcome"
	case later:
		return "later"
	case refused:
		return "refused"
	case never:
		return "never"
	case unsure:
		return "unsure"
	}
	return "unknown"
}
