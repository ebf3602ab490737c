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
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/triage"
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
	remote := overSocket(t, desk.Handler(local, nil, nil))
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

// What a person does by commands is in force over the socket, too, and the tasks of all tickets are seen.
func TestActsReachTheRecord(t *testing.T) {
	t.Parallel()
	data, number := record(t)
	onRecord := func(_ context.Context, db *store.SQL) (desk.Cases, error) {
		snapshot, err := dispatch.NewSnapshot(source())
		if err != nil {
			return nil, err
		}
		d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: db, Archive: db, Directory: dispatch.NewDirectory(snapshot)})
		if err != nil {
			return nil, err
		}
		book, err := triage.Shipped()
		if err != nil {
			return nil, err
		}
		return casework.New(casework.Deps{Dispatcher: d, Catalogue: book, Audit: db})
	}
	local, done, err := desk.OpenCases(t.Context(), data, filepath.Join(data, database), onRecord)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	remote, gone, err := desk.OpenCases(t.Context(), serve(t, desk.HandleCases(http.NotFoundHandler(), local)), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer gone()
	do := func(b ticket.Body) casework.Order {
		doing, err := casework.NewDoing(b)
		if err != nil {
			t.Fatal(err)
		}
		return casework.Order{Do: doing}
	}
	due := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	for i, c := range []struct {
		o    casework.Order
		fail string
	}{
		{do(ticket.Acknowledged{How: "cli"}), ""},
		{do(ticket.Noted{Text: "RAID degraded"}), ""},
		{do(ticket.Tasked{Sort: "follow_up", Text: "order a disk", Owner: "anna", Due: due}), ""},
		{casework.Order{Page: &casework.Paging{Skill: "cobol"}}, "there are: 1c"},
		{casework.Order{Page: &casework.Paging{}}, "name a skill"},
		{casework.Order{Page: &casework.Paging{Skill: "1c"}}, ""},
		{do(ticket.Moved{To: ticket.Closed, Reason: "fixed", Unreported: "a test"}), ""},
		{do(ticket.Acknowledged{How: "cli"}), "acknowledged"},
	} {
		c.o.Ticket, c.o.By = number, casework.Author{Person: "anna", Channel: dispatch.ChannelCLI}
		_, err := remote.Carry(t.Context(), c.o)
		if (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("act %d: got %v, want %q", i, err, c.fail)
		}
	}
	s, err := remote.Look(t.Context(), number)
	if err != nil || s.Ticket.Open() || s.Ticket.Acknowledged.By != "anna" {
		t.Errorf("after the acts: %v, %+v", err, s.Ticket)
	}
	tasks, err := remote.Tasks(t.Context(), dispatch.TaskFilter{Owner: "anna", DueBefore: due.Add(time.Hour)})
	if err != nil || len(tasks) != 1 || tasks[0].Number != number || tasks[0].Text != "order a disk" || !tasks[0].Due.Equal(due) {
		t.Errorf("tasks: %v, %+v", err, tasks)
	}
	if tasks, err := remote.Tasks(t.Context(), dispatch.TaskFilter{Owner: "boris"}); err != nil || len(tasks) != 0 {
		t.Errorf("another's tasks: %v, %+v", err, tasks)
	}
}

func TestEmptyFolderIsNamed(t *testing.T) {
	t.Parallel()
	_, _, err := desk.Open(t.Context(), t.TempDir(), filepath.Join(t.TempDir(), database), dispatch.Default(), source())
	if err == nil || !strings.Contains(err.Error(), "no server runs on") {
		t.Errorf("got %v", err)
	}
}

// overSocket serves h on a Unix socket and returns the desk behind it.
func overSocket(t *testing.T, h http.Handler) *desk.Remote {
	t.Helper()
	r, err := desk.Dial(t.Context(), filepath.Join(serve(t, h), desk.Socket))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// serve serves h on the socket of a data folder, and returns the folder.
func serve(t *testing.T, h http.Handler) (data string) {
	t.Helper()
	data = t.TempDir()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", filepath.Join(data, desk.Socket))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
	return data
}
