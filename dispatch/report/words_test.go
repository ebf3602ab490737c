package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// with adds lines to the log of Monday: so long after its first one, by whom, what.
func with(log []ticket.Event, after time.Duration, by string, body ticket.Body) []ticket.Event {
	e := ticket.Event{Ticket: "t1", Seq: len(log) + 1, At: log[0].At.Add(after), By: by, Channel: "cli", Body: body}
	return append(slices.Clip(log), e)
}

// The promise of the next word is judged by the longest silence, and that is what
// the report shows, not the last one.
func TestLongestSilence(t *testing.T) {
	t.Parallel()
	log := monday()
	i := slices.IndexFunc(log, func(e ticket.Event) bool { _, ok := e.Body.(ticket.Restored); return ok })
	late := ticket.Event{Ticket: "t1", At: log[i].At.Add(-3 * time.Minute), By: "ivan", Body: ticket.Updated{Text: "Проверяем"}}
	log = slices.Insert(log, i, late) // told at 9:42, words at 10:00 and 10:45, restored at 10:48
	for n := range log {
		log[n].Seq = n + 1
	}
	m := Build(source(t, log))
	i = slices.IndexFunc(m.Clocks, func(c Clock) bool { return c.Name == sla.UpdateClock })
	if i < 0 || m.Clocks[i].Elapsed != 45*time.Minute || m.Clocks[i].Periods != 3 || m.Clocks[i].Missed != 1 {
		t.Errorf("clocks %+v", m.Clocks)
	}
	if text := Markdown(Layout(m, Seal{})); !strings.Contains(text, "Самый долгий перерыв; периодов между сообщениями: 3") || !strings.Contains(text, "| 45 мин | нарушено |") {
		t.Error(text)
	}
}

// A root cause that was corrected is told once, as it stands now, at the time when
// it was found, with when it was corrected. What came back has a cause of its own.
func TestCorrectedCause(t *testing.T) {
	t.Parallel()
	log := with(monday(), 6*time.Hour, "oleg", ticket.RootCaused{Cause: "контроллер и батарея", Class: "hardware", Complete: true})
	causes := func(log []ticket.Event) (list []Line) {
		for _, l := range Build(source(t, log)).Timeline {
			if l.Kind == ticket.KindRootCaused {
				list = append(list, l)
			}
		}
		return list
	}
	list := causes(log)
	if len(list) != 1 || list[0].Text != "Первопричина установлена: контроллер и батарея (исправлено 15:01)" || list[0].At.Sub(log[0].At) != 4*time.Hour+59*time.Minute {
		t.Errorf("corrected: %+v", list)
	}
	log = with(log, 7*time.Hour, "caller", ticket.Reopened{Reason: "опять"})
	log = with(log, 8*time.Hour, "oleg", ticket.RootCaused{Cause: "кабель", Complete: true})
	if list := causes(log); len(list) != 2 || list[1].Text != "Первопричина установлена: кабель" {
		t.Errorf("of the repeat: %+v", list)
	}
	if list := causes(monday()); len(list) != 1 || strings.Contains(list[0].Text, "исправлено") {
		t.Errorf("as it was: %+v", list)
	}
}

// The words need no declension, and the subject of an alarm ends before its text.
func TestWordsFitAnyName(t *testing.T) {
	t.Parallel()
	log := with(monday(), 5*time.Minute, "vahta", ticket.Signalled{Signal: "monitor/1", Machine: true, Text: "RAID degraded\n\nDisk 3 has failed"})
	m := Build(source(t, log))
	m.Head.Client = "Мебельная фабрика"
	text := Markdown(Layout(m, Seal{}))
	for _, want := range []string{"Конфиденциально. Клиент: Мебельная фабрика", "Сигнал мониторинга: RAID degraded. Disk 3 has failed", "Предположительно не отвечает дисковый массив"} {
		if !strings.Contains(strings.ReplaceAll(text, nbsp, " "), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}
