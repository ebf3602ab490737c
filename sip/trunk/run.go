package trunk

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run resolves names, probes operators and keeps registrations until ctx ends; then it takes our contacts back from the
// registrars, so the sender must live a little longer.
func (t *Trunks) Run(ctx context.Context) error {
	if t.deps.Sender == nil {
		return errors.New("run trunks: no sender was given")
	}
	var running sync.WaitGroup
	defer t.closeInbox()
	defer running.Wait()
	running.Go(func() { t.resolve(ctx) })
	for _, one := range t.trunks {
		if one.enrol != nil {
			running.Go(func() { one.enrol.run(ctx) })
		}
	}
	t.probeLoop(ctx)
	return nil
}

// probeLoop looks at all operators every ProbeEvery, and gives each look half of that time: what dies right behind a
// look is down within 3.5 rounds.
func (t *Trunks) probeLoop(ctx context.Context) {
	ticker := time.NewTicker(t.cfg.ProbeEvery)
	defer ticker.Stop()
	enough := time.NewTimer(t.cfg.ProbeEvery / 2)
	defer enough.Stop()
	t.probeAll()
	for {
		select {
		case <-ctx.Done():
			return
		case <-enough.C:
			t.expireAll()
		case <-ticker.C:
			t.probeAll()
			enough.Reset(t.cfg.ProbeEvery / 2)
		}
	}
}
