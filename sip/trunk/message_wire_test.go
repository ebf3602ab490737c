package trunk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// line is an edge with one operator, a raw user agent.
type line struct {
	edge     *wire.Edge
	trunks   *Trunks
	operator *siptest.UA
	leave    func() // ends the trunks while the edge still runs
}

func newLine(t *testing.T, listen []wire.Listen, change func(*Operator), take func(context.Context, Message) error) *line {
	t.Helper()
	cfg := wire.Default()
	cfg.Listen = listen
	edge, err := wire.New(cfg, wire.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	stack := dialog.NewStack(edge, dialog.Default(), dialog.Deps{})
	edge.SetHandler(stack)
	if err := edge.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := &line{edge: edge, operator: siptest.NewUA(t, siptest.UAConfig{User: "op", Peer: edge.Addr(wire.UDP)})}
	op := Operator{Name: "op", Host: "127.0.0.1", Port: int(l.operator.Addr().Port()), Number: "+74957770000", NoOptions: true}
	if change != nil {
		change(&op)
	}
	peers := Default()
	peers.Operators = []Operator{op}
	l.trunks, err = New(peers, Deps{Sender: edge, Advertised: edge.AdvertisedOn, KeepAlive: edge.Ping})
	if err != nil {
		t.Fatal(err)
	}
	if take != nil {
		l.trunks.OnMessage(take)
	}
	stack.OnOutOfDialog(wire.MESSAGE, l.trunks.HandleMessage)
	edge.SetAdmission(l.trunks.Admit)
	ctx, stop := context.WithCancel(t.Context())
	trunksCtx, stopTrunks := context.WithCancel(t.Context())
	var edgeRuns, trunksRun sync.WaitGroup
	edgeRuns.Go(func() { _ = edge.Run(ctx) })
	trunksRun.Go(func() { _ = l.trunks.Run(trunksCtx) })
	l.leave = func() {
		stopTrunks()
		trunksRun.Wait()
	}
	t.Cleanup(func() {
		l.leave()
		stop()
		edgeRuns.Wait()
	})
	return l
}

func udp() []wire.Listen { return []wire.Listen{{Transport: wire.UDP, Addr: "127.0.0.1:0"}} }

const messageText = `MESSAGE sip:+74957770000@[peer] SIP/2.0
Via: SIP/2.0/[transport] [local];branch=[branch];rport
Max-Forwards: 70
From: <sip:+79161234567@op.example>;tag=[tag]
To: <sip:+74957770000@op.example>
Call-ID: [call_id]
CSeq: 1 MESSAGE
Content-Type: [type]
Content-Length: [len]

[body]`

// Nothing is acknowledged that was not taken.
func TestMESSAGEIn(t *testing.T) {
	t.Parallel()
	cyrillic := strings.Repeat("Сервер не отвечает. ", 10) // 200 letters
	got := make(chan Message, 1)
	l := newLine(t, udp(), nil, func(_ context.Context, m Message) error {
		switch m.Text {
		case "fail":
			return errors.New("the disk is full")
		case "panic":
			panic("poisoned message")
		}
		got <- m
		return nil
	})
	for _, tt := range []struct {
		kind, body string
		status     int
	}{
		{"text/plain;charset=UTF-8", cyrillic, 200},
		{"text/plain", "fail", 500},
		{"text/plain", "panic", 500},
		{"text/html", "<b>", 415},
		{"text/plain", "\xcf", 400},
	} {
		l.operator.Send(messageText, "type", tt.kind, "body", tt.body)
		answer := l.operator.ExpectStatus(tt.status, "MESSAGE")
		if tt.status == 500 && answer.Get("Retry-After") == "" {
			t.Errorf("%s: the sender is not asked to come again:\n%s", tt.body, answer.Raw)
		}
	}
	m := <-got
	if m.Trunk != "op" || m.From != "+79161234567" || m.To != "+74957770000" || m.Text != cyrillic || m.ContentType != "text/plain" || m.ID == "" || m.At.IsZero() {
		t.Errorf("taken as %+v", m)
	}
	// Retransmitted, it is answered again and taken once.
	text := l.operator.Expand(messageText, "type", "text/plain", "body", "once", "branch", "z9hG4bKonce", "call_id", "once")
	l.operator.SendRaw([]byte(text))
	l.operator.ExpectStatus(200, "MESSAGE")
	l.operator.SendRaw([]byte(text))
	l.operator.ExpectStatus(200, "MESSAGE")
	if m := <-got; m.Text != "once" || len(got) != 0 {
		t.Errorf("taken as %+v, %d more", m, len(got))
	}
}

// Without a taker MESSAGE is not served, and the sender is told what is.
func TestMESSAGENotServed(t *testing.T) {
	t.Parallel()
	l := newLine(t, udp(), nil, nil)
	l.operator.Send(messageText, "type", "text/plain", "body", "x")
	if answer := l.operator.ExpectStatus(405, "MESSAGE"); strings.Contains(answer.Get("Allow"), "MESSAGE") || !strings.Contains(answer.Get("Allow"), "INVITE") {
		t.Errorf("Allow: %s", answer.Get("Allow"))
	}
}

// A text that does not fit a datagram goes by TCP to the same place.
func TestMESSAGELongByTCP(t *testing.T) {
	t.Parallel()
	listen := append(udp(), wire.Listen{Transport: wire.TCP, Addr: "127.0.0.1:0"})
	l := newLine(t, listen, nil, nil)
	ln, err := net.Listen("tcp", l.operator.Addr().String())
	if err != nil {
		t.Skipf("the operator's port is taken for TCP: %v", err)
	}
	defer ln.Close()
	long := strings.Repeat("Сервер не отвечает. ", 60)
	read := make(chan siptest.Message, 1)
	go func() {
		defer close(read)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		m, err := readOne(bufio.NewReader(conn))
		if err != nil {
			return
		}
		fmt.Fprintf(conn, "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=x\r\nCall-ID: %s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n",
			m.Get("Via"), m.Get("From"), m.Get("To"), m.Get("Call-ID"), m.Get("CSeq"))
		read <- m
		_, _ = bufio.NewReader(conn).ReadByte() // until the edge closes it
	}()
	if err := l.trunks.Message(t.Context(), "op", "+79161234567", long); err != nil {
		t.Fatal(err)
	}
	if m := <-read; string(m.Body) != long || !strings.Contains(m.Get("Via"), "SIP/2.0/TCP") {
		t.Errorf("arrived as\n%s", m.Raw)
	}
}

// readOne reads one message of a stream.
func readOne(in *bufio.Reader) (siptest.Message, error) {
	var head strings.Builder
	length := 0
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			return siptest.Message{}, err
		}
		head.WriteString(text)
		if name, value, ok := strings.Cut(text, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "content-length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if text == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	for n := 0; n < length; {
		k, err := in.Read(body[n:])
		if err != nil {
			return siptest.Message{}, err
		}
		n += k
	}
	return siptest.ParseMessage(append([]byte(head.String()), body...))
}

// REGISTER by the wire: it leaves by the listener that calls come in by, and its answer to a challenge is the operator's
// own arithmetic.
func TestREGISTEROnTheWire(t *testing.T) {
	t.Parallel()
	l := newLine(t, udp(), func(o *Operator) {
		o.Domain, o.Auth, o.Register = "op.example", Auth{User: "bob", Password: "zanzibar"}, Register{Enabled: true}
	}, nil)
	first := l.operator.ExpectRequest("REGISTER")
	if contact := first.Get("Contact"); !strings.Contains(contact, "<sip:bob@"+l.edge.Addr(wire.UDP).String()+">") {
		t.Errorf("Contact %s, calls come in by %s", contact, l.edge.Addr(wire.UDP))
	}
	if !strings.Contains(first.Get("Via"), l.edge.Addr(wire.UDP).String()) || !strings.Contains(first.Get("Via"), "rport") {
		t.Errorf("Via %s", first.Get("Via"))
	}
	l.operator.Answer(first, 401, "Unauthorized", siptest.Reply{ToTag: "r", Headers: []string{
		`WWW-Authenticate: Digest realm="op.example", nonce="abc", algorithm=AKAv1-MD5, qop="auth", Digest realm="op.example", nonce="def", qop="auth", algorithm=MD5`,
	}})
	second := l.operator.ExpectRequest("REGISTER")
	if got := second.Get("Authorization"); !strings.Contains(got, `nonce="def"`) || !strings.Contains(got, `uri="sip:op.example"`) {
		t.Errorf("Authorization: %s", got)
	}
	if a, _ := first.CSeq(); first.CallID() != second.CallID() {
		t.Errorf("Call-ID changed at CSeq %d", a)
	}
	l.operator.Answer(second, 200, "OK", siptest.Reply{ToTag: "r", Headers: []string{"Contact: " + second.Get("Contact")}})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for l.trunks.Get("op").Registration() != RegistrationActive {
		select {
		case <-t.Context().Done():
			t.Fatal(l.trunks.Status())
		case <-tick.C:
		}
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		l.leave()
	}()
	last := l.operator.ExpectRequest("REGISTER")
	l.operator.Answer(last, 200, "OK", siptest.Reply{ToTag: "r"})
	if last.Get("Expires") != "0" || !strings.Contains(last.Get("Contact"), "expires=0") {
		t.Errorf("it did not leave:\n%s", last.Raw)
	}
	<-left
}
