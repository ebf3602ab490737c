package pressure

import "log/slog"

// Shares of a disk at which somebody is told.
const (
	diskWarn = 0.80
	diskFull = 0.90
	diskBack = 0.02 // below a mark by so much it counts as left
)

// diskAlarm tells of a disk that fills, once a turn.
type diskAlarm struct {
	level  int // 0 fine, 1 above the first mark, 2 above the second
	failed bool
}

// watch judges one reading.
func (d *diskAlarm) watch(log *slog.Logger, folder string, free, size int64) {
	d.failed = false
	if size <= 0 {
		return
	}
	used := 1 - float64(free)/float64(size)
	level := d.level
	switch {
	case used >= diskFull:
		level = 2
	case used >= diskWarn && level < 2:
		level = 1
	case used < diskWarn-diskBack:
		level = 0
	case used < diskFull-diskBack && level == 2:
		level = 1
	}
	if level == d.level {
		return
	}
	up := level > d.level
	d.level = level
	switch {
	case level == 2:
		log.Error("the disk of the data folder is nearly full; recordings stop first, calls and tickets go on", "path", folder, "free", free, "size", size)
	case up:
		log.Warn("the disk of the data folder fills", "path", folder, "free", free, "size", size)
	case level == 0:
		log.Info("the disk of the data folder has room again", "path", folder, "free", free, "size", size)
	}
}

// unknown tells once that the disk cannot be asked.
func (d *diskAlarm) unknown(log *slog.Logger, folder string, err error) {
	if !d.failed {
		d.failed = true
		log.Warn("the disk of the data folder cannot be watched", "path", folder, "err", err)
	}
}
