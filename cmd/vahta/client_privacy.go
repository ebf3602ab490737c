package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch/privacy"
)

// warden is what the commands about the data of one person work with.
type warden struct {
	planner // words; its rota is not there

	privacy desk.Privacy
}

// onPrivacy makes a command about the data of one person.
func onPrivacy(use, en, ru string, args cobra.PositionalArgs, run func(context.Context, *warden, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: tr(en, ru), Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			language, err := lang(cmd)
			if err != nil {
				return err
			}
			l, here, err := loadCompany(cmd)
			if err != nil {
				return err
			}
			p, done, err := desk.OpenPrivacy(cmd.Context(), l.Config.Data, l.Config.Database(), app.PrivacyOnRecord(l.Config, clock))
			if err != nil {
				return err
			}
			w := &warden{planner: planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language, now: clock().UTC()}, privacy: p}
			w.view.Roster = here.roster
			return errors.Join(run(cmd.Context(), w, args), done())
		},
	}
}

// whyFlags say who asks, and why; both are written into the audit.
func whyFlags(cmd *cobra.Command, by, why *string) {
	cmd.Flags().StringVar(by, "by", "", tr("who does it; default: you", "кто это делает; по умолчанию вы"))
	cmd.Flags().StringVar(why, "why", "", tr("why; the audit keeps it for good, so it must not name the person", "зачем; аудит хранит это навсегда, поэтому человека здесь не называйте"))
}

func (w *warden) demand(person, by, why string) privacy.Demand {
	return privacy.Demand{Person: person, By: w.author(by), Why: why, Language: w.lang}
}

func clientTakeout() *cobra.Command {
	var by, why, file string
	cmd := onPrivacy("takeout PERSON", "write all that is kept of one person into an archive; the audit notes it",
		"выгрузить в архив всё, что хранится об одном человеке; аудит это запомнит", cobra.ExactArgs(1),
		func(ctx context.Context, w *warden, args []string) error {
			name := file
			if name == "" {
				name = archiveName(args[0], w.now)
			}
			f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("take out: %w", err)
			}
			h, err := w.privacy.Takeout(ctx, w.demand(args[0], by, why), w.lang, f)
			if err = errors.Join(err, f.Close()); err != nil {
				return errors.Join(err, os.Remove(name)) // half of it helps nobody
			}
			w.say("%s: tickets %d, recordings %d, files %d", "%s: тикетов %d, записей разговоров %d, файлов %d", name, len(h.Tickets), len(h.Recordings), len(h.Files))
			return nil
		})
	cmd.Long = personHelp(tr(`Writes a ZIP: the card, what the person has reported and was told (as JSON and as text), the recordings that lie on this node,
and the files.`, `Записывает ZIP: карточку, обращения человека и сообщения ему (в JSON и текстом), записи разговоров с этого узла и файлы.`))
	cmd.Flags().StringVarP(&file, "out", "o", "", tr("the file; default: by the person and the day", "файл; по умолчанию по человеку и дню"))
	whyFlags(cmd, &by, &why)
	return cmd
}

func personHelp(about string) string {
	return about + "\n\n" + tr(`PERSON is CLIENT/CONTACT, a telephone number, or CHANNEL:ADDRESS such as email:ivan@romashka.example.`,
		`PERSON — это КЛИЕНТ/КОНТАКТ, номер телефона или КАНАЛ:АДРЕС, например email:ivan@romashka.example.`)
}

// archiveName is that of an archive for which none was named.
func archiveName(person string, now time.Time) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, strings.ToLower(person))
	return strings.Trim(plain, "-.") + "-" + now.Format(time.DateOnly) + ".zip"
}

func clientErase() *cobra.Command {
	var by, why string
	var yes, asJSON bool
	cmd := onPrivacy("erase PERSON", "erase one person; without --yes only say what would go and what stays",
		"стереть данные одного человека; без --yes только показать, что уйдёт и что останется", cobra.ExactArgs(1),
		func(ctx context.Context, w *warden, args []string) error {
			d := w.demand(args[0], by, why)
			if !yes {
				p, err := w.privacy.Plan(ctx, d)
				if err != nil {
					return err
				}
				if asJSON {
					return w.json(p)
				}
				w.say("Would be erased of %s:", "О %s будет стёрто:", printable(p.Found.Person))
				w.sayPlan(p)
				w.say("\nNothing was done. There is no way back: take the data out first (`vahta client takeout`), then repeat with --yes and --why.",
					"\nНичего не сделано. Пути назад нет: сначала выгрузите данные (`vahta client takeout`), затем повторите с --yes и --why.")
				return nil
			}
			e, err := w.privacy.Erase(ctx, d)
			if err != nil {
				return err
			}
			if asJSON {
				return w.json(e)
			}
			w.say("Erased of %s, %s UTC, by %s, because: %s", "О %s стёрто %s UTC, выполнил(а) %s, причина: %s",
				printable(e.Found.Person), e.At.Format(time.DateTime), printable(e.By), printable(e.Why))
			w.sayPlan(e.Plan)
			return nil
		})
	cmd.Long = personHelp(tr(`Destroys the recordings of the person's calls and the files that nobody else has sent; takes their words, name, number and
addresses out of closed tickets, signals and what went out; takes them off the card and its history. The chains of hashes still verify:
the audit says which lines have lost words. What stays is named with its reason. It may be repeated.`,
		`Уничтожает записи разговоров человека и файлы, которые не присылал никто другой; убирает его слова, имя, номер и адреса из закрытых
тикетов, сигналов и отправленного; убирает его из карточки и её истории. Цепочки хешей по-прежнему сходятся: аудит говорит, из каких
строк убраны слова. Что остаётся, названо с причиной. Команду можно повторить.`))
	whyFlags(cmd, &by, &why)
	cmd.Flags().BoolVar(&yes, "yes", false, tr("erase; there is no way back", "стереть; пути назад нет"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// sayPlan tells what goes, what stays, and why.
func (w *warden) sayPlan(p privacy.Plan) {
	list := func(names []string) string {
		if len(names) == 0 {
			return ""
		}
		return ": " + printable(strings.Join(names, ", "))
	}
	w.say("  recordings: %d%s", "  записи разговоров: %d%s", len(p.Recordings), list(p.Recordings))
	w.say("  files: %d", "  файлы: %d", p.Files)
	w.say("  words, name, number and addresses in the logs of tickets: %d%s", "  слова, имя, номер и адреса в журналах тикетов: %d%s", len(p.Tickets), list(p.Tickets))
	w.say("  name, number and addresses in tickets of others: %d%s", "  имя, номер и адреса в чужих тикетах: %d%s", len(p.Mentions), list(p.Mentions))
	w.say("  signals as they came: %d; callers of calls: %d", "  сигналы в исходном виде: %d; звонившие в записях о звонках: %d", p.Signals, p.Calls)
	if p.Card {
		w.say("  the person on the card, and in its history", "  человек в карточке и в её истории")
	}
	w.say("\nStays:", "\nОстаётся:")
	for _, s := range p.Stays {
		w.sayStay(s)
	}
}

// sayStay tells of one thing that stays.
func (w *warden) sayStay(s privacy.Stay) {
	what := printable(s.What)
	switch s.Why {
	case privacy.UnderHold:
		w.say("  everything: the client is under legal hold", "  всё: у клиента запрет на удаление (legal hold)")
	case privacy.TicketOpen:
		w.say("  ticket %s with its recordings and files: it is open, and an engineer has to know who asks; close it and repeat",
			"  тикет %s с его записями и файлами: он открыт, инженеру надо знать, кто обращается; закройте его и повторите", what)
	case privacy.CallRuns:
		w.say("  call %s: it is in progress; repeat when it has ended", "  звонок %s: он идёт; повторите, когда он закончится", what)
	case privacy.Elsewhere:
		w.say("  recording %s on node %s, until that node looks through its folder (vault.every)",
			"  запись %s на узле %s, пока тот узел не проверит свою папку (vault.every)", what, orDash(s.Node))
	case privacy.ReportMade:
		w.say("  the reports made of ticket %s: documents between two companies", "  отчёты по тикету %s: документы между двумя компаниями", what)
	case privacy.CardNeeded:
		w.say("  the card of %s: it is needed until the above has ended", "  карточка %s: она нужна, пока не закончено названное выше", what)
	case privacy.AuditStays:
		w.say("  the audit: who asked for what, and this erasure; it names the person by the ids of the card or by a masked number",
			"  аудит: кто что запрашивал и само это удаление; человек назван в нём по карточке или скрытым номером")
	case privacy.Backups:
		w.say("  backups until they expire, and on PostgreSQL old rows until its next vacuum",
			"  резервные копии до их срока, а в PostgreSQL старые строки до ближайшего vacuum")
	}
}
