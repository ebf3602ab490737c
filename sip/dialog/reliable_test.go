package dialog

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// ring answers an INVITE of ours with a reliable provisional response.
func (t *outTx) ring(status int, tag, sdp string, rseq uint32) {
	res := t.response(status, tag, sdp)
	_ = res.Add("Require", "100rel")
	_ = res.Add("RSeq", decimal(rseq))
	t.on(wire.ClientEvent{Response: res})
	synctest.Wait()
}

func TestRFC3262PrackInOrder(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.ring(183, "a", "answer", 70)
		tx.ring(183, "a", "answer", 70) // repeated: its PRACK is repeated by its own transaction
		tx.ring(180, "a", "", 72)       // ahead of its turn
		tx.ring(180, "a", "", 71)
		tx.ring(180, "b", "", 9) // another fork counts by itself
		tx.answer(200, "a", "")
		tx.answer(200, "b", "other answer")
		synctest.Wait()
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 PRACK 2 a", "0 owner: progress 183 sdp=answer", "0 PRACK 3 a", "0 owner: progress 180",
			"0 PRACK 4 b", "0 owner: progress 180", "0 ACK 1 a", "0 owner: answered 200",
			"0 ACK 1 b", `0 BYE 5 b SIP;cause=200;text="Call completed elsewhere"`, "0 200 BYE", "0 owner: ended")
		for i, want := range map[int]string{1: "70 1 INVITE", 2: "71 1 INVITE", 3: "9 1 INVITE"} {
			if got := b.net.sent()[i].req.Header("RAck"); got != want {
				t.Errorf("RAck %q, want %q", got, want)
			}
		}
		if to := b.net.sent()[1].to.Remote.String(); to != "198.51.100.9:5080" {
			t.Errorf("PRACK went to %s, not to the Contact of the 183", to)
		}
	})
}

func TestRFC3262WhatWeSay(t *testing.T) {
	t.Parallel()
	for mode, want := range map[Reliability][2]string{
		ReliableAuto: {"100rel, timer", ""}, ReliableRequire: {"100rel, timer", "100rel"}, ReliableOff: {"timer", ""},
	} {
		bubble(t, func(b *bench) {
			tx := b.dialWith(func(o *Outgoing) { o.Reliable = mode })
			if s, r := tx.req.Header("Supported"), tx.req.Header("Require"); s != want[0] || r != want[1] {
				t.Errorf("%v: Supported %q, Require %q", mode, s, r)
			}
			tx.answer(486, "a", "")
			synctest.Wait()
		})
	}
}

func TestRFC3262RefusedPrackChangesNothing(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.ring(180, "a", "", 1)
		b.net.sent()[1].answer(407, "a", "") // never answered within a dialog
		tx.answer(200, "a", "answer")
		synctest.Wait()
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 PRACK 2 a", "0 owner: progress 180", "0 ACK 1 a", "0 owner: answered 200 sdp=answer",
			"0 200 BYE", "0 owner: ended")
	})
}

func TestRFC3262R2PrackAndCancel(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("offer")
		tx.ring(180, "a", "", 1)
		b.loop.do(func() { b.d.Cancel() })
		tx.ring(183, "a", "answer", 2) // crossed: acknowledged, so that it is not repeated
		tx.answer(200, "a", "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 PRACK 2 a", "0 owner: progress 180", "0 CANCEL 1", "0 PRACK 3 a", "0 ACK 1 a",
			`0 BYE 4 a SIP;cause=200;text="Call completed elsewhere"`, "0 owner: failed 487 (invite was cancelled)")
	})
}

func TestRFC3264OfferInReliableRinging(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		tx := b.dial("")
		tx.ring(183, "a", "their offer", 1)
		b.loop.do(func() { b.d.AnswerOffer([]byte("our answer")) })
		tx.ring(180, "a", "", 2)
		tx.answer(200, "a", "their offer") // a repetition, nothing to answer
		synctest.Wait()
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 INVITE 1 ", "0 owner: progress 183 sdp=their offer", "0 owner: offer sdp=their offer", "0 PRACK 2 a",
			"0 PRACK 3 a", "0 owner: progress 180", "0 ACK 1 a", "0 owner: answered 200 sdp=their offer", "0 200 BYE", "0 owner: ended")
		if got := string(b.net.sent()[1].req.Body()); got != "our answer" {
			t.Errorf("PRACK carries %q", got)
		}
	})
	bubble(t, func(b *bench) { // another fork wins: its 2xx brings an offer of its own
		tx := b.dial("")
		tx.ring(183, "a", "offer of a", 1)
		b.loop.do(func() { b.d.AnswerOffer([]byte("to a")) })
		tx.answer(200, "b", "offer of b")
		synctest.Wait()
		b.net.take()
		b.loop.do(func() { b.d.AnswerOffer([]byte("to b")) })
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 ACK 1 b", "0 200 BYE", "0 owner: ended")
	})
}

// caller sends an INVITE with header lines of his own.
func (b *bench) caller(sdp string, policy Reliability, headers ...string) {
	b.t.Helper()
	b.st.OnInvite(func(in *Incoming) {
		in.Policy(policy, SessionTimer{})
		b.d = in.Accept(b.loop, b.hear)
	})
	b.in = b.request(wire.INVITE, "", sdp)
	for i := 0; i < len(headers); i += 2 {
		_ = b.in.req.Add(headers[i], headers[i+1])
	}
	b.st.request(b.in)
	synctest.Wait()
}

// prack delivers the PRACK of a provisional response.
func (b *bench) prack(of *wire.Response, sdp string) *inTx {
	return b.rack(of.Header("RSeq")+" "+decimal(of.CSeq())+" INVITE", sdp)
}

func (b *bench) rack(value, sdp string) *inTx {
	tx := b.request(wire.PRACK, b.d.ID().LocalTag, sdp)
	_ = tx.req.Add("RAck", value)
	b.st.request(tx)
	synctest.Wait()
	return tx
}

func TestRFC3262PrackStopsRetransmission(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.caller("offer", ReliableOff, "Require", "100rel") // whoever requires it gets it
		b.loop.do(func() { b.d.Progress(180, nil); b.d.Progress(183, []byte("early")) })
		ringing := b.in.answered()
		pass(4 * time.Second)
		b.want("0 180 INVITE", "0.5 180 INVITE", "1.5 180 INVITE", "3.5 180 INVITE")
		b.rack("1 101 INVITE", "")
		b.rack(ringing.Header("RSeq")+" 101 BYE", "")
		b.rack("nonsense", "")
		b.want("4 481 PRACK", "4 481 PRACK", "4 400 PRACK")
		b.prack(ringing, "")
		progress := b.in.answered()
		b.prack(ringing, "") // again, with a number of its own
		b.prack(progress, "")
		pass(40 * time.Second)
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		b.want("4 200 PRACK", "4 183 INVITE", "4 481 PRACK", "4 200 PRACK", "44 200 INVITE")
		if b.in.answered().Body() != nil {
			t.Errorf("200 repeats the answer of the acknowledged 183: %q", b.in.answered().Body())
		}
		one, _ := number(ringing.Header("RSeq"))
		two, _ := number(progress.Header("RSeq"))
		if one == 0 || two != one+1 || ringing.Header("Require") != "100rel" {
			t.Errorf("RSeq %d, %d, Require %q", one, two, ringing.Header("Require"))
		}
		b.ack(b.in, "")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("44 owner: confirmed", "44 200 BYE", "44 owner: ended")
	})
}

func TestRFC3262AnswerWaitsForPrack(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.caller("offer", ReliableAuto, "Supported", "timer, 100rel")
		b.loop.do(func() { b.d.Progress(180, nil); b.d.Progress(183, []byte("early")); b.d.Answer([]byte("early")) })
		progress := b.in.answered()
		pass(600 * time.Millisecond)
		b.loop.do(func() { b.d.Progress(180, nil) })
		b.want("0 180 INVITE", "0 183 INVITE", "0.5 183 INVITE") // the 180 without a description is not reliable
		b.prack(progress, "")
		b.ack(b.in, "")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0.6 200 PRACK", "0.6 200 INVITE", "0.6 owner: confirmed", "0.6 200 BYE", "0.6 owner: ended")
	})
}

func TestRFC3262AnswerOvertakesRinging(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.caller("offer", ReliableRequire, "Supported", "100rel")
		b.loop.do(func() { b.d.Progress(180, nil); b.d.Progress(183, []byte("early")) })
		ringing := b.in.answered()
		b.loop.do(func() { b.d.Answer(nil) }) // the description of the 183 that never left goes with it
		b.prack(ringing, "")
		b.ack(b.in, "")
		pass(time.Second)
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 180 INVITE", "0 200 INVITE", "0 200 PRACK", "0 owner: confirmed", "1 200 BYE", "1 owner: ended")
		if got := string(b.in.answered().Body()); got != "early" {
			t.Errorf("200 carries %q", got)
		}
	})
}

func TestRFC3262NoPrack(t *testing.T) {
	t.Parallel()
	for held, answer := range map[string]func(*Dialog){"ringing": func(*Dialog) {}, "held": func(d *Dialog) { d.Answer(nil) }} {
		t.Run(held, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(b *bench) {
				b.caller("offer", ReliableAuto, "Require", "100rel")
				b.loop.do(func() { b.d.Progress(183, []byte("early")); answer(b.d) })
				pass(33 * time.Second)
				b.want("0 183 INVITE", "0.5 183 INVITE", "1.5 183 INVITE", "3.5 183 INVITE", "7.5 183 INVITE",
					"15.5 183 INVITE", "31.5 183 INVITE", "32 504 INVITE", "32 owner: ended 504 (no PRACK within 64·T1)")
			})
		})
	}
}

func TestRFC3262R1CancelWhileAnswerWaits(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]struct {
		do   func(*bench)
		want []string
	}{
		"cancel":  {func(b *bench) { b.st.cancel(b.request(wire.CANCEL, "", ""), b.in) }, []string{"0 200 CANCEL", "0 487 INVITE", "0 owner: cancelled"}},
		"bye":     {func(b *bench) { b.inside(wire.BYE, "") }, []string{"0 200 BYE", "0 487 INVITE", "0 owner: cancelled"}},
		"hang up": {func(b *bench) { b.loop.do(func() { b.d.Bye() }) }, []string{"0 480 INVITE", "0 owner: ended 480"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(b *bench) {
				b.caller("offer", ReliableAuto, "Require", "100rel")
				b.loop.do(func() { b.d.Progress(183, []byte("early")); b.d.Answer(nil) })
				progress := b.in.answered()
				op.do(b)
				synctest.Wait()
				b.prack(progress, "")
				pass(40 * time.Second)
				b.want(append(append([]string{"0 183 INVITE"}, op.want...), "0 481 PRACK")...)
			})
		})
	}
}

func TestRFC3262PrackWithOffer(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.caller("offer", ReliableAuto, "Supported", "100rel")
		b.loop.do(func() { b.d.Progress(183, []byte("early")) })
		b.prack(b.in.answered(), "new offer")
		b.loop.do(func() { b.d.AnswerOffer([]byte("new answer")); b.d.Answer([]byte("early")) })
		b.ack(b.in, "")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 183 INVITE", "0 owner: offer sdp=new offer", "0 200 PRACK", "0 200 INVITE", "0 owner: confirmed",
			"0 200 BYE", "0 owner: ended")
	})
}

func TestRFC3264LateOfferReliably(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.caller("", ReliableAuto, "Require", "100rel")
		b.loop.do(func() { b.d.Progress(180, nil); b.d.Progress(183, []byte("our offer")) }) // a 180 would have to offer
		b.prack(b.in.answered(), "their answer")
		b.loop.do(func() { b.d.Answer([]byte("our offer")) })
		b.ack(b.in, "")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 183 INVITE", "0 200 PRACK", "0 owner: late-answer sdp=their answer", "0 200 INVITE", "0 owner: confirmed",
			"0 200 BYE", "0 owner: ended")
		if b.in.answered().Body() != nil {
			t.Errorf("200 offers again: %q", b.in.answered().Body())
		}
	})
	bubble(t, func(b *bench) { // it only supports it: 180 goes plainly, the 200 offers
		b.caller("", ReliableRequire, "Supported", "100rel")
		b.loop.do(func() { b.d.Progress(180, nil); b.d.Answer([]byte("our offer")) })
		b.ack(b.in, "their answer")
		b.inside(wire.BYE, "")
		synctest.Wait()
		b.want("0 180 INVITE", "0 200 INVITE", "0 owner: confirmed", "0 owner: late-answer sdp=their answer",
			"0 200 BYE", "0 owner: ended")
	})
}

func TestRFC3262Policies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		policy            Reliability
		header            string
		ringing, progress bool // sent reliably
	}{
		{ReliableAuto, "", false, false},
		{ReliableAuto, "Supported", false, true},
		{ReliableAuto, "Require", true, true},
		{ReliableRequire, "", false, false},
		{ReliableRequire, "Supported", true, true},
		{ReliableOff, "Supported", false, false},
		{ReliableOff, "Require", true, true},
	}
	for i, tt := range tests {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(b *bench) {
				b.caller("offer", tt.policy, func() []string {
					if tt.header == "" {
						return nil
					}
					return []string{tt.header, "100rel"}
				}()...)
				b.loop.do(func() { b.d.Progress(180, nil) })
				ringing := b.in.answered()
				if got := ringing.Header("RSeq") != ""; got != tt.ringing {
					t.Errorf("180 reliably: %v", got)
				}
				if tt.ringing {
					b.prack(ringing, "")
				}
				b.loop.do(func() { b.d.Progress(183, []byte("early")) })
				if got := b.in.answered().Header("RSeq") != ""; got != tt.progress {
					t.Errorf("183 reliably: %v", got)
				}
				b.loop.do(func() { b.d.Reject(486, "") })
			})
		})
	}
}

func FuzzRAck(f *testing.F) {
	for _, s := range []string{"776656 1 INVITE", "1 2", " 1\t2 INVITE", "-1 1 INVITE", "4294967296 1 INVITE", "+1 1 INVITE", "0 1 INVITE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		ack, ok := ParseRAck(value)
		if !ok {
			return
		}
		if again, ok := ParseRAck(ack.String()); !ok || again != ack || ack.RSeq == 0 {
			t.Errorf("%q: %v, again %v", value, ack, again)
		}
		req := wire.NewRequest(wire.INVITE, wire.URI{Scheme: "sip", Host: "example.com"})
		res := wire.NewResponse(req, 180, "")
		_ = res.Add("Require", "timer , 100REL")
		if res.Add("RSeq", value) == nil {
			if n, ok := reliableSeq(res); ok && n == 0 {
				t.Errorf("RSeq %q is zero", value)
			}
		}
	})
}
