package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/clientele"
)

// signature are the flags of every edit of a card.
type signature struct{ by, reason string }

func (s *signature) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.by, "by", "", tr("who edits; default: you", "кто правит; по умолчанию вы"))
	cmd.Flags().StringVar(&s.reason, "reason", "", tr("why, for the log", "почему, для журнала"))
}

// commit makes an edit and says what has come of it.
func (c *cardIndex) commit(change client.Change, s signature, seen ...string) error {
	change.Reason = s.reason
	base := map[string]int64{}
	for _, id := range seen {
		base[id] = c.cards.Revisions[id]
	}
	done, err := c.clients.Commit(c.cmd.Context(), change, c.author(s.by), base)
	if err != nil {
		return err
	}
	c.committed(done)
	return nil
}

func (c *cardIndex) committed(done clientele.Committed) {
	c.say("written as revision %d: %s", "записано, правка %d: %s", done.Version.Revision, join(done.Touched))
}

// cardFlags are what can be said about an organisation on the command line.
type cardFlags struct {
	name, spoken, language, zone, note, contract string
	numbers, addresses, domains, channels        []string
	firstContact, plan, stabilisation, update    time.Duration
	vip, urgent, letSleep, hold                  bool
}

func (f *cardFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.name, "name", "", tr("name", "название"))
	fs.StringVar(&f.spoken, "spoken", "", tr("name as the voice says it", "название, как его произносить"))
	fs.StringVar(&f.language, "language", "", tr("ru or en", "ru или en"))
	fs.StringVar(&f.zone, "zone", "", tr("time zone, such as Europe/Moscow", "часовой пояс, например Europe/Moscow"))
	fs.StringVar(&f.note, "note", "", tr("note", "заметка"))
	fs.StringArrayVar(&f.numbers, "number", nil, tr("shared telephone number; may be repeated, replaces all", "общий номер; можно несколько раз, заменяет все"))
	fs.StringArrayVar(&f.addresses, "address", nil, tr("shared address, channel:value; may be repeated, replaces all", "общий адрес, канал:значение; можно несколько раз, заменяет все"))
	fs.StringArrayVar(&f.domains, "domain", nil, tr("mail domain of their own; may be repeated, replaces all", "свой почтовый домен; можно несколько раз, заменяет все"))
	fs.BoolVar(&f.vip, "vip", false, "VIP")
	fs.BoolVar(&f.hold, "legal-hold", false, tr("nothing of theirs is deleted", "ничего не удалять"))
	fs.StringVar(&f.contract, "contract", "", tr("contract as the paper calls it", "договор, как он назван на бумаге"))
	fs.DurationVar(&f.firstContact, "first-contact", 0, tr("limit of first contact, such as 15m", "срок первого контакта, например 15m"))
	fs.DurationVar(&f.plan, "plan", 0, tr("limit of the plan", "срок плана"))
	fs.DurationVar(&f.stabilisation, "stabilisation", 0, tr("limit of stabilisation", "срок стабилизации"))
	fs.DurationVar(&f.update, "next-update", 0, tr("how often there is a word on how it goes", "как часто сообщать о ходе работ"))
	fs.StringSliceVar(&f.channels, "channels", nil, tr("how they are written to, in this order: email,telegram,sms,portal", "как им писать, по порядку: email,telegram,sms,portal"))
	fs.BoolVar(&f.urgent, "urgent", false, tr("a message that can not be read may be an emergency", "нечитаемое сообщение может быть аварией"))
	fs.BoolVar(&f.letSleep, "let-sleep", false, tr("nobody there is woken for what only machines have reported", "не будить из-за того, о чём сообщили только машины"))
}

// onto writes what was said onto a card; the rest stays.
func (f *cardFlags) onto(cmd *cobra.Command, o *client.Organisation) error {
	var faults []error
	addresses := func() {
		var err error
		o.Addresses, err = addressesOf(f.addresses)
		faults = append(faults, err)
	}
	for flag, set := range map[string]func(){
		"name": func() { o.Name = f.name }, "spoken": func() { o.Spoken = f.spoken }, "language": func() { o.Language = f.language },
		"zone": func() { o.Zone = f.zone }, "note": func() { o.Note = f.note }, "number": func() { o.Numbers = without(f.numbers) },
		"address": addresses, "domain": func() { o.Domains = without(f.domains) }, "vip": func() { o.VIP = f.vip },
		"legal-hold": func() { o.LegalHold = f.hold }, "contract": func() { o.Contract.ID = f.contract },
		"first-contact": func() { o.Contract.FirstContact = f.firstContact }, "plan": func() { o.Contract.Plan = f.plan },
		"stabilisation": func() { o.Contract.Stabilisation = f.stabilisation }, "next-update": func() { o.Contract.NextUpdate = f.update },
		"channels": func() { o.Contract.Channels = without(f.channels) }, "urgent": func() { o.Contract.Urgent = f.urgent },
		"let-sleep": func() { o.Contract.LetSleep = f.letSleep },
	} {
		if cmd.Flags().Changed(flag) {
			set()
		}
	}
	return errors.Join(faults...)
}

// without drops empty texts, so that "" empties a list.
func without(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return strings.TrimSpace(s) == "" })
}

func addressesOf(texts []string) (list []client.Address, err error) {
	for _, text := range without(texts) {
		var a client.Address
		if err := a.UnmarshalText([]byte(text)); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

func clientAdd() *cobra.Command {
	var f cardFlags
	var s signature
	cmd := cards("add ID", "add a client", "добавить клиента", cobra.ExactArgs(1), func(c *cardIndex, args []string) error {
		o := client.Organisation{ID: args[0], Name: args[0]}
		if err := f.onto(c.cmd, &o); err != nil {
			return err
		}
		c.cards.Revisions[o.ID] = 0 // it must not be there
		if slices.ContainsFunc(c.cards.Organisations, func(is client.Organisation) bool { return is.ID == o.ID }) {
			return fmt.Errorf(c.tr("there is a client %s already; `vahta client set` edits it", "клиент %s уже есть; править: `vahta client set`"), o.ID)
		}
		return c.commit(client.Change{Put: []client.Organisation{o}}, s, o.ID)
	})
	f.flags(cmd)
	s.flags(cmd)
	return cmd
}

func clientSet() *cobra.Command {
	var f cardFlags
	var s signature
	cmd := cards("set ID", "change what is said on a card; what is not said stays", "изменить в карточке названное; остальное остаётся", cobra.ExactArgs(1), func(c *cardIndex, args []string) error {
		o, err := c.card(args[0])
		if err == nil {
			err = f.onto(c.cmd, &o)
		}
		if err != nil {
			return err
		}
		return c.commit(client.Change{Put: []client.Organisation{o}}, s, o.ID)
	})
	f.flags(cmd)
	s.flags(cmd)
	return cmd
}

func clientContact() *cobra.Command {
	var s signature
	var name, role, language, note string
	var numbers, addresses []string
	var vip, duty bool
	cmd := cards("contact ORG ID", "add or change a person of a client", "добавить или изменить человека клиента", cobra.ExactArgs(2), func(c *cardIndex, args []string) error { //nolint:mnd // ORG ID
		o, err := c.card(args[0])
		if err != nil {
			return err
		}
		i := slices.IndexFunc(o.Contacts, func(p client.Contact) bool { return p.ID == args[1] })
		if i < 0 {
			o.Contacts, i = append(o.Contacts, client.Contact{ID: args[1], Name: args[1]}), len(o.Contacts)
		}
		p := &o.Contacts[i]
		for flag, set := range map[string]func(){
			"name": func() { p.Name = name }, "role": func() { p.Role = role }, "language": func() { p.Language = language }, "note": func() { p.Note = note },
			"number": func() { p.Numbers = without(numbers) }, "address": func() { p.Addresses, err = addressesOf(addresses) },
			"vip": func() { p.VIP = vip }, "duty": func() { p.Duty = duty },
		} {
			if c.cmd.Flags().Changed(flag) {
				set()
			}
		}
		if err != nil {
			return err
		}
		return c.commit(client.Change{Put: []client.Organisation{o}}, s, o.ID)
	})
	fs := cmd.Flags()
	fs.StringVar(&name, "name", "", tr("name", "имя"))
	fs.StringVar(&role, "role", "", tr("role there, in words", "кто он там, словами"))
	fs.StringVar(&language, "language", "", tr("ru or en", "ru или en"))
	fs.StringVar(&note, "note", "", tr("note", "заметка"))
	fs.StringArrayVar(&numbers, "number", nil, tr("telephone number; may be repeated, replaces all", "номер; можно несколько раз, заменяет все"))
	fs.StringArrayVar(&addresses, "address", nil, tr("address, channel:value; may be repeated, replaces all", "адрес, канал:значение; можно несколько раз, заменяет все"))
	fs.BoolVar(&vip, "vip", false, "VIP")
	fs.BoolVar(&duty, "duty", false, tr("is told of what only machines have reported", "ему сообщают о том, что заметили только машины"))
	s.flags(cmd)
	return cmd
}

func clientForget() *cobra.Command {
	var s signature
	cmd := cards("forget ORG CONTACT", "take a person off a card", "убрать человека из карточки", cobra.ExactArgs(2), func(c *cardIndex, args []string) error { //nolint:mnd // ORG CONTACT
		o, err := c.card(args[0])
		if err != nil {
			return err
		}
		return c.commit(client.Change{Forget: &client.Person{Org: o.ID, Contact: args[1]}}, s, o.ID)
	})
	s.flags(cmd)
	return cmd
}

func clientRemove() *cobra.Command {
	var s signature
	cmd := cards("remove ID…", "remove clients; their tickets stay", "удалить клиентов; их тикеты остаются", cobra.MinimumNArgs(1), func(c *cardIndex, args []string) error {
		return c.commit(client.Change{Remove: args}, s, args...)
	})
	s.flags(cmd)
	return cmd
}

func clientMerge() *cobra.Command {
	var s signature
	cmd := cards("merge DUPLICATE INTO", "make one client of two; what names the duplicate means the other afterwards",
		"объединить двух клиентов; всё, что называет дубликат, дальше значит второго", cobra.ExactArgs(2), func(c *cardIndex, args []string) error { //nolint:mnd // DUPLICATE INTO
			return c.commit(client.Change{Merge: &client.Merge{From: args[0], Into: args[1]}}, s, args...)
		})
	s.flags(cmd)
	return cmd
}

func clientAdopt() *cobra.Command {
	var s signature
	var contact, name string
	cmd := cards("adopt NUMBER|ADDRESS ORG", "put an unknown number or address on a card", "записать незнакомый номер или адрес в карточку", cobra.ExactArgs(2), func(c *cardIndex, args []string) error { //nolint:mnd // two
		a := client.Address{Channel: client.ChannelCall, Value: args[0]}
		if strings.ContainsAny(args[0], ":@") {
			if err := a.UnmarshalText([]byte(args[0])); err != nil {
				return err
			}
		}
		done, err := c.clients.Adopt(c.cmd.Context(), a.Channel, a.Value, client.Person{Org: args[1], Contact: contact}, name, c.author(s.by), s.reason)
		if err != nil {
			return err
		}
		c.committed(done)
		return nil
	})
	cmd.Flags().StringVar(&contact, "contact", "", tr("person on the card; without it and --name it is the organisation's own", "человек в карточке; без него и --name — общий"))
	cmd.Flags().StringVar(&name, "name", "", tr("name of a new person", "имя нового человека"))
	s.flags(cmd)
	return cmd
}

func clientImport() *cobra.Command {
	var s signature
	var dry bool
	cmd := cards("import FILE", "bring cards in from a file: JSON has whole cards, CSV adds to those there are",
		"внести карточки из файла: в JSON они целиком, CSV дополняет имеющиеся", cobra.ExactArgs(1), func(c *cardIndex, args []string) error {
			raw, err := readInput(c.cmd, args[0])
			if err != nil {
				return err
			}
			l, err := load(c.cmd)
			if err != nil {
				return err
			}
			list, err := cardsIn(raw, args[0], c.cards.Organisations, l.Config.Dispatch.Numbering)
			if err != nil {
				return err
			}
			ids := make([]string, len(list))
			for i, o := range list {
				ids[i] = o.ID
			}
			c.say("%d cards: %s", "карточек: %d: %s", len(list), join(ids))
			if dry {
				return nil
			}
			return c.commit(client.Change{Put: list}, s, ids...)
		})
	cmd.Long = tr(`JSON is what `+"`vahta client export`"+` and `+"`show --json`"+` write: one card or a list; a card in it replaces the one there is.
CSV has a line per person with any of these columns: id, name, language, zone, numbers, addresses, domains, vip, note, contract,
first_contact, stabilisation, contact_id, contact_name, contact_role, contact_language, contact_numbers, contact_addresses,
contact_vip, contact_duty, contact_note. Several values in a cell are separated by semicolons. - reads standard input.
With a fault in any line nothing is written; all faults are told, each with its line.`,
		`JSON — то, что пишут `+"`vahta client export`"+` и `+"`show --json`"+`: одна карточка или список; она заменяет имеющуюся.
В CSV строка на человека и любые из столбцов: id, name, language, zone, numbers, addresses, domains, vip, note, contract,
first_contact, stabilisation, contact_id, contact_name, contact_role, contact_language, contact_numbers, contact_addresses,
contact_vip, contact_duty, contact_note. Несколько значений в ячейке разделяют точкой с запятой. - читает стандартный ввод.
Если ошибка хоть в одной строке, не записывается ничего; названы будут все ошибки, каждая со своей строкой.`)
	cmd.Flags().BoolVar(&dry, "dry-run", false, tr("say what would be done", "сказать, что будет сделано"))
	s.flags(cmd)
	return cmd
}

// maxImport is the largest file of cards, in bytes.
const maxImport = 16 << 20

// readInput reads a file, or standard input for -.
func readInput(cmd *cobra.Command, name string) ([]byte, error) {
	in := cmd.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // it was only read
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxImport+1))
	if err == nil && len(raw) > maxImport {
		err = fmt.Errorf("%s is larger than %d MiB", name, maxImport>>20)
	}
	return raw, err
}

// cardsIn reads cards from JSON, one or a list, or from a table.
func cardsIn(raw []byte, name string, present []client.Organisation, numbering client.Numbering) ([]client.Organisation, error) {
	text := bytes.TrimSpace(raw)
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		o, err := client.Decode(text)
		return []client.Organisation{o}, err
	case bytes.HasPrefix(text, []byte("[")):
		var parts []json.RawMessage
		if err := json.Unmarshal(text, &parts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list := make([]client.Organisation, 0, len(parts))
		for i, part := range parts {
			o, err := client.Decode(part)
			if err != nil {
				return nil, fmt.Errorf("%s: card %d: %w", name, i+1, err)
			}
			list = append(list, o)
		}
		return list, nil
	}
	list, err := client.ReadCSV(bytes.NewReader(raw), present, numbering)
	if err != nil {
		return nil, fmt.Errorf("nothing is written: %w", fmt.Errorf("%s: %w", name, err))
	}
	return list, nil
}

func clientExport() *cobra.Command {
	var table bool
	var s signature
	cmd := cards("export [ID…]", "write cards as JSON, or as a table; the audit notes it", "вывести карточки в JSON или таблицей; аудит это запомнит", cobra.ArbitraryArgs, func(c *cardIndex, args []string) error {
		list, err := c.clients.Export(c.cmd.Context(), args, c.author(s.by))
		if err != nil {
			return err
		}
		if table {
			return client.WriteCSV(c.out, list)
		}
		return c.json(list)
	})
	cmd.Flags().BoolVar(&table, "csv", false, tr("as a table: people, numbers and addresses", "таблицей: люди, номера и адреса"))
	cmd.Flags().StringVar(&s.by, "by", "", tr("who exports; default: you", "кто выгружает; по умолчанию вы"))
	return cmd
}
