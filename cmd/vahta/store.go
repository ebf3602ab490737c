package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch/store"
)

func storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: tr("the record: bring it from SQLite to PostgreSQL", "база: перенести из SQLite в PostgreSQL"),
	}
	cmd.AddCommand(storeCopy())
	return cmd
}

func storeCopy() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{ //nolint:gosec // the address in the text is an example
		Use:   "copy",
		Short: tr("copy the record from an SQLite file to an empty PostgreSQL database", "скопировать базу из файла SQLite в пустую базу PostgreSQL"),
		Long: tr(`Copies everything, in one transaction, reads it back and compares the number of rows and their content before it commits:
either all of it is there or nothing. The file stays as it is. Stop all nodes that use it first; the command refuses while one runs.

Without flags it copies the file store.path of the configuration to store.url. Recordings and attachments are files and stay in the data folder.`,
			`Копирует всё одной транзакцией, читает копию обратно и до фиксации сверяет число строк и их содержимое: либо есть всё, либо
ничего. Файл остаётся как был. Сначала остановите все узлы, которые с ним работают; пока хоть один работает, команда откажет.

Без ключей копирует файл store.path из настроек в store.url. Записи разговоров и вложения — файлы, они остаются в папке данных.`),
		Example: `  vahta store copy --from data/vahta.db --to postgres://vahta:secret@db.example:5432/vahta?sslmode=verify-full
  vahta store copy --to file:/etc/vahta/database`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			here, err := lang(cmd)
			if err != nil {
				return err
			}
			from, to, err := ends(cmd, from, to)
			if err != nil {
				return err
			}
			return copyRecord(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), here, from, to)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", tr("the SQLite file (default: store.path)", "файл SQLite (по умолчанию store.path)"))
	cmd.Flags().StringVar(&to, "to", "", tr("the PostgreSQL database, or file:/path to a file that names it (default: store.url)", "база PostgreSQL или file:/путь к файлу с её адресом (по умолчанию store.url)"))
	return cmd
}

// ends completes what the flags do not say by the configuration.
func ends(cmd *cobra.Command, from, to string) (file, address string, err error) {
	if to, err = config.Reveal(to); err != nil {
		return "", "", err
	}
	if from != "" && to != "" {
		return from, to, nil
	}
	l, err := load(cmd)
	if err != nil {
		return "", "", err
	}
	c := l.Config
	if to == "" {
		to = string(c.Store.URL)
	}
	if to == "" {
		return "", "", errors.New(tr("copy the record: name the database to copy to with --to, or with the setting store.url", "назовите базу, в которую копировать: --to или настройка store.url"))
	}
	if from == "" {
		from = c.Store.Path
		if !filepath.IsAbs(from) {
			from = filepath.Join(c.Data, from)
		}
	}
	return from, to, nil
}

func copyRecord(ctx context.Context, out, progress io.Writer, lang, from, to string) error {
	bar := &progressBar{out: progress, live: isTerminal(progress)}
	made, err := store.Copy(ctx, from, to, func(s store.CopyStep) {
		what := s.Table
		if s.Checking {
			what = say(lang, "checking ", "сверка ") + what
		}
		bar.show(s.Rows, s.Total, what)
	})
	bar.end()
	if err != nil {
		return err
	}
	text := say(lang, "copied %d tables, %d rows; counts and hashes agree\n", "скопировано таблиц: %d, строк: %d; число строк и хеши совпадают\n")
	if _, err := fmt.Fprintf(out, text, made.Tables, made.Rows); err != nil {
		return err
	}
	if made.Mended > 0 {
		text = say(lang, "%d values were no text (broken UTF-8 or NUL) and have � in those places now\n",
			"значений, которые не были текстом (сломанный UTF-8 или NUL): %d; в этих местах теперь �\n")
		if _, err := fmt.Fprintf(out, text, made.Mended); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, say(lang, "now set store.url to %s on every node and start them; keep %s as a backup\n",
		"теперь задайте store.url %s на каждом узле и запустите их; %s сохраните как резервную копию\n"), store.Show(to), from)
	return err
}

func say(lang, en, ru string) string {
	if lang == "ru" {
		return ru
	}
	return en
}

// progressBar shows how far a long work is: one line that is drawn again on a
// terminal, a line for each tenth elsewhere.
type progressBar struct {
	out  io.Writer
	live bool

	told  int64
	drawn bool
}

const barWidth = 30

func (b *progressBar) show(done, total int64, what string) {
	if total == 0 {
		return
	}
	const whole, tenth = 100, 10
	percent := done * whole / total
	if !b.live {
		if step := percent / tenth; step > b.told {
			b.told = step
			fmt.Fprintf(b.out, "%3d %%  %s\n", step*tenth, what)
		}
		return
	}
	full := int(done * barWidth / total)
	fmt.Fprintf(b.out, "\r[%s%s] %3d %%  %-40.40s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), percent, what)
	b.drawn = true
}

func (b *progressBar) end() {
	if b.drawn {
		fmt.Fprintln(b.out)
	}
}

func isTerminal(w io.Writer) bool {
	f, is := w.(*os.File)
	if !is {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
