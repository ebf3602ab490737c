package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
)

func oncallCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "oncall", Short: "who is on duty"}
	var at string
	who := &cobra.Command{
		Use:   "who [schedule]",
		Short: "say who is on duty and in which order a call tries people",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := load(cmd)
			if err != nil {
				return err
			}
			for _, s := range l.Config.Schedules {
				if len(args) == 1 && s.ID != args[0] {
					continue
				}
				t, err := moment(at, s.Zone)
				if err != nil {
					return err
				}
				if err := printChain(cmd.OutOrStdout(), l.Config.Roster, s, t); err != nil {
					return err
				}
				args = nil
			}
			if len(args) == 1 {
				return fmt.Errorf("oncall who: no schedule %q in %s", args[0], l.File)
			}
			return nil
		},
	}
	who.Flags().StringVar(&at, "at", "", "moment in the schedule's zone, such as \"2026-12-31 23:00\"; default now")
	cmd.AddCommand(who)
	return cmd
}

// moment reads --at in the schedule's zone.
func moment(at string, zone oncall.Zone) (time.Time, error) {
	if at == "" {
		return time.Now(), nil
	}
	c, err := oncall.ParseCivil(at)
	if err != nil {
		return time.Time{}, fmt.Errorf("--at: %w", err)
	}
	return zone.Resolve(c, oncall.First), nil
}

func printChain(out io.Writer, r oncall.Roster, s oncall.Schedule, t time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s (%s), %s %s\n", s.Name, s.ID, oncall.CivilAt(t, s.Zone), s.Zone)
	n := 0
	for _, tier := range r.Chain(s.ID, t) {
		for _, d := range tier.Duties {
			n++
			p, _ := r.Person(d.Person)
			until := "–"
			if !d.Until.IsZero() {
				until = oncall.CivilAt(d.Until, s.Zone).String()
			}
			fmt.Fprintf(w, "%d.\t%s\t%s\t%s\tuntil %s\t%s\n", n, tier.Name, d.Person, p.Name, until, d.Provenance)
		}
		for _, num := range tier.Numbers {
			n++
			fmt.Fprintf(w, "%d.\t%s\t%s\t%s\t\t\n", n, tier.Name, num.Name, num.Number)
		}
	}
	if n == 0 {
		fmt.Fprintln(w, "nobody: this schedule would leave a caller alone")
	}
	return w.Flush()
}
