package pressure

import (
	"bytes"
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
)

// machine reads the operating system and the runtime.
type machine struct {
	root string // of the file system; tests have one of their own
}

func (m *machine) file(name string) string {
	b, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil {
		return "" // not there: that limit is not told here
	}
	return strings.TrimSpace(string(b))
}

func (m *machine) memoryLimit() int64 {
	return least(debug.SetMemoryLimit(-1), m.groupLimit())
}

// least returns the smaller limit; what is not positive or near the largest number is none.
func least(limits ...int64) int64 {
	const none = math.MaxInt64 / 2 // version 1 says "no limit" with the largest multiple of a page
	best := int64(0)
	for _, l := range limits {
		if l > 0 && l < none && (best == 0 || l < best) {
			best = l
		}
	}
	return best
}

// groupLimit is the smallest memory limit of the process's control group and those above it, in either version; 0 =
// none.
func (m *machine) groupLimit() int64 {
	best := int64(0)
	for line := range strings.Lines(m.file("proc/self/cgroup")) {
		number, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, ok := strings.Cut(rest, ":")
		base, file := "sys/fs/cgroup", "memory.max"
		switch {
		case !ok:
			continue
		case number == "0" && controllers == "":
		case strings.Contains(","+controllers+",", ",memory,"):
			base, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group = path.Clean("/" + group); ; group = path.Dir(group) {
			if n, err := strconv.ParseInt(m.file(path.Join(base, group, file)), 10, 64); err == nil {
				best = least(best, n)
			}
			if group == "/" {
				break
			}
		}
	}
	return best
}

// Names of the runtime's figures.
const (
	figureTotal      = "/memory/classes/total:bytes"
	figureReleased   = "/memory/classes/heap/released:bytes"
	figureObjects    = "/memory/classes/heap/objects:bytes"
	figureUnused     = "/memory/classes/heap/unused:bytes"
	figureFree       = "/memory/classes/heap/free:bytes"
	figureLive       = "/gc/heap/live:bytes"
	figureGoroutines = "/sched/goroutines:goroutines"
)

func figures(names ...string) []int64 {
	samples := make([]metrics.Sample, len(names))
	for i, n := range names {
		samples[i].Name = n
	}
	metrics.Read(samples)
	out := make([]int64, len(names))
	for i, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			out[i] = int64(min(s.Value.Uint64(), math.MaxInt64))
		}
	}
	return out
}

// limits of memory, the least of what the control group and GOMEMLIMIT allow, and of descriptors.
func (m *machine) limits() (memory, files int64) { return m.memoryLimit(), m.fileLimit() }

// memory is what a collection would leave: the runtime's need and what lies outside the runtime.
func (m *machine) memory() int64 {
	needed, held := runtimeMemory()
	return needed + max(0, m.resident()-held)
}

// runtimeMemory is what the runtime would hold after a collection, and what it holds.
func runtimeMemory() (needed, held int64) {
	f := figures(figureTotal, figureReleased, figureObjects, figureUnused, figureFree, figureLive)
	total, released, objects, unused, free, live := f[0], f[1], f[2], f[3], f[4], f[5]
	held = total - released
	return held - objects - unused - free + min(live, objects), held
}

// resident is the process's resident set, 0 where the system does not tell.
func (m *machine) resident() int64 {
	f := bytes.Fields([]byte(m.file("proc/self/statm")))
	if len(f) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(f[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

func (m *machine) goroutines() int64 { return figures(figureGoroutines)[0] }

// files counts open descriptors: Linux 6.2 and later tell it as the size of the folder, without opening anything.
func (m *machine) files() int64 {
	folder := filepath.Join(m.root, "proc/self/fd")
	if info, err := os.Stat(folder); err == nil && info.Size() > 0 {
		return info.Size()
	}
	d, err := os.Open(folder)
	switch {
	case exhausted(err):
		return m.fileLimit()
	case err != nil:
		return 0
	}
	defer func() { _ = d.Close() }() // it was only read
	names, err := d.Readdirnames(-1)
	if err != nil {
		return 0
	}
	return int64(len(names)) - 1 // without this one
}
