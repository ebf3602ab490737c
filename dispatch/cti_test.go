package dispatch_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// A call's ring, answer and hang-up are told in the form of a CTI, whatever else
// happens to its ticket; late news are not sent.
func TestCTI(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller string
		accept bool
		result dispatch.CallResult
		want   string
	}{
		"answered": {
			"+7 921 123-45-67", true, dispatch.CallServed,
			"newCall 79211234567 [anna] | answer 79211234567 [boris] boris | hangup 79211234567 [] boris normalClearing",
		},
		"abandoned": {"+7 921 123-45-67", false, dispatch.CallAbandoned, "newCall 79211234567 [anna] | hangup 79211234567 [] cancel"},
		"exhausted": {"anonymous", false, dispatch.CallExhausted, "newCall anonymous [anna] | hangup anonymous [] noAnswer"},
		"a fault":   {"+7 921 123-45-67", false, dispatch.CallFailed, "newCall 79211234567 [anna] | hangup 79211234567 [] congestion"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := store.NewMemory()
				cfg := dispatch.Default()
				cfg.EventChannels = []dispatch.Subscriber{{Channel: dispatch.ChannelWebhook, To: "desk", Form: dispatch.FormCTI}}
				d, err := dispatch.New(cfg, dispatch.Deps{Store: s, Archive: s, Directory: company(t)})
				must(t, err)
				must(t, d.Start(t.Context()))
				o, err := d.OpenCall(t.Context(), call("x", c.caller))
				must(t, err)
				wait(time.Second)
				out := dispatch.Outcome{Ref: o.Ref, Call: "x", Result: c.result}
				if c.accept {
					must(t, d.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: "x", Person: "boris", At: time.Now()}))
					out.Detail.AcceptedBy = "boris"
				}
				must(t, d.Note(t.Context(), o.Ref, dispatch.Author{Person: "boris"}, ticket.Noted{Text: "nothing of a call"}))
				wait(time.Second)
				out.At = time.Now()
				must(t, d.RecordOutcome(t.Context(), out))
				var told []string
				var list []dispatch.Notice
				for { // one after another, each when the one before it has arrived
					next, err := s.ClaimNotices(t.Context(), dispatch.NoticeEvent, time.Now(), time.Minute, 100)
					must(t, err)
					if len(next) == 0 {
						break
					}
					if len(next) > 1 {
						t.Errorf("%d events of one call go out at once", len(next))
					}
					must(t, s.Commit(t.Context(), dispatch.Change{Delivery: &dispatch.Delivery{Notice: next[0], Result: dispatch.ResultDelivered, Final: true, At: time.Now()}}))
					list = append(list, next...)
				}
				for _, n := range list {
					var j dispatch.CTIJSON
					must(t, json.Unmarshal(n.Body, &j))
					if j.CallID != "x" || j.Direction != "in" || j.To != "78123330000" || j.Queue != "main" {
						t.Errorf("%s", n.Body)
					}
					told = append(told, strings.Join(strings.Fields(fmt.Sprint(j.Event, " ", j.From, " ", j.User, " ", j.Answering, " ", j.Cause)), " "))
				}
				if got := strings.Join(told, " | "); got != c.want {
					t.Errorf("told %s\nwant %s", got, c.want)
				}
				if _, needed := d.StillNeeded(t.Context(), list[0]); !needed {
					t.Error("fresh news are not sent")
				}
				wait(2 * time.Minute)
				if _, needed := d.StillNeeded(t.Context(), list[0]); needed {
					t.Error("late news are sent")
				}
			})
		})
	}
}
