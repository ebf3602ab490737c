package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// rig is a dispatcher with reports on a memory store; time stands where it is put.
type rig struct {
	*testing.T
	*Reports
	d   *dispatch.Dispatcher
	mem *store.Memory
	now time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigOn(t, dispatch.ChannelPortal)
}

// newRigOn writes to clients by a channel, on which Maria has an address.
func newRigOn(t *testing.T, written dispatch.Channel) *rig {
	t.Helper()
	r := &rig{T: t, mem: store.NewMemory(), now: time.Date(2026, 11, 16, 6, 1, 0, 0, time.UTC)}
	snap, err := dispatch.NewSnapshot(dispatch.Source{
		Roster: oncall.Roster{People: []oncall.Person{{ID: "ivan", Name: "Иван Петров"}, {ID: "anna", Name: "Анна Соколова"}}, Static: []oncall.StaticNumber{{Name: "chief", Number: "+78120000000"}}},
		Lines:  []dispatch.Line{{ID: "main", DIDs: []string{"8 812 333-00-00"}, Ladder: []dispatch.LadderRung{{People: []string{"ivan"}}, {People: []string{"anna"}}}}},
		Clients: []client.Organisation{
			{
				ID: "romashka", Name: "ООО «Ромашка»", Zone: "Asia/Yekaterinburg", Contacts: []client.Contact{{ID: "maria", Name: "Мария Орлова", Addresses: marias(written)}},
				Assets: []client.Asset{{ID: "srv1", Name: "Сервер виртуальных машин", Accesses: []client.Access{{ID: "rdp", Way: "rdp", Where: "rdp.romashka.example"}}}},
			},
			{ID: "vasilek", Name: "ООО «Василёк»", Contacts: []client.Contact{{ID: "petr", Name: "Пётр Чужой", Addresses: []client.Address{{Channel: "portal", Value: "petr"}}}}},
		},
		Policy: escalation.Default(), Numbering: client.Default(),
	})
	r.must(err)
	cfg := dispatch.Default()
	cfg.Written = []dispatch.Channel{written}
	r.d, err = dispatch.New(cfg, dispatch.Deps{Store: r.mem, Archive: r.mem, Directory: dispatch.NewDirectory(snap), Now: func() time.Time { return r.now }})
	r.must(err)
	r.must(r.d.Start(t.Context()))
	r.Reports, err = New(Config{Company: report.Provider{Name: "ButlerSPB"}, URL: "https://desk.example.com/"}, Deps{
		Desk: r.d, Papers: r.mem, Files: r.mem, Directory: r.d.Directory(), Zone: "Europe/Moscow", Now: func() time.Time { return r.now },
	})
	r.must(err)
	r.must(r.Links().Load(t.Context(), r.mem))
	return r
}

func marias(written dispatch.Channel) []client.Address {
	list := []client.Address{{Channel: "portal", Value: "maria"}}
	if written != dispatch.ChannelPortal {
		list = append(list, client.Address{Channel: string(written), Value: "maria@romashka.example"})
	}
	return list
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func by(person string) dispatch.Author {
	return dispatch.Author{Person: person, Channel: dispatch.ChannelCLI}
}

// open makes a ticket of a client.
func (r *rig) open(org, contact, text string) dispatch.Ref {
	r.Helper()
	ref, err := r.d.Open(r.Context(), dispatch.Author{Person: "ivan", Channel: dispatch.ChannelCLI, Key: text}, dispatch.NewTicket{
		Org: org, From: ticket.Contact{Channel: "portal", Address: contact, Name: contact}, Text: text, Assignee: "ivan", Line: "main",
	})
	r.must(err)
	return ref
}

// after lets time pass and then carries out an act of Ivan.
func (r *rig) after(wait time.Duration, ref dispatch.Ref, body ticket.Body) {
	r.Helper()
	r.now = r.now.Add(wait)
	_, err := r.d.Do(r.Context(), ref, by("ivan"), body)
	r.must(err)
}

// worked is a ticket that is restored and whose cause is known.
func (r *rig) worked() dispatch.Ref {
	r.Helper()
	ref := r.open("romashka", "maria", "Сервер не отвечает, 1С не запускается")
	r.after(time.Minute, ref, ticket.Noted{Text: "внутренняя заметка: пароль Zima2026", Public: false})
	r.after(time.Minute, ref, ticket.Noted{Text: "Подключились к rdp.romashka.example, как у ООО «Василёк»", Public: true})
	r.after(time.Hour, ref, ticket.Restored{Statement: "1С работает", Check: "вход в 1С"})
	r.after(time.Hour, ref, ticket.RootCaused{Cause: "вышел из строя контроллер", Complete: true})
	r.after(time.Minute, ref, ticket.Tasked{Task: "r1", Sort: "recommendation", Text: "внедрить мониторинг дисков", Owner: "client"})
	return ref
}

// TestLife walks a report from draft to rating.
func TestLife(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	ref := r.worked()
	token := r.Links().Token(ref.ID)
	_, _, err := r.Show(ctx, ref, 0)
	if !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("before the first draft: %v", err)
	}

	first, err := r.Draft(ctx, ref, by("ivan"), Draft{Summary: []string{"Сервер молчал два часа.", " "}})
	r.must(err)
	if first.Version != 1 || first.Zone != "Asia/Yekaterinburg" || len(first.Summary) != 1 || first.Redacted < 2 {
		t.Errorf("first draft: version %d, zone %s, summary %q, redacted %d", first.Version, first.Zone, first.Summary, first.Redacted)
	}
	if _, err := r.Send(ctx, ref, by("ivan"), 0); err == nil {
		t.Error("a draft was sent")
	} else if _, ok := errors.AsType[*UnapprovedError](err); !ok {
		t.Errorf("a draft was refused with %v", err)
	}
	if _, err := r.Released(ctx, token, 1, HTML); !errors.Is(err, ErrNoPage) {
		t.Errorf("the client sees a draft: %v", err)
	}

	lines, err := r.Lines(ctx, ref, "ru")
	r.must(err)
	hide := true
	for _, l := range lines {
		if strings.HasPrefix(l.Text, "Подключились") {
			r.must(r.Curate(ctx, ref, by("anna"), ticket.Curated{Seq: l.Seq, Hidden: &hide}))
		}
	}
	if err := r.Curate(ctx, ref, by("anna"), ticket.Curated{Seq: 999, Hidden: &hide}); err == nil {
		t.Error("a line that is not there was curated")
	}
	second, err := r.Draft(ctx, ref, by("anna"), Draft{})
	r.must(err)
	if second.Version != 2 || len(second.Timeline) != len(first.Timeline)-1 || second.Summary[0] != first.Summary[0] || !second.Written {
		t.Errorf("second draft: version %d, %d of %d lines, summary %q", second.Version, len(second.Timeline), len(first.Timeline), second.Summary)
	}

	r.now = r.now.Add(time.Minute)
	approved, err := r.Approve(ctx, ref, by("anna"), 0)
	r.must(err)
	again, err := r.Approve(ctx, ref, by("ivan"), 2)
	r.must(err)
	if approved.Version != 2 || again.ApprovedBy != "anna" {
		t.Errorf("approved %+v, again %+v", approved, again)
	}
	r.after(time.Minute, ref, ticket.Noted{Text: "замечание после утверждения", Public: true}) // what was approved is what is sent
	told, err := r.Send(ctx, ref, by("ivan"), 0)
	r.must(err)
	if len(told) != 1 || told[0].To.Channel != "portal" {
		t.Errorf("told %+v", told)
	}
	m, seal, err := r.Show(ctx, ref, 2)
	r.must(err)
	if seal.ApprovedBy != "Анна Соколова" || seal.SentAt.IsZero() || len(seal.SentBy) != 1 || len(m.Timeline) != len(second.Timeline) {
		t.Errorf("seal %+v", seal)
	}

	r.must(r.Opened(ctx, token, 2, PDF))
	opened := r.now
	r.now = r.now.Add(time.Hour)
	r.must(r.Opened(ctx, token, 2, HTML)) // the first time counts
	if _, seal, err = r.Show(ctx, ref, 2); err != nil || !seal.OpenedAt.Equal(opened) {
		t.Errorf("opened %v, %v", seal.OpenedAt, err)
	}
	r.must(r.Rate(ctx, token, ticket.Rated{Score: 5, Comment: "быстро"}, "form1"))
	r.must(r.Rate(ctx, token, ticket.Rated{Score: 5, Comment: "быстро"}, "form1"))
	d, err := r.d.Dossier(ctx, ref)
	r.must(err)
	if len(d.Ratings) != 1 {
		t.Errorf("%d ratings of one form", len(d.Ratings))
	}
	for i := range maxRatings + 1 {
		err = r.Rate(ctx, token, ticket.Rated{Score: 1}, string(rune('a'+i)))
	}
	if !errors.Is(err, ErrRated) {
		t.Errorf("endless ratings: %v", err)
	}

	next := r.open("romashka", "maria", "Снова 1С") // what was recommended and not done is in the next report
	m, err = r.Preview(ctx, next, "ivan", Draft{})
	r.must(err)
	if len(m.Earlier) != 1 || m.Earlier[0].Ticket != ref.Number {
		t.Errorf("earlier advice %+v", m.Earlier)
	}
}

// TestPageShowsWhatIsPublic: no internal word, no secret, no other client.
func TestPageShowsWhatIsPublic(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	ref := r.worked()
	p, err := r.Page(ctx, r.Links().Token(ref.ID), "")
	r.must(err)
	if p.Number != ref.Number || p.Stage != ticket.Stabilised || p.Client != "ООО «Ромашка»" || p.Engineer != "Иван Петров" || len(p.Reports) != 0 || p.MayRate {
		t.Errorf("page %+v", p)
	}
	var all strings.Builder
	for i, l := range p.Lines {
		all.WriteString(l.Text + "\n")
		if i > 0 && l.At.After(p.Lines[i-1].At) {
			t.Error("the newest does not stand first")
		}
	}
	for _, bad := range []string{"Zima2026", "внутренняя", "Василёк", "rdp.romashka"} {
		if strings.Contains(all.String(), bad) {
			t.Errorf("the page says %q", bad)
		}
	}
	if !strings.Contains(all.String(), "Подключились") {
		t.Error("a public line is missing")
	}
	english, err := r.Page(ctx, r.Links().Token(ref.ID), "en")
	r.must(err)
	if english.Language != "en" || english.Lines[0].Text == p.Lines[0].Text {
		t.Error("the page speaks one language")
	}
}

// TestPageOfMerged: whoever's ticket went into one of his own organisation reads
// that; a stranger reads only how far it is.
func TestPageOfMerged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	target := r.worked()
	own, foreign := r.open("romashka", "maria", "Почта не ходит"), r.open("", "stranger", "У нас тоже не работает")
	for _, source := range []dispatch.Ref{own, foreign} {
		r.must(r.d.Merge(ctx, source, target, by("ivan"), "один сервер"))
	}
	p, err := r.Page(ctx, r.Links().Token(own.ID), "ru")
	r.must(err)
	if p.With || p.Number != own.Number || len(p.Lines) == 0 {
		t.Errorf("own page: %+v", p)
	}
	p, err = r.Page(ctx, r.Links().Token(foreign.ID), "ru")
	r.must(err)
	if !p.With || p.Number != foreign.Number || len(p.Lines) != 0 || p.Title != "" || p.Client != "" || p.Plan != nil {
		t.Errorf("page of a stranger: %+v", p)
	}
	_, err = r.Draft(ctx, target, by("ivan"), Draft{})
	r.must(err)
	_, err = r.Approve(ctx, target, by("anna"), 1)
	r.must(err)
	if _, err := r.Released(ctx, r.Links().Token(foreign.ID), 1, PDF); !errors.Is(err, ErrNoPage) {
		t.Errorf("a stranger reads the report: %v", err)
	}
	if err := r.Rate(ctx, r.Links().Token(foreign.ID), ticket.Rated{Score: 1}, "k"); !errors.Is(err, ErrRated) {
		t.Errorf("a stranger rates: %v", err)
	}
	paper, err := r.Released(ctx, r.Links().Token(own.ID), 1, PDF)
	r.must(err)
	if !bytes.HasPrefix(paper.Body, []byte("%PDF-")) || paper.Type != "application/pdf" {
		t.Errorf("%s", paper.Type)
	}
}

// TestAlteredModel: what was changed on the disk is not shown, sent or approved.
func TestAlteredModel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ref := r.worked()
	_, err := r.d.Do(t.Context(), ref, by("ivan"), ticket.Drafted{Version: 1, Hash: strings.Repeat("0", 64), Language: "ru"})
	r.must(err)
	r.must(r.mem.KeepReport(t.Context(), strings.Repeat("0", 64), []byte("{}")))
	if _, _, err := r.Show(t.Context(), ref, 1); err == nil {
		t.Error("it was shown")
	}
	if _, err := r.Approve(t.Context(), ref, by("anna"), 1); err == nil {
		t.Error("it was approved")
	}
}

// Addresses are those of one ticket, whatever is changed in them.
func TestLinks(t *testing.T) {
	t.Parallel()
	mem := store.NewMemory()
	l, other := NewLinks("https://desk.example.com/"), NewLinks("https://desk.example.com")
	id := uuid.Must(uuid.NewV7()).String()
	if l.URL(id) != "" {
		t.Error("an address without a secret")
	}
	if _, err := l.Ticket("x"); !errors.Is(err, dispatch.ErrAway) {
		t.Errorf("without a secret: %v", err)
	}
	for _, links := range []*Links{l, other} {
		if err := links.Load(t.Context(), mem); err != nil {
			t.Fatal(err)
		}
	}
	if l.URL(id) != other.URL(id) || !strings.HasPrefix(l.URL(id), "https://desk.example.com/t/") {
		t.Errorf("nodes disagree: %s and %s", l.URL(id), other.URL(id))
	}
	rapid.Check(t, func(t *rapid.T) {
		id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")).String()
		token := l.Token(id)
		if got, err := l.Ticket(token); err != nil || got != id {
			t.Fatalf("%s became %s, %v", id, got, err)
		}
		i := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		c := rapid.SampledFrom([]byte("ABCxyz019-_.=/")).Draw(t, "char")
		if token[i] == c {
			return
		}
		changed := token[:i] + string(c) + token[i+1:]
		if got, err := l.Ticket(changed); !errors.Is(err, ErrNoPage) {
			t.Fatalf("%s opens %s, %v", changed, got, err)
		}
	})
}

// TestRunWaitsForTheRecord: the secret is read as soon as the record answers.
func TestRunWaitsForTheRecord(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.links = NewLinks("https://desk.example.com")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	r.mem.Fail(dispatch.ErrAway)
	go func() { done <- r.Reports.Run(ctx) }()
	r.mem.Fail(nil)
	for r.links.Token(uuid.Nil.String()) == "" {
		select {
		case err := <-done:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	stop()
	r.must(<-done)
}

// TestReportGoesWithItsMail: the notice says what is enclosed and has none of its bytes; it is read when the mail goes out, and only
// once the report is approved.
func TestReportGoesWithItsMail(t *testing.T) {
	t.Parallel()
	r := newRigOn(t, dispatch.ChannelEmail)
	ctx := t.Context()
	ref := r.worked()
	_, err := r.Draft(ctx, ref, by("ivan"), Draft{})
	r.must(err)
	enclosed := dispatch.Enclosure{Name: ref.Number + "-v1.pdf", Type: "application/pdf", Report: 1}
	if _, err := r.Open(ctx, ref, enclosed); err == nil {
		t.Error("a draft is enclosed")
	}
	_, err = r.Approve(ctx, ref, by("anna"), 1)
	r.must(err)
	_, err = r.Send(ctx, ref, by("ivan"), 0)
	r.must(err)
	list, err := r.mem.ClaimNotices(ctx, dispatch.NoticeClient, r.now, time.Minute, 9)
	r.must(err)
	i := slices.IndexFunc(list, func(n dispatch.Notice) bool { return n.Message.Purpose == ticket.ForReport })
	if i < 0 || len(list[i].Message.Enclosed) != 1 || list[i].Message.Enclosed[0] != enclosed {
		t.Fatalf("notices: %+v", list)
	}
	kept, err := json.Marshal(list[i])
	r.must(err)
	if len(kept) > 4<<10 {
		t.Errorf("the notice has %d bytes", len(kept))
	}
	in, err := r.Open(ctx, list[i].Ref, list[i].Message.Enclosed[0])
	r.must(err)
	body, err := io.ReadAll(in)
	r.must(errors.Join(err, in.Close()))
	paper, err := r.Write(ctx, ref, 1, PDF)
	r.must(err)
	if !bytes.HasPrefix(body, []byte("%PDF")) || paper.Name != enclosed.Name || paper.Type != enclosed.Type {
		t.Errorf("%d bytes of %s", len(body), paper.Name)
	}
}
