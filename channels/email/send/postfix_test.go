package send

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/channels/email/mailtest"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Postfix takes our mails by STARTTLS with an authority of its own, says who does not exist, and is found again after it was down.
func TestPostfixTakesOurMails(t *testing.T) {
	t.Parallel()
	p := mailtest.StartPostfix(t, "anna")
	n := notifier(t, Account{Name: "main", Host: "127.0.0.1", Port: p.Port, CA: p.CA})
	notice := word(true, ticket.ForReply)
	notice.To = "anna@" + mailtest.Domain
	stamp, result, err := send(t, n, notice)
	if err != nil || result != dispatch.ResultDelivered {
		t.Fatal(result, err)
	}
	l := letter.NewReader(letter.Config{}).Read([]byte(p.Await("anna", 1)[0]), letter.Envelope{})
	if len(l.Faults) > 0 || l.ID != stamp || l.Subject != notice.Message.Subject || !strings.HasPrefix(l.Text, notice.Message.Text) {
		t.Errorf("%+v", l)
	}

	unknown := word(true, ticket.ForReply)
	unknown.To = "nobody@" + mailtest.Domain
	if _, _, err := send(t, n, unknown); !errors.Is(err, dispatch.ErrPermanent) || !strings.Contains(err.Error(), "550 5.1.1") {
		t.Errorf("to nobody: %v", err)
	}

	stranger := notifier(t, Account{Name: "main", Host: "127.0.0.1", Port: p.Port}) // does not know the authority
	if _, _, err := send(t, stranger, notice); err == nil || errors.Is(err, dispatch.ErrPermanent) {
		t.Errorf("a server that nobody vouches for: %v", err)
	}

	p.Stop()
	second := word(true, ticket.ForReply)
	second.To = notice.To
	if _, _, err := send(t, n, second); err == nil || errors.Is(err, dispatch.ErrPermanent) {
		t.Fatalf("a server that is down: %v", err)
	}
	p.Start()
	late := time.Now().Add(2 * rest)
	n.accounts[0].now = func() time.Time { return late } // its rest is over
	if _, _, err := send(t, n, second); err != nil {
		t.Fatal(err)
	}
	if mails := p.Await("anna", 2); len(mails) != 2 {
		t.Errorf("%d mails", len(mails))
	}
}
