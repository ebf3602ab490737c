package dispatch

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Status says which directory is in force on this node and how sure that is.
func (k *Keeper) Status() DirectoryStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.ageLocked()
	return DirectoryStatus{
		Version: k.current.version, From: k.from, Confirmed: k.confirmed, Age: age.Seconds(), Stale: age > directoryStale,
		Pending: k.pending, Fault: k.fault,
	}
}

// ageLocked is the time since the store confirmed the directory; mu is held.
func (k *Keeper) ageLocked() time.Duration {
	last := k.confirmed
	if last.IsZero() {
		last = k.born
	}
	if last.IsZero() {
		return 0
	}
	return max(0, k.deps.Now().Sub(last))
}

// watch raises the alarm about an old directory, and ends it, once each.
func (k *Keeper) watch() {
	k.mu.Lock()
	age, fault, told := k.ageLocked(), k.fault, k.alarmed
	k.alarmed = age > directoryStale
	now := k.alarmed
	k.mu.Unlock()
	switch {
	case now && !told:
		k.log.Error("the directory has not been confirmed for more than 15 minutes; it is used all the same, but changes made on other nodes are missing here",
			"age", age.Round(time.Second).String(), "err", fault)
	case told && !now:
		k.log.Info("the directory is confirmed again")
	}
}

// measure exposes age and version.
func (k *Keeper) measure(r prometheus.Registerer) {
	if r == nil {
		return
	}
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("vahta_directory_age_seconds", "Time since the store confirmed that the directory of this node is in force.",
		func() float64 { return k.Status().Age })
	gauge("vahta_directory_stale", "1 while the directory was not confirmed for more than 15 minutes.", func() float64 {
		if k.Status().Stale {
			return 1
		}
		return 0
	})
	gauge("vahta_directory_made_at_seconds", "When the directory of this node was put in force, Unix time: its version, to compare nodes.",
		func() float64 {
			if v := k.Status().Version; !v.MadeAt.IsZero() {
				return float64(v.MadeAt.UnixMicro()) / 1e6
			}
			return 0
		})
}

// short is a version as a log shows it.
func short(v Version) string {
	const enough = 12
	return v.Hash[:min(enough, len(v.Hash))]
}
