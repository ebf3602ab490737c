package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/sip/selftest"
)

func selftestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: tr("test the line: a call leaves through an operator and must come back, with sound both ways", "проверить линию: звонок уходит через оператора и должен вернуться, со звуком в обе стороны"),
		Long: tr(`The running server calls its own number through an operator. The call must come back to it, and codes that are
made anew for each test must be heard both ways. The operator may charge for the call.
self_test.every in the configuration has the server do so by itself.`,
			`Работающий сервер звонит через оператора на свой же номер. Звонок должен вернуться, и коды, новые для каждой проверки,
должны быть слышны в обе стороны. Оператор может взять за звонок плату. С настройкой self_test.every сервер делает это сам.`),
	}
	cmd.AddCommand(selftestRun(), selftestList())
	return cmd
}

// withSelfTests runs f on the running server of the configured data folder.
func withSelfTests(cmd *cobra.Command, f func(*desk.RemoteSelfTests, company) error) error {
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	tests, err := desk.OpenSelfTests(cmd.Context(), l.Config.Data)
	if err != nil {
		return err
	}
	defer tests.Close()
	return f(tests, here)
}

func selftestRun() *cobra.Command {
	return &cobra.Command{
		Use:   "run [OPERATOR]",
		Short: tr("test one operator now, or all of them, and print what happened", "проверить оператора сейчас, или всех, и сказать, что было"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return withSelfTests(cmd, func(tests *desk.RemoteSelfTests, c company) error {
				reports, err := tests.Test(cmd.Context(), name)
				if err != nil {
					return err
				}
				failed := false
				for i := range reports {
					printReport(cmd.OutOrStdout(), c, &reports[i])
					failed = failed || reports[i].Result != selftest.OK
				}
				if failed {
					return exitError(1)
				}
				return nil
			})
		},
	}
}

func printReport(w io.Writer, c company, r *selftest.Report) {
	for _, s := range r.Steps {
		fmt.Fprintf(w, "%9.3f  %-3s  %s\n", s.At.Sub(r.At).Seconds(), s.Side, printable(s.Text))
	}
	fmt.Fprintf(w, "%s, %s: %s\n", r.Trunk, r.Number, r.Result)
	if r.Text != "" {
		fmt.Fprintf(w, "  %s\n", printable(r.Text))
	}
	if r.Result == selftest.OK {
		fmt.Fprintf(w, c.tr("  came back after %.1f s, answered after %.1f s, sound %.1f of 4.4\n", "  вернулся через %.1f с, отвечен через %.1f с, звук %.1f из 4.4\n"), r.Back.Seconds(), r.Answered.Seconds(), r.MOS)
	}
}

func selftestList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: tr("show when each operator was last proved", "показать, когда каждый оператор проверен"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withSelfTests(cmd, func(tests *desk.RemoteSelfTests, c company) error {
				list, err := tests.Histories(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, c.tr("OPERATOR\tPROVED\tBY\tLAST RESULT\tFAILURES\tREMARK", "ОПЕРАТОР\tПРОВЕРЕН\tЧЕМ\tПОСЛЕДНИЙ ИТОГ\tНЕУДАЧ\tЗАМЕЧАНИЕ"))
				for i := range list {
					printHistory(w, c, &list[i])
				}
				return w.Flush()
			})
		},
	}
}

func printHistory(w io.Writer, c company, h *selftest.History) {
	proved, by := c.tr("never", "ни разу"), "–"
	if !h.OK.IsZero() {
		proved, by = c.show(h.OK), c.tr("test", "проверкой")
		if h.ByCalls {
			by = c.tr("calls", "звонками")
		}
	}
	remark := h.Text
	if h.Passed != "" {
		remark = c.tr("not tested: ", "не проверялся: ") + h.Passed
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", h.Trunk, proved, by, orDash(string(h.Result)), h.Fails, printable(remark))
}
