package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
)

func personDevice() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "device",
		Short: tr("a person's devices, tried in their order", "телефоны человека, вызываются по порядку"),
	}
	cmd.AddCommand(deviceAdd(), deviceRemove(), deviceMove())
	return cmd
}

func deviceAdd() *cobra.Command {
	var t traits
	var c consent
	var ring time.Duration
	var trusted, front bool
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: tr("add a device", "добавить телефон"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, args[0], c, func(p *planner, person *oncall.Person) error {
				fresh := ringTime(t.devices(), ring, trusted)
				if len(fresh) == 0 {
					return errors.New(p.tr("say which: --account, --softphone or --mobile", "скажите какой: --account, --softphone или --mobile"))
				}
				if front {
					person.Devices = append(fresh, person.Devices...)
				} else {
					person.Devices = append(slices.Clone(person.Devices), fresh...)
				}
				return nil
			})
		},
	}
	t.deviceFlags(cmd)
	cmd.Flags().DurationVar(&ring, "ring", 0, tr("how long it is rung; 0 = as the tier says", "сколько звонить; 0 — как у ступени"))
	cmd.Flags().BoolVar(&trusted, "trusted", false, tr("its answer accepts, no key needed; never for a phone with a mailbox", "ответ принимает без клавиши; никогда для телефона с автоответчиком"))
	cmd.Flags().BoolVar(&front, "first", false, tr("before the others", "перед остальными"))
	c.flags(cmd)
	return cmd
}

// place reads the number of a device, from 1.
func deviceAt(p *planner, person *oncall.Person, text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > len(person.Devices) {
		return 0, fmt.Errorf(p.tr("%q: name a device by its number, 1 to %d; `vahta person show %s` lists them", "%q: назовите телефон по номеру, от 1 до %d; они видны в `vahta person show %s`"), text, len(person.Devices), person.ID)
	}
	return n - 1, nil
}

func deviceRemove() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "remove ID NUMBER",
		Short: tr("remove the device of that number, from 1", "удалить телефон с этим номером по порядку, от 1"),
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, args[0], c, func(p *planner, person *oncall.Person) error {
				i, err := deviceAt(p, person, args[1])
				if err == nil {
					person.Devices = slices.Delete(slices.Clone(person.Devices), i, i+1)
				}
				return err
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func deviceMove() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "move ID NUMBER TO",
		Short: tr("ring a device earlier or later", "вызывать телефон раньше или позже"),
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, args[0], c, func(p *planner, person *oncall.Person) error {
				from, err1 := deviceAt(p, person, args[1])
				to, err2 := deviceAt(p, person, args[2])
				if err := errors.Join(err1, err2); err != nil {
					return err
				}
				all := slices.Clone(person.Devices)
				one := all[from]
				person.Devices = slices.Insert(slices.Delete(all, from, from+1), to, one)
				return nil
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func personCertificate() *cobra.Command {
	var add, remove consent
	var expires string
	cmd := &cobra.Command{
		Use:   "certificate",
		Short: tr("proofs of skills, with their ends", "подтверждения навыков и их сроки"),
	}
	put := &cobra.Command{
		Use:     "add ID NAME",
		Short:   tr("add a certificate, or renew the one of that name", "добавить сертификат или продлить тот, что с этим именем"),
		Example: `  vahta person certificate add anna "1C:Specialist" --expires 2027-06-01`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, args[0], add, func(_ *planner, person *oncall.Person) error {
				fresh := oncall.Certificate{Name: args[1]}
				if err := fresh.Expires.UnmarshalText([]byte(expires)); err != nil {
					return wrap("--expires", err)
				}
				person.Certificates = append(withoutCertificate(person.Certificates, args[1]), fresh)
				return nil
			})
		},
	}
	put.Flags().StringVar(&expires, "expires", "", tr("first date on which it no longer holds; empty: it does not end", "первый день, когда он уже не действует; пусто: бессрочный"))
	add.flags(put)
	drop := &cobra.Command{
		Use:   "remove ID NAME",
		Short: tr("remove a certificate", "удалить сертификат"),
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, args[0], remove, func(p *planner, person *oncall.Person) error {
				rest := withoutCertificate(person.Certificates, args[1])
				if len(rest) == len(person.Certificates) {
					return fmt.Errorf(p.tr("%s has no certificate %q", "у %s нет сертификата %q"), person.ID, args[1])
				}
				person.Certificates = rest
				return nil
			})
		},
	}
	remove.flags(drop)
	cmd.AddCommand(put, drop)
	return cmd
}

func withoutCertificate(list []oncall.Certificate, name string) []oncall.Certificate {
	return slices.DeleteFunc(slices.Clone(list), func(c oncall.Certificate) bool { return c.Name == name })
}

func personNotify() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "notify ID [RULE…]",
		Short: tr("set how a person is paged; without rules all devices in order, at once", "задать, как вызывать человека; без правил — все телефоны по порядку, сразу"),
		Long: tr(`A rule is AFTER:CHANNEL[:KINDS]: how long after the page was due, how ("voice"), and which kinds of devices.`,
			`Правило: ЧЕРЕЗ:КАНАЛ[:ТЕЛЕФОНЫ] — через сколько после вызова, как ("voice") и на какие телефоны.`),
		Example: `  vahta person notify anna 0s:voice:softphone 2m:voice:mobile
  vahta person notify anna        # as everybody else`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, args[0], c, func(p *planner, person *oncall.Person) error {
				person.Notify = nil
				for _, text := range args[1:] {
					rule, err := notifyRule(p, text)
					if err != nil {
						return err
					}
					person.Notify = append(person.Notify, rule)
				}
				return nil
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func notifyRule(p *planner, text string) (oncall.NotifyRule, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return oncall.NotifyRule{}, fmt.Errorf(p.tr("%q is no rule; write 2m:voice or 2m:voice:mobile", "%q — не правило; напишите 2m:voice или 2m:voice:mobile"), text)
	}
	after, err := time.ParseDuration(parts[0])
	if err != nil {
		return oncall.NotifyRule{}, fmt.Errorf(p.tr("%q: write how long as 0s, 90s or 2m", "%q: напишите время как 0s, 90s или 2m"), text)
	}
	rule := oncall.NotifyRule{After: after, Channel: parts[1]}
	if len(parts) == 3 { //nolint:mnd // AFTER, CHANNEL and KINDS
		for kind := range strings.SplitSeq(parts[2], ",") {
			rule.Devices = append(rule.Devices, oncall.DeviceKind(kind))
		}
	}
	return rule, nil
}
