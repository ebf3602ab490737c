package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	_ "time/tzdata" // zones of rotas must not depend on the machine

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/phrase"
	"github.com/butlerspb/vahta/oncall"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the first signal drains, the second one ends at once
	if err := root().ExecuteContext(ctx); err != nil {
		if code, ok := errors.AsType[exitError](err); ok {
			os.Exit(int(code)) //nolint:gocritic // stop only undoes the signal handler
		}
		fmt.Fprintln(os.Stderr, "vahta:", spoken(err, language()))
		os.Exit(1)
	}
}

// spoken is what an error says, in the user's language.
func spoken(err error, language string) string {
	if language == "ru" {
		return phrase.Russian(err.Error())
	}
	return err.Error()
}

// exitError ends the process silently: the command has said what there was to say.
type exitError int

func (c exitError) Error() string { return fmt.Sprintf("exit %d", int(c)) }

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vahta",
		Short: tr("24/7 emergency line: answers the hotline, opens the ticket, rings the engineer on duty", "круглосуточная аварийная линия: отвечает на звонок, открывает заявку, зовёт дежурного"),
		Long: tr(`Vahta answers the hotline, opens a Critical ticket before a word is said, and rings the
engineer on duty and the next one until a human accepts.

Start with:  vahta demo            a whole call, nothing to configure
             vahta config sample   a commented configuration to edit
             vahta serve           the line itself`,
			`Вахта отвечает на горячую линию, открывает критическую заявку раньше первого слова и зовёт дежурного инженера,
за ним следующего, пока человек не примет звонок.

Начните так:  vahta demo            звонок целиком, ничего не настраивая
              vahta config sample   файл настроек с пояснениями
              vahta serve           сама линия`),
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.PersistentFlags().StringP("config", "c", defaultConfig(), tr("configuration file ($VAHTA_CONFIG)", "файл настроек ($VAHTA_CONFIG)"))
	cmd.PersistentFlags().String("lang", language(), tr("language of what is shown: ru or en", "язык: ru или en"))
	cmd.AddCommand(serveCommand(), demoCommand(), callCommand(), configCommand(), ticketCommand(), taskCommand(), auditCommand(), callsCommand(), reportCommand(), signalCommand(), oncallCommand(), personCommand(), clientCommand(), assetCommand(), kbCommand(), searchCommand(), phoneCommand(), selftestCommand(), tollCommand(), tokenCommand(), webhookCommand(), securityCommand(), promptsCommand(), storeCommand(), doctorCommand(), versionCommand())
	dress(cmd, language())
	return cmd
}

// versionCommand says what runs: nodes whose time zone databases differ may read a rota differently.
func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: tr("say which version this is, and which time zone database it has", "какая это версия и какая в ней база часовых поясов"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), tr("vahta %s\ntime zones %s\n%s %s/%s\n", "vahta %s\nчасовые пояса %s\n%s %s/%s\n"), version, oncall.TZData(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

func defaultConfig() string {
	if path := os.Getenv(config.Prefix + "CONFIG"); path != "" {
		return path
	}
	return "vahta.yaml"
}

// language is what --lang says, or else the user's locale: help is written before the flags are read.
func language() string {
	for i, arg := range os.Args {
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			return value
		}
		if arg == "--lang" && i+1 < len(os.Args) {
			return os.Args[i+1]
		}
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if len(v) >= 2 && v[:2] == "ru" {
				return "ru"
			}
			return "en"
		}
	}
	return "en"
}

// load reads the configuration that the flags name.
func load(cmd *cobra.Command) (*config.Loaded, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	return config.Load(path, os.Environ())
}

// lang returns the language that the flags name.
func lang(cmd *cobra.Command) (string, error) {
	l, err := cmd.Flags().GetString("lang")
	if err == nil && l != "ru" && l != "en" {
		err = fmt.Errorf(tr("--lang %q: choose ru or en", "--lang %q: выберите ru или en"), l)
	}
	return l, err
}
