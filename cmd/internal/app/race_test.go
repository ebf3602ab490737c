package app_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// Races on the wire with raw agents that misbehave or are unlucky, through the whole line down to the record. The numbers
// are those of the race list; each name stands for one row of it.

// end is one raw party of a call: signalling and sound.
type end struct {
	*siptest.UA
	call  *siptest.Call
	sound *siptest.RTP
}

func (r *rig) raw(tb testing.TB, user string) *end {
	tb.Helper()
	return &end{UA: siptest.NewUA(tb, siptest.UAConfig{User: user, Peer: r.addr("udp")}), sound: siptest.NewRTP(tb)}
}

// calls sends the INVITE of a raw caller.
func (l *line) calls(tb testing.TB) *end {
	tb.Helper()
	e := l.raw(tb, l.caller)
	e.call = e.NewCall(l.uri("udp"))
	e.call.Invite(e.sound.SDP())
	return e
}

// rung takes the INVITE at a raw engineer's phone.
func (e *end) rung() siptest.Message {
	invite := e.ExpectRequest("INVITE")
	e.call = e.Received(invite)
	e.sound.Learn(invite.Body)
	return invite
}

// answer is the engineer's 200 and its ACK.
func (e *end) answer() siptest.Message {
	e.call.Answer(200, "OK", e.sound.SDP())
	return e.ExpectRequest("ACK")
}

// answered takes our 200 at the caller and acknowledges it.
func (e *end) answered() siptest.Message {
	ok := e.ExpectStatus(200, "INVITE")
	e.sound.Learn(ok.Body)
	e.call.Learn(ok).Ack(ok)
	return ok
}

// asked waits for the first sound of the whisper: keys of this phone are believed from now on.
func (e *end) asked(tb testing.TB) {
	tb.Helper()
	if _, err := e.sound.Wait(within(tb), func(siptest.Packet) bool { return true }); err != nil {
		tb.Fatal(err)
	}
}

func (e *end) press(digit byte) { e.sound.Key(digit, siptest.KeyPress{}) }

// goodbye answers a BYE.
func (e *end) goodbye() siptest.Message {
	bye := e.ExpectRequest("BYE")
	e.Answer(bye, 200, "OK", siptest.Reply{})
	return bye
}

// hangs sends BYE and waits for its answer.
func (e *end) hangs() {
	e.call.Bye()
	e.ExpectStatus(200, "BYE")
}

// cancelled plays a phone that takes a CANCEL by the book.
func (e *end) cancelled() {
	cancel := e.ExpectRequest("CANCEL")
	e.Answer(cancel, 200, "OK", siptest.Reply{})
	e.call.Answer(487, "Request Terminated", "")
	e.ExpectRequest("ACK")
}

// talk is a caller and an engineer who have been joined.
func (r *rig) talk(t *testing.T) (l *line, caller, engineer *end) {
	t.Helper()
	engineer = r.raw(t, "engineer")
	l = r.line(t, nil, engineer.URI())
	caller = l.calls(t)
	engineer.rung()
	engineer.answer()
	engineer.asked(t)
	engineer.press('1')
	caller.answered()
	return l, caller, engineer
}

// final matches finals to the caller's INVITE.
func (e *end) final(m *siptest.Message) bool {
	_, method := m.CSeq()
	return method == "INVITE" && m.Status >= 200 && m.CallID() == e.call.CallID
}

// TestR1 lets the caller's CANCEL and the engineer's key, which brings our 200, meet: one of them wins, the far ends see
// either 487 or 200 and never both, and the ticket says the same.
func TestR1(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	won := map[int]int{}
	for range 30 {
		engineer := r.raw(t, "engineer")
		l := r.line(t, nil, engineer.URI())
		caller := l.calls(t)
		engineer.rung()
		engineer.answer()
		var both sync.WaitGroup
		both.Go(func() { caller.call.Cancel() })
		both.Go(func() { engineer.press('1') })
		both.Wait()
		caller.ExpectStatus(200, "CANCEL")
		final := caller.Expect(caller.final)
		caller.call.Learn(final).Ack(final)
		won[final.Status]++
		if final.Status == 200 {
			caller.hangs()
			engineer.goodbye()
			l.settled(dispatch.CallServed, "1 accepted")
		} else {
			if final.Status != 487 {
				t.Errorf("final answer %d", final.Status)
			}
			engineer.call.Bye() // he hears that the caller has left, and has heard enough
			engineer.Expect(func(m *siptest.Message) bool { return m.Answers(200, "BYE") || m.Answers(481, "BYE") })
			l.event(ticket.KindCallEnded, 1)
			rec := l.read()
			how := "1 declined"
			if rec.count(ticket.KindAcknowledged) > 0 {
				how = "1 acknowledged" // the key came after the CANCEL: he has the ticket
			}
			l.settled(dispatch.CallAbandoned, how)
		}
		if n := caller.Seen(func(m *siptest.Message) bool { return caller.final(m) && m.Status != final.Status }); n != 0 {
			t.Errorf("the caller got %d and another final answer", final.Status)
		}
	}
	t.Logf("winners by the caller's final answer: %v", won)
	r.empty()
}

// TestR2: our CANCEL crosses the engineer's 200. He gets ACK, then BYE, and the ticket says abandoned.
func TestR2(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	t.Run("same tag", func(t *testing.T) {
		t.Parallel()
		engineer := r.raw(t, "engineer")
		l := r.line(t, nil, engineer.URI())
		caller := l.calls(t)
		engineer.rung()
		engineer.call.Answer(180, "Ringing", "")
		caller.ExpectStatus(180, "INVITE")
		caller.call.Cancel()
		engineer.ExpectRequest("CANCEL")
		engineer.call.Answer(200, "OK", engineer.sound.SDP())
		next := engineer.Expect(func(m *siptest.Message) bool { return m.Is("ACK") || m.Is("BYE") })
		if next.Method != "ACK" {
			t.Error("BYE came before ACK")
		}
		engineer.goodbye()
		caller.call.Ack(caller.ExpectStatus(487, "INVITE"))
		l.settled(dispatch.CallAbandoned, "1 cancelled")
	})
	t.Run("487 and then 200 of another tag", func(t *testing.T) {
		t.Parallel()
		engineer := r.raw(t, "engineer")
		l := r.line(t, nil, engineer.URI())
		caller := l.calls(t)
		engineer.rung()
		engineer.call.Answer(180, "Ringing", "")
		caller.ExpectStatus(180, "INVITE")
		caller.call.Cancel()
		engineer.cancelled()
		caller.call.Ack(caller.ExpectStatus(487, "INVITE"))
		fork := *engineer.call
		fork.LocalTag = "late"
		fork.Answer(200, "OK", engineer.sound.SDP())
		if ack := engineer.ExpectRequest("ACK"); ack.ToTag() != "late" {
			t.Errorf("ACK is for tag %q, want late", ack.ToTag())
		}
		if bye := engineer.goodbye(); bye.ToTag() != "late" {
			t.Errorf("BYE is for tag %q, want late", bye.ToTag())
		}
		l.settled(dispatch.CallAbandoned, "1 cancelled")
	})
}

// TestR3: the CANCEL overtakes its INVITE. The caller gets 487, and nobody is rung.
func TestR3(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	caller := l.raw(t, l.caller)
	caller.call = caller.NewCall(l.uri("udp"))
	caller.call.Prepare(caller.sound.SDP())
	caller.call.Cancel()
	caller.SendRaw([]byte(caller.call.Invited))
	caller.ExpectStatus(200, "CANCEL")
	caller.call.Ack(caller.ExpectStatus(487, "INVITE"))
	l.noLegLeft()
	engineer.Ping()
	if n := engineer.Seen(func(m *siptest.Message) bool { return m.Is("INVITE") }); n != 0 {
		t.Error("a cancelled call rang somebody")
	}
	for _, tk := range l.tickets() { // one is no fault: somebody did dial the hotline
		l.settled(dispatch.CallAbandoned)
		t.Logf("ticket %s", tk.Number)
	}
	r.empty()
}

// TestR4: the caller hangs up between our INVITE and the first answer to it: the CANCEL leaves at the first 1xx.
func TestR4(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	caller := l.calls(t)
	engineer.rung()
	caller.call.Cancel()
	caller.call.Ack(caller.ExpectStatus(487, "INVITE"))
	engineer.Ping()
	if n := engineer.Seen(func(m *siptest.Message) bool { return m.Is("CANCEL") }); n != 0 {
		t.Error("CANCEL was sent before any answer to the INVITE (RFC 3261 section 9.1)")
	}
	engineer.call.Answer(180, "Ringing", "")
	engineer.cancelled()
	l.settled(dispatch.CallAbandoned, "1 cancelled")
	r.empty()
}

// TestR5: the engineer presses 1 as the caller hangs up. That key was meant for the caller and is not taken for more: he
// is told that the caller has left. Key 1, pressed when he has heard it, gives him the ticket and rings the caller back,
// and the two talk.
func TestR5(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Dispatch.CallBack.Prefixes = []string{"+7916"} })
	r.must(r.client.Answer(phone.Answering(20*time.Millisecond, phone.Talk{Tone: 440})))
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	caller := l.calls(t)
	engineer.rung()
	engineer.answer()
	engineer.asked(t)
	caller.call.Cancel()
	caller.call.Ack(caller.ExpectStatus(487, "INVITE"))
	engineer.press('1')
	heard := len(engineer.sound.Packets())
	if _, err := engineer.sound.Wait(within(t), func(siptest.Packet) bool { return len(engineer.sound.Packets()) > heard+75 }); err != nil {
		t.Fatal(err) // 1.5 s of what he is told
	}
	if n := len(r.client.Sessions()); n != 0 {
		t.Fatal("a key that crossed the hang-up rang the caller back")
	}
	engineer.press('1')
	engineer.sound.Tone(1000)
	back := incoming(t, r.client, 1)
	if err := back.WaitHeard(within(t), 1000, 200*time.Millisecond); err != nil {
		t.Errorf("the client does not hear the engineer: %v", err)
	}
	if _, err := engineer.sound.Wait(within(t), func(p siptest.Packet) bool { return loud(p, 440) }); err != nil {
		t.Errorf("the engineer does not hear the client: %v", err)
	}
	engineer.hangs()
	wait(t, back, phone.Ended)
	l.event(ticket.KindCallEnded, 1)
	l.noLegLeft()
	rec := l.read()
	if rec.call.Result != dispatch.CallServed || rec.call.AcceptedBy != l.people[0] || rec.ticket.Assignee != l.people[0] {
		t.Errorf("result %s, accepted by %q, assigned to %q", rec.call.Result, rec.call.AcceptedBy, rec.ticket.Assignee)
	}
	r.empty()
}

func loud(p siptest.Packet, hz float64) bool {
	return p.PayloadType == 8 && media.Dominates(media.Audio(p.Payload).PCM(), hz)
}

// TestR7: a forking proxy lets two phones answer. The first one is asked and accepts, the other one gets ACK and BYE.
func TestR7(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	caller := l.calls(t)
	engineer.rung()
	first, second := *engineer.call, *engineer.call
	first.LocalTag, second.LocalTag = "first", "second"
	first.Answer(180, "Ringing", "")
	second.Answer(180, "Ringing", "")
	first.Answer(200, "OK", engineer.sound.SDP())
	second.Answer(200, "OK", siptest.NewRTP(t).SDP())
	tags := map[string]bool{}
	for range 2 {
		ack := engineer.ExpectRequest("ACK")
		tags[ack.ToTag()] = true
	}
	if !tags["first"] || !tags["second"] {
		t.Errorf("ACKs for %v, want both tags", tags)
	}
	if bye := engineer.goodbye(); bye.ToTag() != "second" {
		t.Errorf("BYE is for tag %q, want second", bye.ToTag())
	}
	engineer.call.LocalTag = "first"
	engineer.asked(t)
	engineer.press('1')
	caller.answered()
	caller.hangs()
	engineer.Answer(engineer.Expect(func(m *siptest.Message) bool { return m.Is("BYE") && m.ToTag() == "first" }), 200, "OK", siptest.Reply{})
	l.settled(dispatch.CallServed, "1 accepted")
	r.empty()
}

// TestR8: a 487 that answers our CANCEL once more, after the call is on record, is still acknowledged.
func TestR8(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	caller := l.calls(t)
	engineer.rung()
	engineer.call.Answer(180, "Ringing", "")
	caller.ExpectStatus(180, "INVITE")
	caller.call.Cancel()
	engineer.cancelled()
	caller.call.Ack(caller.ExpectStatus(487, "INVITE"))
	l.settled(dispatch.CallAbandoned, "1 cancelled")
	for range 3 {
		engineer.call.Answer(487, "Request Terminated", "")
		engineer.ExpectRequest("ACK")
	}
	r.empty()
}

// TestR9: a repeated CANCEL after its 200 and the 487 gets the same 200, and there is no other final answer.
func TestR9(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := startPhone(t, "engineer", "udp", phone.Ringing())
	l := r.line(t, nil, engineer.URI())
	caller := l.calls(t)
	caller.ExpectStatus(180, "INVITE")
	caller.call.Cancel()
	one := caller.ExpectStatus(200, "CANCEL")
	final := caller.ExpectStatus(487, "INVITE")
	caller.call.Cancel()
	two := caller.ExpectStatus(200, "CANCEL")
	if one.ToTag() != two.ToTag() {
		t.Errorf("the two answers to CANCEL have tags %q and %q", one.ToTag(), two.ToTag())
	}
	caller.call.Ack(final)
	caller.call.Cancel()
	caller.Expect(func(m *siptest.Message) bool { return m.Answers(200, "CANCEL") || m.Answers(481, "CANCEL") })
	l.settled(dispatch.CallAbandoned, "1 cancelled")
	if n := caller.Seen(func(m *siptest.Message) bool { return caller.final(m) && m.Status != 487 }); n != 0 {
		t.Error("there was another final answer")
	}
	r.empty()
}

// TestR10: the engineer's phone repeats its 200: each is acknowledged with the very same ACK, and he is asked once.
func TestR10(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	caller := l.calls(t)
	engineer.rung()
	ack := engineer.answer()
	for range 3 {
		again := engineer.answer()
		if again.Branch() != ack.Branch() {
			t.Errorf("the ACK was repeated with branch %s, it had %s: a peer takes it for a new request", again.Branch(), ack.Branch())
		}
	}
	engineer.asked(t)
	engineer.press('1')
	caller.answered()
	caller.hangs()
	engineer.goodbye()
	l.settled(dispatch.CallServed, "1 accepted")
	r.empty()
}

// TestR11: the ACK to our 200 never comes, but sound does: the two talk until 64*T1, then both get BYE with cause 102
// (R10). The ticket says served.
func TestR11(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	caller := l.calls(t)
	engineer.rung()
	engineer.answer()
	engineer.asked(t)
	engineer.press('1')
	ok := caller.ExpectStatus(200, "INVITE")
	caller.sound.Learn(ok.Body)
	caller.call.Learn(ok)
	caller.sound.Tone(440)
	engineer.sound.Tone(1000)
	for _, e := range []*end{caller, engineer} {
		hz := 440.0
		if e == caller {
			hz = 1000
		}
		if _, err := e.sound.Wait(within(t), func(p siptest.Packet) bool { return loud(p, hz) }); err != nil {
			t.Fatalf("they do not hear each other: %v", err)
		}
	}
	for _, e := range []*end{caller, engineer} {
		if bye := e.goodbye(); !strings.Contains(bye.Get("Reason"), "cause=102") {
			t.Errorf("the Reason of BYE is %q, want cause 102", bye.Get("Reason"))
		} else if after := bye.At.Sub(ok.At); after < 30*time.Second || after > 36*time.Second {
			t.Errorf("BYE came %s after the 200, want 64*T1 = 32 s", after)
		}
	}
	if n := caller.Seen(func(m *siptest.Message) bool { return m.Answers(200, "INVITE") }); n < 8 {
		t.Errorf("the 200 was sent %d times, want at least 8 (T1 doubled up to T2)", n)
	}
	l.settled(dispatch.CallServed, "1 accepted")
	r.empty()
}

// TestR12: BYE before the ACK, from either side.
func TestR12(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	t.Run("caller", func(t *testing.T) {
		t.Parallel()
		engineer := r.raw(t, "engineer")
		l := r.line(t, nil, engineer.URI())
		caller := l.calls(t)
		engineer.rung()
		engineer.answer()
		engineer.asked(t)
		engineer.press('1')
		caller.call.Learn(caller.ExpectStatus(200, "INVITE"))
		caller.hangs()
		engineer.goodbye()
		l.settled(dispatch.CallServed, "1 accepted")
	})
	t.Run("caller before any answer", func(t *testing.T) {
		t.Parallel()
		engineer := startPhone(t, "engineer", "udp", phone.Ringing())
		l := r.line(t, nil, engineer.URI())
		caller := l.calls(t)
		caller.call.Learn(caller.ExpectStatus(180, "INVITE"))
		caller.hangs()
		caller.call.Ack(caller.ExpectStatus(487, "INVITE"))
		l.settled(dispatch.CallAbandoned, "1 cancelled")
		wait(t, incoming(t, engineer, 1), phone.Ended)
	})
	t.Run("engineer", func(t *testing.T) {
		t.Parallel()
		engineer := r.raw(t, "engineer")
		second := startPhone(t, "second", "udp", accepting())
		l := r.line(t, nil, engineer.URI(), second.URI())
		caller := l.calls(t)
		engineer.rung()
		engineer.call.Answer(200, "OK", engineer.sound.SDP())
		engineer.call.Bye() // before the ACK is here
		engineer.ExpectStatus(200, "BYE")
		caller.answered()
		caller.hangs()
		l.settled(dispatch.CallServed, "1 declined", "2 accepted")
	})
}

// TestR14: both hang up at once: two 200s, one outcome.
func TestR14(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 20 {
		l, caller, engineer := r.talk(t)
		var both sync.WaitGroup
		both.Go(func() { caller.call.Bye() })
		both.Go(func() { engineer.call.Bye() })
		both.Wait()
		for _, e := range []*end{caller, engineer} {
			e.ExpectStatus(200, "BYE")
			if e.Seen(func(m *siptest.Message) bool { return m.Is("BYE") }) > 0 {
				e.goodbye() // ours crossed his
			}
		}
		l.settled(dispatch.CallServed, "1 accepted")
	}
	r.empty()
}

// TestR17: hold, resume and refresh by re-INVITE and UPDATE on a call that has one leg, because nobody has accepted yet:
// answered here.
func TestR17(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := startPhone(t, "engineer", "udp", phone.Ringing())
	l := r.line(t, func(d *dispatch.Line) { d.AnswerAfter = 100 * time.Millisecond }, engineer.URI())
	caller := l.calls(t)
	caller.answered()
	again := func(sdp string) siptest.Message {
		caller.call.Invite(sdp)
		ok := caller.Expect(func(m *siptest.Message) bool {
			n, method := m.CSeq()
			return m.Status >= 200 && method == "INVITE" && n == caller.call.CSeq
		})
		if ok.Status != 200 {
			t.Fatalf("the re-INVITE was answered %d", ok.Status)
		}
		caller.call.Learn(ok).Ack(ok)
		return ok
	}
	if held := again(caller.sound.SDP("a=sendonly")); !strings.Contains(string(held.Body), "a=recvonly") {
		t.Errorf("hold was answered with\n%s", held.Body)
	}
	if resumed := again(caller.sound.SDP()); strings.Contains(string(resumed.Body), "a=recvonly") {
		t.Errorf("resume was answered with\n%s", resumed.Body)
	}
	caller.call.Request("UPDATE", "application/sdp", caller.sound.SDP())
	caller.ExpectStatus(200, "UPDATE")
	caller.call.Request("UPDATE", "", "")
	caller.ExpectStatus(200, "UPDATE")
	caller.hangs()
	wait(t, incoming(t, engineer, 1), phone.Ended)
	l.settled(dispatch.CallAbandoned, "1 cancelled")
	r.empty()
}

// TestR20: sound and keys before the 200 and after the BYE have no effect: a key pressed before the phone answered does
// not accept the call.
func TestR20(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	caller := l.calls(t)
	engineer.rung()
	engineer.call.Answer(180, "Ringing", "")
	engineer.press('1')
	engineer.sound.Tone(1000)
	caller.ExpectStatus(180, "INVITE")
	engineer.answer()
	engineer.asked(t) // and has not answered by the early key
	caller.Ping()
	if n := caller.Seen(func(m *siptest.Message) bool { return m.Answers(200, "INVITE") }); n != 0 {
		t.Error("a key before the answer accepted the call")
	}
	engineer.press('1')
	caller.answered()
	caller.sound.Tone(440)
	if _, err := engineer.sound.Wait(within(t), func(p siptest.Packet) bool { return loud(p, 440) }); err != nil {
		t.Fatal(err)
	}
	caller.hangs()
	engineer.goodbye()
	l.settled(dispatch.CallServed, "1 accepted") // both go on talking to closed ports
	r.empty()
}

// TestR21: the accept key comes while the whisper starts, and comes twice, as RTP events and as INFO: one acceptance.
func TestR21(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 10 {
		engineer := r.raw(t, "engineer")
		l := r.line(t, nil, engineer.URI())
		caller := l.calls(t)
		engineer.rung()
		engineer.call.Answer(200, "OK", engineer.sound.SDP())
		engineer.press('1') // not even the ACK is here
		engineer.ExpectRequest("ACK")
		engineer.call.Request("INFO", "application/dtmf-relay", "Signal=1\r\nDuration=100\r\n")
		engineer.ExpectStatus(200, "INFO")
		engineer.press('1')
		caller.answered()
		caller.hangs()
		engineer.goodbye()
		l.settled(dispatch.CallServed, "1 accepted")
	}
	r.empty()
}

// TestR27: the caller hears the greeting or music when the engineer presses 1. It is cut at once: behind the first sound
// of the engineer there is nothing of it, and the gap is short.
func TestR27(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.raw(t, "engineer")
	l := r.line(t, func(d *dispatch.Line) { d.AnswerAfter = 50 * time.Millisecond }, engineer.URI())
	caller := l.calls(t)
	engineer.rung()
	caller.answered()
	if _, err := caller.sound.Wait(within(t), func(siptest.Packet) bool { return true }); err != nil {
		t.Fatal(err)
	}
	engineer.answer()
	engineer.sound.Tone(1000)
	engineer.asked(t)
	pressed := time.Now()
	engineer.press('1')
	if _, err := caller.sound.Wait(within(t), func(p siptest.Packet) bool { return loud(p, 1000) }); err != nil {
		t.Fatal(err)
	}
	n := len(caller.sound.Packets())
	if _, err := caller.sound.Wait(within(t), func(siptest.Packet) bool { return len(caller.sound.Packets()) > n+25 }); err != nil {
		t.Fatal(err)
	}
	var last, first time.Time
	for _, p := range caller.sound.Packets() {
		switch {
		case loud(p, 1000):
			if first.IsZero() {
				first = p.At
			}
		default:
			last = p.At
		}
	}
	t.Logf("key to bridge %s, last of the prompt to first of the engineer %s", first.Sub(pressed), first.Sub(last))
	if last.After(first.Add(40 * time.Millisecond)) {
		t.Errorf("the prompt went on for %s behind the bridge", last.Sub(first))
	}
	caller.hangs()
	engineer.goodbye()
	l.settled(dispatch.CallServed, "1 accepted")
	r.empty()
}
