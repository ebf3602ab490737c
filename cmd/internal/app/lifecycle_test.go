package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func TestPartsStopInReverseOrder(t *testing.T) {
	t.Parallel()
	l := newLifecycle(slog.New(slog.DiscardHandler))
	var mu sync.Mutex
	var order []string
	ended := func(name string) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, name)
		return nil
	}
	l.onStop("file", func() error { return ended("file") })
	for _, name := range []string{"store", "calls", "sip"} {
		l.start(t.Context(), name, func(ctx context.Context) error {
			<-ctx.Done()
			return ended(name)
		})
	}
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "sip calls store file" {
		t.Errorf("stopped in order %q", got)
	}
}

func TestPartThatEndsByItselfIsToldByName(t *testing.T) {
	t.Parallel()
	l := newLifecycle(slog.New(slog.DiscardHandler))
	l.start(t.Context(), "sip", func(context.Context) error { return errors.New("address in use") })
	if err := <-l.failed; err == nil || err.Error() != "sip: address in use" {
		t.Errorf("got %v", err)
	}
	if err := l.stop(); err != nil {
		t.Errorf("a part whose failure was told fails again at stop: %v", err)
	}
}

func TestPartThatHangsDoesNotHangTheStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLifecycle(slog.New(slog.DiscardHandler))
		release := make(chan struct{})
		l.start(t.Context(), "stuck", func(context.Context) error { <-release; return nil })
		if err := l.stop(); err == nil || !strings.Contains(err.Error(), "stuck did not end within") {
			t.Errorf("got %v", err)
		}
		close(release)
	})
}
