package app

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
)

// story is what the demo tells, in one language.
type story struct {
	intro, heardClient, heardEngineer, after, stayed string
	who, what                                        map[string]string
}

// tell returns the story in the language.
func tell(language string) story {
	if language == "ru" {
		return russian()
	}
	return english()
}

func english() story {
	return story{
		intro: "Vahta is up at %s, with the demo company: one client, two engineers on duty.\n" +
			"A client's robot calls the hotline now. Anna will not pick up; Boris will, and press 1.\n\n",
		heardClient: "the engineer's voice", heardEngineer: "the client's voice",
		after: "\nThe ticket's timeline, as anyone on the desk reads it:\n\n",
		stayed: "\nVahta stays up.\n" +
			"  Call the hotline with any softphone:   %s\n" +
			"  The engineers' phones are robots at:   %s (never answers)\n" +
			"                                         %s (answers, presses 1)\n" +
			"  From another terminal:                 bin/vahta call %s --from +79215550123 --talk 10s\n" +
			"  Tickets and recordings lie in:         %s\n" +
			"  Stop with Ctrl-C.\n",
		who: map[string]string{"client": "client", "boris": "Boris", "anna": "Anna", "vahta": "Vahta"},
		what: map[string]string{
			"invited": "calls", "trying": "is being connected", "rang": "hears ringing", "answered": "is answered", "heard": "hears sound",
			"hung_up": "hangs up", "ended": "call over", "hears": "hears",
			"opened": "ticket %s is open", "joined": "joins ticket %s", "attempted": "was rung: %s", "accepted": "pressed 1: accepted",
			"call_ended": "call on record: %s",
			".no_answer": "no answer", ".served": "the client talked to an engineer",
		},
	}
}

func russian() story {
	return story{
		intro: "Вахта работает по адресу %s с учебной компанией: один клиент, два дежурных инженера.\n" +
			"Сейчас робот-клиент позвонит на горячую линию. Анна не ответит, Борис ответит и нажмёт 1.\n\n",
		heardClient: "голос инженера", heardEngineer: "голос клиента",
		after: "\nЖурнал заявки, каким его видит любой дежурный:\n\n",
		stayed: "\nВахта продолжает работать.\n" +
			"  Позвоните на линию любым софтфоном:    %s\n" +
			"  Телефоны инженеров — роботы:           %s (не отвечает)\n" +
			"                                         %s (отвечает и нажимает 1)\n" +
			"  Из другого терминала:                  bin/vahta call %s --from +79215550123 --talk 10s\n" +
			"  Заявки и записи лежат в папке:         %s\n" +
			"  Остановить: Ctrl-C.\n",
		who: map[string]string{"client": "клиент", "boris": "Борис", "anna": "Анна", "vahta": "Вахта"},
		what: map[string]string{
			"invited": "звонит", "trying": "соединяется", "rang": "слышит гудки", "answered": "соединён", "heard": "слышит звук",
			"hung_up": "кладёт трубку", "ended": "звонок окончен", "hears": "слышит",
			"opened": "заявка %s открыта", "joined": "присоединён к заявке %s", "attempted": "вызов: %s", "accepted": "нажал 1: принято",
			"call_ended": "звонок записан: %s",
			".no_answer": "не ответила", ".accepted": "принял", ".served": "клиент поговорил с инженером",
		},
	}
}

func (s story) begin(out io.Writer, address string) { fmt.Fprintf(out, s.intro, address) }

func (s story) timeline(out io.Writer, v desk.View) { fmt.Fprint(out, s.after, v.Timeline) }

func (s story) stay(out io.Writer, address, anna, boris, data string) {
	line := hotlineURI(address)
	fmt.Fprintf(out, s.stayed, line, anna, boris, line, data)
}

func (s story) heard(who string) string {
	if who == "client" {
		return s.heardClient
	}
	return s.heardEngineer
}

// hotlineURI is the hotline's number at the address.
func hotlineURI(address string) string { return strings.Replace(address, "sip:", "sip:hotline@", 1) }

// stepper prints steps with the time since the call began; safe for concurrent use.
type stepper struct {
	out   io.Writer
	say   story
	began time.Time
	mu    sync.Mutex // guards out
}

// step prints one line; kinds that the story does not know are left out.
func (s *stepper) step(who, kind, detail string) {
	what, ok := s.say.what[kind]
	if !ok {
		return
	}
	if word, ok := s.say.what["."+detail]; ok {
		detail = word
	}
	if strings.Contains(what, "%s") {
		what = fmt.Sprintf(what, detail)
	} else if detail != "" {
		what += " " + detail
	}
	name := s.say.who[who]
	if name == "" {
		name = who
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, "%8.3f s  %-8s %s\n", time.Since(s.began).Seconds(), name, what)
}

// phoneStep prints an event of the client's phone.
func (s *stepper) phoneStep(e phone.Event) {
	detail := ""
	if e.Status != 0 {
		detail = fmt.Sprintf("(%d)", e.Status)
	}
	s.step("client", e.Kind.String(), detail)
}

// narrate prints the dispatcher's feed until it is closed.
func (s *stepper) narrate(feed *dispatch.Subscription) {
	for e := range feed.Events() {
		switch e.Kind {
		case "opened", "joined":
			s.step("vahta", e.Kind, e.Ref.Number)
		case "attempted":
			s.step(e.Person, e.Kind, e.Result)
		case "accepted":
			s.step(e.Person, e.Kind, "")
		case "call_ended":
			s.step("vahta", e.Kind, e.Result)
		}
	}
}
