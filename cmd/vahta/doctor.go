package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: tr("check ports, clock, data folder, zones and operators; say what to do about each fault", "проверить порты, часы, папку данных, пояса и операторов; сказать, что делать с каждой бедой"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := load(cmd)
			if err != nil {
				return err
			}
			sick := false
			for _, f := range app.Examine(cmd.Context(), l.Config) {
				mark := tr("ok  ", "есть")
				if !f.OK {
					mark, sick = tr("FAIL", "БЕДА"), true
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s  %-12s %s\n", mark, f.What, f.Text); err != nil {
					return err
				}
			}
			if sick {
				return exitError(1)
			}
			return nil
		},
	}
}

// printJSON writes v as one line.
func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
