package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/oncall"
)

// librarian is what the commands about articles and search work with.
type librarian struct {
	planner // words and times; its rota is not there

	library desk.Library
	zone    oncall.Zone
}

// shelf makes a command about articles and search.
func shelf(use, en, ru string, args cobra.PositionalArgs, run func(*librarian, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: tr(en, ru), Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLibrarian(cmd, func(r *librarian) error { return run(r, args) })
		},
	}
}

// withLibrarian runs f on the library of the running server, or on the record.
func withLibrarian(cmd *cobra.Command, f func(*librarian) error) error {
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	lib, done, err := desk.OpenLibrary(cmd.Context(), l.Config.Data, l.Config.Database(), app.LibraryOnRecord(l.Config, clock))
	if err != nil {
		return err
	}
	r := &librarian{
		planner: planner{cmd: cmd, out: cmd.OutOrStdout(), lang: here.lang, now: clock().UTC().Truncate(time.Second)},
		library: lib, zone: oncall.ZoneOf(here.zone),
	}
	r.view.Roster = here.roster
	return finish(f(r), done)
}

func kbCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kb",
		Short: tr("knowledge base: articles with versions", "база знаний: статьи с версиями"),
		Long: tr(`Articles are Markdown. Each change is a version of its own, with its author; none is lost. An article is offered for tickets of
its categories and about its assets, and for those whose story has its words.`,
			`Статьи пишут в Markdown. Каждая правка — своя версия с автором; ни одна не пропадает. Статью предлагают для тикетов её
категорий и активов и для тех, в чьей истории есть её слова.`),
		Example: `  vahta kb add --title "1С не запускается" --category service_down --asset 1c article.md
  vahta kb draft VH-26-000010 > article.md
  vahta kb edit 1s-ne-zapuskaetsya article.md --reason "проверка места"
  vahta kb search 1с место на диске`,
	}
	cmd.AddCommand(kbList(), kbShow(), kbAdd(), kbEdit(), kbSearch(), kbDraft(), kbRetire())
	return cmd
}

func kbList() *cobra.Command {
	var asJSON, retired bool
	cmd := shelf("list", "list articles", "показать статьи", cobra.NoArgs, func(r *librarian, _ []string) error {
		list, err := r.library.Articles(r.cmd.Context())
		if err != nil {
			return err
		}
		if asJSON {
			return r.json(list)
		}
		w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, r.tr("ID\tVERSION\tTITLE\tAUTHOR\tWHEN\tFOR", "ID\tВЕРСИЯ\tНАЗВАНИЕ\tАВТОР\tКОГДА\tДЛЯ"))
		for _, a := range list {
			if a.Retired && !retired {
				continue
			}
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", a.ID, a.Version, printable(a.Title), printable(a.Author), r.show(a.At.Truncate(time.Minute), r.zone),
				orDash(join(append(append([]string(nil), a.Categories...), a.Assets...))))
		}
		return w.Flush()
	})
	jsonFlag(cmd, &asJSON)
	cmd.Flags().BoolVar(&retired, "retired", false, tr("also those that were retired", "и снятые"))
	return cmd
}

func kbShow() *cobra.Command {
	var asJSON, versions bool
	var version int
	cmd := shelf("show ID", "show an article", "показать статью", cobra.ExactArgs(1), func(r *librarian, args []string) error {
		if versions {
			list, err := r.library.Versions(r.cmd.Context(), args[0])
			if err != nil || asJSON {
				return errors.Join(err, r.json(list))
			}
			for _, a := range list {
				fmt.Fprintf(r.out, "%d\t%s\t%s\t%s\n", a.Version, r.show(a.At.Truncate(time.Minute), r.zone), printable(a.Author), printable(a.Reason))
			}
			return nil
		}
		a, err := r.article(args[0], version)
		if err != nil {
			return err
		}
		if asJSON {
			return r.json(a)
		}
		fmt.Fprintf(r.out, "# %s\n\n%s\n", printable(a.Title), printableLines(strings.TrimSpace(a.Body)))
		return nil
	})
	cmd.Flags().IntVar(&version, "version", 0, tr("this version; default the last one", "эта версия; по умолчанию последняя"))
	cmd.Flags().BoolVar(&versions, "versions", false, tr("list the versions", "показать версии"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (r *librarian) article(id string, version int) (kb.Article, error) {
	a, err := r.library.Article(r.cmd.Context(), id, version)
	if errors.Is(err, dispatch.ErrNotFound) {
		return a, fmt.Errorf(r.tr("there is no article %s; `vahta kb list` shows them", "статьи %s нет; список: `vahta kb list`"), id)
	}
	return a, err
}

// articleFlags are what can be said about an article on the command line.
type articleFlags struct {
	id, title, language, org, ticket, reason, by string
	categories, assets                           []string
	public                                       bool
}

func (f *articleFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.title, "title", "", tr("title", "название"))
	fs.StringVar(&f.language, "language", "", tr("ru or en", "ru или en"))
	fs.StringVar(&f.org, "org", "", tr("the client whom alone it is about", "клиент, о котором она одна"))
	fs.StringVar(&f.ticket, "ticket", "", tr("ticket that it was made from", "тикет, из которого она сделана"))
	fs.StringSliceVar(&f.categories, "category", nil, tr("category of tickets that it is offered for; may be repeated", "категория тикетов, для которых её предлагать; можно несколько раз"))
	fs.StringSliceVar(&f.assets, "asset", nil, tr("client/asset or kind of asset; may be repeated", "клиент/актив или вид актива; можно несколько раз"))
	fs.BoolVar(&f.public, "public", false, tr("clients may read it", "её могут читать клиенты"))
	fs.StringVar(&f.by, "by", "", tr("who writes; default: you", "кто пишет; по умолчанию вы"))
	fs.StringVar(&f.reason, "reason", "", tr("why, for the list of versions", "почему, для списка версий"))
}

func (f *articleFlags) onto(r *librarian, a *kb.Article) {
	for flag, set := range map[string]func(){
		"title": func() { a.Title = f.title }, "language": func() { a.Language = f.language }, "org": func() { a.Org = f.org }, "ticket": func() { a.Ticket = f.ticket },
		"category": func() { a.Categories = without(f.categories) }, "asset": func() { a.Assets = without(f.assets) }, "public": func() { a.Public = f.public },
	} {
		if r.cmd.Flags().Changed(flag) {
			set()
		}
	}
	a.Author, a.Reason = r.author(f.by).Person, f.reason
}

// save writes a version and says which.
func (r *librarian) save(a kb.Article) error {
	saved, err := r.library.Save(r.cmd.Context(), a)
	if errors.Is(err, dispatch.ErrConflict) {
		return fmt.Errorf(r.tr("somebody has written another version of %s meanwhile; look at it and write again", "статью %s тем временем изменили; посмотрите её и повторите"), a.ID)
	}
	if err != nil {
		return err
	}
	r.say("article %s, version %d", "статья %s, версия %d", saved.ID, saved.Version)
	return nil
}

// titled takes the title off a text that begins with one.
func titled(text string) (title, body string) {
	text = strings.TrimSpace(text)
	if first, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(first, "# ") {
		return strings.TrimSpace(strings.TrimPrefix(first, "# ")), strings.TrimSpace(rest)
	}
	return "", text
}

func kbAdd() *cobra.Command {
	var f articleFlags
	cmd := shelf("add FILE", "add an article; - reads standard input", "добавить статью; - читает стандартный ввод", cobra.ExactArgs(1), func(r *librarian, args []string) error {
		raw, err := readInput(r.cmd, args[0])
		if err != nil {
			return err
		}
		a := kb.Article{ID: f.id, Language: r.lang}
		a.Title, a.Body = titled(string(raw))
		f.onto(r, &a)
		return r.save(a)
	})
	cmd.Flags().StringVar(&f.id, "id", "", tr("id; default: made of the title", "ID; по умолчанию из названия"))
	f.flags(cmd)
	return cmd
}

func kbEdit() *cobra.Command {
	var f articleFlags
	cmd := shelf("edit ID [FILE]", "write the next version of an article; without FILE only what is said changes",
		"записать следующую версию статьи; без файла меняется только названное", cobra.RangeArgs(1, 2), func(r *librarian, args []string) error { //nolint:mnd // ID FILE
			a, err := r.article(args[0], 0)
			if err != nil {
				return err
			}
			if len(args) > 1 {
				raw, err := readInput(r.cmd, args[1])
				if err != nil {
					return err
				}
				title, body := titled(string(raw))
				if a.Body = body; title != "" {
					a.Title = title
				}
			}
			a.Retired = false
			f.onto(r, &a)
			return r.save(a)
		})
	f.flags(cmd)
	return cmd
}

func kbRetire() *cobra.Command {
	var f articleFlags
	cmd := shelf("retire ID", "let an article be found no more; it is kept, and an edit brings it back",
		"снять статью: её больше не находят; она хранится, и правка её возвращает", cobra.ExactArgs(1), func(r *librarian, args []string) error {
			a, err := r.article(args[0], 0)
			if err != nil {
				return err
			}
			a.Retired, a.Author, a.Reason = true, r.author(f.by).Person, f.reason
			return r.save(a)
		})
	cmd.Flags().StringVar(&f.by, "by", "", tr("who does it; default: you", "кто это делает; по умолчанию вы"))
	cmd.Flags().StringVar(&f.reason, "reason", "", tr("why, for the list of versions", "почему, для списка версий"))
	return cmd
}

func kbDraft() *cobra.Command {
	var asJSON bool
	cmd := shelf("draft TICKET", "make an article of a ticket and show it; `kb add` saves it", "сделать из тикета статью и показать; сохранит `kb add`", cobra.ExactArgs(1), func(r *librarian, args []string) error {
		a, err := r.library.Draft(r.cmd.Context(), args[0], r.lang)
		if err != nil {
			return err
		}
		if asJSON {
			return r.json(a)
		}
		fmt.Fprintf(r.out, "# %s\n\n%s", printable(a.Title), printableLines(a.Body))
		return nil
	})
	jsonFlag(cmd, &asJSON)
	return cmd
}

func kbSearch() *cobra.Command {
	return searching("search WORDS…", "find articles by words", "найти статьи по словам", dispatch.TextArticle)
}

func searchCommand() *cobra.Command {
	cmd := searching("search WORDS…", "find tickets and articles by words, numbers, hosts", "найти тикеты и статьи по словам, номерам, хостам")
	cmd.Long = tr(`Finds what has all of the words in any form; telephone numbers, hosts, addresses and numbers of tickets exactly. If nothing has
all of them, what has most is shown.`,
		`Находит то, где есть все слова в любой форме; номера телефонов, хосты, адреса и номера тикетов — точно. Если всех слов нет нигде,
показывает то, где их больше.`)
	cmd.Example = `  vahta search не запускается 1с
  vahta search "8 921 555 01 23"
  vahta search --like VH-26-000010`
	return cmd
}

func searching(use, en, ru string, kinds ...dispatch.TextKind) *cobra.Command {
	var asJSON, reindex bool
	var q library.Question
	var like string
	cmd := shelf(use, en, ru, cobra.ArbitraryArgs, func(r *librarian, args []string) error {
		ctx := r.cmd.Context()
		if reindex {
			n, err := r.library.Reindex(ctx)
			if err == nil {
				r.say("the index was made anew: %d lines", "указатель сделан заново: строк %d", n)
			}
			return err
		}
		if like != "" {
			return r.showLike(like, q.Limit, asJSON)
		}
		q.Text, q.Kinds = strings.Join(args, " "), kinds
		answer, err := r.library.Search(ctx, q)
		if err != nil {
			return err
		}
		if asJSON {
			return r.json(answer)
		}
		if answer.Partly && len(answer.Hits) > 0 {
			r.say("nothing has all of the words; these have most:", "всех слов нет нигде; здесь их больше:")
		}
		if len(answer.Hits) == 0 {
			r.say("nothing was found", "ничего не найдено")
		}
		r.showHits(answer.Hits)
		return nil
	})
	cmd.Flags().StringVar(&q.Org, "org", "", tr("only of this client", "только этого клиента"))
	cmd.Flags().IntVar(&q.Limit, "limit", 20, tr("how many at most", "не больше скольких"))
	if len(kinds) == 0 {
		cmd.Flags().StringVar(&like, "like", "", tr("find what is like this ticket, and articles for it", "найти похожее на этот тикет и статьи для него"))
		cmd.Flags().BoolVar(&reindex, "reindex", false, tr("make the index anew", "сделать указатель заново"))
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (r *librarian) showLike(number string, limit int, asJSON bool) error {
	like, err := r.library.SimilarTo(r.cmd.Context(), number, limit)
	if err != nil {
		return err
	}
	if asJSON {
		return r.json(like)
	}
	if len(like.Articles)+len(like.Tickets) == 0 {
		r.say("nothing like it", "похожего нет")
	}
	r.showHits(append(like.Articles, like.Tickets...))
	return nil
}

func (r *librarian) showHits(hits []library.Hit) {
	for _, h := range hits {
		name := h.Number
		if name == "" {
			name = r.tr("article ", "статья ") + h.ID
		}
		fmt.Fprintf(r.out, "%s  %s  %s", name, r.show(h.At.Truncate(time.Minute), r.zone), printable(h.Title))
		if h.Org != "" {
			fmt.Fprintf(r.out, "  [%s]", printable(h.Org))
		}
		fmt.Fprintln(r.out)
		if h.Snippet != "" {
			fmt.Fprintf(r.out, "    %s\n", printable(h.Snippet))
		}
	}
}
