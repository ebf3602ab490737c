package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
)

func callsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "calls", Short: tr("list calls, show one with its ladder, hear its recording", "звонки: список, подробности, запись разговора")}
	cmd.AddCommand(callsList(), callsShow(), callsSave(), callsPlay())
	return cmd
}

func callsList() *cobra.Command {
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list calls, newest first", "показать звонки, новые сверху"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, at company) error {
				cs, err := d.Calls(ctx, dispatch.CallFilter{Limit: limit})
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(cmd.OutOrStdout(), cs)
				}
				return printCalls(cmd.OutOrStdout(), cs, at)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, tr("most calls to list", "не больше скольких"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func callsShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: tr("show a call: legs, causes, quality, recording, ladder", "показать звонок: плечи, причины, качество, запись, обмен"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, at company) error {
				c, err := d.Call(ctx, args[0])
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(cmd.OutOrStdout(), c)
				}
				return printCall(cmd.OutOrStdout(), c, at)
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// result says in a word how a call went; how at length, the ticket's timeline says.
func (c company) result(r dispatch.CallResult) string {
	if word, ok := map[dispatch.CallResult]string{
		"served": "разговор был", "abandoned": "не дождался", "exhausted": "никто не ответил", "failed": "сбой", "broken": "прерван",
		"refused": "не принят", "paged": "вызов инженера",
	}[r]; ok && c.lang == "ru" {
		return word
	}
	return string(r)
}

func printCalls(out io.Writer, cs []dispatch.CallRecord, at company) error {
	if len(cs) == 0 {
		_, err := fmt.Fprintln(out, at.tr("no calls yet", "звонков ещё не было"))
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, at.tr("ID\tSTARTED\tTICKET\tRESULT\tACCEPTED BY\tTALK\tNODE", "ID\tНАЧАТ\tЗАЯВКА\tИТОГ\tПРИНЯЛ\tРАЗГОВОР\tУЗЕЛ"))
	for _, c := range cs {
		result := at.result(c.Result)
		if c.EndedAt.IsZero() {
			result = at.tr("in progress", "идёт")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, at.show(c.StartedAt), c.Ref.Number,
			result, at.name(c.AcceptedBy), at.length(c.Detail.Talk.Round(time.Second/10)), orDash(c.Node))
	}
	return w.Flush()
}

// length shows how long something took.
func (c company) length(d time.Duration) string {
	if c.lang != "ru" {
		return d.String()
	}
	text := strings.NewReplacer("ms", " мс", "h", " ч ", "m", " мин ", "s", " с", ".", ",").Replace(d.String())
	return strings.TrimSpace(text)
}

func printCall(out io.Writer, c dispatch.CallRecord, at company) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(en, ru, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", at.tr(en, ru), value)
		}
	}
	line("call", "звонок", c.ID)
	line("ticket", "заявка", c.Ref.Number)
	line("started", "начат", at.show(c.StartedAt))
	line("result", "итог", strings.TrimSpace(at.result(c.Result)+" "+c.Cause))
	if c.AcceptedBy != "" {
		line("accepted", "принял", at.name(c.AcceptedBy)+at.tr(" after ", " через ")+at.length(c.AcceptedAt.Sub(c.StartedAt).Round(time.Millisecond)))
	}
	line("node", "узел", c.Node)
	line("without", "без", strings.Join(c.Detail.Degraded, ", "))
	line("note", "заметка", c.Detail.Note)
	if r := c.Detail.Recording; r.Path != "" {
		line("recording", "запись", r.Path+" ("+at.length(r.Duration.Round(time.Second/10))+")")
	}
	fmt.Fprintln(w, at.tr("\nLEG\tDEVICE\tOUTCOME\tCAUSE\tSTATUS\tCODEC\tLOST\tJITTER\tMOS", "\nПЛЕЧО\tТЕЛЕФОН\tИСХОД\tПРИЧИНА\tКОД\tКОДЕК\tПОТЕРИ\tДРОЖАНИЕ\tMOS"))
	for _, l := range c.Detail.Legs {
		q := l.Quality
		if q.SRTP != "" {
			q.Codec += "+SRTP"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%d/%d\t%.1f %s\t%.1f\n", l.Name, orDash(l.Device), orDash(l.Outcome), orDash(l.Cause),
			l.Status, orDash(q.Codec), q.Lost, q.Packets, q.JitterMs, at.tr("ms", "мс"), q.MOS)
	}
	fmt.Fprintln(w, at.tr("\nAT\tLEG\t\tMESSAGE", "\nКОГДА\tПЛЕЧО\t\tСООБЩЕНИЕ"))
	for _, s := range c.Detail.Ladder {
		arrow := "→ vahta"
		if s.Out {
			arrow = "← vahta"
		}
		fmt.Fprintf(w, "%+8.3f%s\t%s\t%s\t%s\n", s.At.Sub(c.StartedAt).Seconds(), at.tr("s", " с"), s.Leg, arrow, s.Text)
	}
	return w.Flush()
}
