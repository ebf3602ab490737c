package guard

import "github.com/prometheus/client_golang/prometheus"

// newMetrics registers the day's figures as gauges.
func newMetrics(r prometheus.Registerer, g *Guard) {
	if r == nil {
		return
	}
	gauge := func(name, help string, read func(Status) float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return read(g.Status()) }))
	}
	gauge("vahta_toll_day_minutes", "Minutes through operators today.", func(s Status) float64 { return s.Minutes })
	gauge("vahta_toll_day_money", "Money for calls through operators today.", func(s Status) float64 { return s.Money })
	gauge("vahta_toll_spent_ratio", "Part of today's budget that is spent, of minutes or money, whichever is more; 0 without a budget.", Status.Spent)
	gauge("vahta_security_bans", "Sources that are banned now.", func(Status) float64 { return float64(len(g.Bans.List(g.deps.Now()))) })
	gauge("vahta_toll_stop", "0 nothing is stopped, 1 everything but paging, 2 everything.", func(s Status) float64 {
		switch s.Stop {
		case StopOthers:
			return 1
		case StopAll:
			return 2
		case StopNone:
		}
		return 0
	})
}
