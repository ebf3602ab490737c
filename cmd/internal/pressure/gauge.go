package pressure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Resource is something that a process may run out of.
type Resource struct {
	Used  int64 `json:"used"`
	Limit int64 `json:"limit"` // 0 = none is known
}

// Share returns the part that is used, 0 when there is no limit.
func (r Resource) Share() float64 {
	if r.Limit <= 0 {
		return 0
	}
	return float64(r.Used) / float64(r.Limit)
}

// Names of the resources, as refusals are counted by.
const (
	NameMemory      = "memory"
	NameDescriptors = "descriptors"
)

// Sample is one reading.
type Sample struct {
	Memory      Resource `json:"memory"`
	Descriptors Resource `json:"descriptors"`
	Goroutines  int64    `json:"goroutines"`
	DiskFree    int64    `json:"disk_free"` // bytes a service may still write to the data folder
	DiskSize    int64    `json:"disk_size"`
}

// Worst returns the resource that is nearest its end and the share of it that is used; "" when nothing has a limit.
func (s Sample) Worst() (name string, share float64) {
	for _, r := range [...]struct {
		name string
		Resource
	}{{NameMemory, s.Memory}, {NameDescriptors, s.Descriptors}} {
		if one := r.Share(); one > share {
			name, share = r.name, one
		}
	}
	return name, share
}

// Deps are what the gauge needs from outside; all may be zero.
type Deps struct {
	// Folder is where the disk is watched; "" = it is not.
	Folder     string
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Gauge reads the pressure now and then and has the last reading at hand.
type Gauge struct {
	// set at New
	cfg    Config
	folder string
	log    *slog.Logger
	source source
	memory int64 // limit, 0 = none
	files  int64 // limit, 0 = none

	last atomic.Pointer[Sample] // without the disk
	room atomic.Pointer[room]

	disk diskAlarm // owned by readDisk
}

// room is what a disk has.
type room struct{ free, size int64 }

// source reads the machine; tests have one of their own.
type source interface {
	limits() (memory, files int64) // 0 = none is known
	memory() int64
	files() int64
	goroutines() int64
	disk(folder string) (free, size int64, err error)
}

// New finds the limits and takes a first reading.
func New(cfg Config, deps Deps) (*Gauge, error) { return newGauge(cfg, deps, &machine{root: "/"}) }

func newGauge(cfg Config, deps Deps, from source) (*Gauge, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	g := &Gauge{cfg: cfg, folder: deps.Folder, log: deps.Log, source: from}
	g.memory, g.files = from.limits()
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Memory > 0 {
		g.memory = cfg.Memory
	}
	if n := int64(cfg.Descriptors); n > 0 && (g.files == 0 || n < g.files) {
		g.files = n
	}
	g.room.Store(&room{})
	g.read()
	g.readDisk()
	g.register(deps.Registerer)
	return g, nil
}

// runtimeShare is the part of the memory limit at which the runtime collects whatever it costs: above it garbage would
// take what a control group kills for.
const runtimeShare = 0.9

// TuneRuntime tells the runtime the memory limit, so that garbage is collected before the limit kills; it changes the
// whole process. It does nothing when there is no limit or GOMEMLIMIT is set.
func (g *Gauge) TuneRuntime() {
	if g.memory > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(runtimeShare * float64(g.memory)))
	}
}

// Now returns the last reading. That of a disk that does not answer is the last it gave.
func (g *Gauge) Now() Sample {
	s, r := *g.last.Load(), g.room.Load()
	s.DiskFree, s.DiskSize = r.free, r.size
	return s
}

// Run reads until ctx ends. A disk may hang for minutes: it is asked apart from the rest.
func (g *Gauge) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { g.repeat(ctx, g.readDisk) })
	g.repeat(ctx, g.read)
	return nil
}

func (g *Gauge) repeat(ctx context.Context, read func()) {
	tick := time.NewTicker(g.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			read()
		}
	}
}

func (g *Gauge) read() {
	g.last.Store(&Sample{
		Memory:      Resource{Used: g.source.memory(), Limit: g.memory},
		Descriptors: Resource{Used: g.source.files(), Limit: g.files},
		Goroutines:  g.source.goroutines(),
	})
}

func (g *Gauge) readDisk() {
	if g.folder == "" {
		return
	}
	free, size, err := g.source.disk(g.folder)
	g.room.Store(&room{free, size})
	if err == nil {
		g.disk.watch(g.log, g.folder, free, size)
	} else if !errors.Is(err, errors.ErrUnsupported) {
		g.disk.unknown(g.log, g.folder, err)
	}
}

// register shows the last reading to Prometheus.
func (g *Gauge) register(reg prometheus.Registerer) {
	if reg == nil {
		return
	}
	for _, f := range []struct {
		name, help string
		of         func(Sample) float64
	}{
		{"vahta_memory_used_bytes", "Memory that a collection would leave.", func(s Sample) float64 { return float64(s.Memory.Used) }},
		{"vahta_memory_limit_bytes", "Memory the process may use, 0 = no limit is known.", func(s Sample) float64 { return float64(s.Memory.Limit) }},
		{"vahta_descriptors_used", "Open descriptors.", func(s Sample) float64 { return float64(s.Descriptors.Used) }},
		{"vahta_descriptors_limit", "Descriptors the process may open.", func(s Sample) float64 { return float64(s.Descriptors.Limit) }},
		{"vahta_disk_free_bytes", "Space that may still be written to the data folder.", func(s Sample) float64 { return float64(s.DiskFree) }},
		{"vahta_disk_size_bytes", "Size of the data folder's file system.", func(s Sample) float64 { return float64(s.DiskSize) }},
	} {
		o := prometheus.GaugeOpts{Name: f.name, Help: f.help}
		reg.MustRegister(prometheus.NewGaugeFunc(o, func() float64 { return f.of(g.Now()) }))
	}
}
