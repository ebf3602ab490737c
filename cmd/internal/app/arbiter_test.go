package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestSharedRecordDecides: nodes that share their record alone, without Redis, do not ring an engineer who talks on the
// other one.
func TestSharedRecordDecides(t *testing.T) {
	t.Parallel()
	record, engineer := t.TempDir()+"/vahta.db", startPhone(t, "engineer", "udp", accepting())
	node := func(id, caller string) *line {
		r := newRig(t, func(c *config.Config) {
			c.Node, c.Store.Path = id, record
			c.People = append(c.People, oncall.Person{
				ID: "anna", Name: "Anna", Devices: []oncall.Device{{Kind: oncall.Softphone, URI: engineer.URI()}},
			})
			c.Lines = append(c.Lines, dispatch.Line{
				ID: "one", DIDs: []string{"one"}, Language: "en", RingTime: 10 * time.Second, Rounds: 100,
				Ladder: []dispatch.LadderRung{{People: []string{"anna"}}},
			})
		})
		return &line{rig: r, TB: t, id: "one", caller: caller}
	}
	a, b := node("a", "+79161000001"), node("b", "+79161000002")
	first := a.dial("udp", phone.Options{Talk: phone.Talk{Tone: toneCaller}})
	if err := first.WaitHeard(within(t), toneEngineer, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	second := b.dial("udp", phone.Options{Talk: phone.Talk{Tone: toneCaller}})
	until(t, "the other node has decided", func() bool {
		_, figures := b.ask("/metrics")
		return strings.Contains(figures, `vahta_hotline_claims_total{answer="assigned"}`) || len(engineer.Sessions()) > 1
	})
	if n := len(engineer.Sessions()); n != 1 {
		t.Errorf("the engineer talks, and was rung %d times", n)
	}
	first.Hangup()
	<-first.Done()
	if err := second.WaitHeard(within(t), toneEngineer, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	second.Hangup()
	<-second.Done()
	checkOneAtATime(t, []*phone.Phone{engineer})
}
