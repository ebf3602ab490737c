package phone_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// patience bounds a whole test: longer than 64*T1 (32 s), after which a call
// that lost its partner must be over.
const patience = 50 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// start makes a phone for the time of the test.
func start(t *testing.T, name, transport string, answer phone.Answer) *phone.Phone {
	t.Helper()
	cfg := phone.Default()
	cfg.Name, cfg.Transport = name, transport
	p, stop, err := phone.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, s := range p.Sessions() {
				t.Log("\n" + s.Trace())
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	if err := p.Answer(answer); err != nil {
		t.Fatal(err)
	}
	return p
}

func dial(t *testing.T, p *phone.Phone, uri string, o phone.Options) *phone.Session {
	t.Helper()
	s, err := p.Dial(within(t), uri, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func incoming(t *testing.T, p *phone.Phone) *phone.Session {
	t.Helper()
	s, err := p.Incoming(within(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wait(t *testing.T, s *phone.Session, kind phone.Kind) phone.Event {
	t.Helper()
	e, err := s.Wait(within(t), kind)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Trace())
	}
	return e
}

// kinds is what happened, without times.
func kinds(s *phone.Session) []phone.Kind {
	var out []phone.Kind
	for _, e := range s.Events() {
		out = append(out, e.Kind)
	}
	return out
}

func TestTalkBothWays(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		for _, codec := range []string{"PCMA", "PCMU"} {
			t.Run(transport+"/"+codec, func(t *testing.T) {
				t.Parallel()
				callee := start(t, "callee", transport, phone.Answering(20*time.Millisecond, phone.Talk{Tone: 660}))
				caller := start(t, "caller", transport, phone.Answer{})
				out := dial(t, caller, callee.URI(), phone.Options{Talk: phone.Talk{Tone: 440, Codec: codec}})
				in := incoming(t, callee)
				ctx := within(t)
				if err := out.WaitHeard(ctx, 660, 200*time.Millisecond); err != nil {
					t.Error(err)
				}
				if err := in.WaitHeard(ctx, 440, 200*time.Millisecond); err != nil {
					t.Error(err)
				}
				out.Hangup()
				wait(t, in, phone.Ended)
				wait(t, out, phone.Ended)
				if out.Heard(440, 40*time.Millisecond) {
					t.Error("the caller hears itself")
				}
				want := []phone.Kind{phone.Invited, phone.Rang, phone.Answered, phone.Confirmed, phone.Heard, phone.Ended}
				if got := kinds(in); !slices.Equal(got, want) && !slices.Equal(got, []phone.Kind{want[0], want[1], want[2], want[4], want[3], want[5]}) {
					t.Errorf("callee saw %v, want %v", got, want)
				}
			})
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, status := range []int{480, 486, 503, 603} {
		t.Run(wireText(status), func(t *testing.T) {
			t.Parallel()
			callee := start(t, "callee", "udp", phone.Refusing(status))
			out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{})
			if e := wait(t, out, phone.Refused); e.Status != status {
				t.Errorf("refused with %d, want %d", e.Status, status)
			}
			wait(t, incoming(t, callee), phone.Ended)
		})
	}
	t.Run("ring for ever, caller gives up", func(t *testing.T) {
		t.Parallel()
		callee := start(t, "callee", "udp", phone.Ringing())
		out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{CancelOn: phone.Rang})
		if e := wait(t, out, phone.Ended); e.Status != 487 && e.Err == nil {
			t.Errorf("ended with %v, want cancelled", e)
		}
		wait(t, incoming(t, callee), phone.Cancelled)
	})
	t.Run("off", func(t *testing.T) {
		t.Parallel()
		callee := start(t, "callee", "udp", phone.Off())
		out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{NoAnswer: 300 * time.Millisecond})
		wait(t, out, phone.Cancelling)
		wait(t, out, phone.Ended)
		if n := len(callee.Sessions()); n != 0 {
			t.Errorf("a phone that is off saw %d calls", n)
		}
	})
	t.Run("closed port", func(t *testing.T) {
		t.Parallel()
		for _, transport := range []string{"udp", "tcp"} {
			uri := "sip:nobody@" + siptest.ClosedPort(t).String() + ";transport=" + transport
			out := dial(t, start(t, "caller", transport, phone.Answer{}), uri, phone.Options{})
			if e := wait(t, out, phone.Refused); e.Err == nil || e.At > time.Second {
				t.Errorf("%s: %v, want an error at once", transport, e)
			}
		}
	})
	t.Run("hangs up by itself", func(t *testing.T) {
		t.Parallel()
		callee := start(t, "callee", "udp", phone.Answering(0, phone.Talk{For: 50 * time.Millisecond}))
		out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{})
		if e := wait(t, out, phone.Ended); e.Ours {
			t.Errorf("ended as %v, want by the far end", e)
		}
	})
	t.Run("early media", func(t *testing.T) {
		t.Parallel()
		callee := start(t, "callee", "udp", phone.Answer{Early: true, Forever: true, Talk: phone.Talk{Tone: 700}})
		out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{})
		wait(t, out, phone.EarlyMedia)
		if err := out.WaitHeard(within(t), 700, 100*time.Millisecond); err != nil {
			t.Error(err)
		}
		out.Hangup()
		wait(t, out, phone.Ended)
	})
	t.Run("late offer", func(t *testing.T) {
		t.Parallel()
		callee := start(t, "callee", "udp", phone.Answering(0, phone.Talk{Tone: 700}))
		out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{LateOffer: true, Talk: phone.Talk{Tone: 500}})
		ctx := within(t)
		if err := out.WaitHeard(ctx, 700, 100*time.Millisecond); err != nil {
			t.Error(err)
		}
		if err := incoming(t, callee).WaitHeard(ctx, 500, 100*time.Millisecond); err != nil {
			t.Error(err)
		}
		out.Hangup()
		wait(t, out, phone.Ended)
	})
}

func TestKeysThreeWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		by       phone.DTMF
		noEvents bool
	}{{phone.RFC4733, false}, {phone.Info, false}, {phone.InBand, true}, {phone.RFC4733, true}} {
		name := c.by.String()
		if c.noEvents {
			name += " without telephone-event"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			talk := phone.Talk{NoEvents: c.noEvents, Keys: []phone.Key{
				{Digits: "11", After: 50 * time.Millisecond, By: c.by}, {Digits: "*9#", After: 20 * time.Millisecond, By: c.by},
			}}
			callee := start(t, "callee", "udp", phone.Answering(0, talk))
			out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{Talk: phone.Talk{NoEvents: c.noEvents}})
			last := func(e phone.Event) bool { return e.Kind == phone.Digit && e.Digit == '#' }
			if _, err := out.WaitFor(within(t), 0, last); err != nil {
				t.Fatal(err)
			}
			if got := out.Digits(); got != "11*9#" {
				t.Errorf("heard %q, want 11*9#", got)
			}
			out.Hangup()
			wait(t, out, phone.Ended)
		})
	}
}

func TestHoldAndResume(t *testing.T) {
	t.Parallel()
	callee := start(t, "callee", "udp", phone.Answering(0, phone.Talk{Tone: 660}))
	out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{Talk: phone.Talk{Tone: 440}})
	in := incoming(t, callee)
	wait(t, in, phone.Confirmed)
	out.Hold()
	wait(t, out, phone.Holding)
	wait(t, in, phone.Held)
	out.Refresh()
	wait(t, out, phone.Refreshed)
	out.Resume()
	wait(t, out, phone.Unholding)
	wait(t, in, phone.Resumed)
	if err := out.WaitHeard(within(t), 660, 200*time.Millisecond); err != nil {
		t.Error(err)
	}
	in.Hold()
	wait(t, in, phone.Holding)
	wait(t, out, phone.Held)
	in.Hangup()
	wait(t, out, phone.Ended)
	wait(t, in, phone.Ended)
}

func TestAnswerCrossesCancel(t *testing.T) {
	t.Parallel()
	callee := start(t, "callee", "udp", phone.Answer{Forever: true, OnCancel: true})
	out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{CancelOn: phone.Rang})
	in := incoming(t, callee)
	wait(t, in, phone.Answered)
	wait(t, in, phone.Confirmed)
	wait(t, in, phone.Ended)
	wait(t, out, phone.Ended)
}
