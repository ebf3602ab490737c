package privacy_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/privacy"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/vault"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/escalation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 11, 18, 9, 0, 0, 0, time.UTC)

// rig is the privacy of a record in SQLite, with a dispatcher that takes signals in.
type rig struct {
	*testing.T
	*privacy.Privacy
	path  string
	db    *store.SQL
	close func()
	d     *dispatch.Dispatcher
	cards *clientele.Clientele
	vault *vault.Vault
	sound string // folder of recordings
	now   time.Time

	refuse atomic.Value // number of a ticket that can not be read again; a string
}

// torn is a record in which one ticket can not be read again.
type torn struct {
	*store.SQL
	r *rig
}

func (x torn) Find(ctx context.Context, n ticket.Number) (ticket.Ticket, error) {
	if x.r.refuse.Load() == n.String() {
		return ticket.Ticket{}, errors.New("the disk is torn")
	}
	return x.SQL.Find(ctx, n)
}

func source() dispatch.Source {
	return dispatch.Source{
		Roster: oncall.Roster{People: []oncall.Person{{ID: "anna", Name: "Анна"}}},
		Lines:  []dispatch.Line{{ID: "main", Ladder: []dispatch.LadderRung{{People: []string{"anna"}}}}},
		Policy: escalation.Default(), Numbering: client.Default(),
		Clients: []client.Organisation{{ID: "romashka", Name: "Ромашка", Domains: []string{"romashka.example"}, Contacts: []client.Contact{
			{ID: "p1", Name: "Пётр Петров", Numbers: []string{"8 (916) 123-45-67"}, Addresses: []client.Address{{Channel: "email", Value: "petr@mail.example"}}, Note: "ключ у Петрова"},
			{ID: "olga", Name: "Ольга", Addresses: []client.Address{{Channel: "email", Value: "olga@mail.example"}}},
		}}},
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{T: t, path: filepath.Join(dir, "vahta.db"), sound: filepath.Join(dir, "recordings"), now: t0}
	cfg := store.Default()
	cfg.Path = r.path
	var err error
	r.db, err = store.Open(t.Context(), cfg, store.Deps{})
	r.must(err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- r.db.Run(ctx) }()
	closed := false
	r.close = func() {
		if !closed {
			closed = true
			stop()
			if err := errors.Join(<-ended, r.db.Close()); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(r.close)
	keeper, err := dispatch.NewKeeper(dispatch.KeeperDeps{
		Store: r.db, Rotas: r.db, Node: "a",
		Encode: func(src dispatch.Source) ([]byte, error) { return json.Marshal(src) },
		Decode: func(raw []byte) (src dispatch.Source, err error) { return src, json.Unmarshal(raw, &src) },
	})
	r.must(err)
	directory, err := keeper.Load(t.Context(), source())
	r.must(err)
	now := func() time.Time { return r.now }
	r.d, err = dispatch.New(dispatch.Default(), dispatch.Deps{Store: r.db, Archive: r.db, Signals: r.db, Directory: directory, Node: "a", Now: now})
	r.must(err)
	r.d.Register(dispatch.ChannelAPI, dispatch.Decoding{Decode: dispatch.DecodeJSON})
	r.cards, err = clientele.New(clientele.Deps{Store: r.db, Directory: directory, Tickets: r.db, Audit: r.db, Refresh: keeper.Refresh, Node: "a", Now: now})
	r.must(err)
	vc := vault.Default()
	vc.Key, vc.Files = filepath.Join(dir, "vault.key"), filepath.Join(dir, "files")
	r.vault, err = vault.New(vc, vault.Deps{Keys: r.db, Files: r.db, Archive: r.db, Audit: r.db, Recordings: r.sound, Node: "a", Now: now})
	r.must(err)
	r.must(r.vault.Open(t.Context()))
	r.Privacy, err = privacy.New(privacy.Deps{
		Record: torn{r.db, r}, Signals: r.db, Rotas: r.db, Directory: directory, Cards: r.cards, Vault: r.vault, Node: "a", Now: now,
	})
	r.must(err)
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// mail brings a message and returns its ticket.
func (r *rig) mail(key, from, text string) dispatch.Opened {
	r.Helper()
	r.now = r.now.Add(time.Minute)
	name := ""
	if strings.HasPrefix(from, "petr") {
		name = "П. Петров"
	}
	raw, err := json.Marshal(map[string]any{"from": map[string]string{"channel": "email", "address": from, "name": name}, "text": text, "category": "service_down"})
	r.must(err)
	id, err := r.d.Receive(r.Context(), dispatch.Signal{Channel: dispatch.ChannelAPI, Key: key, At: r.now, Raw: raw})
	r.must(err)
	o, err := r.d.Intake(r.Context(), id)
	r.must(err)
	return o
}

// add writes an event into a ticket's log.
func (r *rig) add(ref dispatch.Ref, body ticket.Body) {
	r.Helper()
	r.now = r.now.Add(time.Minute)
	c, err := r.db.Load(r.Context(), ref.ID)
	r.must(err)
	e := ticket.Event{Ticket: ref.ID, At: r.now, By: "anna", Channel: "cli", Body: body}
	after, err := c.Ticket.Apply(e)
	r.must(err)
	change := dispatch.Change{Events: []ticket.Event{e}, Open: ref.ID}
	if after.Version != c.Ticket.Version {
		change.Ticket, change.Was, change.Open = &after, c.Ticket.Version, ""
	}
	r.must(r.db.Commit(r.Context(), change))
}

func (r *rig) closeTicket(ref dispatch.Ref) {
	r.Helper()
	r.add(ref, ticket.Moved{To: ticket.Closed, Reason: "done"})
}

// call puts a recorded call on record.
func (r *rig) call(id string, of dispatch.Ref, caller client.Number) {
	r.Helper()
	name := "no-ticket-" + id
	if of.ID != "" {
		name = of.Number + "-" + id
	}
	path := filepath.Join(r.sound, name+".wav")
	if caller == "+79161234567" {
		name = "Пётр Петров"
	}
	r.must(os.MkdirAll(r.sound, 0o700))
	r.must(os.WriteFile(path, []byte("RIFF "+id), 0o600))
	c := dispatch.CallRecord{
		ID: id, Ref: of, Caller: caller, CallerName: name, Node: "a", StartedAt: r.now, EndedAt: r.now.Add(time.Minute), Result: dispatch.CallServed,
		Detail: dispatch.CallDetail{Recording: dispatch.Recording{Path: path}, Note: "caller " + string(caller)},
	}
	r.must(r.db.Commit(r.Context(), dispatch.Change{Calls: []dispatch.CallRecord{c}}))
	r.must(r.vault.SealCall(r.Context(), c))
}

func demand(who string) privacy.Demand {
	return privacy.Demand{Person: who, By: edit.Author{Person: "anna", Channel: "cli"}, Why: "the person asks"}
}

// verify checks every chain of the record.
func (r *rig) verify() {
	r.Helper()
	_, err := r.db.VerifyTickets(r.Context(), func(int, int) {})
	r.must(errors.Join(err, r.db.VerifyRota(r.Context())))
	_, err = r.db.VerifyAudit(r.Context())
	r.must(err)
}

// TestErase: one person goes out of everything that is kept, down to the bytes of the database; what has to stay does, and is named;
// nobody else loses a word, and every chain verifies.
func TestErase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	theirs := r.mail("one", "petr@mail.example", "не открывается тайна-первая")
	r.call("c1", theirs.Ref, "+79161234567")
	r.call("c2", dispatch.Ref{}, "+79161234567")
	r.call("c3", dispatch.Ref{}, "+78120000000")
	file, err := r.vault.Put(ctx, theirs.ID, "romashka", "паспорт.txt", strings.NewReader("тайна-вторая"))
	r.must(err)
	r.add(theirs.Ref, ticket.Noted{Text: "пётр  петров звонил с 8 (916) 123-45-67, диск заменили"})
	r.add(theirs.Ref, ticket.Messaged{Message: "m1", Purpose: ticket.ForReply, To: ticket.Contact{Channel: "email", Address: "petr@mail.example"}, Text: "Здравствуйте, тайна-третья", Human: true})
	r.closeTicket(theirs.Ref)
	others := r.mail("two", "olga@mail.example", "встала почта, Пётр Петров в отпуске")
	r.add(others.Ref, ticket.Noted{Text: "Ольга ждёт"})
	r.closeTicket(others.Ref)
	open := r.mail("three", "petr@mail.example", "снова тайна-первая")

	plan, err := r.Plan(ctx, demand("+7 916 123-45-67"))
	r.must(err)
	if !slices.Equal(plan.Tickets, []string{theirs.Number}) || !slices.Equal(plan.Mentions, []string{others.Number}) || len(plan.Recordings) != 2 || plan.Files != 1 || plan.Card {
		t.Errorf("the plan: %+v", plan)
	}
	for _, s := range []privacy.Stay{{What: open.Number, Why: privacy.TicketOpen}, {What: "romashka/p1", Why: privacy.CardNeeded}, {Why: privacy.Backups}} {
		if !slices.Contains(plan.Stays, s) {
			t.Errorf("%+v does not stay: %+v", s, plan.Stays)
		}
	}
	if trail, err := r.db.AuditTrail(ctx, dispatch.AuditFilter{}); err != nil || len(trail) != 0 {
		t.Errorf("a plan has left %+v, %v", trail, err)
	}
	r.closeTicket(open.Ref)
	_, err = r.Erase(ctx, privacy.Demand{Person: "romashka/p1", By: edit.Author{Person: "anna"}})
	if _, ok := errors.AsType[*privacy.RefusedError](err); !ok {
		t.Errorf("without a reason: %v", err)
	}
	done, err := r.Erase(ctx, demand("romashka/p1"))
	r.must(err)
	if len(done.Tickets) != 2 || !done.Card || done.By != "anna" {
		t.Errorf("erased: %+v", done)
	}
	r.verify()
	if left, err := filepath.Glob(r.sound + "/*"); err != nil || len(left) != 1 || !strings.Contains(left[0], "c3") {
		t.Errorf("left of the recordings: %v, %v", left, err)
	}
	if _, _, err := r.vault.GetFile(ctx, theirs.ID, file.Hash); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("the file: %v", err)
	}
	log, err := r.db.Events(ctx, theirs.ID)
	r.must(err)
	d, err := ticket.Compile(log)
	r.must(err)
	if !strings.Contains(fmt.Sprint(log), "диск заменили") || d.Ticket.Stage != ticket.Closed {
		t.Errorf("our own words are gone: %+v", log)
	}
	log, err = r.db.Events(ctx, others.ID)
	r.must(err)
	if d, err = ticket.Compile(log); err != nil || d.Stories[0].From.Address != "olga@mail.example" || !strings.Contains(d.Stories[0].Text, "встала почта") {
		t.Errorf("Olga has lost words: %+v, %v", d.Stories, err)
	}
	again, err := r.Erase(ctx, demand("romashka/p1"))
	if _, ok := errors.AsType[*privacy.UnknownError](err); !ok {
		t.Errorf("again: %+v, %v", again, err)
	}
	r.d, r.cards = nil, nil
	r.close()
	for _, name := range []string{r.path, r.path + "-wal"} {
		raw, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		r.must(err)
		for _, word := range []string{"тайна", "Петров", "петров", "9161234567", "916) 123", "petr@mail", "паспорт"} {
			if at := bytes.Index(raw, []byte(word)); at >= 0 {
				t.Errorf("%s has %q: %q", filepath.Base(name), word, raw[max(0, at-200):min(len(raw), at+100)])
			}
		}
	}
}

// TestLegalHold: nothing goes while it is on.
func TestLegalHold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	card := source().Clients[0]
	card.LegalHold = true
	_, err := r.cards.Commit(t.Context(), client.Change{Put: []client.Organisation{card}}, edit.Author{Person: "anna"}, nil)
	r.must(err)
	_, err = r.Erase(t.Context(), demand("romashka/p1"))
	if _, ok := errors.AsType[*privacy.RefusedError](err); !ok || !strings.Contains(err.Error(), "legal hold") {
		t.Errorf("%v", err)
	}
	plan, err := r.Plan(t.Context(), demand("romashka/p1"))
	r.must(err)
	if len(plan.Stays) != 1 || plan.Stays[0].Why != privacy.UnderHold || plan.Card {
		t.Errorf("%+v", plan)
	}
}

// TestTakeout: the archive has the card, the words in both directions, the recording and the file, and nothing of anybody else.
func TestTakeout(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	mine := r.mail("one", "petr@mail.example", "моё слово")
	r.call("c1", mine.Ref, "+79161234567")
	_, err := r.vault.Put(ctx, mine.ID, "romashka", "снимок.txt", strings.NewReader("вложение"))
	r.must(err)
	r.add(mine.Ref, ticket.Messaged{Message: "m1", Purpose: ticket.ForReply, To: ticket.Contact{Channel: "email", Address: "petr@mail.example"}, Text: "наш ответ", Human: true})
	r.mail("two", "olga@mail.example", "чужое слово")
	var out bytes.Buffer
	_, err = r.Takeout(ctx, demand("email:petr@mail.example"), "ru", &out)
	r.must(err)
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	r.must(err)
	all := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		r.must(err)
		b, err := io.ReadAll(in)
		r.must(errors.Join(err, in.Close()))
		all[f.Name] = string(b)
	}
	text := all["tickets/"+mine.Number+".txt"]
	if !strings.Contains(text, "моё слово") || strings.Index(text, "наш ответ") < strings.Index(text, "моё слово") {
		t.Errorf("the text: %q", text)
	}
	if all["recordings/"+mine.Number+"-c1.wav"] != "RIFF c1" || !strings.Contains(all["card.json"], "8 (916) 123-45-67") {
		t.Errorf("the archive: %q", all)
	}
	for name, body := range all {
		if strings.Contains(body, "чужое") || strings.Contains(body, "Ольга") {
			t.Errorf("%s has what is Olga's", name)
		}
		if strings.HasPrefix(name, "files/") && (body != "вложение" || !strings.HasSuffix(name, "-снимок.txt")) {
			t.Errorf("%s: %q", name, body)
		}
	}
	trail, err := r.db.AuditTrail(ctx, dispatch.AuditFilter{Act: dispatch.ActExport})
	r.must(err)
	if len(trail) != 3 || trail[2].Object != "person romashka/p1" || trail[2].Reason != "the person asks" {
		t.Errorf("the audit: %+v", trail)
	}
}

// TestWho: a person is a contact, a number or an address that is theirs alone.
func TestWho(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mail("one", "guest@romashka.example", "я не на карточке")
	r.mail("two", "nobody@gmail.example", "и я")
	raw := []byte(`{"from": {"channel": "email", "address": "told@other.example"}, "text": "чей-то клиент", "org": "romashka"}`)
	id, err := r.d.Receive(t.Context(), dispatch.Signal{Channel: dispatch.ChannelAPI, Key: "three", At: r.now, Raw: raw})
	r.must(err)
	_, err = r.d.Intake(t.Context(), id)
	r.must(err)
	for who, want := range map[string]string{
		"romashka/p1": "romashka/p1", "89161234567": "romashka/p1", "email:olga@mail.example": "romashka/olga",
		"email:guest@romashka.example": "1", "email:nobody@gmail.example": "1",
		"email:told@other.example": "1",
	} {
		plan, err := r.Plan(t.Context(), demand(who))
		r.must(err)
		if got := fmt.Sprint(len(plan.Found.Tickets)); plan.Found.Person != want && got != want {
			t.Errorf("%s is %+v", who, plan.Found)
		}
	}
	for _, who := range []string{"romashka/nobody", "lyutik/x", "ivan", "", "email:none@gmail.example", "+7 495 000-00-00"} {
		if _, err := r.Plan(t.Context(), demand(who)); err == nil {
			t.Errorf("%q is somebody", who)
		} else if _, ok := errors.AsType[*privacy.UnknownError](err); !ok {
			t.Errorf("%q: %v", who, err)
		}
	}
}
