package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
)

func webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: tr("events to other systems: those that were given up", "события другим системам: те, от которых отказались"),
	}
	dead := &cobra.Command{
		Use:   "dead",
		Short: tr("events that their receivers did not take: list, retry", "события, которые получатели не взяли: показать, отправить снова"),
		Long: tr(`An event is given up when its receiver has refused it for good (410 Gone), or has not taken it for three days. It is kept, and
can be sent again when the receiver is mended: with the same webhook-id, so that a receiver drops what it has.`,
			`От события отказываются, когда получатель отверг его навсегда (410 Gone) или не брал три дня. Оно хранится, и его можно отправить
снова, когда получатель исправлен: с тем же webhook-id, так что уже полученное он отбросит.`),
	}
	dead.AddCommand(deadList(), deadRetry())
	cmd.AddCommand(dead)
	return cmd
}

// withLetters runs f on the dead letters of the running server, or on the record.
func withLetters(cmd *cobra.Command, f func(context.Context, desk.DeadLetters, company, func(en, ru string) string) error) error {
	language, err := lang(cmd)
	if err != nil {
		return err
	}
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	letters, done, err := desk.OpenLetters(cmd.Context(), l.Config.Data, l.Config.Database())
	if err != nil {
		return err
	}
	return finish(f(cmd.Context(), letters, here, counter{lang: language}.tr), done)
}

func deadList() *cobra.Command {
	var f dispatch.DeadFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list them, newest first", "показать, новые первыми"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLetters(cmd, func(ctx context.Context, l desk.DeadLetters, here company, tr func(en, ru string) string) error {
				list, err := l.Dead(ctx, f)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(cmd.OutOrStdout(), tr("none: receivers have taken all events, or still may", "нет: получатели взяли все события или ещё могут взять"))
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, tr("ID\tTO\tEVENT\tTICKET\tMADE\tGIVEN UP\tTRIES\tCAUSE", "ID\tКОМУ\tСОБЫТИЕ\tЗАЯВКА\tСОЗДАНО\tОТКАЗ\tПОПЫТОК\tПРИЧИНА"))
				for _, d := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", d.ID, d.To, orDash(d.Type), orDash(d.Ticket), here.show(d.MadeAt), here.show(d.DeadAt), d.Attempts, orDash(d.Cause))
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&f.To, "to", "", tr("only of this endpoint", "только этого получателя"))
	cmd.Flags().IntVar(&f.Limit, "limit", 100, tr("most events to list", "сколько событий показать"))
	return cmd
}

func deadRetry() *cobra.Command {
	var f dispatch.DeadFilter
	var all bool
	cmd := &cobra.Command{
		Use:   "retry [ID…]",
		Short: tr("send them again", "отправить снова"),
		Example: `  vahta webhook dead retry 01a2045a-5e30-7691-9aa2-fdb1db318416-crm` + "\n" + `  vahta webhook dead retry --to crm` + "\n" +
			`  vahta webhook dead retry --all`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if ways := len(ids) > 0 || f.To != ""; ways == all {
				return errors.New(tr("say which: IDs, --to NAME, or --all alone", "скажите, какие: ID, --to ИМЯ или одно --all"))
			}
			f.IDs = ids
			return withLetters(cmd, func(ctx context.Context, l desk.DeadLetters, _ company, tr func(en, ru string) string) error {
				n, err := l.Retry(ctx, f)
				if err != nil {
					return err
				}
				if n == 0 {
					return errors.New(tr("no such event was given up; `vahta webhook dead list` shows them", "от таких событий не отказывались; их показывает `vahta webhook dead list`"))
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), tr("events to be sent again: %d\n", "событий к отправке: %d\n"), n)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&f.To, "to", "", tr("all of this endpoint", "все этого получателя"))
	cmd.Flags().BoolVar(&all, "all", false, tr("all of them", "все"))
	return cmd
}
