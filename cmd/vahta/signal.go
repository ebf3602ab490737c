package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/vault"
)

func signalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "signal",
		Short: tr("what was received, byte for byte, and what became of it; send a signal", "что получено, байт в байт, и что из этого стало; отправить сигнал"),
		Long: tr(`Every call, mail, message and alarm is kept as it came before its sender is told that we have it. It is read and becomes a ticket
after that, as often as it takes. What cannot be read becomes a ticket of class "unreadable": somebody must look.

A signal is named CHANNEL/KEY, as the lists and the tickets show it.`,
			`Каждый звонок, письмо, сообщение и тревога хранится таким, как пришёл, ещё до ответа отправителю. Читается и становится заявкой
он после этого, столько раз, сколько нужно. Что прочесть нельзя, становится заявкой класса «unreadable»: человек должен посмотреть.

Сигнал называется КАНАЛ/КЛЮЧ, как в списках и заявках.`),
	}
	cmd.AddCommand(signalList(), signalShow(), signalSend(), signalReprocess())
	return cmd
}

// receiver is what the commands about signals work with.
type receiver struct {
	planner // words; its rota is not there

	signals desk.Signals
	here    company
	served  bool // by a running server
}

// onSignals makes a command about signals.
func onSignals(use, en, ru string, args cobra.PositionalArgs, run func(context.Context, *receiver, []string) error) *cobra.Command {
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
			s, done, err := desk.OpenSignals(cmd.Context(), l.Config.Data, l.Config.Database(), app.SignalsOnRecord(l.Config))
			if err != nil {
				return err
			}
			r := &receiver{planner: planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language, now: clock().UTC()}, signals: s, here: here}
			_, r.served = s.(desk.RemoteSignals)
			return finish(run(cmd.Context(), r, args), done)
		},
	}
}

// signalID reads CHANNEL/KEY.
func signalID(name string) (dispatch.SignalID, error) {
	ch, key, ok := strings.Cut(name, "/")
	if !ok || ch == "" || key == "" {
		return dispatch.SignalID{}, fmt.Errorf(tr("%q: write CHANNEL/KEY, as `vahta signal list` shows it", "%q: напишите КАНАЛ/КЛЮЧ, как в `vahta signal list`"), name)
	}
	return dispatch.SignalID{Channel: dispatch.Channel(ch), Key: key}, nil
}

func signalList() *cobra.Command {
	var f dispatch.SignalFilter
	var asJSON bool
	cmd := onSignals("list", "list signals, newest first", "показать сигналы, новые сверху", cobra.NoArgs,
		func(ctx context.Context, r *receiver, _ []string) error {
			list, err := r.signals.ListSignals(ctx, f)
			switch {
			case err != nil:
				return err
			case asJSON:
				sights := make([]dispatch.SignalSight, len(list))
				for i, s := range list {
					sights[i] = s.Sight()
				}
				return r.json(sights)
			case len(list) == 0:
				r.say("no signals", "сигналов нет")
				return nil
			}
			w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, r.tr("RECEIVED\tSIGNAL\tBYTES\tSTATE\tTICKET\tWHY", "ПОЛУЧЕН\tСИГНАЛ\tБАЙТ\tСОСТОЯНИЕ\tЗАЯВКА\tПОЧЕМУ"))
			for _, s := range list {
				fmt.Fprintf(w, "%s\t%s/%s\t%d\t%s\t%s\t%s\n", r.here.show(s.At), s.Channel, printable(s.Key), s.Size, r.state(s), orDash(s.Taken.Number), printable(s.Settled+s.Fault))
			}
			return w.Flush()
		})
	fl := cmd.Flags()
	fl.StringVar((*string)(&f.Channel), "channel", "", tr("only of this channel: call, api, cli, email …", "только этого канала: call, api, cli, email …"))
	fl.StringVar((*string)(&f.State), "state", "", tr("only those that are waiting, taken, settled or failing", "только waiting, taken, settled или failing"))
	fl.StringVar(&f.Ticket, "ticket", "", tr("only of the ticket with this id", "только заявки с этим id"))
	fl.IntVar(&f.Limit, "limit", 100, tr("most signals to list", "сколько сигналов"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// state says where a signal stands.
func (r *receiver) state(s dispatch.SignalRecord) string {
	switch s.State() {
	case dispatch.SignalWaiting:
		return r.tr("waiting", "ждёт")
	case dispatch.SignalTaken:
		return r.tr("taken", "принят")
	case dispatch.SignalSettled:
		return r.tr("settled", "без заявки")
	case dispatch.SignalFailing:
		return r.tr("failing", "не удаётся")
	}
	return string(s.State())
}

func signalShow() *cobra.Command {
	var raw, asJSON bool
	cmd := onSignals("show CHANNEL/KEY", "show a signal: what became of it, and its bytes", "показать сигнал: что из него стало и его байты", cobra.ExactArgs(1),
		func(ctx context.Context, r *receiver, args []string) error {
			id, err := signalID(args[0])
			if err != nil {
				return err
			}
			list, err := r.signals.ListSignals(ctx, dispatch.SignalFilter{Channel: id.Channel, Key: id.Key, Raw: true})
			switch {
			case err != nil:
				return err
			case len(list) == 0:
				return fmt.Errorf("signal %s: %w", args[0], dispatch.ErrNotFound)
			case raw:
				_, err := r.out.Write(list[0].Raw)
				return err
			case asJSON:
				return r.json(list[0].Sight())
			}
			return r.showOne(list[0])
		})
	cmd.Flags().BoolVar(&raw, "raw", false, tr("only the bytes, as they came", "только байты, как пришли"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// showOne writes one signal for people: nothing in its bytes may play with their screen.
func (r *receiver) showOne(s dispatch.SignalRecord) error {
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	line := func(en, ru, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", r.tr(en, ru), value)
		}
	}
	line("signal", "сигнал", string(s.Channel)+"/"+printable(s.Key))
	line("received", "получен", r.here.show(s.At))
	line("state", "состояние", r.state(s))
	line("ticket", "заявка", s.Taken.Number)
	line("why", "почему", printable(s.Settled+s.Fault))
	if s.Tries > 0 {
		line("tries", "попыток", fmt.Sprint(s.Tries))
	}
	if !s.DueAt.IsZero() {
		line("next try", "следующая попытка", r.here.show(s.DueAt))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(r.out, "\n%s\n", printableLines(strings.ToValidUTF8(string(s.Raw), "?")))
	return err
}

func signalReprocess() *cobra.Command {
	return onSignals("reprocess CHANNEL/KEY …", "take signals in anew, for instance after their decoder was mended",
		"принять сигналы заново, например когда исправлено их чтение", cobra.MinimumNArgs(1),
		func(ctx context.Context, r *receiver, args []string) error {
			var faults []error
			for _, name := range args {
				id, err := signalID(name)
				var o dispatch.Opened
				if err == nil {
					o, err = r.signals.Reprocess(ctx, id)
				}
				if err != nil {
					faults = append(faults, err)
					continue
				}
				r.tellTicket(name, o)
			}
			return errors.Join(faults...)
		})
}

// tellTicket says what became of a signal.
func (r *receiver) tellTicket(name string, o dispatch.Opened) {
	switch {
	case o.Zero():
		r.say("signal %s needs no ticket", "сигналу %s заявка не нужна", name)
	case o.Joined:
		r.say("signal %s joins ticket %s", "сигнал %s вошёл в заявку %s", name, o.Number)
	default:
		r.say("signal %s is ticket %s", "сигнал %s — заявка %s", name, o.Number)
	}
}

// sending is what the flags of `signal send` say.
type sending struct {
	channel, key, from, priority, category, occurred string

	files []string // paths

	message dispatch.MessageSignal
}

func signalSend() *cobra.Command {
	var s sending
	cmd := onSignals("send [FILE]", "send a signal: from flags, or the JSON of FILE (- = standard input)",
		"отправить сигнал: из флагов или JSON из FILE (- — стандартный ввод)", cobra.MaximumNArgs(1),
		func(ctx context.Context, r *receiver, args []string) error { return s.send(ctx, r, args) })
	cmd.Example = `  vahta signal send --from email:ivan@romashka.example --text "1С не запускается" --category service_down
  vahta signal send --machine --source zabbix --org romashka --dedup trigger-17 --priority critical --subject "db1 is down"
  vahta signal send --machine --source zabbix --org romashka --dedup trigger-17 --recovery --subject "db1 is up"
  vahta signal send --key backup-2026-12-01 --warning --machine --source backup --text "the copy took 9 hours" `
	fl, m := cmd.Flags(), &s.message
	fl.StringVar(&s.channel, "channel", string(dispatch.ChannelCLI), tr("as which channel it is kept", "каналом чего он хранится"))
	fl.StringVar(&s.key, "key", "", tr("its name: a repeat with the same one is the same signal; default new each time", "его имя: повтор с тем же — тот же сигнал; по умолчанию каждый раз новое"))
	fl.StringVar(&s.from, "from", "", tr("who it is from, as CHANNEL:ADDRESS", "от кого, в виде КАНАЛ:АДРЕС"))
	fl.StringVar(&m.From.Name, "name", "", tr("the sender's name", "имя отправителя"))
	fl.StringVar(&m.Subject, "subject", "", tr("subject", "тема"))
	fl.StringVar(&m.Text, "text", "", tr("text", "текст"))
	fl.StringVar(&m.Org, "org", "", tr("ID of the client, where the address does not tell", "ID клиента, если адрес не говорит"))
	fl.StringVar(&s.category, "category", "", "service_down, security, data_loss, network_down")
	fl.StringVar(&s.priority, "priority", "", "critical, high, normal, low")
	fl.BoolVar(&m.Warning, "warning", false, tr("no emergency: it wakes nobody", "не авария: никого не будит"))
	fl.BoolVar(&m.Request, "request", false, tr("a request, no incident: it wakes nobody", "просьба, а не инцидент: никого не будит"))
	fl.BoolVar(&m.Machine, "machine", false, tr("no human wrote it", "написал не человек"))
	fl.StringVar(&m.Source, "source", "", tr("the machine's name", "имя машины"))
	fl.StringVar(&m.DedupKey, "dedup", "", tr("names the trouble: signals with one name are about one trouble", "имя беды: сигналы с одним именем — об одной беде"))
	fl.BoolVar(&m.Recovery, "recovery", false, tr("the trouble is over", "беда прошла"))
	fl.StringVar(&s.occurred, "occurred", "", tr("when the machine says that it began, such as 2026-12-01T09:00:00+03:00", "когда, по словам машины, началось, например 2026-12-01T09:00:00+03:00"))
	fl.StringVar(&m.Line, "line", "", tr("the hotline whose people serve it", "линия, люди которой этим займутся"))
	fl.StringArrayVar(&s.files, "attach", nil, tr("a file that goes with it; may be given several times", "файл, который прилагается; можно повторять"))
	fl.StringSliceVar(&m.InReplyTo, "reply-to", nil, tr("number of the ticket that it answers", "номер заявки, на которую это ответ"))
	return cmd
}

// raw returns the bytes of the signal.
func (s sending) raw(r *receiver, args []string) ([]byte, error) {
	if len(args) == 1 {
		return readFile(r.cmd, args[0])
	}
	m := s.message
	m.Category = ticket.Category(s.category)
	if s.priority != "" {
		if err := m.Priority.UnmarshalText([]byte(s.priority)); err != nil {
			return nil, fmt.Errorf("--priority: %w", err)
		}
	}
	if s.from != "" {
		ch, address, ok := strings.Cut(s.from, ":")
		if !ok {
			return nil, fmt.Errorf(tr("--from %q: write CHANNEL:ADDRESS, such as email:ivan@romashka.example", "--from %q: напишите CHANNEL:ADDRESS, например email:ivan@romashka.example"), s.from)
		}
		m.From.Channel, m.From.Address = ch, address
	}
	if s.occurred != "" {
		at, err := time.Parse(time.RFC3339, s.occurred)
		if err != nil {
			return nil, fmt.Errorf("--occurred: %w", err)
		}
		m.Occurred = at
	}
	enclosed, err := s.enclosed()
	if err != nil {
		return nil, err
	}
	whole := m
	if len(enclosed) > 0 {
		whole.Files = append(slices.Clone(m.Files), "attachments") // they have no hashes yet
	}
	if err := whole.Validate(); err != nil {
		return nil, fmt.Errorf("signal send: %w", err)
	}
	return json.Marshal(struct {
		dispatch.MessageSignal

		Attachments []vault.Enclosed `json:"attachments,omitempty"`
	}{m, enclosed})
}

// enclosed reads the files that go with the signal.
func (s sending) enclosed() (list []vault.Enclosed, err error) {
	for _, path := range s.files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--attach: %w", err)
		}
		list = append(list, vault.Enclosed{Name: filepath.Base(path), Data: data})
	}
	return list, nil
}

func (s sending) send(ctx context.Context, r *receiver, args []string) error {
	raw, err := s.raw(r, args)
	if err != nil {
		return err
	}
	key := s.key
	if key == "" {
		key = rand.Text()
	}
	id, err := r.signals.Receive(ctx, dispatch.Signal{Channel: dispatch.Channel(s.channel), Key: key, At: r.now, Raw: raw})
	if err != nil {
		return err
	}
	name := string(id.Channel) + "/" + id.Key
	if !r.served {
		r.say("signal %s is kept; no server runs, the next one takes it in", "сигнал %s сохранён; сервер не запущен, его примет следующий запуск", name)
		return nil
	}
	o, err := r.signals.Intake(ctx, id)
	if err != nil {
		r.say("signal %s is kept, and is tried again: %s", "сигнал %s сохранён, приём повторится: %s", name, err.Error())
		return nil
	}
	r.tellTicket(name, o)
	return nil
}
