package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
)

func ticketFile() *cobra.Command {
	var by, why, out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "file NUMBER [FILE]",
		Short: tr("list the files of a ticket, or save one", "показать файлы заявки или сохранить один"),
		Long: tr(`Files that came with a client's messages are kept encrypted. FILE is a name, or the beginning of a hash. Who opens a file is in the
audit. Nothing is said about what is in it: look with care.`,
			`Файлы из сообщений клиента хранятся зашифрованными. FILE — имя или начало хеша. Кто открыл файл, видно в аудите. Что в файле, никто
не проверял: открывайте осторожно.`),
		Args: cobra.RangeArgs(1, 2), //nolint:mnd // NUMBER FILE
		RunE: func(cmd *cobra.Command, args []string) error {
			language, err := lang(cmd)
			if err != nil {
				return err
			}
			l, here, err := loadCompany(cmd)
			if err != nil {
				return err
			}
			files, done, err := desk.OpenFiles(cmd.Context(), l.Config.Data, l.Config.Database(), app.FilesOnRecord(l.Config))
			if err != nil {
				return err
			}
			p := planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language, now: clock().UTC()}
			p.view.Roster = here.roster
			if len(args) == 1 {
				return errors.Join(p.listFiles(cmd.Context(), files, args[0], asJSON), done())
			}
			return errors.Join(p.saveFile(cmd.Context(), files, args, out, p.author(by).Person, why), done())
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", tr("where to; default: by its name, in this folder", "куда; по умолчанию под своим именем, в эту папку"))
	whyFlags(cmd, &by, &why)
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p planner) listFiles(ctx context.Context, files desk.Files, number string, asJSON bool) error {
	list, err := files.List(ctx, number)
	if err != nil {
		return err
	}
	if asJSON {
		return p.json(list)
	}
	if len(list) == 0 {
		p.say("no files", "файлов нет")
		return nil
	}
	const short = 12 // digits of a hash that tell files apart
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, a := range list {
		name := printable(a.Name)
		if !a.Erased.IsZero() {
			name = p.tr("(erased)", "(стёрт)")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", a.Hash[:min(short, len(a.Hash))], name, a.Type, a.Bytes)
	}
	return w.Flush()
}

func (p planner) saveFile(ctx context.Context, files desk.Files, args []string, out, by, why string) error {
	temp, err := os.CreateTemp(".", ".vahta-file-*")
	if err != nil {
		return fmt.Errorf("save the file: %w", err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already when all went well
	var a dispatch.Attachment
	a, err = files.Save(ctx, args[0], args[1], by, why, temp)
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if out == "" {
		out = a.Name
	}
	if err := os.Link(temp.Name(), out); err != nil { // unlike a rename it replaces nothing
		return fmt.Errorf("save the file: %w", err)
	}
	p.say("%s: %s, %d bytes", "%s: %s, байтов %d", printable(out), a.Type, a.Bytes)
	return nil
}
