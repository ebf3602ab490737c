package smpp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
	"github.com/butlerspb/vahta/channels/sms/text"
)

// threeParts is a text of 201 units of UTF-16 or less, and more than 134; the
// fire stands where a sender that counts units tears it apart.
const threeParts = "Сервер 1С не отвечает с семи утра, склад стоит, машины ждут под по🔥грузкой.\nПозвоните Марине на проходную: она откроет серверную. Ключ от стойки № 4 лежит в сейфе, код знает охрана."

// patience is for a machine that other programs keep busy.
const patience = 15 * time.Second

// outside is a message centre of somebody else, in a process of its own.
type outside struct {
	port   int
	in     io.Writer
	events chan map[string]any
}

// peerCommand names the program of a peer; a peer that is missing fails the test.
func peerCommand(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // the end of its stdin ends it
	dir := filepath.Join("testdata", "peers")
	switch name {
	case "npm smpp":
		modules, err := filepath.Abs(filepath.Join("..", "..", "..", ".cache", "peers", "smpp", "node_modules"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(modules, "smpp", "package.json")); err != nil {
			t.Fatalf("npm's smpp is not installed, run make deps: %v", err)
		}
		cmd := exec.CommandContext(ctx, "node", filepath.Join(dir, "smsc.js"))
		cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
		return cmd
	case "libnet-smpp-perl":
		return exec.CommandContext(ctx, "perl", filepath.Join(dir, "smsc.pl"))
	}
	t.Fatalf("no peer %q", name)
	return nil
}

func startPeer(t *testing.T, name string) *outside {
	t.Helper()
	cmd := peerCommand(t, name)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s, run make deps: %v", name, err)
	}
	o := &outside{in: in, events: make(chan map[string]any, 1000)}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(o.events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			e := map[string]any{}
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Errorf("%s says %q: %v", name, lines.Text(), err)
				return
			}
			o.events <- e
		}
	})
	t.Cleanup(func() {
		in.Close()
		wg.Wait()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, complaints.String())
		}
	})
	e := o.expect(t, "listening")
	o.port = int(e["port"].(float64))
	return o
}

// expect waits for an event and skips others.
func (o *outside) expect(t *testing.T, event string) map[string]any {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case e, ok := <-o.events:
			if !ok {
				t.Fatalf("the peer ended before %s", event)
			}
			if e["event"] == event {
				return e
			}
		case <-timer.C:
			t.Fatalf("no %s in %s", event, patience)
		}
	}
}

func (o *outside) tell(t *testing.T, command string, fields map[string]any) {
	t.Helper()
	line := map[string]any{"cmd": command}
	maps.Copy(line, fields)
	b, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.in.Write(append(b, '\n')); err != nil {
		t.Fatal(err)
	}
}

// client runs a client of the peer's; what it stores comes out of the channel.
func (o *outside) client(t *testing.T, change func(*Config)) (c *Client, in <-chan []byte, stop func()) {
	t.Helper()
	conf := Default()
	conf.Name, conf.SystemID, conf.Password, conf.Source = "peer", "vahta", "secret", "4217"
	conf.Addresses = []string{net.JoinHostPort("127.0.0.1", fmt.Sprint(o.port))}
	conf.BackoffMin = 50 * time.Millisecond
	conf.Tag = true
	if change != nil {
		change(&conf)
	}
	received := make(chan []byte, 100)
	full := true // the first try to store anything fails
	c, err := New(conf, Deps{Log: slog.New(slog.DiscardHandler), Receive: func(_ context.Context, raw []byte) error {
		if full {
			full = false
			return errFull
		}
		received <- raw
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	if e := o.expect(t, "bound"); e["system_id"] != "vahta" || e["password"] != "secret" {
		t.Errorf("bound as %v", e)
	}
	return c, received, stop
}

func send(t *testing.T, c *Client, m Message) (Sent, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m.To = "+79001234567"
	return c.Send(ctx, m)
}

// peers are the programs that play the message centre.
func peers() []string { return []string{"npm smpp", "libnet-smpp-perl"} }

// Texts arrive as they were written, whichever way their parts are told.
func TestPeersTakeTexts(t *testing.T) {
	t.Parallel()
	for _, name := range peers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startPeer(t, name)
			for _, tt := range []struct {
				way    text.Way
				text   string
				parts  int
				coding float64
			}{
				{text.Header8, threeParts, 3, 8},
				{text.Header16, threeParts, 3, 8},
				{text.SAR, threeParts, 3, 8},
				{text.Payload, threeParts, 1, 8},
				{text.Header8, "short [€] {Ω} ~^|\\ @£_", 1, 0},
				{text.Header8, strings.Repeat("seven @ £ ", 40), 3, 0},
			} {
				c, _, stop := o.client(t, func(c *Config) { c.Way = tt.way })
				sent, err := send(t, c, Message{Ref: tt.way.String(), Text: tt.text})
				if err != nil || len(sent.Parts) != tt.parts {
					t.Fatalf("%s: %+v, %v", tt.way, sent, err)
				}
				for i, part := range sent.Parts {
					e := o.expect(t, "submit")
					if e["id"] != part.ID || e["coding"] != tt.coding || e["receipt"] != 1.0 || e["from"] != "4217" || e["to"] != "79001234567" {
						t.Errorf("%s: %v, want %+v", tt.way, e, part)
					}
					if tt.parts > 1 && (e["seq"] != float64(i+1) || e["total"] != float64(tt.parts)) {
						t.Errorf("%s: part %d: %v", tt.way, i+1, e)
					}
				}
				if e := o.expect(t, "text"); e["text"] != tt.text {
					t.Errorf("%s: the peer reads %q, want %q", tt.way, e["text"], tt.text)
				}
				stop()
				o.expect(t, "unbind")
				o.expect(t, "closed")
			}
		})
	}
}

// Texts come in out of order and with a repeat; what could not be stored is not
// acknowledged.
func TestPeersSendTexts(t *testing.T) {
	t.Parallel()
	for _, name := range peers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startPeer(t, name)
			_, in, _ := o.client(t, nil)
			o.tell(t, "deliver", map[string]any{"text": threeParts, "ref": 7, "order": []int{2}})
			if e := o.expect(t, "deliver_resp"); e["status"] != float64(pdu.TemporaryHere) {
				t.Errorf("not stored: %v", e)
			}
			o.tell(t, "deliver", map[string]any{"text": threeParts, "ref": 7, "order": []int{3, 1, 1, 2}})
			j := text.NewJoiner(text.DefaultBounds())
			var whole []text.Whole
			for range 4 {
				if e := o.expect(t, "deliver_resp"); e["status"] != 0.0 {
					t.Errorf("stored: %v", e)
				}
				msg, err := ReadInbound(<-in, text.GSM)
				if err != nil {
					t.Fatal(err)
				}
				if msg.From.Number != "79001234567" || msg.To.Number != "4217" || msg.Receipt != nil {
					t.Errorf("%+v", msg)
				}
				got, _ := j.Add(epoch, text.Piece{From: msg.From.Number, Concat: msg.Concat, Coding: msg.Coding, Data: msg.Data})
				whole = append(whole, got...)
			}
			if len(whole) != 1 || whole[0].Text != threeParts {
				t.Errorf("joined %+v", whole)
			}
		})
	}
}

// The peer names a message in hexadecimal when it takes it, and in decimal in
// its receipt.
func TestPeersSendReceipts(t *testing.T) {
	t.Parallel()
	for _, name := range peers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startPeer(t, name)
			c, in, _ := o.client(t, nil)
			sent, err := send(t, c, Message{Ref: "a", Text: "Пожар"})
			if err != nil {
				t.Fatal(err)
			}
			id := sent.Parts[0].ID
			for i, want := range []pdu.State{pdu.StateNone, pdu.StateEnroute, pdu.StateDelivered, pdu.StateUndeliverable} {
				o.tell(t, "receipt", map[string]any{"id": id, "state": want.String()})
				e := o.expect(t, "deliver_resp")
				if i == 0 { // it could not be stored
					continue
				}
				msg, err := ReadInbound(<-in, text.GSM)
				if err != nil || msg.Receipt == nil || e["status"] != 0.0 {
					t.Fatalf("%+v, %v, %v", msg, err, e)
				}
				if r := msg.Receipt; r.State != want || r.ID == id || !pdu.SameID(id, r.ID) || r.Err != "" || !slices.Contains(pdu.Candidates(r.ID), id) {
					t.Errorf("receipt %+v of %s, want %s", r, id, want)
				}
			}
		})
	}
}

func TestPeersThrottle(t *testing.T) {
	t.Parallel()
	for _, name := range peers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startPeer(t, name)
			c, _, _ := o.client(t, nil)
			o.tell(t, "throttle", map[string]any{"count": 1, "status": pdu.Throttled})
			o.tell(t, "enquire", nil) // its answer comes after the peer has heard the command
			o.expect(t, "enquire_resp")
			if _, err := send(t, c, Message{Ref: "a", Text: threeParts}); err != nil {
				t.Fatal(err)
			}
			o.expect(t, "throttled")
			if e := o.expect(t, "text"); e["text"] != threeParts {
				t.Errorf("%v", e)
			}
			o.tell(t, "throttle", map[string]any{"count": 1, "status": pdu.InvalidDest})
			o.tell(t, "enquire", nil)
			o.expect(t, "enquire_resp")
			_, err := send(t, c, Message{Ref: "b", Text: "x"})
			if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.Status != pdu.InvalidDest {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestPeersUnbind(t *testing.T) {
	t.Parallel()
	for _, name := range peers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startPeer(t, name)
			c, _, stop := o.client(t, nil)
			o.tell(t, "unbind", nil)
			o.expect(t, "unbind_resp")
			o.expect(t, "bound")
			if _, err := send(t, c, Message{Ref: "a", Text: "x"}); err != nil {
				t.Error(err)
			}
			o.expect(t, "text")
			stop()
			o.expect(t, "unbind")
			o.expect(t, "closed")
		})
	}
}

// The peer says nothing more and does not hang up: the message is unsure, and
// the next one goes by a new link.
func TestPeersGoSilent(t *testing.T) {
	t.Parallel()
	for _, name := range peers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startPeer(t, name)
			c, _, _ := o.client(t, func(c *Config) { c.EnquireEvery, c.EnquireTimeout = 500*time.Millisecond, 3*time.Second })
			o.expect(t, "enquire") // we ask, and hear that it lives
			o.tell(t, "mute", nil)
			o.tell(t, "enquire", nil) // its answer comes after the peer has heard the command
			o.expect(t, "enquire_resp")
			if _, err := send(t, c, Message{Ref: "a", Text: "x"}); !errors.Is(err, ErrUnsure) {
				t.Errorf("to a silent peer: %v", err)
			}
			o.expect(t, "muted")
			o.expect(t, "bound")
			if _, err := send(t, c, Message{Ref: "a", Text: "x"}); err != nil {
				t.Errorf("by a new link: %v", err)
			}
			o.expect(t, "text")
		})
	}
}
