package app

import (
	"context"
	"fmt"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/sip/guard"
)

// nearlySpent is the part of a day's budget from which somebody should look why.
const nearlySpent = 0.8

// examineToll asks a running server what today's calls have cost, and whether calls are stopped or sources banned.
func examineToll(ctx context.Context, c config.Config, running bool) []Finding {
	if !running {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeBudget)
	defer cancel()
	t, done, err := desk.OpenToll(ctx, c.Data)
	if err != nil {
		return []Finding{{What: "toll", Text: err.Error()}}
	}
	defer done()
	s, err := t.TollStatus(ctx)
	if err != nil {
		return []Finding{{What: "toll", Text: "the running server does not tell: " + err.Error()}}
	}
	return findToll(s)
}

// findToll judges the day's figures.
func findToll(s guard.Status) []Finding {
	f := Finding{"toll", true, fmt.Sprintf("%g minutes through operators today, %.0f%% of the budget", s.Minutes, 100*s.Spent())}
	if s.Spent() >= nearlySpent {
		f.OK, f.Text = false, f.Text+": look at `vahta security` and at who dials; raise toll.day_minutes or toll.day_money if it is right"
	}
	findings := []Finding{f}
	switch s.Stop {
	case guard.StopNone:
	case guard.StopOthers:
		findings = append(findings, Finding{What: "toll stop", Text: "in force: nothing but paging leaves; `vahta toll go` ends it"})
	case guard.StopAll:
		findings = append(findings, Finding{What: "toll stop", Text: "in force, paging too: NOBODY is rung through an operator; `vahta toll go` ends it"})
	}
	if n := len(s.Bans); n > 0 {
		findings = append(findings, Finding{"bans", true, fmt.Sprintf("%d source(s) are not heard; `vahta security` lists them", n)})
	}
	return findings
}
