package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

func swapCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "swap",
		Short: tr("exchange turns: now, or by asking others", "поменяться сменами: сразу или спросив других"),
		Long: tr(`A request changes nothing until somebody accepts; the first acceptance wins. One that nobody has accepted when its time comes
expires, and whoever asked stays on duty.`,
			`Запрос ничего не меняет, пока его не примут; первый принявший выигрывает. Если к началу никто не принял, запрос истекает и
дежурит тот, кто просил.`),
	}
	cmd.AddCommand(swapMake(), swapAsk(), swapList(),
		swapAnswer("accept ID", tr("accept a request: it becomes an override at once", "принять запрос: он сразу становится заменой"), edit.Accept),
		swapAnswer("decline ID", tr("say no to a request", "отказаться"), edit.Decline),
		swapAnswer("withdraw ID", tr("take your own request back", "отозвать свой запрос"), edit.Withdraw))
	return cmd
}

// back are the flags of what is done in return.
type back struct{ from, to string }

func (b *back) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&b.from, "return-from", "", tr("from when the first does it for the second", "с какого времени первый дежурит за второго"))
	cmd.Flags().StringVar(&b.to, "return-to", "", tr("until when", "до какого времени"))
}

func (b *back) points(p *planner, zone oncall.Zone) (from, to oncall.Point, err error) {
	if b.from == "" && b.to == "" {
		return from, to, nil
	}
	from, err1 := p.point(b.from, zone)
	to, err2 := p.point(b.to, zone)
	return from, to, errors.Join(wrap("--return-from", err1), wrap("--return-to", err2))
}

func swapMake() *cobra.Command {
	var f place
	var r back
	var c consent
	cmd := &cobra.Command{
		Use:   "make PERSON OTHER",
		Short: tr("exchange turns of two people at once, as a scheduler", "поменять смены двух людей сразу, как составитель графика"),
		Example: `  vahta oncall swap make anna boris --from 2026-12-05 --to 2026-12-06 --return-from 2026-12-12 --return-to 2026-12-13
  vahta oncall swap make anna boris --from 2026-12-05 --to 2026-12-19    # both ways within one span`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				a, err1 := p.person(args[0])
				b, err2 := p.person(args[1])
				if err := errors.Join(err1, err2); err != nil {
					return err
				}
				s, track, from, to, err := f.where(p)
				if err != nil {
					return err
				}
				backFrom, backTo, err := r.points(p, s.RulesNear(p.now).Zone)
				if err != nil {
					return err
				}
				if backFrom.IsZero() {
					backFrom, backTo = from, to
				}
				return p.commit(edit.Edit{Override: &oncall.Override{
					Schedule: s.ID, Track: track, Kind: oncall.Swap, Reason: c.reason,
					Changes: []oncall.Change{{From: from, To: to, Remove: a, Add: b}, {From: backFrom, To: backTo, Remove: b, Add: a}},
				}}, c, nil)
			})
		},
	}
	f.flags(cmd)
	r.flags(cmd)
	c.flags(cmd)
	return cmd
}

func swapAsk() *cobra.Command {
	var f place
	var r back
	var c consent
	var asked []string
	cmd := &cobra.Command{
		Use:   "ask PERSON",
		Short: tr("ask to be covered for a while, or to swap it for another", "попросить подменить на время или поменяться"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				id, err := p.person(args[0])
				if err != nil {
					return err
				}
				q := oncall.Request{Person: id, Reason: c.reason}
				s, track, from, to, err := f.where(p)
				if err != nil {
					return err
				}
				q.Schedule, q.Track, q.From, q.To = s.ID, track, from, to
				if q.ReturnFrom, q.ReturnTo, err = r.points(p, s.RulesNear(p.now).Zone); err != nil {
					return err
				}
				for _, text := range asked {
					who, err := p.person(text)
					if err != nil {
						return err
					}
					q.Asked = append(q.Asked, who)
				}
				return p.commit(edit.Edit{Ask: &q}, c, nil)
			})
		},
	}
	f.flags(cmd)
	r.flags(cmd)
	c.flags(cmd)
	cmd.Flags().StringSliceVar(&asked, "of", nil, tr("whom to ask; default everybody", "кого спросить; по умолчанию всех"))
	return cmd
}

func swapAnswer(use, short string, verdict edit.Verdict) *cobra.Command {
	var c consent
	var as string
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				if as != "" {
					var err error
					if as, err = p.person(as); err != nil {
						return err
					}
				}
				id, err := p.match(edit.Request, args[0])
				if err != nil {
					return err
				}
				return p.commit(edit.Edit{Answer: &edit.Answer{Request: id, Verdict: verdict, As: as}}, c, nil)
			})
		},
	}
	cmd.Flags().StringVar(&as, "as", "", tr("for whom you answer; default --by", "за кого вы отвечаете; по умолчанию --by"))
	c.flags(cmd)
	return cmd
}

func swapList() *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list requests that wait for an answer", "показать запросы, которые ждут ответа"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				var list []oncall.Request
				for _, q := range p.view.Roster.Requests {
					q.State = edit.StateOf(p.view.Roster, q, p.now)
					if all || q.State == oncall.RequestOpen {
						list = append(list, q)
					}
				}
				if asJSON {
					return p.json(list)
				}
				if len(list) == 0 {
					p.say("no requests wait; --all shows the settled ones too", "запросов нет; --all покажет и решённые")
					return nil
				}
				return p.printRequests(list)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, tr("settled and expired ones too", "и решённые, и истёкшие"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *planner) printRequests(list []oncall.Request) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, p.tr("ID\tSCHEDULE\tWHO\tWHEN\tIN RETURN\tASKED\tSTATE\tREASON", "ID\tГРАФИК\tКТО\tКОГДА\tВЗАМЕН\tКОГО\tСОСТОЯНИЕ\tПОЧЕМУ"))
	for _, q := range list {
		s, _ := p.view.Roster.Schedule(q.Schedule)
		zone := s.RulesNear(p.now).Zone
		in, asked := "–", p.tr("everybody", "все")
		if !q.ReturnFrom.IsZero() {
			in = p.span(q.ReturnFrom.In(zone), q.ReturnTo.In(zone), zone)
		}
		if len(q.Asked) > 0 {
			asked = strings.ReplaceAll(p.names(q.Asked), " + ", ", ")
		}
		fmt.Fprintf(w, "%s\t%s/%s\t%s\t%s\t%s\t%s\t%s\t%s\n", q.ID, q.Schedule, q.Track, p.name(q.Person),
			p.span(q.From.In(zone), q.To.In(zone), zone), in, asked, p.state(q), printable(q.Reason))
	}
	return w.Flush()
}

// state tells where a request stands.
func (p *planner) state(q oncall.Request) string {
	switch q.State {
	case oncall.RequestOpen:
		return p.tr("waits", "ждёт")
	case oncall.RequestAccepted:
		return p.tr("accepted by ", "принял(а) ") + p.name(q.SettledBy)
	case oncall.RequestDeclined:
		return p.tr("declined", "отказали")
	case oncall.RequestWithdrawn:
		return p.tr("withdrawn", "отозван")
	case oncall.RequestExpired:
		return p.tr("expired", "истёк")
	}
	return string(q.State)
}
