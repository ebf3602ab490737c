package main

import (
	"context"
	"fmt"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/channels/portal"
	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: tr("tokens of the API: add, list, revoke", "токены API: добавить, показать, отозвать"),
		Long: tr(`A token lets a program use the API under /api/v1/. Its secret is shown once and kept nowhere. Scopes:

  oncall:read               everything that can be asked, but devices
  oncall:write              edits too, as the person of the token, with that person's roles
  oncall:people             devices (phone numbers) too; with oncall:write, edits of people
  desk:read, desk:write     tickets, articles, reports, signals; work on them, as the person of the token
  clients:read, clients:write   clients' cards; edits of them
  clients:admin             taking out and erasing what is kept of one person
  recordings:read           recordings of calls; the audit notes who listens
  signals:send              bringing signals, and nothing else
  audit:read                the audit
  board:schedule:<id>       the page "on duty now" of a schedule, by a secret address
  feed:person:<id>, feed:schedule:<id>   calendars; `+"`vahta oncall feed add`"+` makes them`,
			`Токен пускает программу в API по адресу /api/v1/. Секрет показывается один раз и нигде не хранится. Права:

  oncall:read               всё, что можно спросить, кроме устройств
  oncall:write              ещё и правки — от имени человека токена, с его ролями
  oncall:people             ещё и устройства (номера телефонов); вместе с oncall:write — правки людей
  desk:read, desk:write     заявки, статьи, отчёты, сигналы; работа с ними — от имени человека токена
  clients:read, clients:write   карточки клиентов; их правка
  clients:admin             выгрузка и удаление данных одного человека
  recordings:read           записи разговоров; аудит запоминает, кто слушал
  signals:send              прислать сигнал, и больше ничего
  audit:read                аудит
  board:schedule:<id>       страница «кто дежурит сейчас» по секретному адресу
  feed:person:<id>, feed:schedule:<id>   календари; их делает `+"`vahta oncall feed add`"),
	}
	cmd.AddCommand(tokenAdd(), tokenList(), tokenRevoke())
	return cmd
}

// counter is what the commands about tokens and feeds work with.
type counter struct {
	desk.Tokens
	cfg  portal.Config
	here company
	lang string
}

// tr chooses a text by --lang.
func (c counter) tr(en, ru string) string {
	if c.lang == "ru" {
		return ru
	}
	return en
}

// withTokens runs f on the tokens of the running server, or on the record.
func withTokens(cmd *cobra.Command, f func(context.Context, counter) error) error {
	language, err := lang(cmd)
	if err != nil {
		return err
	}
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	t, done, err := desk.OpenTokens(cmd.Context(), l.Config.Data, l.Config.Database(), app.TokensOnRecord(l.Config.Roster))
	if err != nil {
		return err
	}
	return finish(f(cmd.Context(), counter{t, l.Config.Portal, here, language}), done)
}

// tokenEnd is a flag that says until when a token is good.
type tokenEnd string

func (e *tokenEnd) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar((*string)(e), "until", "", tr("when it ends, such as 2027-01-01 or \"2027-01-01 09:00\" by the company's clock; default never",
		"когда он истечёт, например 2027-01-01 или \"2027-01-01 09:00\" по часам компании; по умолчанию никогда"))
}

func (e tokenEnd) in(c company) (time.Time, error) {
	if e == "" {
		return time.Time{}, nil
	}
	p, err := oncall.ParsePoint(string(e))
	if err != nil {
		return time.Time{}, fmt.Errorf("--until: %w", err)
	}
	return p.In(oncall.ZoneOf(c.zone)), nil
}

// whoRuns names the user of the machine, for the record of who made a token.
func whoRuns() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "cli"
}

func tokenAdd() *cobra.Command {
	var n portal.NewToken
	var until tokenEnd
	cmd := &cobra.Command{
		Use:     "add",
		Short:   tr("make a token and show its secret, once", "сделать токен и показать секрет, один раз"),
		Example: `  vahta token add --name wallboard --scope oncall:read` + "\n" + `  vahta token add --name hr --scope oncall:write --scope oncall:people --person vera --until 2027-01-01`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withTokens(cmd, func(ctx context.Context, c counter) error {
				var err error
				if n.Until, err = until.in(c.here); err != nil {
					return err
				}
				n.By = whoRuns()
				i, err := c.Add(ctx, n)
				if err != nil {
					return err
				}
				showSecret(cmd, c, i)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&n.Name, "name", "", tr("what it is for; unique", "для чего он; имя единственное"))
	cmd.Flags().StringArrayVar(&n.Scopes, "scope", nil, tr("what it may; may be given several times", "что ему можно; можно повторять"))
	cmd.Flags().StringVar(&n.Person, "person", "", tr("whose rights its edits have", "чьи права у его правок"))
	until.flag(cmd)
	_ = cmd.MarkFlagRequired("name")  // the flag is there
	_ = cmd.MarkFlagRequired("scope") // the flag is there
	return cmd
}

// showSecret prints what is shown once.
func showSecret(cmd *cobra.Command, c counter, i portal.Issued) {
	w := cmd.OutOrStdout()
	if path := i.Path(); path != "" {
		fmt.Fprintln(w, c.cfg.URL(path))
		if c.cfg.PublicURL == "" {
			fmt.Fprintln(cmd.ErrOrStderr(), c.tr("this is the path; set portal.public_url to get the whole address", "это путь; задайте portal.public_url, чтобы получать адрес целиком"))
		}
	} else {
		fmt.Fprintln(w, i.Secret)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), c.tr("%s is made; this is shown once. Whoever has it gets in: `vahta token revoke %q` ends it\n",
		"%s сделан; это показывается один раз. Кто его знает, тот войдёт; отозвать: `vahta token revoke %q`\n"), i.Token.Name, i.Token.Name)
	if !c.cfg.Enabled {
		fmt.Fprintln(cmd.ErrOrStderr(), c.tr("the portal is switched off: set portal.enabled", "портал выключен: включите portal.enabled"))
	}
}

func tokenList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: tr("list the tokens and when they were used", "показать токены и когда ими пользовались"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listTokens(cmd, func(dispatch.Token) bool { return true })
		},
	}
}

// listTokens prints the tokens that keep says.
func listTokens(cmd *cobra.Command, keep func(dispatch.Token) bool) error {
	return withTokens(cmd, func(ctx context.Context, c counter) error {
		list, err := c.List(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, c.tr("NAME\tSCOPES\tPERSON\tSTATE\tUSED\tUNTIL\tBY", "ИМЯ\tПРАВА\tЧЕЛОВЕК\tСОСТОЯНИЕ\tИСПОЛЬЗОВАН\tДО\tСДЕЛАЛ"))
		n := 0
		for _, t := range list {
			if !keep(t) {
				continue
			}
			n++
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, strings.Join(t.Scopes, " "), orDash(t.Person), c.stateOf(t), c.date(t.Used), c.date(t.Until), t.By)
		}
		if n == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), c.tr("none", "нет ни одного"))
			return nil
		}
		return w.Flush()
	})
}

func (c counter) date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return c.here.show(t)
}

func (c counter) stateOf(t dispatch.Token) string {
	switch {
	case !t.Revoked.IsZero():
		return c.tr("revoked", "отозван")
	case !t.Until.IsZero() && !time.Now().Before(t.Until):
		return c.tr("expired", "истёк")
	default:
		return c.tr("good", "действует")
	}
}

func tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: tr("end a token at once", "отозвать токен сразу"),
		Args:  cobra.ExactArgs(1),
		RunE:  revokeToken,
	}
}

func revokeToken(cmd *cobra.Command, args []string) error {
	return withTokens(cmd, func(ctx context.Context, c counter) error {
		if err := c.Revoke(ctx, args[0]); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), c.tr("%s is revoked\n", "%s отозван\n"), args[0])
		return nil
	})
}
