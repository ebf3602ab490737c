package b2bua

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/trunk"
)

// Sessions briefer than the operator's min_se are refused before anything is made for the call.
func TestRFC4028TooBriefIsNoCall(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	r := newRig(t, rigOptions{
		trunks: func(c *trunk.Config) { c.Operators[0].Timer.MinSE = 300 * time.Second },
		deps:   func(d *Deps) { d.Registerer = reg },
	})
	call := r.caller.NewCall("sip:84957770000@" + r.at.String())
	call.Invite("", "Supported: timer", "Session-Expires: 200")
	if res := r.caller.ExpectStatus(422, "INVITE"); res.Get("Min-SE") != "300" {
		t.Errorf("Min-SE is %q", res.Get("Min-SE"))
	}
	select {
	case c := <-r.calls:
		t.Errorf("a call has begun: %+v", c.info)
	default:
	}
	families, err := reg.Gather()
	r.must(err)
	counted := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "vahta_calls_refused_total" && m.GetLabel()[0].GetValue() == refusedBrief {
				counted += m.GetCounter().GetValue()
			}
		}
	}
	if counted != 1 {
		t.Errorf("%v are counted as too brief", counted)
	}
}
