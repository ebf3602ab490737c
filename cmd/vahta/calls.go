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
	cmd := &cobra.Command{Use: "calls", Short: "list calls, show one with its ladder, hear its recording"}
	var limit int
	list := &cobra.Command{
		Use:   "list",
		Short: "list calls, newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, at company) error {
				cs, err := d.Calls(ctx, dispatch.CallFilter{Limit: limit})
				if err != nil {
					return err
				}
				return printCalls(cmd.OutOrStdout(), cs, at)
			})
		},
	}
	list.Flags().IntVar(&limit, "limit", 100, "most calls to list")
	show := &cobra.Command{
		Use:   "show ID",
		Short: "show a call: legs, causes, quality, recording, ladder",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, at company) error {
				c, err := d.Call(ctx, args[0])
				if err != nil {
					return err
				}
				return printCall(cmd.OutOrStdout(), c, at)
			})
		},
	}
	cmd.AddCommand(list, show, callsSave(), callsPlay())
	return cmd
}

func printCalls(out io.Writer, cs []dispatch.CallRecord, at company) error {
	if len(cs) == 0 {
		_, err := fmt.Fprintln(out, "no calls yet")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTARTED\tTICKET\tRESULT\tACCEPTED BY\tTALK\tNODE")
	for _, c := range cs {
		result := string(c.Result)
		if c.EndedAt.IsZero() {
			result = "in progress"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, at.show(c.StartedAt), c.Ref.Number,
			result, at.name(c.AcceptedBy), c.Detail.Talk.Round(time.Second/10), orDash(c.Node))
	}
	return w.Flush()
}

func printCall(out io.Writer, c dispatch.CallRecord, at company) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "call\t%s\nticket\t%s\nstarted\t%s\nresult\t%s %s\n", c.ID, c.Ref.Number, at.show(c.StartedAt), c.Result, c.Cause)
	if c.AcceptedBy != "" {
		fmt.Fprintf(w, "accepted\t%s after %s\n", at.name(c.AcceptedBy), c.AcceptedAt.Sub(c.StartedAt).Round(time.Millisecond))
	}
	if c.Node != "" {
		fmt.Fprintf(w, "node\t%s\n", c.Node)
	}
	if len(c.Detail.Degraded) > 0 {
		fmt.Fprintf(w, "without\t%s\n", strings.Join(c.Detail.Degraded, ", "))
	}
	if c.Detail.Note != "" {
		fmt.Fprintf(w, "note\t%s\n", c.Detail.Note)
	}
	if r := c.Detail.Recording; r.Path != "" {
		fmt.Fprintf(w, "recording\t%s (%s)\n", r.Path, r.Duration.Round(time.Second/10))
	}
	fmt.Fprintln(w, "\nLEG\tDEVICE\tOUTCOME\tCAUSE\tSTATUS\tCODEC\tLOST\tJITTER\tMOS")
	for _, l := range c.Detail.Legs {
		q := l.Quality
		if q.SRTP != "" {
			q.Codec += "+SRTP"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%d/%d\t%.1f ms\t%.1f\n", l.Name, orDash(l.Device), orDash(l.Outcome), orDash(l.Cause),
			l.Status, orDash(q.Codec), q.Lost, q.Packets, q.JitterMs, q.MOS)
	}
	fmt.Fprintln(w, "\nAT\tLEG\t\tMESSAGE")
	for _, s := range c.Detail.Ladder {
		arrow := "→ vahta"
		if s.Out {
			arrow = "← vahta"
		}
		fmt.Fprintf(w, "%+8.3fs\t%s\t%s\t%s\n", s.At.Sub(c.StartedAt).Seconds(), s.Leg, arrow, s.Text)
	}
	return w.Flush()
}
