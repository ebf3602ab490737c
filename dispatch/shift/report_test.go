package shift

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

func ticketOf(t *testing.T, n uint32, change func(*ticket.Ticket)) ticket.Ticket {
	t.Helper()
	one := ticket.Ticket{
		ID: fmt.Sprint("t", n), Number: ticket.Number{Year: 26, Seq: n}, Stage: ticket.Triage, Priority: ticket.Critical, Line: "main",
		Caller: "+79215550123", OpenedAt: at(t, "2026-03-10 07:00").Add(time.Duration(n) * time.Minute), Limit: 15 * time.Minute,
	}
	change(&one)
	return one
}

// TestHandoverNote: who goes and comes, and the open work of the schedule's own lines.
func TestHandoverNote(t *testing.T) {
	t.Parallel()
	s := snapshotOf(t, company)
	now := at(t, "2026-03-10 09:00")
	tickets := []ticket.Ticket{
		ticketOf(t, 3, func(o *ticket.Ticket) {
			o.Client = client.Match{OrgName: "ООО «Ромашка»"}
			o.Assignee, o.ContactAt = "boris", o.OpenedAt.Add(time.Minute)
			o.Acknowledged = ticket.Taken{By: "boris", At: o.ContactAt}
			o.CallBack = ticket.CallBack{Call: "c", At: o.ContactAt}
		}),
		ticketOf(t, 1, func(*ticket.Ticket) {}),
		ticketOf(t, 2, func(o *ticket.Ticket) { o.Line = "another" }),
		ticketOf(t, 4, func(o *ticket.Ticket) { o.Stage = ticket.Closed }),
	}
	got := Handover(s, "duty", now, tickets).Text("ru", now)
	want := `Передача смены: Дежурные, 2026-03-10 09:00 (Europe/Moscow)
  primary: сдаёт: Борис; принимает: Анна; следующая смена: Борис, с 2026-03-10 21:00
Открытых заявок: 2
  ` + tickets[1].Number.String() + `; …0123; разбор; с 2026-03-10 07:01; ЕЁ НИКТО НЕ ВЗЯЛ; первый ответ обещан до 2026-03-10 07:16: ПРОСРОЧЕН
  ` + tickets[0].Number.String() + `; ООО «Ромашка»; разбор; с 2026-03-10 07:03; у: Борис; ПЕРЕЗВОНИТЬ КЛИЕНТУ: звонок прервался, с ним ещё не говорили
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	en := Handover(s, "duty", at(t, "2026-03-10 12:00"), nil).Text("en", now)
	if want := "Hand-over of Дежурные, 2026-03-10 12:00 (Europe/Moscow)\n  primary: stays: Анна; next: Борис at 2026-03-10 21:00\nNo open tickets.\n"; en != want {
		t.Errorf("%q", en)
	}
}

// TestReadiness: what is known of a person's devices and turn, and the light it makes.
func TestReadiness(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-03-10 20:00") // anna is on duty since 09:00, boris from 21:00
	start := func(person, when string) dispatch.Confirmation {
		return dispatch.Confirmation{Schedule: "duty", Track: "primary", Person: person, Start: at(t, when)}
	}
	key := func(person, device string, days int) dispatch.Proof {
		return dispatch.Proof{Person: person, Device: device, How: HowKey, At: now.AddDate(0, 0, -days)}
	}
	words := []dispatch.Confirmation{start("anna", "2026-03-10 09:00"), start("boris", "2026-03-10 21:00")}
	both := []dispatch.Proof{key("anna", "anna", 1), key("anna", "+79210000001", 29)}
	registered := []Registered{{"anna", "anna"}}
	for name, c := range map[string]struct {
		roster     string
		person     string
		proofs     []dispatch.Proof
		words      []dispatch.Confirmation
		registered []Registered
		want       string
	}{
		"all proven":                        {company, "anna", both, words, registered, "green"},
		"the proof of one is old":           {company, "anna", []dispatch.Proof{key("anna", "anna", 1), key("anna", "+79210000001", 31)}, words, registered, "yellow stale_proof"},
		"one was never proven":              {company, "anna", both[:1], words, registered, "yellow never_proven"},
		"an account without a phone":        {company, "anna", both, words, nil, "yellow unregistered"},
		"a registration is not a key":       {company, "anna", nil, words, registered, "yellow never_proven never_proven"},
		"nothing is known":                  {company, "anna", nil, words, nil, "red unregistered never_proven none_proven"},
		"somebody else's key":               {company, "boris", both, words, nil, "red never_proven none_proven"},
		"an answer without a key":           {company, "boris", []dispatch.Proof{{Person: "boris", Device: "+79210000002", How: HowAnswered, At: now}}, words, nil, "red never_proven none_proven"},
		"on duty without a word":            {company, "anna", both, words[1:], registered, "red turn_unproven"},
		"the evening has gone by":           {company, "boris", []dispatch.Proof{key("boris", "+79210000002", 1)}, words[:1], nil, "yellow turn_unsure"},
		"no device":                         {strings.Replace(company, `devices: [{kind: mobile, number: "+79210000003"}]`, "devices: []", 1), "clara", nil, words, nil, "red no_device"},
		"a certificate has run out":         {strings.Replace(company, "{id: anna,", `{id: anna, certificates: [{name: 1C, expires: "2026-03-10"}],`, 1), "anna", both, words, registered, "yellow cert_expired"},
		"a certificate runs out":            {strings.Replace(company, "{id: anna,", `{id: anna, certificates: [{name: 1C, expires: "2026-03-20"}],`, 1), "anna", both, words, registered, "yellow cert_expires"},
		"who is never on duty needs a word": {company, "clara", []dispatch.Proof{key("clara", "+79210000003", 0)}, nil, nil, "green"},
	} {
		list := Readiness(snapshotOf(t, c.roster), Default(), c.proofs, c.words, c.registered, now)
		if rank(list[0].Light) < rank(list[len(list)-1].Light) {
			t.Errorf("%s: the best is first: %+v", name, list)
		}
		for _, one := range list {
			if one.Person != c.person {
				continue
			}
			var got strings.Builder
			got.WriteString(string(one.Light))
			for _, p := range one.Problems {
				got.WriteString(" " + string(p.Code))
				for _, l := range []string{"ru", "en"} {
					if text := p.Text(l); text == "" || strings.Contains(text, "%!") {
						t.Errorf("%s: %s: %q", name, p.Code, text)
					}
				}
			}
			if got.String() != c.want {
				t.Errorf("%s: %s, want %s", name, got.String(), c.want)
			}
		}
	}
}

// TestNoCallAfterItWasTakenAway: whatever corrections are written between the
// plan and the send, nobody is rung about a turn that is not his then, that he
// has confirmed, or that has begun; and what is said is true.
func TestNoCallAfterItWasTakenAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, about := drawRota(t)
		after := before
		after.Overrides = nil
		from := about.Add(time.Duration(rapid.IntRange(-30, 60).Draw(t, "from")) * time.Hour)
		if rapid.Bool().Draw(t, "another correction") {
			after.Overrides = []oncall.Override{{ID: "x", Schedule: "duty", Track: "primary", By: "clara", At: about, Changes: []oncall.Change{{
				From: oncall.InstantPoint(from), To: oncall.InstantPoint(from.Add(9 * time.Hour)), Remove: rapid.SampledFrom([]string{"anna", "boris"}).Draw(t, "off"),
			}}}}
		}
		s, err := dispatch.NewSnapshot(dispatch.Source{Roster: after, Lines: []dispatch.Line{{ID: "main", Schedule: "duty"}}})
		if err != nil {
			t.Fatal(err)
		}
		rules := Default()
		for _, i := range Agenda(oncall.Compile(before), rules, about, about.Add(24*time.Hour)) {
			if i.Kind == Handing {
				continue
			}
			old := teller{rules, s, confirmed{}, i.At}
			var words []dispatch.Confirmation
			for _, turn := range i.Turns {
				if rapid.Bool().Draw(t, "confirmed meanwhile") {
					words = append(words, dispatch.Confirmation{Schedule: turn.Schedule, Track: turn.Track, Person: turn.Person, Start: turn.Start})
				}
			}
			now := i.At.Add(time.Duration(rapid.IntRange(0, 240).Draw(t, "minutes later")) * time.Minute)
			known := confirmedBy(words)
			for _, n := range old.reminder(i, i.Turns) {
				ready, needed := teller{rules, s, known, now}.fresh(n)
				if !needed {
					continue
				}
				if !now.Before(i.Until) || len(ready.Shift.Turns) == 0 {
					t.Fatalf("rung %s after it helped: %+v", now.Sub(i.Until), ready.Shift)
				}
				for _, turn := range ready.Shift.Turns {
					on, earlier := people(dutiesOn(s.Duty, turn, turn.Start)), people(dutiesOn(s.Duty, turn, turn.Start.Add(-time.Second)))
					if known[turnID(turn)] || !slices.Contains(on, turn.Person) || slices.Contains(earlier, turn.Person) {
						t.Fatalf("rung about what is not his, or is confirmed: %+v", turn)
					}
				}
				first := oncall.CivilAt(ready.Shift.Turns[0].Start, s.Roster.Schedules[0].Zone)
				if ready.Shift.Clock != first.Clock() || ready.Shift.Day > 1 && now.Before(ready.Shift.Turns[0].Start) {
					t.Fatalf("says day %d %s of %s", ready.Shift.Day, ready.Shift.Clock, first)
				}
			}
		}
	})
}

func dutiesOn(e *oncall.Evaluator, turn oncall.Turn, at time.Time) (list []oncall.Duty) {
	for _, d := range e.Who(turn.Schedule, at) {
		if d.Track == turn.Track {
			list = append(list, d)
		}
	}
	return list
}

// TestAgainEnds: whatever comes of the calls about one turn, they come to an
// end, no two nearer than the pause, and never when they help nobody.
func TestAgainEnds(t *testing.T) {
	t.Parallel()
	results := []dispatch.Result{
		dispatch.ResultNoAck, dispatch.ResultNoAnswer, dispatch.ResultBusy, dispatch.ResultDeclined, dispatch.ResultUnreachable, dispatch.ResultFailed,
		dispatch.ResultAcknowledged, dispatch.ResultEscalate, dispatch.ResultWithdrawn,
	}
	rapid.Check(t, func(t *rapid.T) {
		rules, now := Default(), time.Date(2026, 3, 10, 16, 0, 0, 0, time.UTC)
		until := now.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "minutes")) * time.Minute)
		for n := 1; ; n++ {
			if n > 100 {
				t.Fatal("no end")
			}
			d := dispatch.Delivery{Notice: dispatch.Notice{Attempt: n, Shift: dispatch.ShiftCall{Until: until}}, At: now, Took: 20 * time.Second}
			d.Result = rapid.SampledFrom(results).Draw(t, "result")
			next := again(rules, d)
			if next.IsZero() {
				return
			}
			if next.Sub(now) < rules.Retry || !next.Before(until) || n >= rules.Tries && d.Result != dispatch.ResultBusy {
				t.Fatalf("after %s, try %d: again in %s", d.Result, n, next.Sub(now))
			}
			now = next
		}
	})
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	must(t, Default().Validate())
	for field, change := range map[string]func(*Config){
		"latest":   func(c *Config) { c.Latest = c.Evening },
		"before":   func(c *Config) { c.Before = time.Second },
		"retry":    func(c *Config) { c.Retry = 0 },
		"tries":    func(c *Config) { c.Tries = 0 },
		"stale":    func(c *Config) { c.Stale = time.Hour },
		"language": func(c *Config) { c.Language = "de" },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
