package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: tr("the report that a client gets: draft, curate, approve, send", "отчёт для клиента: черновик, правка строк, утверждение, отправка"),
		Long: tr(`A report is made from the ticket's log: what happened and when, what was done, how it ended, why, and what to do so that it does not
happen again. Each draft is a version of its own and is never changed. The client sees approved versions alone, on the ticket's page.`,
			`Отчёт делается из журнала заявки: что и когда произошло, что сделано, чем кончилось, почему и что нужно, чтобы не повторилось.
Каждый черновик — отдельная версия, которая не меняется. Клиент видит только утверждённые версии, на странице заявки.`),
	}
	cmd.AddCommand(reportDraft(), reportShow(), reportPDF(), reportLines(), reportCurate(), reportRelease("approve", desk.PaperApprove), reportRelease("send", desk.PaperSend), reportLink())
	return cmd
}

// scribe is what the commands about reports work with.
type scribe struct {
	planner // words; its rota is not there

	papers desk.Papers
	here   company
}

// onPapers makes a command about reports and recordings.
func onPapers(use, en, ru string, args cobra.PositionalArgs, run func(context.Context, *scribe, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: tr(en, ru), Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			language, err := lang(cmd)
			if err != nil {
				return err
			}
			l, here, err := loadCompany(cmd)
			if err != nil {
				return err
			}
			p, done, err := desk.OpenPapers(cmd.Context(), l.Config.Data, l.Config.Database(), app.PapersOnRecord(l.Config))
			if err != nil {
				return err
			}
			c := &scribe{planner: planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language, now: clock().UTC()}, papers: p, here: here}
			return finish(run(cmd.Context(), c, args), done)
		},
	}
}

// byFlag adds the flag that says who acts.
func byFlag(cmd *cobra.Command, by *string) *cobra.Command {
	cmd.Flags().StringVar(by, "by", "", tr("who does it: the id of a person", "кто это делает: id человека"))
	_ = cmd.MarkFlagRequired("by") // the flag exists, it was made a line above
	return cmd
}

func reportDraft() *cobra.Command {
	var by, summary string
	var d reports.Draft
	cmd := onPapers("draft NUMBER", "make a version of the report from the log as it stands", "сделать версию отчёта из журнала, как он есть", cobra.ExactArgs(1),
		func(ctx context.Context, c *scribe, args []string) error {
			if summary != "" {
				text, err := readText(c.cmd, summary)
				if err != nil {
					return err
				}
				d.Summary = strings.Split(strings.TrimSpace(text), "\n")
			}
			done, err := c.papers.Order(ctx, args[0], desk.PaperOrder{Act: desk.PaperDraft, By: by, Draft: d})
			if err != nil {
				return err
			}
			c.say("version %d; read it: vahta report show %s", "версия %d; прочитайте: vahta report show %s", done.Version, args[0])
			return nil
		})
	cmd.Flags().StringVar(&d.Language, "language", "", tr("language of the report: ru or en; the client's when empty", "язык отчёта: ru или en; если пусто, язык клиента"))
	cmd.Flags().StringVar(&summary, "summary", "", tr("file with the summary, a sentence a line; - = standard input; from the facts when empty", "файл с кратким резюме, по предложению в строке; - = стандартный ввод; если пусто, из фактов"))
	return byFlag(cmd, &by)
}

// readText reads a file; - is the standard input.
func readText(cmd *cobra.Command, path string) (string, error) {
	if path == "-" {
		b, err := io.ReadAll(cmd.InOrStdin())
		return string(b), err
	}
	b, err := os.ReadFile(path)
	return string(b), err
}

func reportShow() *cobra.Command {
	q := desk.PaperQuestion{Form: reports.Markdown}
	var out string
	cmd := onPapers("show NUMBER", "show a version: as Markdown, HTML, JSON or PDF", "показать версию: Markdown, HTML, JSON или PDF", cobra.ExactArgs(1),
		func(ctx context.Context, c *scribe, args []string) error {
			p, err := c.papers.Paper(ctx, args[0], q)
			if err != nil {
				return err
			}
			if out == "" {
				_, err = c.out.Write(p.Body)
				return err
			}
			return c.save(out, p)
		})
	versionFlag(cmd, &q.Version)
	cmd.Flags().StringVar((*string)(&q.Form), "form", string(q.Form), tr("md, html, json or pdf", "md, html, json или pdf"))
	cmd.Flags().StringVarP(&out, "out", "o", "", tr("file to write; standard output when empty", "в какой файл; если пусто, на стандартный вывод"))
	return cmd
}

func reportPDF() *cobra.Command {
	q := desk.PaperQuestion{Form: reports.PDF}
	var out string
	cmd := onPapers("pdf NUMBER", "write a version as PDF", "записать версию в PDF", cobra.ExactArgs(1),
		func(ctx context.Context, c *scribe, args []string) error {
			p, err := c.papers.Paper(ctx, args[0], q)
			if err != nil {
				return err
			}
			if out == "" {
				return c.save(p.Name, p)
			}
			return c.save(out, p)
		})
	versionFlag(cmd, &q.Version)
	cmd.Flags().StringVarP(&out, "out", "o", "", tr("file to write; by the number and the version when empty", "в какой файл; если пусто, по номеру и версии"))
	return cmd
}

func versionFlag(cmd *cobra.Command, v *int) {
	cmd.Flags().IntVar(v, "version", 0, tr("which version; 0 = the last one", "какая версия; 0 = последняя"))
}

// save writes a report into a file that is not there yet.
func (c *scribe) save(name string, p reports.Paper) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, err = f.Write(p.Body)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	c.say("%s, %d bytes", "%s, %d байт", name, len(p.Body))
	return nil
}

func reportLines() *cobra.Command {
	cmd := onPapers("lines NUMBER", "list the lines of the chronology, internal ones too", "показать строки хронологии, и внутренние", cobra.ExactArgs(1),
		func(ctx context.Context, c *scribe, args []string) error {
			lines, err := c.papers.Lines(ctx, args[0], c.lang)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, c.tr("LINE\tTIME\tIN THE REPORT\tTEXT", "СТРОКА\tВРЕМЯ\tВ ОТЧЁТЕ\tТЕКСТ"))
			for _, l := range lines {
				shown := c.tr("yes", "да")
				if l.Internal {
					shown = c.tr("no", "нет")
				}
				if l.Edited {
					shown += c.tr(", edited", ", изменена")
				}
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", l.Seq, c.here.show(l.At), shown, printable(l.Text))
			}
			return w.Flush()
		})
	return cmd
}

func reportCurate() *cobra.Command {
	var by, at string
	var hide, show bool
	var line ticket.Curated
	cmd := onPapers("curate NUMBER LINE", "hide or show a line, or give it another text or time, in the versions to come", "скрыть или показать строку, дать ей другой текст или время в следующих версиях", cobra.ExactArgs(2),
		func(ctx context.Context, c *scribe, args []string) error {
			if _, err := fmt.Sscanf(args[1], "%d", &line.Seq); err != nil {
				return fmt.Errorf(tr("%q: write the number of a line, as `vahta report lines` shows it", "%q: напишите номер строки, как в `vahta report lines`"), args[1])
			}
			if hide || show {
				line.Hidden = &hide
			}
			if at != "" {
				t, err := time.ParseInLocation("2006-01-02 15:04", at, c.here.zone)
				if err != nil {
					return fmt.Errorf(tr("--at %q: write it as 2026-11-18 03:10", "--at %q: пишут так: 2026-11-18 03:10"), at)
				}
				line.At = t.UTC()
			}
			if line.Hidden == nil && line.Text == "" && line.At.IsZero() {
				return errors.New(tr("say what changes: --hide, --show, --text or --at", "скажите, что меняется: --hide, --show, --text или --at"))
			}
			_, err := c.papers.Order(ctx, args[0], desk.PaperOrder{Act: desk.PaperCurate, By: by, Line: line})
			return err
		})
	cmd.Flags().BoolVar(&hide, "hide", false, tr("leave the line out", "не показывать строку"))
	cmd.Flags().BoolVar(&show, "show", false, tr("show the line though it is internal", "показать строку, хотя она внутренняя"))
	cmd.MarkFlagsMutuallyExclusive("hide", "show")
	cmd.Flags().StringVar(&line.Text, "text", "", tr("its text in the report", "её текст в отчёте"))
	cmd.Flags().StringVar(&at, "at", "", tr("its time in the report, such as \"2026-11-18 03:10\"; the log's own is told beside it", "её время в отчёте, например \"2026-11-18 03:10\"; время по журналу будет рядом"))
	return byFlag(cmd, &by)
}

// reportRelease makes the commands that let a version out.
func reportRelease(name string, act desk.PaperAct) *cobra.Command {
	var by string
	var v int
	en, ru := "approve a version: the client sees it from then on", "утвердить версию: с этого момента её видит клиент"
	if act == desk.PaperSend {
		en, ru = "tell the client that an approved version is there", "сообщить клиенту, что утверждённая версия готова"
	}
	cmd := onPapers(name+" NUMBER", en, ru, cobra.ExactArgs(1), func(ctx context.Context, c *scribe, args []string) error {
		done, err := c.papers.Order(ctx, args[0], desk.PaperOrder{Act: act, By: by, Version: v})
		if err != nil {
			return err
		}
		if act == desk.PaperSend {
			c.say("on its way: %s", "отправляется: %s", strings.Join(done.To, ", "))
			return nil
		}
		c.say("version %d is approved", "версия %d утверждена", done.Version)
		return nil
	})
	versionFlag(cmd, &v)
	return byFlag(cmd, &by)
}

func reportLink() *cobra.Command {
	return onPapers("link NUMBER", "say the address of the ticket's page for its client", "показать адрес страницы заявки для клиента", cobra.ExactArgs(1),
		func(ctx context.Context, c *scribe, args []string) error {
			url, err := c.papers.Link(ctx, args[0])
			if err != nil {
				return err
			}
			c.say("%s", "%s", url)
			return nil
		})
}
