package dispatch_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/outbox"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticker"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// post is a notifier of a channel on which clients are written to.
type post struct {
	mu     sync.Mutex
	sent   []dispatch.Notice // guarded by mu
	refuse error             // guarded by mu; of every message from now on
	held   chan struct{}     // guarded by mu; messages wait until it is closed; nil = they do not
}

func (p *post) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	p.mu.Lock()
	held := p.held
	p.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return dispatch.ResultFailed, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return dispatch.ResultFailed, p.refuse
	}
	p.sent = append(p.sent, n)
	n.Stamp(fmt.Sprintf("<%d@mx>", len(p.sent)))
	return dispatch.ResultDelivered, nil
}

// hold keeps messages under way until the function that it returns is called.
func (p *post) hold() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	held := make(chan struct{})
	p.held = held
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.held = nil
		close(held)
	}
}

func (p *post) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = err
}

func (p *post) texts() (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.sent {
		list = append(list, n.To+": "+n.Message.Text)
	}
	return list
}

// bureau is a dispatcher with its workers and with channels to clients; inside a
// synctest bubble.
type bureau struct {
	*dispatch.Dispatcher

	t      *testing.T
	start  time.Time
	phones *phones
	mail   *post
	chat   *post
	stop   func()
}

// clients are two organisations: the first can be written to.
func clients() []client.Organisation {
	return []client.Organisation{
		{
			ID: "romashka", Name: "ООО «Ромашка»", Language: "ru",
			Contacts: []client.Contact{
				{ID: "ivan", Name: "Иван", Numbers: []string{"89211234567"}, Addresses: []client.Address{
					{Channel: "email", Value: "ivan@romashka.example"}, {Channel: "telegram", Value: "100"},
				}},
				{ID: "olga", Name: "Ольга", Numbers: []string{"89217654321"}, Addresses: []client.Address{{Channel: "email", Value: "olga@romashka.example"}}},
			},
			Contract: client.Contract{ID: "gold", Channels: []string{"email", "telegram"}, Quantum: 15 * time.Minute},
		},
		{ID: "rival", Name: "Rival", Contacts: []client.Contact{{ID: "bob", Name: "Bob", Numbers: []string{"+442071234567"}}}},
	}
}

func newBureau(t *testing.T, s *store.Memory, answers map[string][]answer, change ...func(*dispatch.Config)) *bureau {
	t.Helper()
	return newNode(t, s, "", answers, change...)
}

// newNode is a bureau that is one of several on a store; without a name it is alone.
func newNode(t *testing.T, s *store.Memory, name string, answers map[string][]answer, change ...func(*dispatch.Config)) *bureau {
	t.Helper()
	src := source()
	src.Clients = clients()
	src.Roster.People[1].Roles = []oncall.Role{oncall.Lead}
	snap, err := dispatch.NewSnapshot(src)
	must(t, err)
	cfg := dispatch.Default()
	cfg.Written = []dispatch.Channel{dispatch.ChannelEmail, dispatch.ChannelChat}
	for _, f := range change {
		f(&cfg)
	}
	deps := dispatch.Deps{Store: s, Archive: s, Directory: dispatch.NewDirectory(snap), Node: name}
	if name != "" {
		deps.Nodes = s
	}
	d, err := dispatch.New(cfg, deps)
	must(t, err)
	b := &bureau{Dispatcher: d, t: t, start: time.Now(), mail: &post{}, chat: &post{}, phones: &phones{start: time.Now(), answers: answers}}
	out, tick := outbox.Default(), ticker.Default()
	out.Poll, tick.Poll = time.Hour, time.Hour // a bubble's days are short then; what is due is known by wakes
	o, err := outbox.New(out, outbox.Deps{Source: s, Desk: d, Notifiers: map[dispatch.Channel]dispatch.Notifier{
		dispatch.ChannelVoice: b.phones, dispatch.ChannelEmail: b.mail, dispatch.ChannelChat: b.chat,
	}})
	must(t, err)
	k, err := ticker.New(tick, s, d, nil)
	must(t, err)
	d.SetWaker(dispatch.Workers{Outbox: o, Ticker: k})
	must(t, s.ReleaseLeases(t.Context()))
	must(t, d.Start(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{o.Run, k.Run, d.Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	b.stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(b.stop)
	return b
}

// served is a ticket whose call anna has taken after 19 seconds, for 40.
func (b *bureau) served(key, caller string) dispatch.Ref {
	b.t.Helper()
	o, err := b.OpenCall(b.t.Context(), call(key, caller))
	must(b.t, err)
	wait(19 * time.Second)
	must(b.t, b.RecordAccepted(b.t.Context(), dispatch.Accepted{Ref: o.Ref, Call: key, Person: "anna", At: time.Now()}))
	wait(40 * time.Second)
	must(b.t, b.RecordOutcome(b.t.Context(), dispatch.Outcome{
		Ref: o.Ref, Call: key, Result: dispatch.CallServed, At: time.Now(),
		Detail: dispatch.CallDetail{AcceptedBy: "anna", AcceptedAt: time.Now().Add(-40 * time.Second), Talk: 40 * time.Second},
	}))
	return o.Ref
}

func anna() dispatch.Author { return dispatch.Author{Person: "anna", Channel: dispatch.ChannelCLI} }

func boris() dispatch.Author { return dispatch.Author{Person: "boris", Channel: dispatch.ChannelCLI} }

// until waits until so long after the beginning.
func (b *bureau) until(d time.Duration) {
	wait(time.Until(b.start.Add(d)))
	synctest.Wait()
}

// told is the log as lines: when, who, what; kinds that are named in leave out
// are not among them.
func (b *bureau) told(ref dispatch.Ref, leaveOut ...ticket.Kind) string {
	b.t.Helper()
	log, err := b.Events(b.t.Context(), ref)
	must(b.t, err)
	var list []string
	for _, e := range log {
		if slices.Contains(leaveOut, e.Body.Kind()) {
			continue
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.At.Sub(b.start).Round(time.Second), e.By, e.Body.Kind(), detail(e.Body))))
	}
	return strings.Join(list, "\n")
}

// detail is what a transcript shows of a body.
func detail(body ticket.Body) string {
	switch v := body.(type) {
	case ticket.Moved:
		return v.To.String()
	case ticket.Messaged:
		return string(v.Purpose) + " " + v.To.Channel
	case ticket.Sent:
		return v.Channel
	case ticket.Unsent:
		return v.Channel
	case ticket.Warned:
		return fmt.Sprintf("%s %s %v late %v", v.Clock, v.Level, v.To, v.Late)
	case ticket.Planned:
		return fmt.Sprintf("%d complete %v", v.Version, v.Complete())
	case ticket.PlanTold:
		return fmt.Sprint(v.Version)
	case ticket.Paused:
		return v.Pause + " " + string(v.Reason)
	case ticket.Resumed:
		return v.Pause + " " + v.Reason
	case ticket.Timed:
		return fmt.Sprintf("%s %s %v", v.Person, v.Source, v.To.Sub(v.From))
	case ticket.TimeSettled:
		return fmt.Sprintf("%s %v", v.Entry, v.Time)
	case ticket.Assigned:
		return v.To
	case ticket.HandedOver:
		return v.From + " → " + v.To
	case ticket.Reported:
		return fmt.Sprintf("%d %s", v.Report, v.From.Name)
	case ticket.Linked:
		return string(v.Relation)
	case ticket.PageRaised:
		return v.Reason
	case ticket.Acknowledged:
		return v.How
	case ticket.Attempted:
		return v.Person + " " + v.Outcome
	case ticket.Tasked:
		return v.Task
	case ticket.TaskDone:
		return v.Task + " " + v.Result
	}
	return ""
}

func (b *bureau) expect(what, got, want string) {
	b.t.Helper()
	if want = strings.TrimSpace(strings.ReplaceAll(want, "\t", "")); got != want {
		b.t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

// clock returns one clock of a ticket as it stands now.
func (b *bureau) clock(ref dispatch.Ref, name sla.Name, report int) sla.Clock {
	b.t.Helper()
	list, err := b.Clocks(b.t.Context(), ref)
	must(b.t, err)
	for _, c := range list {
		if c.Name == name && c.Report == report {
			return c
		}
	}
	b.t.Fatalf("no clock %s of report %d in %+v", name, report, list)
	return sla.Clock{}
}

func plan(eta time.Time) ticket.Planned {
	return ticket.Planned{
		Hypothesis: "в дисковом массиве сервера", Actions: []string{"попытка перезапуска контроллера"},
		Fallback: "восстановление из бэкапа на резервный сервер", ETA: eta, Engineer: "anna",
	}
}

// The plan is told in the article's words. A draft is not told, and stops no clock.
func TestPlanIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Moved{To: ticket.Diagnosis}))
		synctest.Wait() // the word of it goes out at once
		draft := plan(time.Time{})
		n, err := b.SavePlan(t.Context(), ref, anna(), draft)
		must(t, err)
		if _, err := b.TellPlan(t.Context(), ref, anna(), dispatch.PlanWord{}); err == nil || n != 1 {
			t.Errorf("a draft, version %d, was told", n)
		}
		b.until(25 * time.Minute)
		n, err = b.SavePlan(t.Context(), ref, anna(), plan(b.start.Add(145*time.Minute)))
		must(t, err)
		told, err := b.TellPlan(t.Context(), ref, anna(), dispatch.PlanWord{})
		must(t, err)
		if n != 2 || len(told) != 1 || told[0].To.Address != "ivan@romashka.example" {
			t.Errorf("version %d told to %+v", n, told)
		}
		b.until(26 * time.Minute)
		got := b.mail.texts()
		want := "ivan@romashka.example: Проблема предположительно в дисковом массиве сервера. План действий: попытка перезапуска контроллера, " +
			"в случае неудачи — восстановление из бэкапа на резервный сервер. Ожидаемое время стабилизации: 2 ч (к 05:25). Работу ведёт anna."
		if len(got) != 2 || got[1] != want {
			t.Errorf("mail %q\nwant %q", got, want)
		}
		if k2 := b.clock(ref, sla.PlanClock, 0); k2.Verdict != sla.Met || k2.Elapsed != 25*time.Minute {
			t.Errorf("K2 %+v", k2)
		}
		b.expect("log", b.told(ref, ticket.KindOpened, ticket.KindAccepted, ticket.KindCallEnded), `
			59s vahta timed anna call 40s
			59s anna stage_moved diagnosis
			59s vahta messaged status email
			59s vahta message_sent email
			59s anna planned 1 complete false
			25m0s anna planned 2 complete true
			25m0s anna messaged plan email
			25m0s vahta message_sent email
			25m0s vahta stage_moved plan_sent
			25m0s vahta timed anna stage 24m1s`)
	})
}

// A key names one act and no other, also where one key begins as another does.
func TestKeysThatBeginAlike(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		for _, key := range []string{"form:1", "form", "form:1:1", "form", "form:1"} {
			by := anna()
			by.Key = key
			must(t, b.Note(t.Context(), ref, by, ticket.Noted{Text: key}))
		}
		by := anna()
		by.Key = "done" // an act of several lines
		for range 2 {
			_, err := b.Stabilise(t.Context(), ref, by, ticket.Restored{Statement: "работает", Check: "вход открывается"})
			must(t, err)
		}
		by.Key = "done:1"
		must(t, b.Note(t.Context(), ref, by, ticket.Noted{Text: by.Key}))
		log, err := b.Events(t.Context(), ref)
		must(t, err)
		var notes []string
		restored := 0
		for _, e := range log {
			switch body := e.Body.(type) {
			case ticket.Noted:
				notes = append(notes, body.Text)
			case ticket.Restored:
				restored++
			}
		}
		if got := strings.Join(notes, " "); got != "form:1 form form:1:1 done:1" || restored != 1 {
			t.Errorf("notes %q, restored %d times", got, restored)
		}
	})
}
