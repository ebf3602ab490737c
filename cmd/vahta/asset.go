package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/dispatch/client"
)

func assetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "asset",
		Short: tr("what clients have: servers, 1C, mail, networks, and how to get there", "что есть у клиентов: серверы, 1С, почта, сети, и как туда попасть"),
		Long: tr(`Assets are part of a client's card. An access says which way one gets there and where its secret is kept; the secret itself
is nowhere in Vahta. Being shown where it is kept is an act of its own: vahta ticket reveal.`,
			`Активы — часть карточки клиента. Доступ говорит, каким путём туда попасть и где хранится секрет; самого секрета в Вахте нет.
Показ места хранения — отдельное действие: vahta ticket reveal.`),
		Example: `  vahta asset add romashka srv-1c --name "Сервер 1С" --kind 1c --host srv-1c.romashka.example
  vahta asset access romashka srv-1c rdp --way rdp --where srv-1c.romashka.example --login support --secret vault:romashka/rdp
  vahta asset list romashka`,
	}
	cmd.AddCommand(assetList(), assetAdd(), assetAccess(), assetRemove())
	return cmd
}

func assetList() *cobra.Command {
	var asJSON bool
	cmd := cards("list [ORG]", "list assets and the ways to them", "показать активы и пути к ним", cobra.MaximumNArgs(1), func(c *cardIndex, args []string) error {
		list := c.cards.Organisations
		if len(args) > 0 {
			o, err := c.card(args[0])
			if err != nil {
				return err
			}
			list = []client.Organisation{o}
		}
		if asJSON {
			all := map[string][]client.Asset{}
			for _, o := range list {
				if len(o.Assets) > 0 {
					all[o.ID] = o.Veil().Assets
				}
			}
			return c.json(all)
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, c.tr("CLIENT\tID\tNAME\tKIND\tHOSTS\tACCESSES", "КЛИЕНТ\tID\tНАЗВАНИЕ\tВИД\tХОСТЫ\tДОСТУПЫ"))
		for _, o := range list {
			for _, a := range o.Assets {
				ways := make([]string, len(a.Accesses))
				for i, access := range a.Accesses {
					ways[i] = strings.TrimSpace(access.ID + ": " + access.Way + " " + access.Where)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, a.ID, printable(a.Name), orDash(a.Kind), orDash(join(a.Hosts)), orDash(join(ways)))
			}
		}
		return w.Flush()
	})
	jsonFlag(cmd, &asJSON)
	return cmd
}

func assetAdd() *cobra.Command {
	var s signature
	var name, kind, note string
	var hosts []string
	cmd := cards("add ORG ID", "add or change an asset of a client", "добавить или изменить актив клиента", cobra.ExactArgs(2), func(c *cardIndex, args []string) error { //nolint:mnd // ORG ID
		o, err := c.card(args[0])
		if err != nil {
			return err
		}
		i := slices.IndexFunc(o.Assets, func(a client.Asset) bool { return a.ID == args[1] })
		if i < 0 {
			o.Assets, i = append(o.Assets, client.Asset{ID: args[1], Name: args[1]}), len(o.Assets)
		}
		a := &o.Assets[i]
		for flag, set := range map[string]func(){
			"name": func() { a.Name = name }, "kind": func() { a.Kind = kind }, "note": func() { a.Note = note }, "host": func() { a.Hosts = without(hosts) },
		} {
			if c.cmd.Flags().Changed(flag) {
				set()
			}
		}
		return c.commit(client.Change{Put: []client.Organisation{o}}, s, o.ID)
	})
	cmd.Flags().StringVar(&name, "name", "", tr("name", "название"))
	cmd.Flags().StringVar(&kind, "kind", "", tr("server, 1c, crm, mail, network, telephony, line, storage, workplace …", "server, 1c, crm, mail, network, telephony, line, storage, workplace …"))
	cmd.Flags().StringVar(&note, "note", "", tr("note", "заметка"))
	cmd.Flags().StringArrayVar(&hosts, "host", nil, tr("name in the network, as monitoring calls it; may be repeated, replaces all", "имя в сети, как его зовёт мониторинг; можно несколько раз, заменяет все"))
	s.flags(cmd)
	return cmd
}

func assetAccess() *cobra.Command {
	var s signature
	var a client.Access
	var remove bool
	cmd := cards("access ORG ASSET ID", "add, replace or remove a way to an asset", "добавить, заменить или убрать доступ к активу", cobra.ExactArgs(3), func(c *cardIndex, args []string) error { //nolint:mnd // three
		o, err := c.card(args[0])
		if err != nil {
			return err
		}
		i := slices.IndexFunc(o.Assets, func(a client.Asset) bool { return a.ID == args[1] })
		if i < 0 {
			return fmt.Errorf(c.tr("client %s has no asset %q; `vahta asset list %s` shows them", "у клиента %s нет актива %q; список: `vahta asset list %s`"), o.ID, args[1], o.ID)
		}
		a.ID = args[2]
		ways := slices.DeleteFunc(slices.Clone(o.Assets[i].Accesses), func(is client.Access) bool { return is.ID == a.ID })
		if !remove {
			ways = append(ways, a)
		}
		o.Assets[i].Accesses = ways
		return c.commit(client.Change{Put: []client.Organisation{o}}, s, o.ID)
	})
	cmd.Flags().StringVar(&a.Way, "way", "", "vpn, rdp, anydesk, ssh, console …")
	cmd.Flags().StringVar(&a.Where, "where", "", tr("VPN profile, host, AnyDesk ID", "профиль VPN, хост, номер AnyDesk"))
	cmd.Flags().StringVar(&a.Login, "login", "", tr("name of the account", "имя учётной записи"))
	cmd.Flags().StringVar(&a.Secret, "secret", "", tr("where its secret is kept, such as vault:romashka/rdp; never the secret", "где хранится секрет, например vault:romashka/rdp; не сам секрет"))
	cmd.Flags().BoolVar(&remove, "remove", false, tr("remove it", "убрать"))
	s.flags(cmd)
	return cmd
}

func assetRemove() *cobra.Command {
	var s signature
	cmd := cards("remove ORG ID", "remove an asset", "удалить актив", cobra.ExactArgs(2), func(c *cardIndex, args []string) error { //nolint:mnd // ORG ID
		o, err := c.card(args[0])
		if err != nil {
			return err
		}
		n := len(o.Assets)
		o.Assets = slices.DeleteFunc(o.Assets, func(a client.Asset) bool { return a.ID == args[1] })
		if len(o.Assets) == n {
			return fmt.Errorf(c.tr("client %s has no asset %q; `vahta asset list %s` shows them", "у клиента %s нет актива %q; список: `vahta asset list %s`"), o.ID, args[1], o.ID)
		}
		return c.commit(client.Change{Put: []client.Organisation{o}}, s, o.ID)
	})
	s.flags(cmd)
	return cmd
}
