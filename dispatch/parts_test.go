package dispatch_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
)

// A person's second device waits for its time while the first one rings in
// vain; when the first is out of reach nobody waits, and the second rings once.
func TestNextDeviceWithoutWaiting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first answer
		want  string
	}{
		"it rings in vain":    {answer{20 * time.Second, dispatch.ResultNoAnswer, nil}, "0s anna softphone, 1m0s anna mobile, 1m20s boris softphone"},
		"it is out of reach":  {answer{2 * time.Second, dispatch.ResultUnreachable, nil}, "0s anna softphone, 2s anna mobile, 22s boris softphone"},
		"it is engaged":       {answer{time.Second, dispatch.ResultBusy, nil}, "0s anna softphone, 1s anna mobile, 21s boris softphone"},
		"the operator failed": {answer{time.Second, dispatch.ResultFailed, nil}, "0s anna softphone, 1s anna mobile, 21s boris softphone"},
		"she passes it on":    {answer{time.Second, dispatch.ResultEscalate, nil}, "0s anna softphone, 1s boris softphone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				silent := answer{20 * time.Second, dispatch.ResultNoAnswer, nil}
				h := open(t, store.NewMemory(), map[string][]answer{
					"anna": {c.first, silent}, "boris": {{5 * time.Second, dispatch.ResultAcknowledged, nil}},
				})
				src := source()
				anna := &src.Roster.People[0]
				anna.Devices = append(anna.Devices, oncall.Device{Kind: oncall.Mobile, Number: "+79210000001"})
				anna.Notify = []oncall.NotifyRule{
					{Channel: "voice", Devices: []oncall.DeviceKind{oncall.Softphone}}, {Channel: "voice", After: time.Minute, Devices: []oncall.DeviceKind{oncall.Mobile}},
				}
				s, err := dispatch.NewSnapshot(src)
				must(t, err)
				h.Directory().Replace(s)
				o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
				must(t, err)
				began := time.Now()
				h.lose(t, o, "a", dispatch.CallAbandoned)
				wait(10 * time.Minute)
				var got strings.Builder
				for i, line := range h.phones.seenAt(began) {
					if i > 0 {
						got.WriteString(", ")
					}
					got.WriteString(line)
				}
				if got.String() != c.want {
					t.Errorf("pages: %s\nwant:  %s", got.String(), c.want)
				}
			})
		})
	}
}
