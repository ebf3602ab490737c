package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// stopBudget bounds how long one part may take to end after it was told to.
const stopBudget = 10 * time.Second

// lifecycle runs parts and stops them in reverse order of their start.
type lifecycle struct {
	log *slog.Logger

	// owned by the goroutine that calls start and stop
	parts []*part

	failed chan error // the first part that ended by itself; capacity 1
}

// part is one running piece.
type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // set before done is closed
	once   sync.Once
}

func newLifecycle(log *slog.Logger) *lifecycle {
	return &lifecycle{log: log, failed: make(chan error, 1)}
}

// start runs f until stop is called. The part's context does not end with ctx: order decides, not the signal.
func (l *lifecycle) start(ctx context.Context, name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &part{name: name, cancel: cancel, done: make(chan struct{})}
	l.parts = append(l.parts, p)
	go func() {
		defer close(p.done)
		err := f(ctx)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				p.err = fmt.Errorf("%s: %w", name, err)
			}
			return
		}
		if err == nil {
			err = errors.New("ended by itself")
		}
		select {
		case l.failed <- fmt.Errorf("%s: %w", name, err):
		default:
		}
	}()
}

// onStop runs f when its turn comes in the reverse order.
func (l *lifecycle) onStop(name string, f func() error) {
	p := &part{name: name, done: make(chan struct{})}
	p.cancel = func() {
		p.once.Do(func() {
			if err := f(); err != nil {
				p.err = fmt.Errorf("%s: %w", name, err)
			}
			close(p.done)
		})
	}
	l.parts = append(l.parts, p)
}

// stop ends all parts, the last started first, and returns what went wrong.
func (l *lifecycle) stop() error {
	var faults []error
	for len(l.parts) > 0 {
		p := l.parts[len(l.parts)-1]
		l.parts = l.parts[:len(l.parts)-1]
		p.cancel()
		select {
		case <-p.done:
			faults = append(faults, p.err)
		case <-time.After(stopBudget):
			faults = append(faults, fmt.Errorf("%s did not end within %s", p.name, stopBudget))
		}
		l.log.Debug("stopped", "service", p.name)
	}
	return errors.Join(faults...)
}
