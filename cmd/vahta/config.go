package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/deploy"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "check, print or start a configuration"}
	check := &cobra.Command{
		Use:   "check [file]",
		Short: "say whether the configuration is sound, and if not, where and what to do",
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
		Short: "print the configuration in force, defaults and environment included, secrets hidden",
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
	show.Flags().BoolVar(&sources, "sources", false, "say which settings came from the environment")
	sample := &cobra.Command{
		Use:   "sample",
		Short: "print a commented configuration to start from",
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
		say("warning: line %d: %s: %s", w.Line, w.Path, w.Text)
	}
	for _, o := range l.Config.Trunks.Operators {
		for _, line := range o.Explain() {
			say("operator %s, profile %s: %s", o.Name, o.Profile, line)
		}
	}
	for _, note := range l.Notes() {
		say("note: %s", note)
	}
	say("%s is sound: %d line(s), %d person(s), %d schedule(s), %d client(s), %d operator(s)",
		l.File, len(l.Config.Lines), len(l.Config.People), len(l.Config.Schedules), len(l.Config.Clients), len(l.Config.Trunks.Operators))
	return err
}
