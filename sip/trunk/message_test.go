package trunk

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// What comes in as a message, and what it is refused with.
func TestMESSAGERead(t *testing.T) {
	t.Parallel()
	wrap := func(headers, text string) string {
		return "From: <sip:a@b>\r\nDateTime: 2026-11-22T12:00:00Z\r\n\r\n" + headers + "\r\n\r\n" + text
	}
	for _, tt := range []struct {
		name, contentType, encoding, body string
		text                              string
		status                            int
	}{
		{name: "plain", contentType: "text/plain", body: "Сервер не отвечает", text: "Сервер не отвечает"},
		{name: "utf-8", contentType: "Text/Plain; charset=\"UTF-8\"", body: "привет", text: "привет"},
		{name: "ascii", contentType: "text/plain;charset=us-ascii", body: "hello", text: "hello"},
		{name: "empty", contentType: "text/plain", status: 400},
		{name: "parameters that cannot be read", contentType: "text/plain;;", body: "x", text: "x"},
		{name: "identity", contentType: "text/plain", encoding: "identity", body: "x", text: "x"},
		{name: "cpim", contentType: "message/cpim", body: wrap("Content-Type: text/plain; charset=utf-8", "строка\r\n\r\nещё"), text: "строка\n\nещё"},
		{name: "cpim without a type", contentType: "message/cpim", body: wrap("Content-ID: <1@b>", "x"), text: "x"},
		{name: "cpim of html", contentType: "message/cpim", body: wrap("Content-Type: text/html", "<b>"), status: 415},
		{name: "cpim in base64", contentType: "message/cpim", body: wrap("Content-Transfer-Encoding: base64", "eA=="), status: 415},
		{name: "cpim cut off", contentType: "message/cpim", body: "From: <sip:a@b>", status: 400},
		{name: "cpim cut off in the middle", contentType: "message/cpim", body: "From: <sip:a@b>\r\n\r\nContent-Type: text/plain", status: 400},
		{name: "html", contentType: "text/html", body: "<b>", status: 415},
		{name: "receipt", contentType: "message/imdn+xml", body: "<imdn/>", status: 415},
		{name: "windows-1251", contentType: "text/plain; charset=windows-1251", body: "\xcf", status: 415},
		{name: "compressed", contentType: "text/plain", encoding: "gzip", body: "x", status: 415},
		{name: "not UTF-8", contentType: "text/plain", body: "\xcf\xf0", status: 400},
		{name: "no type", body: "x", status: 400},
		{name: "longest", contentType: "text/plain", body: strings.Repeat("x", maxMessage), text: strings.Repeat("x", maxMessage)},
		{name: "too long", contentType: "text/plain", body: strings.Repeat("x", maxMessage+1), status: 513},
	} {
		req := wire.NewRequest(wire.MESSAGE, wire.URI{Scheme: "sip", User: "1", Host: "x"})
		req.SetBody(tt.contentType, []byte(tt.body))
		if tt.contentType == "" {
			req.Remove("Content-Type")
		}
		if tt.encoding != "" {
			_ = req.Set("Content-Encoding", tt.encoding)
		}
		text, _, err := readMessage(req)
		status := 0
		if refusal := (*wire.StatusError)(nil); errors.As(err, &refusal) {
			status = refusal.Status
			if status == 415 && len(refusal.Headers) == 0 {
				t.Errorf("%s: 415 does not say what is taken", tt.name)
			}
		}
		if text != tt.text || status != tt.status || (err != nil) != (status != 0) {
			t.Errorf("%s: %.40q, status %d, want %.40q, %d", tt.name, text, status, tt.text, tt.status)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("message/cpim", []byte("From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx"))
	f.Add("text/plain;charset=utf-8", []byte("привет"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		req := wire.NewRequest(wire.MESSAGE, wire.URI{Scheme: "sip", User: "1", Host: "x"})
		req.SetBody(contentType, body)
		text, _, err := readMessage(req)
		if err == nil && (len(text) > maxMessage || strings.ToValidUTF8(text, "") != text) {
			t.Fatalf("%q was taken", text)
		}
	})
}

// A message goes out with credentials, in the operator's form of numbers, and comes back with the operator's word.
func TestMESSAGEOut(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, func(o *Operator) { o.Plan = PlanPlain7 }, func(trunks *Trunks, one *Trunk) {
		ctx := context.Background()
		if err := trunks.Message(ctx, "op", "8 916 123-45-67", "Заявка VH-26-000010: примите"); err != nil {
			t.Error(err)
		}
		x.set(func() {
			m := x.messages[len(x.messages)-1]
			if m.URI().User != "79161234567" || m.From().URI.User != "74957770000" || m.Header("Content-Type") != "text/plain;charset=UTF-8" ||
				!strings.Contains(m.Header("Proxy-Authorization"), "algorithm=SHA-256") || string(m.Body()) != "Заявка VH-26-000010: примите" {
				t.Errorf("sent %s from %s, %s, %s", m.URI(), m.From(), m.Header("Content-Type"), m.Header("Proxy-Authorization"))
			}
			if len(x.messages) != 2 || m.CSeq() != 2 {
				t.Errorf("%d requests, the last with CSeq %d", len(x.messages), m.CSeq())
			}
		})
		for _, tt := range []struct {
			name, trunk, to, text string
			status                int
			permanent             bool
		}{
			{"no such operator", "nobody", "+79161234567", "x", 0, true},
			{"too long", "op", "+79161234567", strings.Repeat("x", maxMessage+1), 513, true},
			{"empty", "op", "+79161234567", "", 0, true},
			{"not UTF-8", "op", "+79161234567", "\xcf", 0, true},
			{"no number", "op", "", "x", 0, true},
			{"unknown number", "op", "+79161234567", "x", 404, true},
			{"type not taken", "op", "+79161234567", "x", 415, true},
			{"too large for them", "op", "+79161234567", "x", 513, true},
			{"busy with themselves", "op", "+79161234567", "x", 503, false},
			{"switched off", "op", "+79161234567", "x", 480, false},
		} {
			before := 0
			x.set(func() { x.status, before = tt.status, len(x.messages) })
			err := trunks.Message(ctx, tt.trunk, tt.to, tt.text)
			refusal := (*MessageError)(nil)
			if !errors.As(err, &refusal) || refusal.Status != tt.status || refusal.Permanent != tt.permanent || refusal.Error() == "" {
				t.Errorf("%s: %v", tt.name, err)
			}
			x.set(func() {
				if n := len(x.messages) - before; tt.status == 503 && n != 2 || tt.status != 503 && n > 1 {
					t.Errorf("%s: asked %d targets", tt.name, n)
				}
			})
		}
		_ = one
	})
}

// Targets that say nothing cost seconds, not the message; a caller that cannot wait is not kept.
func TestMESSAGENextTarget(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, nil, func(trunks *Trunks, one *Trunk) {
		first := trunks.ways(one)[0].flow.Remote.Addr()
		x.set(func() { x.dead[first] = true })
		begin := time.Now()
		if err := trunks.Message(context.Background(), "op", "+79161234567", "x"); err != nil || time.Since(begin) != messagePatience {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
		if got := trunks.ways(one)[0].flow.Remote.Addr(); got == first {
			t.Error("the silent target is still the first one")
		}
		x.set(func() {
			for _, w := range trunks.ways(one) {
				x.dead[w.flow.Remote.Addr()] = true
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		begin = time.Now()
		if err := trunks.Message(ctx, "op", "+79161234567", "x"); err == nil || time.Since(begin) != time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	})
}

// A wrong password ends it: the operator is asked twice, not for ever.
func TestMESSAGEWrongPassword(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, nil, func(trunks *Trunks, _ *Trunk) {
		x.set(func() { x.password = "changed" })
		err := trunks.Message(context.Background(), "op", "+79161234567", "x")
		refusal := (*MessageError)(nil)
		if !errors.As(err, &refusal) || refusal.Status != 407 || refusal.Permanent {
			t.Errorf("%v", err)
		}
		x.set(func() {
			if n := len(x.messages); n > 4 {
				t.Errorf("asked %d times", n)
			}
			// Another realm is not ours to answer.
			x.challenge, x.messages = []string{`Digest realm="evil.example", nonce="x", qop="auth"`}, nil
		})
		if err := trunks.Message(context.Background(), "op", "+79161234567", "x"); err == nil {
			t.Error("delivered")
		}
		x.set(func() {
			for _, m := range x.messages {
				if m.Header("Proxy-Authorization") != "" {
					t.Errorf("answered %s", m.Header("Proxy-Authorization"))
				}
			}
		})
	})
}
