package rotation_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/butlerspb/vahta/oncall/rotation"
)

// TestGapIsToldWithoutAnotherMessage: who could not keep up is told that some are missing though nothing is said any more,
// once, and after what he did get.
func TestGapIsToldWithoutAnotherMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, gate := rotation.NewMemory(nil), make(chan struct{})
		var heard []string
		stop := m.Listen(rotation.TopicEvents, func(message []byte) {
			<-gate
			if message == nil {
				heard = append(heard, "gap")
			} else {
				heard = append(heard, string(message))
			}
		})
		publish := func(message string) {
			if err := m.Publish(t.Context(), rotation.TopicEvents, []byte(message)); err != nil {
				t.Fatal(err)
			}
		}
		const sent = 1000
		publish("x")
		synctest.Wait() // the listener has begun
		for range sent - 1 {
			publish("x")
		}
		close(gate)
		synctest.Wait()
		if n := len(heard); n < 2 || n > sent || heard[n-1] != "gap" || heard[n-2] != "x" {
			t.Errorf("heard %d of %d messages, and no gap after the last: %q", n, sent, heard[max(0, n-2):])
		}
		heard = nil
		publish("y")
		synctest.Wait()
		if len(heard) != 1 || heard[0] != "y" {
			t.Errorf("heard %q after the gap was told, want y", heard)
		}
		stop()
	})
}

// TestStopWaitsForTheListener: what hear uses may be taken down once stop has returned.
func TestStopWaitsForTheListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, gate := rotation.NewMemory(nil), make(chan struct{})
		heard := 0
		var stopped atomic.Int32
		stop := m.Listen(rotation.TopicEvents, func([]byte) { <-gate; heard++ })
		for range 100 {
			if err := m.Publish(t.Context(), rotation.TopicEvents, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for range 2 { // whoever stops second waits as well
			go func() { stop(); stopped.Add(1) }()
			synctest.Wait()
		}
		if stopped.Load() != 0 {
			t.Error("stop has returned while hear runs")
		}
		close(gate)
		synctest.Wait()
		if stopped.Load() != 2 || heard == 0 {
			t.Errorf("%d of 2 stops have returned, %d messages were heard", stopped.Load(), heard)
		}
	})
}
