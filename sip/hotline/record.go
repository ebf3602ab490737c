package hotline

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// record starts the recording; without one the call goes on, and says so.
// Recordings are shed before calls: a disk that is nearly full takes none.
func (k *call) record() {
	if k.h.cfg.Recordings == "" || !k.s.Plan.Line.Record {
		return
	}
	if k.h.disk.short() {
		k.h.metrics.recordingShed()
		k.c.Note("not recorded: " + diskNote)
		return
	}
	path := recordingPath(k.h.cfg.Recordings, k.h.now(), k.ref.Number, k.id)
	if err := k.c.Record(path, k.notRecorded); err != nil {
		k.notRecorded(err)
		return
	}
	k.recording = path
}

// diskNote is what a call's detail says when the disk was nearly full.
const diskNote = "the disk is nearly full"

func (k *call) notRecorded(err error) {
	k.c.Note("not recorded: " + err.Error())
	k.h.metrics.recordingFailed()
	k.h.log.Error("call is not recorded; check the recordings folder", "call_id", k.id, "err", err)
}

// watchDisk looks at the disk of the recordings until ctx ends. Calls read what
// it has seen: they never wait for a disk.
func (h *Hotline) watchDisk(ctx context.Context) {
	if h.disk.least == 0 {
		return
	}
	_ = h.safely(h.shedRecordings)
	tick := time.NewTicker(diskCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = h.safely(h.shedRecordings) // the next look comes
		}
	}
}

// shedRecordings ends the recordings that run while the disk is short, one that
// was begun a moment ago too; the talks go on.
func (h *Hotline) shedRecordings() {
	if h.disk.look(); !h.disk.short() {
		return
	}
	h.mu.Lock()
	calls := make([]*call, 0, len(h.live))
	for k := range h.live {
		calls = append(calls, k)
	}
	h.mu.Unlock()
	for _, k := range calls {
		k.post(func() {
			if k.c.StopRecording("recording ended early: " + diskNote) {
				h.metrics.recordingShed()
			}
		})
	}
}

// disk knows whether the file system of the recordings has room for more. What
// cannot be asked stays as it was, at first with room.
type disk struct {
	// set at newDisk
	folder string
	least  uint64 // bytes; 0 = no limit
	free   func(folder string) (uint64, error)
	log    *slog.Logger

	low atomic.Bool
}

// diskCheck is how often the free space is asked for.
const diskCheck = time.Second

func newDisk(cfg *Config, free func(string) (uint64, error), log *slog.Logger) *disk {
	d := &disk{folder: cfg.Recordings, least: uint64(cfg.RecordingsMinFree) << 20, free: free, log: log}
	if d.free == nil {
		d.free = freeSpace
	}
	if d.folder == "" {
		d.least = 0
	}
	return d
}

// short reports whether nothing more may be recorded.
func (d *disk) short() bool { return d.low.Load() }

// look asks the system. Once short, the disk must have a quarter more than the
// least before recordings come back. One goroutine looks.
func (d *disk) look() {
	free, err := d.free(d.folder)
	if errors.Is(err, os.ErrNotExist) {
		free, err = d.free(filepath.Dir(d.folder)) // made with the first recording
	}
	switch {
	case err != nil: // a folder that cannot be asked shows itself when a recording begins
	case !d.short() && free < d.least:
		d.low.Store(true)
		d.log.Error("the disk of the recordings is nearly full: calls are no longer recorded", "free_mib", free>>20, "least_mib", d.least>>20)
	case d.short() && free >= d.least+d.least/4:
		d.low.Store(false)
		d.log.Info("the disk of the recordings has room again: calls are recorded", "free_mib", free>>20)
	}
}

// recordingPath returns <root>/YYYY/MM/DD/<ticket number>-<call>.wav. The call is
// named by a hash: its Call-ID is the far end's text and must not choose file
// names. The folder is made with the file, beside the call.
func recordingPath(root string, now time.Time, ticket, call string) string {
	day := filepath.Join(root, now.Format("2006"), now.Format("01"), now.Format("02"))
	return filepath.Join(day, orText(ticket, "no-ticket")+"-"+call+".wav")
}
