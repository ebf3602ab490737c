package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: tr("run the emergency line until SIGTERM; SIGHUP reloads lines, static numbers and escalation", "запустить линию; SIGTERM останавливает, SIGHUP перечитывает линии, запасные номера и обзвон"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hup := make(chan os.Signal, 1)
			signal.Notify(hup, syscall.SIGHUP) // until the process ends: at no moment may it kill the line
			l, err := load(cmd)
			if err != nil {
				return err
			}
			log := logger(cmd.ErrOrStderr(), l.Config.Log)
			warn(log, l)
			a, err := app.NewAt(cmd.Context(), l.Config, log, clock)
			if err != nil {
				return err
			}
			a.Product = version
			var reloader sync.WaitGroup
			defer reloader.Wait()
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			reloader.Go(func() { reload(ctx, hup, l.File, a, log) })
			return a.Run(ctx)
		},
	}
}

// reload follows SIGHUP. A refused file changes nothing and says why.
func reload(ctx context.Context, hup <-chan os.Signal, file string, a *app.App, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			if err := reloadOnce(ctx, file, a, log); err != nil {
				log.Error("reload refused, the old configuration stays in force", "err", err.Error())
			}
		}
	}
}

// reloadOnce puts the file into force. Not even a fault of ours in reading it may end the calls.
func reloadOnce(ctx context.Context, file string, a *app.App, log *slog.Logger) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read %s: %v", file, p)
		}
	}()
	l, err := config.Load(file, os.Environ())
	if err != nil {
		return err
	}
	warn(log, l)
	return a.Reload(ctx, l.Config)
}

// warn logs what is allowed and probably not meant.
func warn(log *slog.Logger, l *config.Loaded) {
	for _, w := range l.Warnings(time.Now()) {
		log.Warn("configuration: this may not be meant", "err", w.Path+": "+w.Text)
	}
}

func logger(w io.Writer, c config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func demoCommand() *cobra.Command {
	o := app.DemoOptions{}
	var verbose bool
	var bind string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: tr("play one whole call with the demo company: nothing to install or configure", "сыграть один звонок с учебной компанией: ничего не надо ставить и настраивать"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.Language, err = lang(cmd); err != nil {
				return err
			}
			if o.Bind, err = netip.ParseAddr(bind); err != nil {
				return fmt.Errorf(tr("--bind: %w; write an address of this machine, such as 192.168.1.10", "--bind: %w; напишите адрес этой машины, например 192.168.1.10"), err)
			}
			o.Out = cmd.OutOrStdout()
			o.Log = slog.New(slog.DiscardHandler)
			if verbose {
				o.Log = logger(cmd.ErrOrStderr(), config.Log{Level: slog.LevelInfo})
			}
			result, err := app.Demo(cmd.Context(), o)
			if err != nil {
				if errors.Is(err, context.Canceled) && o.Stay {
					return nil
				}
				return fmt.Errorf("the demo call did not happen as it must: %w", err)
			}
			if o.Stay {
				return nil
			}
			return printJSON(cmd.OutOrStdout(), result)
		},
	}
	cmd.Flags().BoolVar(&o.Stay, "stay", false, tr("stay up for real phones after the call, until Ctrl-C", "после звонка остаться для настоящих телефонов, до Ctrl-C"))
	cmd.Flags().StringVar(&bind, "bind", "127.0.0.1", tr("address to listen on; one of your network lets its softphones call", "адрес, который слушать; адрес своей сети пустит её софтфоны"))
	cmd.Flags().StringVar(&o.Data, "data", "", tr("folder of tickets and recordings; empty = a new one among the temporary files, left there", "папка заявок и записей; пусто — новая среди временных, там и останется"))
	cmd.Flags().BoolVar(&verbose, "verbose", false, tr("show the server's log", "показать журнал сервера"))
	return cmd
}
