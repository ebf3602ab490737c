package trunk

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// lookupTimeout bounds one round of name resolution.
const lookupTimeout = 5 * time.Second

// maxAddresses is how many addresses of one name are used; more would only make a failing call
// longer.
const maxAddresses = 3

// Run resolves names, probes operators and keeps registrations until ctx ends; then it takes our contacts back from the
// registrars, so the sender must live a little longer.
func (t *Trunks) Run(ctx context.Context) error {
	if t.deps.Sender == nil {
		return errors.New("run trunks: no sender was given")
	}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { t.resolveLoop(ctx) })
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

// resolveLoop looks all names up at once, periodically, and when the phones have changed.
func (t *Trunks) resolveLoop(ctx context.Context) {
	ticker := time.NewTicker(t.cfg.ResolveEvery)
	defer ticker.Stop()
	for {
		t.safely(func() { t.Resolve(ctx) })
		t.lookedUp()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-t.again:
		}
	}
}

// Resolve looks all host names up now. A name that fails keeps the addresses it had.
func (t *Trunks) Resolve(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var (
		mu       sync.Mutex
		running  sync.WaitGroup
		resolved = maps.Clone(t.peers.Load().hosts)
	)
	for _, host := range t.names() {
		running.Go(func() {
			t.safely(func() {
				addrs, err := t.deps.Resolver.LookupNetIP(ctx, "ip", host)
				if err != nil || len(addrs) == 0 {
					t.metrics.resolveFailed()
					t.deps.Log.WarnContext(ctx, "peer name not resolved, old addresses stay", "host", host, "err", err)
					return
				}
				for i := range addrs {
					addrs[i] = addrs[i].Unmap()
				}
				slices.SortFunc(addrs, netip.Addr.Compare) // IPv4 first; a stable order keeps one target per call
				mu.Lock()
				defer mu.Unlock()
				resolved[host] = addrs[:min(len(addrs), maxAddresses)]
			})
		})
	}
	running.Wait()
	t.peers.Store(t.index(resolved))
}

// names lists the hosts that are no literal addresses.
func (t *Trunks) names() []string {
	var out []string
	consider := func(host string) {
		if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || slices.Contains(out, host) {
			return
		}
		if _, err := parseSource(host); err == nil {
			return
		}
		out = append(out, host)
	}
	for _, one := range t.trunks {
		consider(one.op.Host)
	}
	for _, host := range t.phones.Load().hosts {
		consider(host)
	}
	return out
}
