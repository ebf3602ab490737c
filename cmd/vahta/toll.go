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
		Short: tr("what calls through operators cost today; stop them, let them go", "во что сегодня обошлись звонки через операторов; остановить их, снова пустить"),
		Long: tr(`Each node has a budget and a stop of its own: with several nodes give the commands on each of them.
Calls in progress go on under a stop; paging does too unless --all is given.`,
			`У каждого узла свой предел и свой запрет: если узлов несколько, команду дают на каждом.
Идущие звонки запрет не рвёт; вызовы инженеров тоже идут, если не сказано --all.`),
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
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: tr("show the day's budget, what is spent of it, and the stop", "показать предел дня, сколько истрачено, и запрет"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withToll(cmd, func(ctx context.Context, t desk.Toll, c company) error {
				s, err := t.TollStatus(ctx)
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(cmd.OutOrStdout(), s)
				}
				return printToll(cmd.OutOrStdout(), c, s)
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// printToll shows a day's figures.
func printToll(out io.Writer, c company, s guard.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n", c.tr("day", "день"), s.Day)
	fmt.Fprintf(w, "%s\t%s\n", c.tr("minutes", "минуты"), ofBudget(c, s.Minutes, float64(s.DayMinutes)))
	fmt.Fprintf(w, "%s\t%s\n", c.tr("money", "деньги"), ofBudget(c, s.Money, s.DayMoney))
	fmt.Fprintf(w, "%s\t%d%%\n", c.tr("kept for paging", "оставлено вызовам"), s.Reserve)
	fmt.Fprintf(w, "%s\t%d\n", c.tr("calls now", "звонков сейчас"), s.Calls)
	fmt.Fprintf(w, "%s\t%s\n", c.tr("stop", "запрет"), stopText(c, s.Stop))
	return w.Flush()
}

func ofBudget(c company, spent, budget float64) string {
	if budget == 0 {
		return fmt.Sprintf(c.tr("%g, no limit", "%g, предела нет"), spent)
	}
	return fmt.Sprintf(c.tr("%g of %g (%.0f%%)", "%g из %g (%.0f%%)"), spent, budget, 100*spent/budget)
}

// stopText says what a stop stops.
func stopText(c company, s guard.Stop) string {
	switch s {
	case guard.StopNone:
		return c.tr("none: calls leave as the rules allow", "нет: звонки уходят, как велят правила")
	case guard.StopOthers:
		return c.tr("in force: nothing but paging leaves; `vahta toll go` ends it", "действует: уходят только вызовы инженеров; снять: `vahta toll go`")
	case guard.StopAll:
		return c.tr("in force, paging too: NOBODY is rung through an operator; `vahta toll go` ends it", "действует и для вызовов: через операторов НЕ ЗВОНЯТ НИКОМУ; снять: `vahta toll go`")
	}
	return string(s)
}

func tollStop() *cobra.Command {
	var all bool
	var by string
	cmd := &cobra.Command{
		Use:   "stop",
		Short: tr("let nothing but paging leave through operators, at once and over restarts", "пускать через операторов только вызовы инженеров, сразу и после перезапусков"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := guard.StopOthers
			if all {
				s = guard.StopAll
			}
			return setStop(cmd, s, by)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, tr("stop paging too: engineers are rung on their softphones alone", "остановить и вызовы: инженерам звонят только на софтфоны"))
	cmd.Flags().StringVar(&by, "by", os.Getenv("USER"), tr("who decides", "кто решил"))
	return cmd
}

func tollGo() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "go",
		Short: tr("end the stop", "снять запрет"),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return setStop(cmd, guard.StopNone, by) },
	}
	cmd.Flags().StringVar(&by, "by", os.Getenv("USER"), tr("who decides", "кто решил"))
	return cmd
}

func setStop(cmd *cobra.Command, s guard.Stop, by string) error {
	return withToll(cmd, func(ctx context.Context, t desk.Toll, c company) error {
		if err := t.TollStop(ctx, s, by); err != nil {
			return err
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), c.tr("stop:", "запрет:"), stopText(c, s))
		return err
	})
}

func securityCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "security",
		Short: tr("show the last security events and the banned sources; lift a ban", "показать последние события безопасности и запреты; снять запрет"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withToll(cmd, func(ctx context.Context, t desk.Toll, at company) error {
				s, err := t.TollStatus(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), s)
				}
				return printSecurity(cmd.OutOrStdout(), s, at)
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	cmd.AddCommand(securityLift())
	return cmd
}

func printSecurity(out io.Writer, s guard.Status, at company) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(s.Bans) > 0 {
		fmt.Fprintln(w, at.tr("BANNED\tUNTIL", "ЗАПРЕЩЁН\tДО"))
	}
	for _, b := range s.Bans {
		fmt.Fprintf(w, "%s\t%s\n", b.Source, at.show(b.Until))
	}
	if len(s.Bans) > 0 {
		fmt.Fprintln(w)
	}
	if len(s.Events) == 0 {
		fmt.Fprintln(w, at.tr("no security events since the start", "с запуска событий безопасности не было"))
		return w.Flush()
	}
	fmt.Fprintln(w, at.tr("AT\tTIMES\tEVENT\tSOURCE\tACCOUNT\tWHAT", "КОГДА\tРАЗ\tСОБЫТИЕ\tОТКУДА\tУЧЁТНАЯ ЗАПИСЬ\tЧТО"))
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
		Short: tr("end the ban of an address", "снять запрет с адреса"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			addr, err := netip.ParseAddr(args[0])
			if err != nil {
				return fmt.Errorf(tr("%q is no IP address; `vahta security` shows the banned ones", "%q — не IP-адрес; запрещённые покажет `vahta security`"), args[0])
			}
			return withToll(cmd, func(ctx context.Context, t desk.Toll, c company) error {
				banned, err := t.LiftBan(ctx, addr)
				if err != nil {
					return err
				}
				text := addr.String() + c.tr(" is heard again", ": снова слышен")
				if !banned {
					text = addr.String() + c.tr(" was not banned", ": запрета не было")
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
				return err
			})
		},
	}
}
