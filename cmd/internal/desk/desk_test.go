package desk_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
)

// database is the name of the file in the data folder.
const database = "vahta.db"

func source() dispatch.Source {
	anna := oncall.Person{ID: "anna", Name: "Anna", Skills: []string{"1c"}, Devices: []oncall.Device{{Kind: oncall.Softphone, URI: "sip:anna@127.0.0.1"}}}
	return dispatch.Source{
		Roster: oncall.Roster{People: []oncall.Person{anna}}, Numbering: client.Default(),
		Lines: []dispatch.Line{{ID: "main", Ladder: []dispatch.LadderRung{{People: []string{"anna"}}}}},
	}
}

// record makes a data folder with one ticket and returns its number.
func record(t *testing.T) (data, number string) {
	t.Helper()
	data = t.TempDir()
	sc := store.Default()
	sc.Path = filepath.Join(data, database)
	db, err := store.Open(t.Context(), sc, store.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := dispatch.NewSnapshot(source())
	if err != nil {
		t.Fatal(err)
	}
	d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: db, Archive: db, Directory: dispatch.NewDirectory(snapshot)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- db.Run(ctx) }()
	if err := d.Start(ctx); err != nil {
		t.Fatal(err)
	}
	opened, err := d.OpenCall(ctx, dispatch.Signal{
		Channel: dispatch.ChannelCall, Key: "call-1", At: time.Now(), Call: &dispatch.CallSignal{Line: "main", Caller: "+79215550123"},
	})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	<-ended
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return data, opened.Number
}

// TestBothDesksAnswerAlike asks the record itself and a server's socket the same questions.
func TestBothDesksAnswerAlike(t *testing.T) {
	t.Parallel()
	data, number := record(t)
	local, done, err := desk.Open(t.Context(), data, filepath.Join(data, database), dispatch.Default(), source())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	}()
	remote := overSocket(t, local)
	want, err := local.Ticket(t.Context(), number, "ru")
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Ticket(t.Context(), number, "ru")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the ticket changed on its way (-record +socket):\n%s", d)
	}
	calls, err := remote.Calls(t.Context(), dispatch.CallFilter{})
	if err != nil || len(calls) != 1 {
		t.Fatalf("calls: %d, %v", len(calls), err)
	}
	if c, err := remote.Call(t.Context(), calls[0].ID); err != nil || c.Ref.Number != number {
		t.Errorf("call: %+v, %v", c, err)
	}
	if _, err := remote.Call(t.Context(), "no such"); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("unknown call: got %v, want not found", err)
	}
}

func TestDecisionsReachTheRecord(t *testing.T) {
	t.Parallel()
	data, number := record(t)
	local, done, err := desk.Open(t.Context(), data, filepath.Join(data, database), dispatch.Default(), source())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	remote := overSocket(t, local)
	for _, c := range []struct {
		d    desk.Decision
		fail string
	}{
		{desk.Decision{Action: desk.Acknowledge}, "--by"},
		{desk.Decision{Action: desk.Acknowledge, By: "anna"}, ""},
		{desk.Decision{Action: desk.Note, By: "anna", Text: "RAID degraded"}, ""},
		{desk.Decision{Action: "explode", By: "anna"}, "not ack, note, close or page"},
		{desk.Decision{Action: desk.Page, By: "anna", Text: "cobol"}, "there are: 1c"},
		{desk.Decision{Action: desk.Page, By: "anna"}, "name a skill"},
		{desk.Decision{Action: desk.Page, By: "anna", Text: "1c"}, ""},
		{desk.Decision{Action: desk.Close, By: "anna", Text: "fixed"}, ""},
		{desk.Decision{Action: desk.Acknowledge, By: "anna"}, "acknowledged"},
	} {
		err := remote.Decide(t.Context(), number, c.d)
		if (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("%+v: got %v, want %q", c.d, err, c.fail)
		}
	}
	v, err := remote.Ticket(t.Context(), number, "en")
	if err != nil || !strings.Contains(v.Timeline, "RAID degraded") || v.Ticket.Open() {
		t.Errorf("after the decisions: %v\n%s", err, v.Timeline)
	}
	if len(v.Searches) != 1 || v.Searches[0].Skill != "1c" || v.Searches[0].By != "anna" || strings.Join(v.Searches[0].People, " ") != "anna" {
		t.Errorf("searches: %+v", v.Searches)
	}
	open, err := remote.Tickets(t.Context(), dispatch.TicketFilter{OpenOnly: true})
	if err != nil || len(open) != 0 {
		t.Errorf("open tickets: %d, %v", len(open), err)
	}
}

func TestEmptyFolderIsNamed(t *testing.T) {
	t.Parallel()
	_, _, err := desk.Open(t.Context(), t.TempDir(), filepath.Join(t.TempDir(), database), dispatch.Default(), source())
	if err == nil || !strings.Contains(err.Error(), "no server runs on") {
		t.Errorf("got %v", err)
	}
}

// overSocket serves d on a Unix socket and returns the desk behind it.
func overSocket(t *testing.T, d desk.Desk) *desk.Remote {
	t.Helper()
	path := filepath.Join(t.TempDir(), desk.Socket)
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: desk.Handler(d, nil, nil), ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
	r, err := desk.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
