package main

import (
	"github.com/spf13/cobra"
)

// groups of the commands, as their help lists them.
const (
	groupLook   = "look"
	groupChange = "change"
	groupRules  = "rules"
)

func oncallCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "oncall",
		Short: tr("who is on duty: look at rotas, correct them, write them", "кто дежурит: посмотреть, поправить и составить графики"),
		Long: tr(`Who is on duty, and everything that decides it. All times are those of the schedule's zone, which is always said.

Times are written as "2026-12-05 09:00", 2026-12-05 (midnight), 09:00 (today), "tomorrow 09:00", now, +2h,
or as an instant such as 2026-12-05T06:00:00Z.

Every change shows first what it does: who wins and loses which hours, new gaps, rest, who stays on duty. It is made after a
yes; --yes answers for you, --dry-run only shows. What has passed is never changed.`,
			`Кто дежурит и почему. Время всегда по часам графика, и они названы.

Время пишется так: "2026-12-05 09:00", 2026-12-05 (полночь), 09:00 (сегодня), "завтра 09:00", сейчас, +2h
или моментом: 2026-12-05T06:00:00Z.

Каждая правка сначала показывает, что она сделает: кому сколько часов прибавит и убавит, новые дыры, отдых, кто остаётся на
линии. Записывается она после согласия; --yes соглашается за вас, --dry-run только показывает. Прошлое не меняется.`),
		Example: `  vahta oncall who
  vahta oncall month duty 2026-12 --svg december.svg
  vahta oncall override replace anna boris --from "2026-12-05 09:00" --to "2026-12-05 21:00"
  vahta oncall export duty > duty.yaml; $EDITOR duty.yaml; vahta oncall import duty.yaml --from "2026-12-01 09:00"`,
	}
	cmd.AddGroup(
		&cobra.Group{ID: groupLook, Title: tr("Look:", "Посмотреть:")},
		&cobra.Group{ID: groupChange, Title: tr("Correct:", "Поправить:")},
		&cobra.Group{ID: groupRules, Title: tr("Write the rules:", "Составить правила:")},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			cmd.AddCommand(c)
		}
	}
	add(groupLook, whoCommand(), nextCommand(), chainCommand(), shiftsCommand(), gapsCommand(), monthCommand(), fairnessCommand(), lintCommand(), historyCommand(), handoverCommand(), readinessCommand())
	add(groupChange, overrideCommand(), swapCommand(), takeCommand(), confirmCommand(), absenceCommand(), temporaryCommand(), undoCommand())
	add(groupRules, scheduleCommand(), calendarCommand(), exportCommand(), importCommand(), diffCommand(), feedCommand())
	return cmd
}

// tr chooses a text by the user's locale; help is made before flags are read, so --lang does not reach it.
func tr(en, ru string) string {
	if language() == "ru" {
		return ru
	}
	return en
}
