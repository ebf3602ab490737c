package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: tr("who did what that must be known later, and whether the record is as it was written", "кто делал то, о чём надо знать потом, и цела ли запись"),
		Long: tr(`The audit tells of what no ticket's log and no edit of the rota tells: who saw where a secret is kept, who listened to a
recording, what was exported or erased, with which settings the server started, which tokens were made.`,
			`Аудит говорит о том, чего нет ни в журнале заявки, ни в правках графика: кто смотрел, где хранится секрет, кто слушал запись,
что выгружено или стёрто, с какими настройками запущен сервер, какие токены сделаны.`),
	}
	cmd.AddCommand(auditList(), auditVerify())
	return cmd
}

func auditList() *cobra.Command {
	var f dispatch.AuditFilter
	var since string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list the audit, newest first", "показать аудит, новые сверху"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			language, err := lang(cmd)
			if err != nil {
				return err
			}
			l, here, err := loadCompany(cmd)
			if err != nil {
				return err
			}
			c := &clerk{planner: planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language, now: clock().UTC()}, zone: oncall.ZoneOf(here.zone)}
			c.view.Roster = here.roster
			if f.Since, err = c.behind("since", since); err != nil {
				return err
			}
			a, done, err := desk.OpenAudit(cmd.Context(), l.Config.Data, l.Config.Database())
			if err != nil {
				return err
			}
			list, err := a.AuditTrail(cmd.Context(), f)
			if err != nil {
				_ = done() // the first fault is the one to show
				return err
			}
			if asJSON {
				err = c.json(list)
			} else {
				err = c.printAudit(list)
			}
			if err != nil {
				_ = done() // as above
				return err
			}
			return done()
		},
	}
	fl := cmd.Flags()
	fl.StringVar((*string)(&f.Act), "act", "", tr("reveal, listen, export, erase, config, token_add, token_revoke …", "reveal, listen, export, erase, config, token_add, token_revoke …"))
	fl.StringVar(&f.By, "by", "", tr("who did it", "кто это сделал"))
	fl.StringVar(&f.Ticket, "ticket", "", tr("about which ticket", "по какой заявке"))
	fl.StringVar(&since, "since", "", tr("from when on: 7d, 2026-12-01", "с какого времени: 7d, 2026-12-01"))
	fl.IntVar(&f.Limit, "limit", 100, tr("most lines to list", "сколько строк"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (c *clerk) printAudit(list []dispatch.AuditEntry) error {
	if len(list) == 0 {
		c.say("no such line", "таких строк нет")
		return nil
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, e := range list {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Seq, c.moment(e.At), c.name(e.By), e.Act, printable(e.Object), orDash(e.Ticket), printable(e.Reason))
	}
	return w.Flush()
}

func auditVerify() *cobra.Command {
	var head string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: tr("check that nothing in the record was altered or taken out", "проверить, что в записи ничего не изменили и не убрали"),
		Long: tr(`Checks the logs of all tickets, the log of the rota's edits, and the audit: each line carries the hash of the one before.
That the last lines are missing no chain can tell. Note the last line that is printed here somewhere else, and give it to --head
later: it must still be there.`,
			`Проверяет журналы всех заявок, журнал правок графика и аудит: каждая строка хранит хеш предыдущей.
Пропажу последних строк цепочка не покажет. Запишите последнюю строку, которую печатает эта команда, в другом месте и передайте её
потом в --head: она должна остаться на месте.`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, here, err := loadCompany(cmd)
			if err != nil {
				return err
			}
			language, err := lang(cmd)
			if err != nil {
				return err
			}
			c := &clerk{planner: planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language}, zone: oncall.ZoneOf(here.zone)}
			shown := time.Time{}
			v, err := desk.Verify(cmd.Context(), l.Config.Data, l.Config.Database(), func(done, all int) {
				if now := time.Now(); now.Sub(shown) > time.Second || done == all {
					shown = now
					fmt.Fprintf(cmd.ErrOrStderr(), "\r%d/%d", done, all)
				}
			})
			if !shown.IsZero() {
				fmt.Fprintln(cmd.ErrOrStderr())
			}
			if err != nil {
				return err
			}
			for _, fault := range v.Faults {
				fmt.Fprintln(cmd.OutOrStdout(), printable(fault))
			}
			if head != "" {
				fault, err := c.lacks(l.Config.Data, l.Config.Database(), head)
				if err != nil {
					return err
				}
				if fault != "" {
					v.Faults = append(v.Faults, fault)
					fmt.Fprintln(cmd.OutOrStdout(), fault)
				}
			}
			if len(v.Faults) > 0 {
				return fmt.Errorf(c.tr("%d fault(s): the record is not as it was written", "нарушений: %d — запись не такая, какой её писали"), len(v.Faults))
			}
			c.say("%d ticket(s): in order", "заявок %d: в порядке", v.Tickets)
			c.say("rota: in order at revision %d", "график: в порядке, правка %d", v.Rota.Revision)
			c.say("audit: in order, last line %d:%s", "аудит: в порядке, последняя строка %d:%s", v.Audit.Seq, orDash(v.Audit.Hash))
			return nil
		},
	}
	cmd.Flags().StringVar(&head, "head", "", tr("a last line of the audit that was noted before: SEQ:HASH", "записанная раньше последняя строка аудита: НОМЕР:ХЕШ"))
	return cmd
}

// lacks says what is wrong when a line of the audit that was noted is not there.
func (c *clerk) lacks(data, database, head string) (string, error) {
	var seq int64
	var hash string
	if n, err := fmt.Sscanf(head, "%d:%s", &seq, &hash); err != nil || n != 2 {
		return "", fmt.Errorf(c.tr("--head %q: write SEQ:HASH as this command prints it", "--head %q: напишите НОМЕР:ХЕШ, как печатает эта команда"), head)
	}
	a, done, err := desk.OpenAudit(c.cmd.Context(), data, database)
	if err != nil {
		return "", err
	}
	list, err := a.AuditTrail(c.cmd.Context(), dispatch.AuditFilter{Before: seq + 1, Limit: 1})
	if cerr := done(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", err
	}
	if len(list) == 1 && list[0].Seq == seq && list[0].Hash == hash {
		return "", nil
	}
	return fmt.Sprintf(c.tr("audit: line %d is not the one that was noted, or is missing", "аудит: строка %d не та, что была записана, или её нет"), seq), nil
}
