package phone_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

func TestInviteSaysWhatTheScriptSays(t *testing.T) {
	t.Parallel()
	ua := siptest.NewUA(t, siptest.UAConfig{})
	out := dial(t, start(t, "caller", "udp", phone.Answer{}), "sip:+74951234567@hotline.example", phone.Options{
		From: `"Иванов" <sip:+79161234567@operator.example>`, Via: ua.Addr().String(), CancelOn: phone.Rang,
		Headers: []phone.Header{{Name: "Diversion", Value: "<sip:112@operator.example>"}},
	})
	invite := ua.ExpectRequest("INVITE")
	for got, want := range map[string]string{
		invite.URI:              "sip:+74951234567@hotline.example",
		invite.Get("Diversion"): "<sip:112@operator.example>",
		invite.Get("To"):        "<sip:+74951234567@hotline.example>",
	} {
		if got != want {
			t.Errorf("INVITE says %s, want %s", got, want)
		}
	}
	if from := invite.Get("From"); !strings.HasPrefix(from, `"Иванов" <sip:+79161234567@operator.example>;tag=`) {
		t.Errorf("From is %s", from)
	}
	call := ua.Received(invite)
	call.Answer(180, "Ringing", "")
	ua.Answer(ua.ExpectRequest("CANCEL"), 200, "OK", siptest.Reply{})
	call.Answer(487, "Request Terminated", "")
	wait(t, out, phone.Ended)
}

func TestManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	const calls = 100
	cfg := phone.Default()
	cfg.Deaf = true
	callee := start(t, "callee", "udp", phone.Answering(50*time.Millisecond, phone.Talk{Mute: true, For: 200 * time.Millisecond}))
	caller, stop, err := phone.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for range calls {
		dial(t, caller, callee.URI(), phone.Options{Talk: phone.Talk{Mute: true}})
	}
	for _, s := range append(caller.Sessions(), callee.Sessions()...) {
		wait(t, s, phone.Answered)
		wait(t, s, phone.Ended)
	}
	if n := len(callee.Sessions()); n != calls {
		t.Errorf("callee saw %d calls, want %d", n, calls)
	}
	if err := caller.Sessions()[0].WriteWAV(t.TempDir() + "/x.wav"); err == nil {
		t.Error("a deaf phone wrote what it heard")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := caller.Dial(t.Context(), callee.URI(), phone.Options{}); err == nil {
		t.Error("a closed phone dials")
	}
}

func TestStopHangsUp(t *testing.T) {
	t.Parallel()
	callee := start(t, "callee", "udp", phone.Answering(0, phone.Talk{}))
	caller, stop, err := phone.Start(context.Background(), phone.Default())
	if err != nil {
		t.Fatal(err)
	}
	out := dial(t, caller, callee.URI(), phone.Options{})
	wait(t, out, phone.Answered)
	if err := stop(); err != nil {
		t.Error(err)
	}
	wait(t, out, phone.HungUp)
	if e := wait(t, incoming(t, callee), phone.Ended); e.Ours {
		t.Errorf("callee's call ended as %v, want by the caller", e)
	}
}

func TestWaitGivesUpAtTheEnd(t *testing.T) {
	t.Parallel()
	callee := start(t, "callee", "udp", phone.Refusing(486))
	out := dial(t, start(t, "caller", "udp", phone.Answer{}), callee.URI(), phone.Options{})
	if _, err := out.Wait(within(t), phone.Answered); err == nil || !strings.Contains(err.Error(), "answered") {
		t.Errorf("waiting for an answer that never comes: %v", err)
	}
	if err := out.WaitHeard(within(t), 440, time.Second); err == nil {
		t.Error("heard a tone in a call that was refused")
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	p := start(t, "first", "udp", phone.Answer{})
	cfg := phone.Default()
	cfg.UDPPort = p.Addr("udp").Port()
	_, _, err := phone.Start(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), p.Addr("udp").String()) {
		t.Errorf("a port in use: %v, want an error that names it", err)
	}
}

// TestHeardBeforeTheAnswer: what a phone hears may be asked for from the moment its call is known, before it has any sound.
func TestHeardBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	callee := start(t, "callee", "udp", phone.Answering(0, phone.Talk{}))
	caller := start(t, "caller", "udp", phone.Answer{})
	const calls = 10
	for i := range calls {
		out := dial(t, caller, callee.URI(), phone.Options{Talk: phone.Talk{Tone: 440}})
		in, err := callee.Incoming(within(t), i)
		if err != nil {
			t.Fatal(err)
		}
		in.Received()
		_ = in.WriteWAV(filepath.Join(t.TempDir(), "early.wav")) // there may be no sound to write yet
		if i == calls-1 {
			if err := in.WaitHeard(within(t), 440, 40*time.Millisecond); err != nil {
				t.Error(err)
			}
		}
		out.Hangup()
		wait(t, in, phone.Ended)
	}
}
