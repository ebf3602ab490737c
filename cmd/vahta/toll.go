package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/sip/guard"
)

func tollCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "toll",
		Short: "what calls through operators cost today; stop them, let them go",
		Long: `Each node has a budget and a stop of its own: with several nodes give the commands on each of them.
Calls in progress go on under a stop; paging does too unless --all is given.`,
	}
	cmd.AddCommand(tollShow(), tollStop(), tollGo())
	return cmd
}

// withToll runs f on the running server of the configured data folder.
func withToll(cmd *cobra.Command, f func(context.Context, desk.Toll, company) error) error {
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	t, done, err := desk.OpenToll(cmd.Context(), l.Config.Data)
	if err != nil {
		return err
	}
	defer done()
	return f(cmd.Context(), t, here)
}

func tollShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "show the day's budget, what is spent of it, and the stop",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withToll(cmd, func(ctx context.Context, t desk.Toll, _ company) error {
				s, err := t.TollStatus(ctx)
				if err != nil {
					return err
				}
				return printToll(cmd.OutOrStdout(), s)
			})
		},
	}
}

// printToll shows a day's figures.
func printToll(out io.Writer, s guard.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "day\t%s\n", s.Day)
	fmt.Fprintf(w, "minutes\t%s\n", ofBudget(s.Minutes, float64(s.DayMinutes)))
	fmt.Fprintf(w, "money\t%s\n", ofBudget(s.Money, s.DayMoney))
	fmt.Fprintf(w, "kept for paging\t%d%%\n", s.Reserve)
	fmt.Fprintf(w, "calls now\t%d\n", s.Calls)
	fmt.Fprintf(w, "stop\t%s\n", stopText(s.Stop))
	return w.Flush()
}

func ofBudget(spent, budget float64) string {
	if budget == 0 {
		return fmt.Sprintf("%g, no limit", spent)
	}
	return fmt.Sprintf("%g of %g (%.0f%%)", spent, budget, 100*spent/budget)
}

// stopText says what a stop stops.
func stopText(s guard.Stop) string {
	switch s {
	case guard.StopNone:
		return "none: calls leave as the rules allow"
	case guard.StopOthers:
		return "in force: nothing but paging leaves; `vahta toll go` ends it"
	case guard.StopAll:
		return "in force, paging too: NOBODY is rung through an operator; `vahta toll go` ends it"
	}
	return string(s)
}

func tollStop() *cobra.Command {
	var all bool
	var by string
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "let nothing but paging leave through operators, at once and over restarts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := guard.StopOthers
			if all {
				s = guard.StopAll
			}
			return setStop(cmd, s, by)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "stop paging too: engineers are rung on their softphones alone")
	cmd.Flags().StringVar(&by, "by", os.Getenv("USER"), "who decides")
	return cmd
}

func tollGo() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "go",
		Short: "end the stop",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return setStop(cmd, guard.StopNone, by) },
	}
	cmd.Flags().StringVar(&by, "by", os.Getenv("USER"), "who decides")
	return cmd
}

func setStop(cmd *cobra.Command, s guard.Stop, by string) error {
	return withToll(cmd, func(ctx context.Context, t desk.Toll, _ company) error {
		if err := t.TollStop(ctx, s, by); err != nil {
			return err
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "stop:", stopText(s))
		return err
	})
}

func securityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "security",
		Short: "show the last security events and the banned sources; lift a ban",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withToll(cmd, func(ctx context.Context, t desk.Toll, at company) error {
				s, err := t.TollStatus(ctx)
				if err != nil {
					return err
				}
				return printSecurity(cmd.OutOrStdout(), s, at)
			})
		},
	}
	cmd.AddCommand(securityLift())
	return cmd
}

func printSecurity(out io.Writer, s guard.Status, at company) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(s.Bans) > 0 {
		fmt.Fprintln(w, "BANNED\tUNTIL")
	}
	for _, b := range s.Bans {
		fmt.Fprintf(w, "%s\t%s\n", b.Source, at.show(b.Until))
	}
	if len(s.Bans) > 0 {
		fmt.Fprintln(w)
	}
	if len(s.Events) == 0 {
		fmt.Fprintln(w, "no security events since the start")
		return w.Flush()
	}
	fmt.Fprintln(w, "AT\tTIMES\tEVENT\tSOURCE\tACCOUNT\tWHAT")
	for _, e := range s.Events {
		source := "–"
		if e.Source.IsValid() {
			source = e.Source.String()
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", at.show(e.At), e.Times, e.Kind, source, orDash(printable(e.Account)), printable(e.Detail))
	}
	return w.Flush()
}

func securityLift() *cobra.Command {
	return &cobra.Command{
		Use:   "lift ADDRESS",
		Short: "end the ban of an address",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			addr, err := netip.ParseAddr(args[0])
			if err != nil {
				return fmt.Errorf("%q is no IP address; `vahta security` shows the banned ones", args[0])
			}
			return withToll(cmd, func(ctx context.Context, t desk.Toll, _ company) error {
				banned, err := t.LiftBan(ctx, addr)
				if err != nil {
					return err
				}
				text := addr.String() + " is heard again"
				if !banned {
					text = addr.String() + " was not banned"
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
				return err
			})
		},
	}
}
