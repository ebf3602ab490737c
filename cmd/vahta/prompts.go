package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

func promptsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "prompts", Short: tr("what the line says: measure it, or read the script for your own voice", "что говорит линия: измерить или прочесть тексты для своего голоса")}
	audit := &cobra.Command{
		Use:   "audit",
		Short: tr("measure every shipped prompt: level, silence, speed, hash, licence, transcript", "измерить все фразы: громкость, тишину, темп, хеш, лицензию, текст"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			faults := prompt.Audit()
			for _, f := range faults {
				fmt.Fprintln(cmd.OutOrStdout(), f)
			}
			if len(faults) > 0 {
				return exitError(1)
			}
			fmt.Fprintln(cmd.OutOrStdout(), tr("all prompts are sound", "все фразы в порядке"))
			return nil
		},
	}
	script := &cobra.Command{
		Use:   "script",
		Short: tr("print what a colleague reads to replace the starter voice: file name and text of each prompt", "напечатать, что прочесть коллеге вместо начального голоса: имя файла и текст каждой фразы"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := lang(cmd)
			if err != nil {
				return err
			}
			lib, err := prompt.New(prompt.Default(), nil)
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), lib.RecordingScript(prompt.ParseLanguage(l)))
			return nil
		},
	}
	cmd.AddCommand(audit, script)
	return cmd
}
