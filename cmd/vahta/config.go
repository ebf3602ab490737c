package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/deploy"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: tr("check, print or start a configuration", "проверить, напечатать или начать файл настроек")}
	check := &cobra.Command{
		Use:   "check [file]",
		Short: tr("say whether the configuration is sound, and if not, where and what to do", "сказать, верны ли настройки, а если нет — где и что делать"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := cmd.Flags().Set("config", args[0]); err != nil {
					return err
				}
			}
			l, err := load(cmd)
			if err != nil {
				return err
			}
			return reportConfig(cmd.OutOrStdout(), l)
		},
	}
	var sources bool
	show := &cobra.Command{
		Use:   "print",
		Short: tr("print the configuration in force, defaults and environment included, secrets hidden", "напечатать действующие настройки с умолчаниями и переменными окружения, секреты скрыты"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := load(cmd)
			if err != nil {
				return err
			}
			text, err := l.Print(sources)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	show.Flags().BoolVar(&sources, "sources", false, tr("say which settings came from the environment", "сказать, какие настройки пришли из окружения"))
	sample := &cobra.Command{
		Use:   "sample",
		Short: tr("print a commented configuration to start from", "напечатать файл настроек с пояснениями, чтобы с него начать"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(deploy.Sample)
			return err
		},
	}
	cmd.AddCommand(check, show, sample)
	return cmd
}

// reportConfig writes what is to be known of a sound configuration.
func reportConfig(out io.Writer, l *config.Loaded) error {
	var err error
	say := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(out, format+"\n", args...)
		}
	}
	for _, w := range l.Warnings(time.Now()) {
		say(tr("warning: line %d: %s: %s", "внимание: строка %d: %s: %s"), w.Line, w.Path, w.Text)
	}
	for _, o := range l.Config.Trunks.Operators {
		for _, line := range o.Explain() {
			say(tr("operator %s, profile %s: %s", "оператор %s, профиль %s: %s"), o.Name, o.Profile, line)
		}
	}
	for _, note := range l.Notes() {
		say(tr("note: %s", "замечание: %s"), spoken(errors.New(note), language()))
	}
	say(tr("%s is sound: %d line(s), %d person(s), %d schedule(s), %d client(s), %d operator(s)", "%s: всё верно; линий %d, людей %d, графиков %d, клиентов %d, операторов %d"),
		l.File, len(l.Config.Lines), len(l.Config.People), len(l.Config.Schedules), len(l.Config.Clients), len(l.Config.Trunks.Operators))
	return err
}
