package dispatch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var errGone = fmt.Errorf("550 no such user: %w", dispatch.ErrPermanent)

// A message that can not be delivered goes out by the next way of the contract
// at once; when there is none, whoever has the ticket is called.
func TestMessageGoesByTheNextWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), map[string][]answer{"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}})
		ref := b.served("a", "89211234567")
		b.mail.fail(errGone)
		told, err := b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Подключаюсь."})
		must(t, err)
		b.until(2 * time.Minute)
		if got := b.chat.texts(); len(told) != 1 || len(got) != 1 || got[0] != "100: Подключаюсь." {
			t.Errorf("told %+v, chat %q", told, got)
		}
		b.see("")
		b.chat.fail(errGone)
		_, err = b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Ещё."})
		must(t, err)
		b.until(3 * time.Minute)
		b.see("2m0s anna")
		b.expect("log", b.told(ref, ticket.KindOpened, ticket.KindAccepted, ticket.KindCallEnded, ticket.KindTimed), `
			59s anna messaged reply email
			59s vahta message_failed email
			59s vahta message_sent telegram
			2m0s anna messaged reply email
			2m0s vahta message_failed email
			2m0s vahta message_failed telegram
			2m0s vahta attempted anna acknowledged`)
		c, err := b.Ticket(t.Context(), ref.ID)
		must(t, err)
		if c.Acknowledged.How != "accept_key" {
			t.Errorf("the key of an alarm took the ticket: %+v", c.Acknowledged)
		}
	})
}

// see checks the pages that went out.
func (b *bureau) see(want string) {
	b.t.Helper()
	if got := b.phones.pages(); got != want {
		b.t.Errorf("pages %q, want %q", got, want)
	}
}

// A written reply is the first contact, until it bounces: then the clock runs on
// as if there had been none, and the holder is called.
func TestBounceTakesTheContactBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), map[string][]answer{"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}})
		ref, err := b.Open(t.Context(), dispatch.Author{Person: "vera", Channel: dispatch.ChannelPortal}, dispatch.NewTicket{
			Org: "romashka", From: ticket.Contact{Channel: "email", Address: "ivan@romashka.example", Name: "Иван"}, Text: "1С не запускается",
		})
		must(t, err)
		must(t, b.Acknowledge(t.Context(), ref, "anna", "cli", time.Now()))
		b.until(5 * time.Minute)
		told, err := b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Вижу, занимаюсь."})
		must(t, err)
		b.until(6 * time.Minute)
		if k1 := b.clock(ref, sla.FirstContactClock, 1); k1.Verdict != sla.Met || k1.Elapsed != 5*time.Minute {
			t.Errorf("K1 after the reply %+v", k1)
		}
		must(t, b.Bounced(t.Context(), ref, told[0].Message, false, "greylisted"))
		if k1 := b.clock(ref, sla.FirstContactClock, 1); k1.Verdict != sla.Met {
			t.Errorf("K1 after a soft bounce %+v", k1)
		}
		for range 2 { // a repeat of the bounce is one bounce
			must(t, b.Bounced(t.Context(), ref, "<1@mx>", true, "550"))
		}
		b.until(7 * time.Minute)
		if k1 := b.clock(ref, sla.FirstContactClock, 1); k1.Verdict != sla.Running {
			t.Errorf("K1 after the bounce %+v", k1)
		}
		if err := b.Bounced(t.Context(), ref, "unknown", true, ""); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("a bounce of nothing: %v", err)
		}
		if got := b.phones.pages(); !strings.HasSuffix(got, "6m0s anna") {
			t.Errorf("pages %q", got)
		}
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Contacted{Channel: "call", With: "Иван", Talk: time.Minute}))
		if k1 := b.clock(ref, sla.FirstContactClock, 1); k1.Verdict != sla.Met || k1.Elapsed != 7*time.Minute {
			t.Errorf("K1 after the call %+v", k1)
		}
	})
}

// Who writes to the client of a ticket that nobody has takes it; who helps takes
// part. A stranger's number is written to by nobody.
func TestWhoWritesWorksOnIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		o, err := b.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		reply := dispatch.Word{Purpose: ticket.ForReply, Text: "Здравствуйте."}
		_, err = b.Tell(t.Context(), o.Ref, anna(), reply)
		must(t, err)
		_, err = b.Tell(t.Context(), o.Ref, boris(), reply)
		must(t, err)
		synctest.Wait()
		b.expect("log", b.told(o.Ref, ticket.KindOpened), `
			0s anna acknowledged replied
			0s anna messaged reply email
			0s boris took_part
			0s boris messaged reply email
			0s vahta message_sent email
			0s vahta message_sent email`)
		x, err := b.OpenCall(t.Context(), call("b", "+74950000000"))
		must(t, err)
		var none *dispatch.NoWayError
		if _, err := b.Tell(t.Context(), x.Ref, anna(), reply); !errors.As(err, &none) {
			t.Errorf("told a stranger: %v", err)
		}
		if _, err := b.Tell(t.Context(), o.Ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: " "}); err == nil {
			t.Error("an empty message was sent")
		}
	})
}

// The same form twice is one message; a form that was made before somebody else
// acted is refused.
func TestSameActTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		by := anna()
		by.Key = "form-1"
		var first []dispatch.Told
		for range 3 {
			told, err := b.Tell(t.Context(), ref, by, dispatch.Word{Purpose: ticket.ForReply, Text: "Смотрю."})
			must(t, err)
			if first == nil {
				first = told
			}
			if len(told) != 1 || told[0].Message != first[0].Message {
				t.Errorf("told %+v, at first %+v", told, first)
			}
		}
		synctest.Wait()
		if got := b.mail.texts(); len(got) != 1 {
			t.Errorf("mail %q", got)
		}
		dossier, err := b.Dossier(t.Context(), ref)
		must(t, err)
		must(t, b.Note(t.Context(), ref, boris(), ticket.Noted{Text: "диск умер"}))
		late := anna()
		late.Seen = dossier.Seq
		var seen *dispatch.SeenError
		if err := b.Note(t.Context(), ref, late, ticket.Noted{Text: "x"}); !errors.As(err, &seen) || seen.By != "boris" {
			t.Errorf("acted unseen: %v", err)
		}
		late.Seen++
		must(t, b.Note(t.Context(), ref, late, ticket.Noted{Text: "x"}))
	})
}

// A message to an address that the author names is a contact with the requester
// whose address it is, and with nobody else.
func TestNamedAddressIsOneRequester(t *testing.T) {
	t.Parallel()
	mail := func(address string) []ticket.Contact { return []ticket.Contact{{Channel: "email", Address: address}} }
	for name, c := range map[string]struct {
		to   []ticket.Contact
		want [2]sla.Verdict // of the first contacts with Ivan and Olga
	}{
		"of the second":          {mail("Olga@romashka.example"), [2]sla.Verdict{sla.Running, sla.Met}},
		"of the first":           {mail("ivan@romashka.example"), [2]sla.Verdict{sla.Met, sla.Running}},
		"of neither":             {mail("boss@romashka.example"), [2]sla.Verdict{sla.Running, sla.Running}},
		"of both, one of them":   {append(mail("ivan@romashka.example"), mail("olga@romashka.example")...), [2]sla.Verdict{sla.Running, sla.Running}},
		"of everybody on record": {nil, [2]sla.Verdict{sla.Met, sla.Met}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBureau(t, store.NewMemory(), nil)
				open := func(who, address string) dispatch.Ref {
					ref, err := b.Open(t.Context(), dispatch.Author{Person: "vera", Channel: dispatch.ChannelPortal}, dispatch.NewTicket{
						Org: "romashka", From: ticket.Contact{Channel: "email", Address: address, Name: who}, Text: "1С не запускается",
					})
					must(t, err)
					must(t, b.Acknowledge(t.Context(), ref, "anna", "cli", time.Now()))
					return ref
				}
				one, two := open("Иван", "ivan@romashka.example"), open("Ольга", "olga@romashka.example")
				must(t, b.Merge(t.Context(), two, one, anna(), ""))
				_, err := b.Tell(t.Context(), one, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Вижу.", To: c.to})
				must(t, err)
				b.until(time.Minute)
				got := [2]sla.Verdict{b.clock(one, sla.FirstContactClock, 1).Verdict, b.clock(one, sla.FirstContactClock, 2).Verdict}
				if got != c.want {
					t.Errorf("first contacts %v, want %v", got, c.want)
				}
			})
		})
	}
}

// Where there is one requester, an address that is nobody else's is his.
func TestNamedAddressOfTheOnlyRequester(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		for address, want := range map[string]sla.Verdict{"ivan@home.example": sla.Met, "olga@romashka.example": sla.Running} {
			o, err := b.OpenCall(t.Context(), call(address, "89211234567"))
			must(t, err)
			_, err = b.Tell(t.Context(), o.Ref, anna(), dispatch.Word{
				Purpose: ticket.ForReply, Text: "Вижу.", To: []ticket.Contact{{Channel: "email", Address: address}},
			})
			must(t, err)
			synctest.Wait()
			if k1 := b.clock(o.Ref, sla.FirstContactClock, 1); k1.Verdict != want {
				t.Errorf("%s: %v, want %v", address, k1.Verdict, want)
			}
			must(t, b.CloseUnreported(t.Context(), o.Ref, anna(), "done", "проверка"))
		}
	})
}

// An update that no way has brought to the client is none: the clock of the next
// word runs on from the plan, whoever has the ticket is called, and the timeline
// says so.
func TestUpdateThatDoesNotArrive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), map[string][]answer{"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}})
		ref := b.served("a", "89211234567")
		_, err := b.SavePlan(t.Context(), ref, anna(), ticket.Planned{
			Hypothesis: "диск", Actions: []string{"замена"}, Fallback: "копия", ETA: time.Now().Add(2 * time.Hour),
		})
		must(t, err)
		_, err = b.TellPlan(t.Context(), ref, anna(), dispatch.PlanWord{Spoken: true, With: "Иван"})
		must(t, err)
		told := time.Since(b.start)
		b.until(told + 10*time.Minute)
		b.mail.fail(errGone)
		b.chat.fail(errGone)
		_, _, err = b.Update(t.Context(), ref, anna(), dispatch.UpdateWord{Text: "Меняем диск."})
		must(t, err)
		b.until(told + 11*time.Minute)
		if k4 := b.clock(ref, sla.UpdateClock, 0); k4.Due.Sub(b.start) != told+30*time.Minute || k4.Withdrawn != 1 {
			t.Errorf("the next word is due after %v, want half an hour after the plan: %+v", k4.Due.Sub(b.start), k4)
		}
		log, err := b.Events(t.Context(), ref)
		must(t, err)
		tk, err := b.Ticket(t.Context(), ref.ID)
		must(t, err)
		if text := dispatch.Timeline(tk, log, dispatch.TimelineOptions{Language: "ru", Now: time.Now()}); !strings.Contains(text, "Меняем диск.; следующее сообщение до 00:40 (НЕ ДОСТАВЛЕНО, известно с 00:10)") {
			t.Error(text)
		}
		if got := b.phones.pages(); !strings.Contains(got, "anna") {
			t.Errorf("pages %q", got)
		}
		b.mail.fail(nil)
		_, _, err = b.Update(t.Context(), ref, anna(), dispatch.UpdateWord{Text: "Диск на месте."})
		must(t, err)
		b.until(told + 12*time.Minute)
		if k4 := b.clock(ref, sla.UpdateClock, 0); k4.Due.Sub(b.start) != told+41*time.Minute {
			t.Errorf("after a word that arrived it is due after %v", k4.Due.Sub(b.start))
		}
	})
}

// A parent's word is told to the clients of its children; each client reads of
// nobody else.
func TestUpdateOfAParent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		parent, err := b.Open(t.Context(), anna(), dispatch.NewTicket{Text: "Авария в дата-центре", Assignee: "anna"})
		must(t, err)
		one, two := b.served("a", "89211234567"), b.served("b", "89217654321")
		for _, ref := range []dispatch.Ref{one, two} {
			must(t, b.Link(t.Context(), parent, anna(), ticket.ParentOf, ref))
		}
		by := anna()
		by.Key = "u1"
		for range 2 {
			told, children, err := b.Update(t.Context(), parent, by, dispatch.UpdateWord{Text: "Питание восстановлено."})
			must(t, err)
			if len(told) != 0 || len(children) != 2 {
				t.Errorf("told %+v and the clients of %v", told, children)
			}
		}
		synctest.Wait()
		got := strings.Join(b.mail.texts(), "\n")
		if strings.Count(got, "Питание восстановлено.") != 2 || !strings.Contains(got, "olga@") || !strings.Contains(got, "ivan@") {
			t.Errorf("mail %s", got)
		}
		must(t, b.Unlink(t.Context(), one, anna(), ticket.ChildOf, parent))
		_, children, err := b.Update(t.Context(), parent, anna(), dispatch.UpdateWord{Text: "Всё."})
		must(t, err)
		if len(children) != 1 || children[0] != two {
			t.Errorf("children %v, want %v", children, two)
		}
		if err := b.Merge(t.Context(), one, b.served("c", "+442071234567"), anna(), ""); err == nil {
			t.Error("tickets of two clients were merged")
		}
	})
}
