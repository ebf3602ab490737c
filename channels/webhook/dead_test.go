package webhook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/store"
)

// keeping is a desk that needs every notice and tells of each that is settled.
type keeping struct {
	*store.Memory
	settled chan dispatch.Delivery
}

func (k keeping) StillNeeded(_ context.Context, n dispatch.Notice) (dispatch.Notice, bool) {
	return n, true
}

func (k keeping) RecordDelivery(ctx context.Context, d dispatch.Delivery) error {
	err := k.Commit(ctx, dispatch.Change{Delivery: &d})
	if d.Final {
		k.settled <- d
	}
	return err
}

// An event that its receiver refuses for good becomes a dead letter; sent again
// it has the same id and arrives.
func TestDeadLetterArrivesLater(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	gone, ids := true, []string{}
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, r.Header.Get(HeaderID))
		if gone {
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer far.Close()
	s := store.NewMemory()
	desk := keeping{s, make(chan dispatch.Delivery, 2)}
	w, err := outbox.New(outbox.Default(), outbox.Deps{
		Source: s, Desk: desk, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelWebhook: notifier(t, far.URL, nil, secret("a"))},
	})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() { cancel(); must(t, <-ended) }()

	event := notice
	event.DueAt = time.Now()
	must(t, s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{event}}))
	w.Wake()
	if d := <-desk.settled; d.Result != dispatch.ResultFailed || d.Notice.Attempt != 1 {
		t.Fatalf("delivery %+v", d)
	}
	list, err := s.Dead(t.Context(), dispatch.DeadFilter{})
	must(t, err)
	if len(list) != 1 || list[0].ID != event.ID {
		t.Fatalf("dead letters %+v", list)
	}
	mu.Lock()
	gone = false
	mu.Unlock()
	n, err := s.Revive(t.Context(), dispatch.DeadFilter{IDs: []string{event.ID}}, time.Now())
	must(t, err)
	w.Wake()
	if d := <-desk.settled; n != 1 || d.Result != dispatch.ResultDelivered {
		t.Errorf("%d sent again: %+v", n, d)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ids) != 2 || ids[0] != event.ID || ids[1] != event.ID {
		t.Errorf("ids %v", ids)
	}
}
