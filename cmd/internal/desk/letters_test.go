package desk_test

import (
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Events that were given up are listed and sent again, by the server that runs
// and, when none does, on the record: both do the same.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	mem := store.NewMemory()
	woken := 0
	path := filepath.Join(data, desk.Socket)
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	rest := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	s := &http.Server{Handler: desk.HandleLetters(rest, desk.Letters{Store: mem, Wake: func() { woken++ }}), ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
	event := dispatch.Notice{ID: "e1-crm", Kind: dispatch.NoticeEvent, Channel: dispatch.ChannelWebhook, To: "crm", Body: []byte(`{"type":"ticket.opened"}`), DueAt: time.Now()}
	gone := dispatch.Delivery{Notice: event, Result: dispatch.ResultFailed, Err: "the receiver answered 410", Final: true, At: time.Now()}
	for _, c := range []dispatch.Change{{Notices: []dispatch.Notice{event}}, {Delivery: &gone}} {
		if err := mem.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	remote, done, err := desk.OpenLetters(t.Context(), data, filepath.Join(data, database))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	}()
	if _, ok := remote.(desk.RemoteLetters); !ok {
		t.Fatalf("the running server was not asked: %T", remote)
	}
	list, err := remote.Dead(t.Context(), dispatch.DeadFilter{To: "crm"})
	if err != nil || len(list) != 1 || list[0].ID != event.ID || list[0].Type != "ticket.opened" || list[0].Cause != gone.Err {
		t.Errorf("list %+v, %v", list, err)
	}
	if n, err := remote.Retry(t.Context(), dispatch.DeadFilter{IDs: []string{"another"}}); err != nil || n != 0 || woken != 0 {
		t.Errorf("%d of another, woken %d times, %v", n, woken, err)
	}
	if n, err := remote.Retry(t.Context(), dispatch.DeadFilter{IDs: []string{event.ID}}); err != nil || n != 1 || woken != 1 {
		t.Errorf("%d sent again, woken %d times, %v", n, woken, err)
	}
	if list, err := remote.Dead(t.Context(), dispatch.DeadFilter{}); err != nil || len(list) != 0 {
		t.Errorf("left %+v, %v", list, err)
	}

	off, _ := record(t)
	local, end, err := desk.OpenLetters(t.Context(), off, filepath.Join(off, database))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := local.Dead(t.Context(), dispatch.DeadFilter{}); err != nil || len(list) != 0 {
		t.Errorf("on the record %+v, %v", list, err)
	}
	if n, err := local.Retry(t.Context(), dispatch.DeadFilter{}); err != nil || n != 0 {
		t.Errorf("on the record %d, %v", n, err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if _, _, err := desk.OpenLetters(t.Context(), t.TempDir(), "nothing"); err == nil {
		t.Error("letters of no record")
	}
}
