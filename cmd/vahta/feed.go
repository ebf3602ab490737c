package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/channels/portal"
	"github.com/butlerspb/vahta/dispatch"
)

func feedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "feed",
		Short: tr("calendars that subscribe to duties by a secret address", "календари с подпиской на дежурства по секретному адресу"),
		Long: tr(`A feed is a calendar (iCalendar) of one person's duties or of a whole schedule, 12 months ahead, always as it is now. Paste
its address into "subscribe to a calendar" of a phone, Google, Outlook or Thunderbird; never into "import". Google asks for it
once or twice a day whatever it is told. Whoever has the address can read it; revoke ends it.`,
			`Подписка — календарь (iCalendar) дежурств одного человека или целого расписания на 12 месяцев вперёд, всегда как сейчас.
Вставьте адрес в «подписаться на календарь» телефона, Google, Outlook или Thunderbird, а не в «импорт». Google спрашивает раз
или два в сутки, что ему ни говори. Кто знает адрес, тот читает; отзыв его закрывает.`),
	}
	cmd.AddCommand(feedAdd(), feedList(), feedRevoke())
	return cmd
}

func feedAdd() *cobra.Command {
	var schedule, name string
	var until tokenEnd
	cmd := &cobra.Command{
		Use:   "add [PERSON]",
		Short: tr("make a feed of a person, or of a schedule, and show its address, once", "сделать подписку человека или расписания и показать адрес, один раз"),
		Example: `  vahta oncall feed add anna
  vahta oncall feed add --schedule duty --name wallboard`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var scope, of string
			switch {
			case len(args) == 1 && schedule == "":
				scope, of = string(portal.FeedPerson)+args[0], args[0]
			case len(args) == 0 && schedule != "":
				scope, of = string(portal.FeedSchedule)+schedule, schedule
			default:
				return errors.New(tr("oncall feed add: name a person, or a schedule with --schedule", "назовите человека или график: --schedule"))
			}
			if name == "" {
				name = "feed " + of
			}
			return withTokens(cmd, func(ctx context.Context, c counter) error {
				end, err := until.in(c.here)
				if err != nil {
					return err
				}
				i, err := c.Add(ctx, portal.NewToken{Name: name, Scopes: []string{scope}, Until: end, By: whoRuns()})
				if err != nil {
					return err
				}
				showSecret(cmd, c, i)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&schedule, "schedule", "", tr("the whole schedule instead of a person", "всё расписание вместо человека"))
	cmd.Flags().StringVar(&name, "name", "", tr("what it is called; default \"feed\" and the ID", "имя; по умолчанию «feed» и ID"))
	until.flag(cmd)
	return cmd
}

func feedList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: tr("list the feeds and when they were asked for", "показать подписки и когда их спрашивали"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listTokens(cmd, func(t dispatch.Token) bool {
				return len(t.Scopes) > 0 && strings.HasPrefix(t.Scopes[0], "feed:")
			})
		},
	}
}

func feedRevoke() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: tr("end a feed at once: its address answers nothing any more", "закрыть подписку сразу: адрес больше не отвечает"),
		Args:  cobra.ExactArgs(1),
		RunE:  revokeToken,
	}
}
