package shift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// Tested is what came of a test call to one device.
type Tested struct {
	Kind    oncall.DeviceKind       `json:"kind"`
	Address string                  `json:"address"`
	Outcome dispatch.AttemptOutcome `json:"outcome"`
	Proven  bool                    `json:"proven"` // key 1 was pressed
	Cause   string                  `json:"cause,omitempty"`
}

// testLimit bounds a test call to one device.
const testLimit = 90 * time.Second

// Test rings every device of a person, one after another, and asks for a key on
// each. What it proves goes into the readiness report.
func (c *Carer) Test(ctx context.Context, person string) ([]Tested, error) {
	s := c.deps.Directory.Load()
	p, ok := s.Roster.Person(person)
	switch {
	case !ok:
		return nil, fmt.Errorf("make a test call: nobody has the id %q: %w", person, dispatch.ErrNotFound)
	case c.deps.Caller == nil:
		return nil, errors.New("make a test call: only a running server can call; start it with `vahta serve`")
	case len(p.Devices) == 0:
		return nil, fmt.Errorf("make a test call: %s has no device; add one with `vahta person device add %s`", person, person)
	}
	c.testing.Lock()
	defer c.testing.Unlock()
	list := []Tested{}
	for i, d := range p.Devices {
		one, err := c.testDevice(ctx, p, i, d)
		if err != nil {
			return list, err
		}
		list = append(list, one)
	}
	return list, nil
}

func (c *Carer) testDevice(ctx context.Context, p oncall.Person, i int, d oncall.Device) (Tested, error) {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	t := Tested{Kind: d.Kind, Address: d.Address(), Outcome: dispatch.AttemptFailed}
	n := dispatch.Notice{
		ID: fmt.Sprintf("shift-test-%s-%d-%d", p.ID, i, c.now().UnixMicro()), Kind: dispatch.NoticeShift, Channel: dispatch.ChannelVoice,
		To: p.ID, Person: p, Devices: []oncall.Device{d}, Language: p.Language, Attempt: 1, DueAt: c.now(),
		Shift:  dispatch.ShiftCall{Kind: dispatch.ShiftTest, Until: c.now().Add(testLimit)},
		Report: func(a dispatch.Attempt) { t.Outcome, t.Cause = a.Outcome, a.Cause },
	}
	if n.Language == "" {
		n.Language = c.cfg.Language
	}
	result, err := c.deps.Caller.Notify(ctx, n)
	switch {
	case err != nil:
		t.Cause = err.Error()
	case result == dispatch.ResultBusy:
		t.Outcome = dispatch.AttemptBusy
	case result == dispatch.ResultUnreachable && t.Outcome == dispatch.AttemptFailed:
		t.Outcome = dispatch.AttemptUnreachable
	}
	how := ""
	switch {
	case result == dispatch.ResultAcknowledged:
		t.Proven, how = true, HowKey
	case t.Outcome == dispatch.AttemptNoKey:
		how = HowAnswered
	}
	if how == "" {
		return t, nil
	}
	if err := c.deps.Store.Prove(ctx, dispatch.Proof{Person: p.ID, Device: t.Address, How: how, At: c.now().UTC().Truncate(time.Microsecond)}); err != nil {
		return t, fmt.Errorf("make a test call: %w", err)
	}
	return t, nil
}
