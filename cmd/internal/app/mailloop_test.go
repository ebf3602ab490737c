package app_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/channels/email/loop"
	"github.com/butlerspb/vahta/channels/email/mailtest"
	"github.com/butlerspb/vahta/channels/email/send"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// TestTwoVahtasWriteToEachOther: each takes the other for a client, whose gateway even strips all signs of a machine. Each has one
// ticket and writes one receipt; with the signs in place only the first one is written.
func TestTwoVahtasWriteToEachOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		strips bool
		mails  [2]int // that the first and the second Vahta get from each other
	}{
		"the signs are there":        {false, [2]int{0, 1}},
		"a gateway strips the signs": {true, [2]int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names := []string{"first", "second"}
			p := mailtest.StartPostfix(t, names...)
			var desks []*dispatch.Dispatcher
			for _, name := range names {
				address := name + "@" + mailtest.Domain
				r := newRig(t, func(cfg *config.Config) {
					cfg.Mail.Out.From = "Vahta <" + address + ">"
					cfg.Mail.Out.Accounts = []send.Account{{Name: "main", Host: "127.0.0.1", Port: p.Port, CA: p.CA}}
				})
				d := r.app.Dispatcher()
				d.Register(dispatch.ChannelEmail, dispatch.Decoding{Decode: reads(address)})
				desks = append(desks, d)
			}
			take := func(i int, raw string) dispatch.Opened {
				if c.strips {
					raw = strip(raw)
				}
				sum := sha256.Sum256([]byte(raw))
				sig := dispatch.Signal{Channel: dispatch.ChannelEmail, At: time.Now(), Key: hex.EncodeToString(sum[:]), Raw: []byte(raw)}
				var o dispatch.Opened
				until(t, "the mail is taken in", func() bool { // a sender tries again while the record is away
					id, err := desks[i].Receive(t.Context(), sig)
					if err == nil {
						o, err = desks[i].Intake(t.Context(), id)
					}
					if err != nil && !errors.Is(err, dispatch.ErrAway) {
						t.Fatal(err)
					}
					return err == nil
				})
				return o
			}
			opened := [2]dispatch.Opened{take(0, "From: second@"+mailtest.Domain+"\r\nSubject: 1C\r\n\r\nIt is down.\r\n")}
			opened[1] = take(1, p.Await("second", 1)[0]) // the receipt
			if c.mails[0] > 0 {
				if o := take(0, p.Await("first", 1)[0]); o.Ref != opened[0].Ref {
					t.Errorf("the answer to a receipt opened %s beside %s", o.Number, opened[0].Number)
				}
			}
			for i, d := range desks { // a receipt is in the log with what it answers: none comes later
				log, err := d.Events(t.Context(), opened[i].Ref)
				if err != nil {
					t.Fatal(err)
				}
				told := 0
				for _, e := range log {
					if _, ok := e.Body.(ticket.Messaged); ok {
						told++
					}
				}
				if want := c.mails[1-i]; told != want {
					t.Errorf("%s has written %d times, want %d", names[i], told, want)
				}
			}
			for i, name := range names {
				if got := len(p.Mails(name)); got != c.mails[i] {
					t.Errorf("%s got %d mails, want %d", name, got, c.mails[i])
				}
			}
		})
	}
}

// reads is a decoder of mails to an address.
func reads(own string) dispatch.Decoder {
	r := letter.NewReader(letter.Config{Instance: own})
	return func(sig dispatch.Signal) (dispatch.MessageSignal, error) {
		l := r.Read(sig.Raw, letter.Envelope{})
		return dispatch.MessageSignal{
			From: ticket.Contact{Channel: string(dispatch.ChannelEmail), Address: l.From[0].Mail}, Subject: l.Subject, Text: l.Stripped,
			Quiet: loop.Quiet(l, []string{own}) != "", InReplyTo: l.InReplyTo,
		}, nil
	}
}

// strip takes the signs of a machine and of a thread out of a mail.
func strip(raw string) string {
	head, body, _ := strings.Cut(strings.ReplaceAll(raw, "\r\n", "\n"), "\n\n")
	var kept []string
	drop := false
	for line := range strings.SplitSeq(head, "\n") {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			name, _, _ := strings.Cut(strings.ToLower(line), ":")
			drop = strings.HasPrefix(name, "auto-") || strings.HasPrefix(name, "x-") || name == "in-reply-to" || name == "references" || name == "return-path"
		}
		if !drop {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\r\n") + "\r\n\r\n" + strings.ReplaceAll(body, "\n", "\r\n")
}
