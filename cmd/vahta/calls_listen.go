package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
)

// listenFlags say who hears a recording, and why; both are written into the audit.
func listenFlags(cmd *cobra.Command, by, why *string) *cobra.Command {
	cmd.Flags().StringVar(why, "why", "", tr("for what; it is written into the audit", "зачем; это записывается в аудит"))
	return byFlag(cmd, by)
}

func callsSave() *cobra.Command {
	var by, why string
	cmd := onPapers("save ID FILE", "write the recording of a call into a file, in the clear", "записать разговор в файл, открыто", cobra.ExactArgs(2),
		func(ctx context.Context, c *scribe, args []string) error {
			f, err := os.OpenFile(args[1], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("save recording: %w", err)
			}
			_, err = c.papers.Recording(ctx, args[0], by, why, f)
			if err = errors.Join(err, f.Close()); err != nil {
				return errors.Join(err, os.Remove(args[1]))
			}
			c.say("%s: it is not encrypted; remove it when it has served", "%s: файл не зашифрован; удалите его, когда он не нужен", args[1])
			return nil
		})
	return listenFlags(cmd, &by, &why)
}

func callsPlay() *cobra.Command {
	var by, why string
	player := "aplay -q -"
	cmd := onPapers("play ID", "play the recording of a call", "прослушать запись разговора", cobra.ExactArgs(1),
		func(ctx context.Context, c *scribe, args []string) (err error) {
			words := strings.Fields(player)
			if len(words) == 0 {
				return errors.New(tr("--with: name a program that plays what it reads, such as \"aplay -q -\"", "--with: назовите программу, которая проигрывает то, что читает, например \"aplay -q -\""))
			}
			if _, err := exec.LookPath(words[0]); err != nil {
				return fmt.Errorf(tr("there is no %s here: install it (alsa-utils has aplay), name another program with --with, or use `vahta calls save`", "программы %s здесь нет: поставьте её (aplay есть в alsa-utils), назовите другую в --with или возьмите `vahta calls save`"), words[0])
			}
			play := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // the program that was named
			play.Stdout, play.Stderr = c.cmd.ErrOrStderr(), c.cmd.ErrOrStderr()
			in, err := play.StdinPipe()
			if err != nil {
				return err
			}
			if err := play.Start(); err != nil {
				return fmt.Errorf("play recording: %w", err)
			}
			_, err = c.papers.Recording(ctx, args[0], by, why, in)
			return errors.Join(err, in.Close(), play.Wait())
		})
	cmd.Flags().StringVar(&player, "with", player, tr("program that plays what it reads", "программа, которая проигрывает то, что читает"))
	return listenFlags(cmd, &by, &why)
}
