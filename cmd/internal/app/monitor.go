package app

import (
	"net/http"
	"slices"

	"github.com/butlerspb/vahta/channels/monitor"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// alarms tells a dispatcher how the alarms of the configured sources are read.
func alarms(d *dispatch.Dispatcher, c config.Config) {
	known := func(org string) bool {
		_, ok := d.Directory().Load().Book.Resolve(org)
		return ok && org != ""
	}
	d.Register(dispatch.ChannelMonitor, dispatch.Decoding{Decode: sources(c).Decoder(known)})
}

// sources are the monitoring systems, whose clocks show the company's time where they do not say.
func sources(c config.Config) monitor.Config {
	m := c.Monitor
	m.Sources = slices.Clone(m.Sources)
	for i := range m.Sources {
		if own, err := oncall.LoadZone(c.Dispatch.Zone); err == nil && m.Sources[i].Zone.IsZero() {
			m.Sources[i].Zone = own
		}
	}
	return m
}

// mountMonitor adds the way in for alarms.
func (a *App) mountMonitor(mux *http.ServeMux) {
	if len(a.cfg.Monitor.Sources) > 0 {
		mux.Handle(monitor.Path, a.monitor)
	}
}
