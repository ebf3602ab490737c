package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/selftest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// selfTestFile keeps the results of self-tests in the data folder.
const selfTestFile = "selftest.json"

// buildSelfTest makes what proves that the line is alive. It has each call before the hotline has it.
func (a *App) buildSelfTest() (err error) {
	deps := selftest.Deps{
		Engine: a.engine, Route: a.trunks.Route, Lines: linesToTest(a.cfg),
		Room:  func(trunk string) bool { return a.trunks.HasRoom(trunk, 2) }, // one out, one in
		Raise: a.raiseOutage, Clear: a.clearOutage, Doubt: a.trunks.Doubt,
		File: filepath.Join(a.cfg.Data, selfTestFile), Node: a.cfg.Node, Log: a.part("selftest"), Registerer: a.registry,
	}
	deps.Hurry = a.cfg.SelfTest.Every > 0 && a.cfg.SelfTest.Every < time.Second // config.Load lets nobody come so far
	if a.cfg.Redis.Enabled() {
		deps.Shared = sharedTests{a.rotation}
	}
	if a.selftest, err = selftest.New(a.cfg.SelfTest, deps); err != nil {
		return err
	}
	a.engine.OnCall(func(c *b2bua.Call) { a.selftest.Take(c, a.hotline.Serve) })
	return nil
}

// linesToTest are the operators by which calls leave, and the numbers by which tests come back.
func linesToTest(c config.Config) []selftest.Line {
	var lines []selftest.Line
	for _, op := range c.Trunks.Operators {
		if op.Number == "" {
			continue
		}
		l := selftest.Line{Trunk: op.Name, Number: op.SelfTest.Number, Caller: op.SelfTest.Caller, Off: op.SelfTest.Off}
		if l.Number == "" {
			l.Number = op.Number
		}
		if l.Caller == "" {
			l.Caller = op.Number
		}
		l.Number = trunk.Normalize(l.Number)
		lines = append(lines, l)
	}
	return lines
}

// sharedTests carries self-tests between nodes as values that expire.
type sharedTests struct{ rotation *rotation.Switch }

var _ selftest.Shared = sharedTests{}

var errApart = errors.New("the nodes cannot reach each other through Redis now")

// Announce implements selftest.Shared.
func (s sharedTests) Announce(ctx context.Context, t selftest.Test) error {
	return s.put(ctx, rotation.KindSelfTest, t.ID, t)
}

// See implements selftest.Shared.
func (s sharedTests) See(ctx context.Context, seen selftest.Sighting) error {
	return s.put(ctx, rotation.KindSighting, seen.Test, seen)
}

// testLife is how long a test is remembered: longer than it lasts.
const testLife = 2 * time.Minute

func (s sharedTests) put(ctx context.Context, kind, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("tell nodes of a self-test: %w", err)
	}
	if err := s.rotation.Put(ctx, kind+"/"+name, data, testLife); err != nil {
		return fmt.Errorf("tell nodes of a self-test: %w", err)
	}
	if s.rotation.Status().Mode != rotation.ModeRedis {
		return fmt.Errorf("tell nodes of a self-test: %w", errApart)
	}
	return nil
}

// Tests implements selftest.Shared.
func (s sharedTests) Tests(ctx context.Context) ([]selftest.Test, error) {
	values, err := s.rotation.All(ctx, rotation.KindSelfTest)
	if err != nil {
		return nil, fmt.Errorf("read nodes' self-tests: %w", err)
	}
	var tests []selftest.Test
	for _, v := range values {
		var t selftest.Test
		if json.Unmarshal(v, &t) == nil {
			tests = append(tests, t)
		}
	}
	return tests, nil
}

// Sighted implements selftest.Shared.
func (s sharedTests) Sighted(ctx context.Context, test string) (*selftest.Sighting, error) {
	v, err := s.rotation.Get(ctx, rotation.KindSighting+"/"+test)
	if err != nil {
		return nil, fmt.Errorf("read what nodes saw of a self-test: %w", err)
	}
	if v == nil {
		return nil, nil //nolint:nilnil // nobody saw it
	}
	var seen selftest.Sighting
	if err := json.Unmarshal(v, &seen); err != nil {
		return nil, fmt.Errorf("read what nodes saw of a self-test: %w", err)
	}
	return &seen, nil
}
