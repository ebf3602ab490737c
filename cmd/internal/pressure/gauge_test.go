package pressure

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// twin is a machine made of numbers.
type twin struct {
	limit, files64, mem, open atomic.Int64
	free, size                atomic.Int64
	diskErr                   error
	hang                      chan struct{} // nil = the disk answers
}

func (m *twin) limits() (memory, files int64) { return m.limit.Load(), m.files64.Load() }
func (m *twin) memory() int64                 { return m.mem.Load() }
func (m *twin) files() int64                  { return m.open.Load() }
func (m *twin) goroutines() int64             { return 7 }
func (m *twin) disk(string) (free, size int64, err error) {
	if m.hang != nil {
		<-m.hang
	}
	return m.free.Load(), m.size.Load(), m.diskErr
}

func TestWorst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s     Sample
		why   string
		share float64
	}{
		"nothing has a limit":     {Sample{Memory: Resource{Used: 1 << 40}, Descriptors: Resource{Used: 9}}, "", 0},
		"memory":                  {Sample{Memory: Resource{90, 100}, Descriptors: Resource{10, 100}}, NameMemory, 0.9},
		"descriptors, over limit": {Sample{Memory: Resource{90, 100}, Descriptors: Resource{120, 100}}, NameDescriptors, 1.2},
		"only one has a limit":    {Sample{Memory: Resource{Used: 1 << 40}, Descriptors: Resource{25, 100}}, NameDescriptors, 0.25},
	} {
		if why, share := c.s.Worst(); why != c.why || share != c.share {
			t.Errorf("%s: %q %v, want %q %v", name, why, share, c.why, c.share)
		}
	}
}

func TestLimitsOfSettingsAndMachine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg           Config
		memory, files int64 // of the machine
		wantM, wantF  int64
	}{
		"the machine's":                 {Config{}, 1 << 30, 1024, 1 << 30, 1024},
		"settings go before":            {Config{Memory: 2 << 30, Descriptors: 512}, 1 << 30, 1024, 2 << 30, 512},
		"more files than there are":     {Config{Descriptors: 4096}, 0, 1024, 0, 1024},
		"the machine tells nothing":     {Config{Descriptors: 4096}, 0, 0, 0, 4096},
		"nothing anywhere, no pressure": {Config{}, 0, 0, 0, 0},
	} {
		m := &twin{}
		m.limit.Store(c.memory)
		m.files64.Store(c.files)
		c.cfg.Every = time.Second
		g, err := newGauge(c.cfg, Deps{}, m)
		if err != nil {
			t.Fatal(err)
		}
		if s := g.Now(); s.Memory.Limit != c.wantM || s.Descriptors.Limit != c.wantF {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestRunFollowsTheMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &twin{}
		m.files64.Store(100)
		reg := prometheus.NewRegistry()
		g, err := newGauge(Default(), Deps{Registerer: reg}, m)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = g.Run(ctx) })
		m.open.Store(96)
		time.Sleep(Default().Every + time.Millisecond)
		if why, share := g.Now().Worst(); why != NameDescriptors || share != 0.96 {
			t.Errorf("after one look: %q %v", why, share)
		}
		families, err := reg.Gather()
		shown := map[string]float64{}
		for _, f := range families {
			shown[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
		}
		if shown["vahta_descriptors_used"] != 96 || shown["vahta_descriptors_limit"] != 100 || err != nil {
			t.Errorf("shown: %v, %v", shown, err)
		}
		stop()
		running.Wait()
	})
}

// TestHungDiskHidesNothing: what else runs out is seen while the disk does not answer, and the disk once it does again.
func TestHungDiskHidesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &twin{}
		m.files64.Store(100)
		m.size.Store(1000)
		m.free.Store(700)
		g, err := newGauge(Default(), Deps{Folder: "x"}, m)
		if err != nil {
			t.Fatal(err)
		}
		if s := g.Now(); s.DiskFree != 700 || s.DiskSize != 1000 {
			t.Errorf("the first reading: %+v", s)
		}
		hang := make(chan struct{})
		m.hang = hang
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = g.Run(ctx) })
		for _, open := range []int64{96, 97} {
			m.open.Store(open)
			m.free.Store(600)
			time.Sleep(Default().Every + time.Millisecond)
			if s := g.Now(); s.Descriptors.Used != open || s.DiskFree != 700 {
				t.Errorf("%d descriptors are open, the disk hangs: %+v", open, s)
			}
		}
		close(hang)
		time.Sleep(Default().Every + time.Millisecond)
		if s := g.Now(); s.DiskFree != 600 {
			t.Errorf("the disk answers again: %+v", s)
		}
		stop()
		running.Wait()
	})
}

func TestDiskIsToldOncePerTurn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := &twin{}
	g, err := newGauge(Default(), Deps{Log: slog.New(slog.NewTextHandler(&out, nil)), Folder: "x"}, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		free int64
		want string // the log since the step before
	}{
		{1000, ""},
		{210, ""},
		{200, "level=WARN"}, // 80 %
		{199, ""},
		{210, ""}, // not yet far enough
		{100, "level=ERROR"},
		{110, ""},
		{50, ""},
		{130, ""}, // back in the first mark: somebody was told already
		{90, "level=ERROR"},
		{500, "level=INFO"},
		{40, "level=ERROR"},
	} {
		out.Reset()
		m.size.Store(1000)
		m.free.Store(step.free)
		g.readDisk()
		if got := out.String(); (got == "") != (step.want == "") || !strings.Contains(got, step.want) {
			t.Errorf("%d free: %q, want %q", step.free, got, step.want)
		}
	}
	out.Reset()
	m.diskErr = errors.New("no such folder")
	g.readDisk()
	g.readDisk()
	if n := strings.Count(out.String(), "cannot be watched"); n != 1 {
		t.Errorf("a disk that cannot be asked was told of %d times", n)
	}
}

// tree writes files below a root.
func tree(t *testing.T, files map[string]string) *machine {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &machine{root: root}
}

func TestGroupLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"version 2, a parent is tighter": {map[string]string{
			"proc/self/cgroup":                                    "0::/system.slice/vahta.service\n",
			"sys/fs/cgroup/system.slice/memory.max":               "536870912\n",
			"sys/fs/cgroup/system.slice/vahta.service/x":          "",
			"sys/fs/cgroup/system.slice/vahta.service/memory.max": "1073741824\n",
		}, 512 << 20},
		"version 2, no limit": {map[string]string{
			"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n",
		}, 0},
		"version 2, the group's path lies outside of what is seen": {map[string]string{
			"proc/self/cgroup": "0::/../x\n", "sys/fs/cgroup/memory.max": "268435456\n",
		}, 256 << 20},
		"version 1": {map[string]string{
			"proc/self/cgroup":                               "9:name=systemd:/\n4:cpu,memory:/box\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/memory/box/memory.limit_in_bytes": "1073741824\n",
		}, 1 << 30},
		"no groups": {nil, 0},
	} {
		if got := tree(t, c.files).groupLimit(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := least(math.MaxInt64, 0, -1, 1<<40, 1<<41); got != 1<<40 {
		t.Errorf("least = %d", got)
	}
}

// The real machine: what we open and hold is seen.
func TestMachine(t *testing.T) { //nolint:paralleltest // counts what the process holds
	if runtime.GOOS != "linux" {
		t.Skip("reads Linux")
	}
	m := &machine{root: "/"}
	if m.fileLimit() <= 0 || m.goroutines() <= 0 {
		t.Errorf("limit %d, %d goroutines", m.fileLimit(), m.goroutines())
	}
	before := m.files()
	var held []*os.File
	for range 20 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, f)
	}
	if got := m.files() - before; got < 20 || got > 25 {
		t.Errorf("20 files more are %d", got)
	}
	for _, f := range held {
		_ = f.Close()
	}
	debug.FreeOSMemory()
	was := m.memory()
	needed, _ := runtimeMemory()
	big := make([]byte, 64<<20)
	for i := 0; i < len(big); i += 4096 {
		big[i] = 1
	}
	runtime.GC()
	if got := m.memory() - was; got < 60<<20 { // more with the race detector's own
		t.Errorf("64 MiB more are %d bytes", got)
	}
	if now, _ := runtimeMemory(); now-needed < 60<<20 || now-needed > 80<<20 {
		t.Errorf("64 MiB more are %d bytes of the runtime's", now-needed)
	}
	runtime.KeepAlive(big)
	big = nil //nolint:ineffassign,wastedassign // it is to be collected
	runtime.GC()
	if now, _ := runtimeMemory(); now-needed > 16<<20 {
		t.Errorf("%d bytes of garbage count as used", now-needed)
	}
	if free, size, err := m.disk(t.TempDir()); err != nil || free <= 0 || size < free {
		t.Errorf("disk: %d of %d free, %v", free, size, err)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	err := Config{Memory: 1, Descriptors: 1}.Validate()
	for _, field := range []string{"memory:", "descriptors:", "every:"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%q is not named in %v", field, err)
		}
	}
	if _, err := New(Config{}, Deps{}); err == nil {
		t.Error("a gauge that is never read is made")
	}
}
