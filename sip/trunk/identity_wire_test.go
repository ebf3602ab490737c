package trunk

import (
	"context"
	"sync"
	"testing"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// reader identifies each INVITE and declines it.
type reader struct {
	trunks *Trunks
	got    siptest.Log[Inbound]
}

func (r *reader) HandleRequest(tx *wire.ServerTx) {
	_, in, _ := r.trunks.Identify(tx.Request())
	r.got.Add(in)
	_ = tx.Respond(wire.NewResponse(tx.Request(), 603, ""))
}
func (r *reader) HandleAck(*wire.Request)    {}
func (r *reader) HandleStray(*wire.Response) {}

// Identities that are smuggled in by blanks, folding, capitals or twice are believed of no phone; of a trunk they are
// what RFC 3261 §7.3.1 makes of them.
func TestIdentitySmuggledHeaders(t *testing.T) {
	t.Parallel()
	cfg := wire.Default()
	cfg.Listen = []wire.Listen{{Transport: wire.UDP, Addr: "127.0.0.1:0"}}
	edge, err := wire.New(cfg, wire.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{}
	edge.SetHandler(r)
	if err := edge.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	operator := siptest.NewUA(t, siptest.UAConfig{User: "op", Peer: edge.Addr(wire.UDP)})
	phone := siptest.NewUA(t, siptest.UAConfig{User: "phone", Peer: edge.Addr(wire.UDP)})
	peers := Default()
	peers.Operators = []Operator{{Name: "op", Host: "192.0.2.1", Sources: []string{operator.Addr().String()}}}
	peers.Phones = []string{"127.0.0.1"}
	if r.trunks, err = New(peers, Deps{}); err != nil {
		t.Fatal(err)
	}
	edge.SetAdmission(r.trunks.Admit)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = edge.Run(ctx) })
	defer running.Wait()
	defer stop()

	const from = "+79161112233"
	n := 0
	ask := func(ua *siptest.UA, header string) Inbound {
		t.Helper()
		ua.Send("INVITE sip:+74957770000@[peer] SIP/2.0\nVia: SIP/2.0/UDP [local];branch=[branch]\nMax-Forwards: 70\n" +
			"From: <sip:" + from + "@[local]>;tag=[tag]\nTo: <sip:+74957770000@[peer]>\nCall-ID: [call_id]\nCSeq: 1 INVITE\n" +
			"Contact: <sip:x@[local]>\n" + header + "\nContent-Length: 0\n")
		in, at, err := r.got.WaitFrom(t.Context(), n, func(Inbound) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		n = at + 1
		return in
	}
	const smuggled = "<sip:+79990000001@op>"
	for _, tt := range []struct{ name, header, ofTrunk string }{
		{"plain", "P-Asserted-Identity: " + smuggled, "+79990000001"},
		{"a blank before the colon", "P-Asserted-Identity : " + smuggled, "+79990000001"},
		{"a tab before the colon", "P-Asserted-Identity\t: " + smuggled, "+79990000001"},
		{"mixed case", "p-aSSerted-IDENTITY: " + smuggled, "+79990000001"},
		{"folded", "P-Asserted-Identity:\n " + smuggled, "+79990000001"},
		{"folded with blanks", "P-Asserted-Identity:  \n\t  " + smuggled, "+79990000001"},
		{"an empty one first", "P-Asserted-Identity:\nP-Asserted-Identity: " + smuggled, "+79990000001"},
		{"two that contradict each other", "P-Asserted-Identity: " + smuggled + "\nP-Asserted-Identity : <sip:+79990000002@op>", from},
		{"in the fold of another", "Subject: x\n P-Asserted-Identity: " + smuggled, from},
		{"Remote-Party-ID with a blank", "Remote-Party-ID : " + smuggled, "+79990000001"},
		{"P-Preferred-Identity with a blank", "P-Preferred-Identity : " + smuggled, from},
	} {
		if in := ask(phone, tt.header); in.Caller != from || in.Asserted || in.Trunk != "" {
			t.Errorf("%s: a phone is %+v", tt.name, in)
		}
		if in := ask(operator, tt.header); in.Caller != tt.ofTrunk || in.Asserted != (tt.ofTrunk != from) || in.Trunk != "op" {
			t.Errorf("%s: an operator is %+v, want %s", tt.name, in, tt.ofTrunk)
		}
	}
}
