package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/vault"
)

// surveyBudget is how long a look at everything that is kept may take.
const surveyBudget = time.Minute

// examineVault says whether what was recorded and sent can be opened, and whether it is kept as long as it should be.
func examineVault(ctx context.Context, c config.Config, running bool) []Finding {
	if !running && !store.There(c.Database()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, surveyBudget)
	defer cancel()
	files, done, err := desk.OpenFiles(ctx, c.Data, c.Database(), surveyOnRecord(c))
	if err != nil {
		return []Finding{{"vault", false, err.Error()}}
	}
	s, err := files.Survey(ctx)
	if err != nil {
		_ = done() // the first fault is the one to show
		return []Finding{{"vault", false, err.Error()}}
	}
	f := judgeVault(s, running)
	if err := done(); err != nil {
		f = Finding{"vault", false, err.Error()}
	}
	return []Finding{f}
}

// surveyOnRecord looks at the files when no server runs. It begins no record: without people and schedules in it, the contracts are
// those of the configuration file.
func surveyOnRecord(c config.Config) func(context.Context, *store.SQL) (desk.Files, error) {
	return func(ctx context.Context, db *store.SQL) (desk.Files, error) {
		v, err := desk.VerifyRota(ctx, c.Database())
		if err != nil || v.Revision > 0 {
			return FilesOnRecord(c)(ctx, db)
		}
		snapshot, err := dispatch.NewSnapshot(c.Source())
		if err != nil {
			return nil, err
		}
		kept, err := vaultOnRecord(c, db, dispatch.NewDirectory(snapshot))
		if err != nil {
			return nil, err
		}
		return &desk.LocalFiles{Vault: kept, Index: db, Audit: db, Node: c.Node}, nil
	}
}

// judgeVault says what a survey means. What a server does by itself is no fault while none runs.
func judgeVault(s vault.Survey, running bool) Finding {
	f := Finding{What: "vault", Text: fmt.Sprintf("%d recording(s), %d file(s), keys of %d client(s)", s.Recordings, s.Files, s.Keys)}
	if !s.Oldest.IsZero() {
		f.Text += ", the oldest recording of " + s.Oldest.Format(time.DateOnly)
	}
	if !s.Enabled {
		f.Text += "; recordings are not encrypted (vault.enabled)"
	}
	var faults []string
	switch {
	case s.Keys == 0 && s.Locked != "":
		f.Text += "; nothing was sealed yet: the next `vahta serve` makes the key"
	case s.Locked != "":
		faults = append(faults, s.Locked+": nothing sealed can be opened, and recordings lie unsealed until it can")
	}
	if s.ShutAll > 0 {
		faults = append(faults, fmt.Sprintf("%d can not be opened (%s): restore them from a copy; if their client's key was destroyed, remove them", s.ShutAll, strings.Join(s.Shut, ", ")))
	}
	if s.Clear > 0 && s.Locked == "" && !running {
		f.Text += fmt.Sprintf("; %d recording(s) are not sealed yet: the next `vahta serve` does it", s.Clear)
	} else if s.Clear > 0 && s.Locked == "" {
		faults = append(faults, fmt.Sprintf("%d recording(s) of calls that have ended are not sealed: a running server does it within vault.every, and its log says why not", s.Clear))
	}
	if s.Overdue > 0 && !running {
		f.Text += fmt.Sprintf("; %d are kept longer than the contract says: the next `vahta serve` removes them", s.Overdue)
	} else if s.Overdue > 0 {
		faults = append(faults, fmt.Sprintf("%d are kept longer than the contract says: a running server removes them within vault.every, and its log says why not", s.Overdue))
	}
	if s.Missing > 0 {
		f.Text += fmt.Sprintf("; %d file(s) lie on other nodes, or are lost", s.Missing)
	}
	f.OK = len(faults) == 0
	if !f.OK {
		f.Text += "; " + strings.Join(faults, "; ")
	}
	return f
}
