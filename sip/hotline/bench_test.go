package hotline

import (
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
)

// BenchmarkCall is one whole call to a trusted softphone. It reports the
// medians of what a caller waits for: his INVITE until the engineer's, and the
// engineer's 200 until his own; both phones run in the same process.
func BenchmarkCall(b *testing.B) {
	r := newRig(b, setup{people: []string{"ivan"}, plan: func(_ *rig, p *dispatch.Plan) {
		p.Rungs[0].Duties[0].Person.Devices[0].Trusted = true
		p.Line.Record = false
	}})
	r.answers("ivan", phone.Answer{Ring: 5 * time.Millisecond, Talk: phone.Talk{Mute: true}})
	var invites, answers []time.Duration
	n := 0
	for b.Loop() {
		n++
		begun := time.Now()
		caller := r.dial(phone.Options{Talk: phone.Talk{Mute: true}})
		ivan := r.incoming(r.eng["ivan"], n)
		received := ivan.Request().ReceivedAt().Sub(begun)
		invites = append(invites, received)
		answered := r.wait(caller, phone.Answered)
		answers = append(answers, answered.At-received-r.wait(ivan, phone.Answered).At)
		caller.Hangup()
		r.wait(caller, phone.Ended)
		r.wait(ivan, phone.Ended)
	}
	slices.Sort(invites)
	slices.Sort(answers)
	b.ReportMetric(float64(invites[len(invites)/2].Microseconds()), "µs-to-invite")
	b.ReportMetric(float64(answers[len(answers)/2].Microseconds()), "µs-to-answer")
}
