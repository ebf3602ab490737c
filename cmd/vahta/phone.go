package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"rsc.io/qr"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/registrar"
)

func phoneCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "phone",
		Short: tr("engineers' phones that register: add, list, set up by QR code, revoke", "телефоны инженеров: завести, показать, настроить по QR-коду, отозвать"),
		Long: tr(`An account is what one phone registers as. Its secret is made by Vahta, shown once and never kept;
a one-time link or QR code sets the phone up. People name their phones in the configuration:

  devices:
    - {kind: softphone, account: anna}`,
			`Учётная запись — то, под чем регистрируется один телефон. Секрет делает Вахта, показывает один раз и не хранит;
настраивает телефон одноразовая ссылка или QR-код. Телефоны людей называют в настройках:

  devices:
    - {kind: softphone, account: anna}`),
	}
	cmd.AddCommand(phoneAdd(), phoneList(), phoneQR(), phoneRevoke())
	return cmd
}

// withPhones runs f on the phones of the configured data folder.
func withPhones(cmd *cobra.Command, f func(context.Context, desk.Phones, company) error) error {
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	onRecord := func(p dispatch.Phones) desk.Phones { return app.PhonesOnRecord(l.Config.Phones, p, here.roster) }
	p, done, err := desk.OpenPhones(cmd.Context(), l.Config.Data, l.Config.Database(), onRecord)
	if err != nil {
		return err
	}
	return finish(f(cmd.Context(), p, here), done)
}

// setUp says how a phone gets its settings.
type setUp struct {
	show bool   // by hand: the password is printed
	png  string // file for the QR code
}

func (s *setUp) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.show, "show", false, tr("print the settings with the password instead of a link, for a phone that is set up by hand", "напечатать настройки с паролем вместо ссылки — для телефона, который настраивают руками"))
	cmd.Flags().StringVar(&s.png, "png", "", tr("also write the QR code to this file", "ещё и записать QR-код в этот файл"))
}

// do prints a link of an account, or its settings.
func (s *setUp) do(ctx context.Context, cmd *cobra.Command, p desk.Phones, c company, user string) error {
	w := cmd.OutOrStdout()
	if s.show {
		v, err := p.Reveal(ctx, user)
		if err != nil {
			return err
		}
		printSettings(w, c, v)
		return nil
	}
	l, err := p.NewLink(ctx, user)
	if err != nil {
		return err
	}
	code, err := qr.Encode(l.Phone, qr.M)
	if err != nil {
		return fmt.Errorf("make a QR code: %w", err)
	}
	printQR(w, code)
	fmt.Fprintf(w, c.tr("Linphone (scan the code, or open this address in its assistant; fetching it spends it):\n  %s\n",
		"Linphone (снимите код или откройте этот адрес в его помощнике; открытый адрес истрачен):\n  %s\n"), l.Phone)
	fmt.Fprintf(w, c.tr("any phone (a page with a button, safe to send by a messenger):\n  %s\n", "любой телефон (страница с кнопкой, её можно послать в мессенджере):\n  %s\n"), l.Page)
	fmt.Fprintf(w, c.tr("good once, until %s; the phone's former password dies when it is used\n", "годится один раз, до %s; прежний пароль телефона при этом умирает\n"), c.show(l.Until))
	if s.png != "" {
		if err := os.WriteFile(filepath.Clean(s.png), code.PNG(), 0o600); err != nil {
			return fmt.Errorf("write the QR code: %w", err)
		}
	}
	return nil
}

func printSettings(w io.Writer, c company, s registrar.Settings) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, c.tr("user\t%s\npassword\t%s\nidentity\t%s\nproxy\t%s\nrealm\t%s\nSRTP\t%s\nregistration\t%.0f s\n",
		"имя\t%s\nпароль\t%s\nадрес\t%s\nпрокси\t%s\nобласть\t%s\nSRTP\t%s\nрегистрация\t%.0f с\n"),
		s.User, s.Password, s.Identity, s.Proxy, s.Realm, s.SRTP, s.Expires.Seconds())
	_ = t.Flush() // a terminal that is gone leaves nobody to tell
	fmt.Fprintln(w, c.tr("the password is shown once; the phone's former one is dead", "пароль показан один раз; прежний больше не действует"))
}

// quiet is the white border that a reader needs around a code, in modules (ISO/IEC 18004 section 9.1).
const quiet = 4

// printQR draws a code with half blocks, two rows of modules a line, dark on light.
func printQR(w io.Writer, code *qr.Code) {
	light := func(x, y int) bool { return !code.Black(x, y) } // beyond the code all is light
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var line strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			switch up, down := light(x, y), light(x, y+1); {
			case up && down:
				line.WriteRune('█')
			case up:
				line.WriteRune('▀')
			case down:
				line.WriteRune('▄')
			default:
				line.WriteByte(' ')
			}
		}
		fmt.Fprintln(w, line.String())
	}
}

func phoneAdd() *cobra.Command {
	var user string
	var device int
	var how setUp
	cmd := &cobra.Command{
		Use:   "add PERSON",
		Short: tr("make an account for a phone of a person, and a way to set the phone up", "завести учётную запись телефона человека и дать способ его настроить"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if user == "" {
				var err error
				if user, err = registrar.UserOf(args[0], device); err != nil {
					return err
				}
			}
			return withPhones(cmd, func(ctx context.Context, p desk.Phones, c company) error {
				if err := p.Add(ctx, user, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), c.tr("account %s of %s is made; name it in the configuration:  {kind: softphone, account: %s}\n",
					"учётная запись %s (%s) заведена; назовите её в настройках:  {kind: softphone, account: %s}\n"), user, c.name(args[0]), user)
				if err := how.do(ctx, cmd, p, c, user); err != nil {
					return fmt.Errorf(c.tr("%w (the account is there; when that is mended, go on with `vahta phone qr %s`)", "%w (учётная запись есть; когда это исправлено, дальше `vahta phone qr %s`)"), err, user)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&user, "user", "", tr("name of the account; default the person's id, with -2, -3 … for further phones", "имя учётной записи; по умолчанию id человека, для следующих телефонов с -2, -3 …"))
	cmd.Flags().IntVar(&device, "device", 1, tr("which phone of the person it is", "какой это телефон человека по счёту"))
	how.flags(cmd)
	return cmd
}

func phoneQR() *cobra.Command {
	var how setUp
	cmd := &cobra.Command{
		Use:   "qr USER",
		Short: tr("show a new one-time QR code and link for an account", "показать новый одноразовый QR-код и ссылку"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPhones(cmd, func(ctx context.Context, p desk.Phones, c company) error {
				return how.do(ctx, cmd, p, c, args[0])
			})
		},
	}
	how.flags(cmd)
	return cmd
}

func phoneRevoke() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke USER",
		Short: tr("end an account: its phone is neither heard nor rung any more, also one that rings now", "отозвать учётную запись: телефон больше не слышат и не вызывают, и тот, что звонит сейчас"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPhones(cmd, func(ctx context.Context, p desk.Phones, c company) error {
				if err := p.Revoke(ctx, args[0]); err != nil {
					if errors.Is(err, registrar.ErrNoAccount) {
						return fmt.Errorf(c.tr("%w; `vahta phone list` shows all", "%w; все: `vahta phone list`"), err)
					}
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), c.tr("account %s is revoked; take its line out of the configuration too\n", "учётная запись %s отозвана; уберите её строку и из настроек\n"), args[0])
				return nil
			})
		},
	}
}

func phoneList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: tr("list the accounts, and the phones that are registered", "показать учётные записи и телефоны на связи"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPhones(cmd, func(ctx context.Context, p desk.Phones, c company) error {
				list, err := p.List(ctx)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), c.tr("no phone accounts; make one with `vahta phone add PERSON`", "учётных записей телефонов нет; завести: `vahta phone add ЧЕЛОВЕК`"))
					return nil
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, c.tr("ACCOUNT\tPERSON\tSTATE\tPHONE\tADDRESS\tNODE\tALIVE\tUNTIL", "УЧЁТНАЯ ЗАПИСЬ\tЧЕЛОВЕК\tСОСТОЯНИЕ\tТЕЛЕФОН\tАДРЕС\tУЗЕЛ\tЖИВ\tДО"))
				for _, a := range list {
					if len(a.Phones) == 0 {
						fmt.Fprintf(w, "%s\t%s\t%s\t–\t–\t–\t–\t–\n", a.User, c.name(a.Person), a.State)
					}
					for _, f := range a.Phones {
						fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s %s\t%s\t%s\t%s\n", a.User, c.name(a.Person), a.State,
							orDash(printable(f.Agent)), f.Transport, f.Address, f.Node, f.Alive, c.show(f.Until))
					}
				}
				return w.Flush()
			})
		},
	}
}

// printable keeps what a phone says of itself from moving the terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
