package accept

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The results of a mail for one mailbox.
const (
	resultTaken = "taken"
	resultAgain = "again" // its sender was told to come again
)

// metrics count mails, one for each mailbox.
type metrics struct{ mails *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{promauto.With(r).NewCounterVec(prometheus.CounterOpts{Name: "vahta_mail_in_total", Help: "Mails that were handed over, one for each mailbox, by result."}, []string{"result"})}
	for _, result := range []string{resultTaken, resultAgain} {
		m.mails.WithLabelValues(result)
	}
	return m
}

func (m *metrics) count(result string) { m.mails.WithLabelValues(result).Inc() }
