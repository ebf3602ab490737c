package app_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// The stories are incidents from the first signal to the report, told on the whole product: real calls, a moved clock, engineers who
// work over the control socket, clients who read over HTTP.

// stillClock is a clock that stands until it is moved.
type stillClock struct {
	mu sync.Mutex
	at time.Time // guarded by mu
}

func (c *stillClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *stillClock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// letters is a channel that keeps what clients are written.
type letters struct{ sent siptest.Log[dispatch.Notice] }

// Notify implements dispatch.Notifier.
func (l *letters) Notify(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
	if n.Stamp != nil {
		n.Stamp("letter-" + n.Message.ID)
	}
	n.Stamp, n.Report = nil, nil
	l.sent.Add(n)
	return dispatch.ResultDelivered, nil
}

// incident is one story: a company of three engineers, its clients, a clock, and the ticket that it is about.
type incident struct {
	*rig
	testing.TB
	clock    *stillClock
	zone     *time.Location
	day      string // on which clock times lie
	mail     *letters
	chat     *letters
	ivan     *phone.Phone // on duty, first on the ladder
	number   string       // of the ticket; empty = there is none yet
	url      string       // of the portal
	cases    desk.Cases
	papers   desk.Papers
	reported int // messages that were waited for
}

func (s *incident) Helper() { s.TB.Helper() }

// storyRig is a server at a time of a day in Moscow. Ivan's phone answers, and presses nothing by itself.
func storyRig(t *testing.T, day, clock string, change ...func(*config.Config)) *incident {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	s := &incident{TB: t, clock: &stillClock{}, zone: zone, day: day, mail: &letters{}, chat: &letters{}}
	s.clock.set(s.at(clock))
	s.ivan = startPhone(t, "ivan", "udp", phone.Answering(20*time.Millisecond, phone.Talk{Tone: 700}))
	operator := startPhone(t, "client", "udp", phone.Answer{})
	cfg := base(t, operator)
	web := siptest.ClosedPort(t)
	cfg.HTTP.Listen, s.url = web.String(), "http://"+web.String()
	cfg.Portal.PublicURL = s.url
	cfg.Dispatch.Zone = "Europe/Moscow"
	cfg.Reports.Company = report.Provider{Name: "ButlerSPB", Phone: "+7 812 309-40-01", Mail: "help@butlerspb.example", Site: "butlerspb.example"}
	person := func(id, name string, p netip.AddrPort, roles ...oncall.Role) oncall.Person {
		return oncall.Person{
			ID: id, Name: name, Language: "ru", Roles: roles,
			Devices: []oncall.Device{{Kind: oncall.Softphone, URI: fmt.Sprintf("sip:%s@%s", id, p)}},
		}
	}
	silent := netip.MustParseAddrPort("127.0.0.1:9") // Oleg and Anna work by hand
	cfg.People = append(cfg.People, person("ivan", "Иван Петров", s.ivan.Addr("udp")),
		person("oleg", "Олег Ким", silent, oncall.Lead), person("anna", "Анна Соколова", silent))
	cfg.Lines = []dispatch.Line{
		{
			ID: "hotline", DIDs: []string{"hotline"}, Language: "ru", RingTime: 30 * time.Second, AnswerAfter: time.Minute, Rounds: 1,
			Ladder: []dispatch.LadderRung{{People: []string{"ivan"}}, {People: []string{"oleg"}}},
		},
		{ID: "second", DIDs: []string{"second"}, Ladder: nobody()},
	}
	cfg.Clients = storyClients()
	for _, f := range change {
		f(&cfg)
	}
	s.start(cfg, operator)
	cases, done, err := desk.OpenCases(t.Context(), cfg.Data, cfg.Database(), nil)
	s.must(err)
	t.Cleanup(func() { _ = done() })
	papers, done, err := desk.OpenPapers(t.Context(), cfg.Data, cfg.Database(), nil)
	s.must(err)
	t.Cleanup(func() { _ = done() })
	s.cases, s.papers = cases, papers
	t.Cleanup(func() {
		if t.Failed() && s.number != "" {
			s.tell()
		}
	})
	return s
}

// start is startRig in the world of the story.
func (s *incident) start(cfg config.Config, operator *phone.Phone) {
	s.Helper()
	s.rig = startRigIn(s.TB, cfg, operator, func(log *slog.Logger) (*app.App, error) {
		return app.NewIn(context.Background(), cfg, log, app.Outside{
			Now: s.clock.now, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelEmail: s.mail, dispatch.ChannelChat: s.chat},
		})
	})
}

func storyClients() []client.Organisation {
	mail := func(a string) []client.Address { return []client.Address{{Channel: client.ChannelEmail, Value: a}} }
	return []client.Organisation{
		{
			ID: "romashka", Name: "ООО «Ромашка»", Language: "ru", Zone: "Europe/Moscow", Domains: []string{"romashka.example"},
			Contacts: []client.Contact{
				{ID: "orlova", Name: "Мария Орлова", Role: "офис-менеджер", Numbers: []string{"+7 921 555-01-18"}, Addresses: mail("orlova@romashka.example")},
			},
			Contract: client.Contract{ID: "Д-12", Channels: []string{"email"}},
			Assets: []client.Asset{{
				ID: "srv-1c", Name: "Сервер 1С", Kind: "server", Hosts: []string{"srv-1c.romashka.example"},
				Accesses: []client.Access{{ID: "vpn", Way: "vpn", Where: "vpn.romashka.example", Login: "butler-support", Secret: "vault:romashka/vpn"}},
			}},
		},
		{
			ID: "sever", Name: "Мебельная фабрика «Север»", Language: "ru", Zone: "Europe/Moscow", Domains: []string{"sever-mebel.example"},
			Contacts: []client.Contact{
				{ID: "belov", Name: "Николай Белов", Role: "директор", Duty: true, Numbers: []string{"+7 921 555-02-18"}, Addresses: mail("belov@sever-mebel.example")},
			},
			Contract: client.Contract{ID: "17/2025", Channels: []string{"email"}},
			Assets: []client.Asset{
				{
					ID: "fs-01", Name: "Файловый сервер FS-01", Kind: "server", Hosts: []string{"fs-01.sever.local"},
					Accesses: []client.Access{{ID: "vpn", Way: "vpn", Where: "vpn.sever-mebel.example", Login: "butler", Secret: "vault:sever/vpn"}},
				},
				{ID: "fs-02", Name: "Чистый сервер FS-02", Kind: "server", Hosts: []string{"fs-02.sever.local"}},
			},
		},
	}
}

// at is a time of the story's day.
func (s *incident) at(clock string) time.Time {
	s.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", s.day+" "+clock, s.zone)
	if err != nil {
		s.Fatal(err)
	}
	return at.UTC()
}

// carry has somebody do something, over the control socket.
func (s *incident) carry(who string, o casework.Order) casework.Done {
	s.Helper()
	o.Ticket, o.By.Person, o.By.Channel, o.By.Language = s.number, who, dispatch.ChannelCLI, "ru"
	done, err := s.cases.Carry(s.Context(), o)
	if err != nil {
		s.Fatalf("%s: %v", s.clock.now().In(s.zone).Format(time.TimeOnly), err)
	}
	s.posted(len(done.Told))
	return done
}

func (s *incident) do(who string, body ticket.Body) casework.Done {
	s.Helper()
	doing, err := casework.NewDoing(body)
	s.must(err)
	return s.carry(who, casework.Order{Do: doing})
}

func (s *incident) step(who, runbook, step, result, note string) {
	s.Helper()
	s.carry(who, casework.Order{Step: &casework.Stepping{Runbook: runbook, Step: step, Result: result, Note: note}})
}

func (s *incident) answer(who, list string, pairs ...string) {
	s.Helper()
	for i := 0; i < len(pairs); i += 2 {
		s.carry(who, casework.Order{Answer: &casework.Answering{List: list, Question: pairs[i], Typed: pairs[i+1]}})
	}
}

func (s *incident) paper(by string, o desk.PaperOrder) desk.PaperDone {
	s.Helper()
	o.By = by
	done, err := s.papers.Order(s.Context(), s.number, o)
	s.must(err)
	s.posted(0)
	return done
}

func (s *incident) look() casework.Sight {
	s.Helper()
	sight, err := s.cases.Look(s.Context(), s.number)
	s.must(err)
	return sight
}

// log is the ticket's log.
func (s *incident) log() []ticket.Event {
	s.Helper()
	t, err := s.app.Dispatcher().Ticket(s.Context(), s.number)
	s.must(err)
	log, err := s.app.Dispatcher().Events(s.Context(), dispatch.Ref{ID: t.ID, Number: s.number})
	s.must(err)
	return log
}

func (s *incident) count(kind ticket.Kind) (n int) {
	s.Helper()
	for _, e := range s.log() {
		if e.Body.Kind() == kind {
			n++
		}
	}
	return n
}

// posted waits until every message to the client has gone out, so that the log has one order.
func (s *incident) posted(atLeast int) {
	s.Helper()
	until(s.TB, "the messages have gone out", func() bool {
		written, gone := 0, 0
		for _, e := range s.log() {
			switch e.Body.Kind() { //nolint:exhaustive // two of many
			case ticket.KindMessaged:
				written++
			case ticket.KindSent:
				gone++
			}
		}
		if gone == written && written >= s.reported+atLeast {
			s.reported = written
			return true
		}
		return false
	})
}

// move brings the clock to a time of the day. On the way it stops wherever a clock of the ticket reaches a level, until that was
// told, and whoever was paged about it has pressed the key.
func (s *incident) move(clock string) {
	s.Helper()
	to := s.at(clock)
	for s.number != "" {
		next := time.Time{}
		for _, c := range s.look().Clocks {
			for _, l := range sla.Levels(c) {
				if l.At.After(s.clock.now()) && !l.At.After(to) && (next.IsZero() || l.At.Before(next)) {
					next = l.At
				}
			}
		}
		if next.IsZero() {
			break
		}
		told := s.count(ticket.KindWarned)
		s.clock.set(next)
		until(s.TB, "the level of a clock is told", func() bool { return s.count(ticket.KindWarned) > told })
		s.answered()
	}
	s.clock.set(to)
}

// answered has the engineer on duty press 1 when he is called about a level, and waits until that is on record.
func (s *incident) answered() {
	s.Helper()
	log := s.log()
	last, ok := log[len(log)-1].Body.(ticket.Warned)
	if !ok || len(last.To) == 0 {
		return
	}
	before := s.count(ticket.KindAttempted)
	page := incoming(s.TB, s.ivan, s.calls()+1)
	wait(s.TB, page, phone.Heard)
	page.Press("1", phone.RFC4733)
	wait(s.TB, page, phone.Ended)
	until(s.TB, "the key is on record", func() bool { return s.count(ticket.KindAttempted) > before })
}

// calls is how many calls of Ivan's phone have ended.
func (s *incident) calls() (n int) {
	for _, c := range s.ivan.Sessions() {
		if slices.ContainsFunc(c.Events(), func(e phone.Event) bool { return e.Kind == phone.Ended }) {
			n++
		}
	}
	return n
}

// clocks are how the promises stand, as "plan met 41m0s".
func (s *incident) clocks() (list []string) {
	s.Helper()
	for _, c := range s.look().Clocks {
		list = append(list, fmt.Sprintf("%s %s %s", c.Name, c.Verdict, c.Elapsed))
	}
	return list
}

// page asks the portal, as the client's browser does.
func (s *incident) page(method, path string) (int, string) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, path, nil)
	s.must(err)
	resp, err := http.DefaultClient.Do(req)
	s.must(err)
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	s.must(err)
	return resp.StatusCode, body.String()
}

// verified checks every chain of the record.
func (s *incident) verified() {
	s.Helper()
	v, err := desk.Verify(s.Context(), s.cfg.Data, s.cfg.Database(), nil)
	s.must(err)
	if len(v.Faults) > 0 || v.Tickets != 1 || v.Audit.Seq == 0 {
		s.Errorf("the audit says %+v", v)
	}
}

// tell logs the ticket's timeline, for stories that failed.
func (s *incident) tell() {
	ctx, d := context.Background(), s.app.Dispatcher()
	t, err := d.Ticket(ctx, s.number)
	if err != nil {
		s.Log(err)
		return
	}
	events, err := d.Events(ctx, dispatch.Ref{ID: t.ID})
	s.Log(dispatch.Timeline(t, events, dispatch.TimelineOptions{Language: "ru"}), err)
}
