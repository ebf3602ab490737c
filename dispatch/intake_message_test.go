package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// reception is a dispatcher that takes in JSON on every channel, at a time that the
// test moves.
type reception struct {
	*dispatch.Dispatcher

	store *store.Memory
	at    time.Time
}

func newReception(tb testing.TB) *reception {
	tb.Helper()
	h := &reception{store: store.NewMemory(), at: night}
	src := source()
	src.Clients = append(src.Clients, client.Organisation{
		ID: "lutik", Name: "ЗАО «Лютик»", Domains: []string{"lutik.example"},
		Contacts: []client.Contact{{ID: "olga", Name: "Ольга", Numbers: []string{"+79310000001"}, Addresses: []client.Address{{Channel: "email", Value: "olga@lutik.example"}}}},
		Contract: client.Contract{CountFromOccurrence: true, Plan: quiet, NextUpdate: quiet, Stabilisation: quiet},
	})
	snapshot, err := dispatch.NewSnapshot(src)
	must(tb, err)
	h.Dispatcher = dispatcher(tb, h.store, func(cfg *dispatch.Config, deps *dispatch.Deps) {
		deps.Signals, deps.Now, deps.Directory = h.store, func() time.Time { return h.at }, dispatch.NewDirectory(snapshot)
		deps.Suggest = func(text string) (ticket.Category, string) {
			if strings.Contains(text, "шифровальщик") {
				return ticket.Security, "The words suggest: ransomware."
			}
			return ticket.Uncategorised, ""
		}
	})
	for _, ch := range []dispatch.Channel{dispatch.ChannelAPI, dispatch.ChannelEmail, dispatch.ChannelSMS, dispatch.ChannelMonitor} {
		h.Register(ch, dispatch.Decoding{Decode: dispatch.DecodeJSON})
	}
	return h
}

// send receives a message and takes it in.
func (h *reception) send(ch dispatch.Channel, key string, m dispatch.MessageSignal) (dispatch.Opened, error) {
	id, err := h.Receive(context.Background(), dispatch.Signal{Channel: ch, Key: key, At: h.at, Message: &m})
	if err != nil {
		return dispatch.Opened{}, err
	}
	return h.Intake(context.Background(), id)
}

// step is one signal of a transcript.
type step struct {
	after time.Duration
	ch    dispatch.Channel
	m     dispatch.MessageSignal
	do    func(t *testing.T, h *reception) // instead of a signal
}

func from(channel, address string) ticket.Contact {
	return ticket.Contact{Channel: channel, Address: address}
}

func alarm(key string, priority ticket.Priority) dispatch.MessageSignal {
	return dispatch.MessageSignal{
		From: from("monitor", "zabbix.romashka"), Org: "romashka", Machine: true, Source: "Zabbix", Subject: "problem " + key, DedupKey: key, Priority: priority,
	}
}

// former is an alarm as older versions took it: its party does not name the client.
func former(m dispatch.MessageSignal) dispatch.MessageSignal {
	m.OwnKeys = true
	return m
}

func over(key string) dispatch.MessageSignal {
	m := alarm(key, 0)
	m.Recovery, m.Subject = true, "resolved "+key
	return m
}

func more(key string, priority ticket.Priority) dispatch.MessageSignal {
	m := alarm(key, priority)
	m.Update, m.Subject = true, "acknowledged "+key
	return m
}

// told writes an event in a line.
func told(e ticket.Event) string {
	body, err := json.Marshal(e.Body)
	if err != nil {
		return err.Error()
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return err.Error()
	}
	for _, noise := range []string{"policy", "id", "client", "first_contact_limit_ns", "line", "language", "message", "ticket"} {
		delete(fields, noise)
	}
	if f, ok := fields["from"].(map[string]any); ok {
		delete(f, "client")
	}
	if body, err = json.Marshal(fields); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("    %s %s %s %s", e.At.Format("15:04:05"), e.By, e.Body.Kind(), body)
}

// TestIntake is the transcript of what becomes of messages.
func TestIntake(t *testing.T) {
	t.Parallel()
	mail := func(address, text string) dispatch.MessageSignal {
		return dispatch.MessageSignal{From: from("email", address), Subject: text}
	}
	with := func(m dispatch.MessageSignal, change func(*dispatch.MessageSignal)) dispatch.MessageSignal {
		change(&m)
		return m
	}
	reply := func(m dispatch.MessageSignal, refs ...string) dispatch.MessageSignal {
		m.InReplyTo = refs
		return m
	}
	closing := step{do: func(t *testing.T, h *reception) {
		t.Helper()
		for _, c := range h.BoardNow().Cases {
			must(t, h.CloseUnreported(t.Context(), dispatch.Ref{ID: c.Ticket.ID}, dispatch.Author{Person: "anna", At: h.at}, "done", "проверка"))
		}
	}}
	calls := func(key, number string) step {
		return step{do: func(t *testing.T, h *reception) {
			t.Helper()
			sig := call(key, number)
			sig.At = h.at
			_, err := h.OpenCall(t.Context(), sig)
			must(t, err)
		}}
	}
	var out strings.Builder
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"a problem, its repeats, and the word that it is over: one ticket, nothing closed", []step{
			{0, "monitor", alarm("1", ticket.Critical), nil}, {time.Minute, "monitor", alarm("1", ticket.Critical), nil}, {time.Minute, "monitor", over("1"), nil},
		}},
		{"a trouble that has become graver is raised and pages", []step{
			{0, "monitor", with(alarm("1", 0), func(m *dispatch.MessageSignal) { m.Warning = true }), nil}, {time.Minute, "monitor", alarm("1", ticket.Critical), nil},
		}},
		{"a problem that is back within three days reopens its ticket, later it is a repeat", []step{
			{0, "monitor", alarm("1", ticket.Critical), nil},
			closing,
			{time.Hour, "monitor", alarm("1", ticket.Critical), nil},
			closing,
			{73 * time.Hour, "monitor", alarm("1", ticket.Critical), nil},
		}},
		{"a problem, the steps of its escalation at the source, an update and its end: one ticket", []step{
			{0, "monitor", alarm("1", ticket.Critical), nil},
			{10 * time.Minute, "monitor", alarm("1", ticket.Critical), nil},
			{10 * time.Minute, "monitor", alarm("1", ticket.Critical), nil},
			{time.Minute, "monitor", more("1", ticket.Critical), nil},
			{time.Minute, "monitor", over("1"), nil},
		}},
		{"an update of a closed ticket is noted there and reopens nothing", []step{
			{0, "monitor", alarm("1", ticket.High), nil}, closing, {time.Hour, "monitor", more("1", ticket.Critical), nil},
		}},
		{"an update of which no problem is known opens a ticket, a graver one raises it", []step{
			{0, "monitor", more("1", ticket.High), nil}, {time.Minute, "monitor", more("1", ticket.Critical), nil},
		}},
		{"one monitoring watches two clients: a trouble of the same name is one of each", []step{
			{0, "monitor", alarm("1", ticket.Critical), nil},
			{time.Minute, "monitor", with(alarm("1", ticket.Critical), func(m *dispatch.MessageSignal) { m.Org = "lutik" }), nil},
			{time.Minute, "monitor", over("1"), nil},
		}},
		{"a recovery that does not say whose it is finds its ticket where keys are the source's own", []step{
			{0, "monitor", with(alarm("1", ticket.Critical), func(m *dispatch.MessageSignal) { m.OwnKeys = true }), nil},
			{time.Minute, "monitor", with(over("1"), func(m *dispatch.MessageSignal) { m.OwnKeys, m.Org = true, "" }), nil},
		}},
		{"a ticket of an alarm from before its party named the client goes on; another client's trouble of the name is its own", []step{
			{0, "monitor", former(alarm("1", ticket.Critical)), nil},
			{time.Minute, "monitor", alarm("1", ticket.Critical), nil},
			{time.Minute, "monitor", with(alarm("1", ticket.Critical), func(m *dispatch.MessageSignal) { m.Org = "lutik" }), nil},
			{time.Minute, "monitor", over("1"), nil},
			closing,
			{time.Hour, "monitor", alarm("1", ticket.Critical), nil},
		}},
		{"a word that something is over of which nobody knows is settled", []step{{0, "monitor", over("9"), nil}}},
		{"warnings and requests wake nobody", []step{
			{0, "monitor", with(alarm("1", ticket.Critical), func(m *dispatch.MessageSignal) { m.Warning = true }), nil},
			{time.Minute, "email", with(mail("olga@lutik.example", "an audit, please"), func(m *dispatch.MessageSignal) { m.Request = true }), nil},
		}},
		{"what a client writes without a hint waits for the desk, and a call does not disappear in it", []step{
			{0, "email", mail("olga@lutik.example", "a question"), nil}, {time.Minute, "email", mail("olga@lutik.example", "one more thing"), nil}, calls("a", "+79310000001"),
		}},
		{"a red button pages, a call of the same person joins it", []step{
			{0, "email", with(mail("olga@lutik.example", "the server is down"), func(m *dispatch.MessageSignal) { m.Category = ticket.ServiceDown }), nil},
			calls("a", "+79310000001"),
		}},
		{"words that suggest a red button page for a client, not for a stranger", []step{
			{0, "email", mail("ivan.petrov@lutik.example", "у нас шифровальщик"), nil}, {0, "email", mail("somebody@mail.ru", "у нас шифровальщик"), nil},
		}},
		{"an SMS may be an emergency, and is the caller's", []step{
			{0, "sms", dispatch.MessageSignal{From: from("sms", "89211234567"), Text: "call me"}, nil}, calls("a", "89211234567"),
		}},
		{"two people of one client with one kind of trouble have two tickets, one is suggested to the other", []step{
			{0, "email", with(mail("olga@lutik.example", "1C does not start"), func(m *dispatch.MessageSignal) { m.Category = ticket.ServiceDown }), nil},
			{0, "email", with(mail("petr@lutik.example", "1C is dead"), func(m *dispatch.MessageSignal) { m.Category = ticket.ServiceDown }), nil},
		}},
		{"who answers joins, by our id whoever he is, by the number only the ticket's people", []step{
			{0, "email", mail("olga@lutik.example", "a question"), nil},
			{time.Minute, "email", reply(mail("boss@lutik.example", "I am for it"), "VH-26-000010"), nil},
			{time.Minute, "email", reply(mail("stranger@mail.ru", "let me in"), "VH-26-000010"), nil},
			{time.Minute, "email", reply(mail("stranger@mail.ru", "the same thing again"), "k0"), nil},
		}},
		{"what is attached stands with the word that it came with", []step{
			{0, "email", with(mail("olga@lutik.example", "a question"), func(m *dispatch.MessageSignal) { m.Files = []string{"f1"} }), nil},
			{time.Minute, "email", with(mail("olga@lutik.example", "one more thing"), func(m *dispatch.MessageSignal) { m.Files = []string{"f2", "f3"} }), nil},
		}},
		{"an answer to a closed ticket reopens it", []step{
			{0, "email", mail("olga@lutik.example", "a question"), nil},
			closing,
			{time.Hour, "email", reply(mail("olga@lutik.example", "it does not work"), "k0"), nil},
		}},
		{"thanks for what is stabilised reopen nothing, a red button does", []step{
			{0, "email", with(mail("olga@lutik.example", "the server is down"), func(m *dispatch.MessageSignal) { m.Category = ticket.ServiceDown }), nil},
			{do: func(t *testing.T, h *reception) {
				t.Helper()
				by := dispatch.Author{Person: "anna", At: h.at}
				ref := dispatch.Ref{ID: h.BoardNow().Cases[0].Ticket.ID}
				must(t, h.Amend(t.Context(), ref, by, ticket.Acknowledged{How: "cli"}))
				must(t, h.Amend(t.Context(), ref, by, ticket.Restored{Statement: "it runs", Check: "the login page answers"}))
			}},
			{time.Minute, "email", mail("olga@lutik.example", "thank you"), nil},
			{time.Minute, "email", with(mail("olga@lutik.example", "down again"), func(m *dispatch.MessageSignal) { m.Category = ticket.ServiceDown }), nil},
		}},
		{"a mail that was long on its way moves T0 back", []step{
			{0, "email", with(mail("olga@lutik.example", "help"), func(m *dispatch.MessageSignal) { m.Stamped = night.Add(-10 * time.Minute) }), nil},
			{time.Minute, "email", with(mail("olga@lutik.example", "help!"), func(m *dispatch.MessageSignal) { m.Stamped = night.Add(-20 * time.Minute) }), nil},
		}},
		{"a monitoring incident begins when the contract says", []step{
			{0, "monitor", with(alarm("1", ticket.Critical), func(m *dispatch.MessageSignal) { m.Org, m.Occurred = "lutik", night.Add(-5*time.Minute) }), nil},
			{0, "monitor", with(alarm("2", ticket.Critical), func(m *dispatch.MessageSignal) { m.Occurred = night.Add(-5 * time.Minute) }), nil},
		}},
	} {
		h := newReception(t)
		fmt.Fprintf(&out, "# %s\n", c.name)
		for i, s := range c.steps {
			h.at = h.at.Add(s.after)
			if s.do != nil {
				s.do(t, h)
				continue
			}
			_, err := h.send(s.ch, fmt.Sprintf("k%d", i), s.m)
			if err != nil && s.m.Recovery {
				h.at = h.at.Add(time.Minute) // the problem may be on its way
				_, err = h.Intake(t.Context(), dispatch.SignalID{Channel: s.ch, Key: fmt.Sprintf("k%d", i)})
			}
			must(t, err)
		}
		out.WriteString(h.transcript(t))
	}
	golden(t, "intake.txt", out.String())
}

// transcript tells all tickets with their logs, and the signals without one.
func (h *reception) transcript(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	tickets, err := h.store.Tickets(t.Context(), dispatch.TicketFilter{})
	must(t, err)
	for i := range tickets {
		tk := tickets[len(tickets)-1-i]
		c, err := h.store.Load(t.Context(), tk.ID)
		must(t, err)
		page := "no page"
		for _, timer := range c.Timers {
			if timer.Kind == dispatch.TimerPage {
				page = "page at " + timer.DueAt.Format("15:04:05")
			}
		}
		fmt.Fprintf(&out, "  %s %s %s %s, %s\n", tk.Number, tk.Class, tk.Priority, tk.Stage, page)
		log, err := h.store.Events(t.Context(), tk.ID)
		must(t, err)
		for _, e := range log {
			out.WriteString(told(e) + "\n")
		}
	}
	signals, err := h.store.ListSignals(t.Context(), dispatch.SignalFilter{})
	must(t, err)
	for _, s := range signals {
		if s.State() != dispatch.SignalTaken {
			fmt.Fprintf(&out, "  signal %s is %s: %s%s\n", s.Key, s.State(), s.Settled, s.Fault)
		}
	}
	return out.String()
}

// Whatever is sent, by whomever and in whatever order, often twice: each signal
// ends with one ticket, and no log has it twice.
func TestEverySignalHasOneTicket(t *testing.T) {
	t.Parallel()
	h := newReception(t)
	ctx := t.Context()
	id, err := h.Receive(ctx, dispatch.Signal{Channel: "api", Key: "x", At: h.at, Raw: []byte(`{"text":"help","from":{"address":"a"}}`)})
	must(t, err)
	again, err := h.Receive(ctx, dispatch.Signal{Channel: "api", Key: "x", At: h.at.Add(time.Second), Raw: []byte(`{"text":"help","from":{"address":"a"}}`)})
	must(t, err)
	if id != again {
		t.Errorf("%v and %v are one signal", id, again)
	}
	first, err := h.Intake(ctx, id)
	must(t, err)
	second, err := h.Intake(ctx, id)
	must(t, err)
	if first.Ref != second.Ref || first.Zero() || !second.Repeated || first.Joined {
		t.Errorf("first %+v, then %+v", first, second)
	}
	if _, err := h.Receive(ctx, dispatch.Signal{Channel: "api", At: h.at, Raw: []byte("{}")}); err == nil {
		t.Error("a signal without a key was received")
	}
	if _, err := h.Intake(ctx, dispatch.SignalID{Channel: "api", Key: "none"}); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("a signal that was never received: %v", err)
	}
}

// What nobody can decode becomes a ticket that says why, and is read anew when
// somebody has mended the decoder.
func TestUnreadableSignal(t *testing.T) {
	t.Parallel()
	h := newReception(t)
	ctx := t.Context()
	readable := false
	h.Register("email", dispatch.Decoding{Decode: func(sig dispatch.Signal) (dispatch.MessageSignal, error) {
		switch {
		case readable:
			return dispatch.MessageSignal{From: from("email", "olga@lutik.example"), Text: "the server is down", Category: ticket.ServiceDown}, nil
		case sig.Key == "panic":
			panic("a broken decoder")
		}
		return dispatch.MessageSignal{}, errors.New("no boundary")
	}})
	var ids []dispatch.SignalID
	for _, key := range []string{"broken", "panic"} {
		id, err := h.Receive(ctx, dispatch.Signal{Channel: "email", Key: key, At: h.at, Raw: []byte("Subject: help\x00\xff\nno end")})
		must(t, err)
		o, err := h.Intake(ctx, id)
		must(t, err)
		c, err := h.store.Load(ctx, o.ID)
		must(t, err)
		log, err := h.store.Events(ctx, o.ID)
		must(t, err)
		opened, _ := log[0].Body.(ticket.Opened)
		if c.Ticket.Class != ticket.Unreadable || c.Ticket.Priority != ticket.Normal || !strings.Contains(opened.Text, "Subject: help") {
			t.Errorf("%s: %+v, text %q", key, c.Ticket, opened.Text)
		}
		ids = append(ids, id)
	}
	if _, err := h.Reprocess(ctx, ids[0]); err == nil || !strings.Contains(err.Error(), "no boundary") {
		t.Errorf("read anew by the same decoder: %v", err)
	}
	readable = true
	for range 2 {
		o, err := h.Reprocess(ctx, ids[0])
		must(t, err)
		c, err := h.store.Load(ctx, o.ID)
		must(t, err)
		if c.Ticket.Class != ticket.Incident || c.Ticket.Priority != ticket.Critical || c.Ticket.Category != ticket.ServiceDown || !c.Ticket.NeedsPage() || len(paging(c.Timers)) != 1 {
			t.Errorf("read anew: %+v, timers %+v", c.Ticket, c.Timers)
		}
	}
	log, err := h.store.Events(ctx, h.taken(t, ids[0]).Ticket)
	must(t, err)
	kinds := map[ticket.Kind]int{}
	for _, e := range log {
		kinds[e.Body.Kind()]++
	}
	if kinds[ticket.KindSignalled] != 1 {
		t.Errorf("read anew twice, the log has %v", kinds)
	}
}

func (h *reception) taken(t *testing.T, id dispatch.SignalID) dispatch.Taken {
	t.Helper()
	_, taken, err := h.store.Signal(t.Context(), id)
	must(t, err)
	return taken
}

// What cannot be read is an emergency where the channel, or the sender's
// contract, says that it may be one.
func TestUnreadableMayBeAnEmergency(t *testing.T) {
	t.Parallel()
	h := newReception(t)
	h.Register("sms", dispatch.Decoding{Decode: dispatch.DecodeJSON})
	id, err := h.Receive(t.Context(), dispatch.Signal{Channel: "sms", Key: "a", At: h.at, Raw: []byte("not JSON")})
	must(t, err)
	o, err := h.Intake(t.Context(), id)
	must(t, err)
	if c, err := h.store.Load(t.Context(), o.ID); err != nil || !c.Ticket.NeedsPage() || len(paging(c.Timers)) != 1 {
		t.Errorf("an SMS that nobody can read: %+v, %v", c, err)
	}
}

// running is a dispatcher whose workers run, on a clock that a bubble moves.
func running(t *testing.T, s *store.Memory, change func(*dispatch.Deps)) (*dispatch.Dispatcher, func()) {
	t.Helper()
	d := dispatcher(t, s, func(_ *dispatch.Config, deps *dispatch.Deps) {
		deps.Signals = s
		if change != nil {
			change(deps)
		}
	})
	d.Register("api", dispatch.Decoding{Decode: dispatch.DecodeJSON})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	return d, func() { stop(); must(t, <-ended) }
}

func written(key, text string) dispatch.Signal {
	m := dispatch.MessageSignal{From: from("email", key+"@mail.ru"), Text: text}
	return dispatch.Signal{Channel: "api", Key: key, At: time.Now(), Message: &m}
}

// What was received is taken in at once by the node that received it; when that
// node dies, by another one after the grace; and when all were dead, after the start.
func TestReceivedSignalsAreTakenIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		state := func(key string) dispatch.SignalState {
			list, err := s.ListSignals(t.Context(), dispatch.SignalFilter{Key: key})
			must(t, err)
			return list[0].State()
		}
		dead := dispatcher(t, s, func(_ *dispatch.Config, deps *dispatch.Deps) { deps.Signals = s })
		_, err := dead.Receive(t.Context(), written("a", "its node dies"))
		must(t, err)
		d, stop := running(t, s, nil)
		_, err = d.Receive(t.Context(), written("b", "its node lives"))
		must(t, err)
		synctest.Wait()
		if state("b") != dispatch.SignalTaken || state("a") != dispatch.SignalWaiting {
			t.Errorf("at once: a is %s, b is %s", state("a"), state("b"))
		}
		time.Sleep(dispatch.SignalGrace + 2*time.Second)
		synctest.Wait()
		if state("a") != dispatch.SignalTaken {
			t.Errorf("after the grace a is %s", state("a"))
		}
		stop()
	})
}

// A signal that fails is tried again and again, later and later, and says why;
// in the end a human gets it.
func TestAFailingSignalBecomesATicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		d, stop := running(t, s, nil)
		_, err := d.Receive(t.Context(), dispatch.Signal{Channel: "telegram", Key: "a", At: time.Now(), Raw: []byte("{}")}) // nobody reads it
		must(t, err)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		list, err := s.ListSignals(t.Context(), dispatch.SignalFilter{State: dispatch.SignalFailing})
		must(t, err)
		if len(list) != 1 || list[0].Tries < 1 || list[0].DueAt.IsZero() || !strings.Contains(list[0].Fault, "nobody reads channel telegram") {
			t.Fatalf("failing: %+v", list)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		list, err = s.ListSignals(t.Context(), dispatch.SignalFilter{Key: "a"})
		must(t, err)
		if list[0].State() != dispatch.SignalTaken {
			t.Fatalf("in the end: %+v", list[0])
		}
		c, err := s.Load(t.Context(), list[0].Taken.Ticket)
		must(t, err)
		if c.Ticket.Class != ticket.Unreadable {
			t.Errorf("its ticket: %+v", c.Ticket)
		}
		stop()
	})
}

// While the record is away nothing is acknowledged; what was acknowledged before
// is taken in when it is back.
func TestIntakeSurvivesTheRecordsAbsence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		dead := dispatcher(t, s, func(_ *dispatch.Config, deps *dispatch.Deps) { deps.Signals = s })
		_, err := dead.Receive(t.Context(), written("a", "before"))
		must(t, err)
		d, stop := running(t, s, nil)
		s.Fail(dispatch.ErrAway)
		if _, err := d.Receive(t.Context(), written("b", "meanwhile")); !errors.Is(err, dispatch.ErrAway) {
			t.Errorf("received while the record is away: %v", err)
		}
		time.Sleep(time.Minute)
		s.Fail(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		list, err := s.ListSignals(t.Context(), dispatch.SignalFilter{})
		must(t, err)
		if len(list) != 1 || list[0].State() != dispatch.SignalTaken {
			t.Errorf("signals: %+v", list)
		}
		stop()
	})
}

// A recovery that overtakes its problem waits for it.
func TestARecoveryThatOvertakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		d, stop := running(t, s, nil)
		late, early := over("1"), alarm("1", ticket.Critical)
		_, err := d.Receive(t.Context(), dispatch.Signal{Channel: "api", Key: "over", At: time.Now(), Message: &late})
		must(t, err)
		time.Sleep(2 * time.Second)
		_, err = d.Receive(t.Context(), dispatch.Signal{Channel: "api", Key: "problem", At: time.Now(), Message: &early})
		must(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		list, err := s.ListSignals(t.Context(), dispatch.SignalFilter{State: dispatch.SignalTaken})
		must(t, err)
		if len(list) != 2 || list[0].Taken.Ticket != list[1].Taken.Ticket {
			t.Errorf("taken: %+v", list)
		}
		stop()
	})
}
