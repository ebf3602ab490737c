package email

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/channels/email/accept"
	"github.com/butlerspb/vahta/channels/email/ids"
	"github.com/butlerspb/vahta/dispatch"
)

// Desk is who is told of mails; a *dispatch.Dispatcher is one.
type Desk interface {
	Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error)
	Bounced(ctx context.Context, ref dispatch.Ref, message string, hard bool, cause string) error
}

// Intake hands mails to the desk. It may be used concurrently.
type Intake struct {
	Reader  *Reader
	Desk    Desk
	IDs     *ids.Maker
	Secrets ids.Secrets
	Now     func() time.Time
}

// Take keeps a mail: with nil it is stored, and so often as it comes again it is the same. A report that a mail of ours did not arrive
// goes to that mail's ticket and makes no other; whoever has it is called when that matters.
func (i *Intake) Take(ctx context.Context, m accept.Mail) error {
	if err := i.IDs.Load(ctx, i.Secrets); err != nil { // else an answer would not find its ticket
		return fmt.Errorf("take in a mail: %w", err)
	}
	if b, ok := i.Reader.bounced(m); ok {
		err := i.Desk.Bounced(ctx, dispatch.Ref{ID: b.ticket}, b.message, b.hard, b.cause)
		if !errors.Is(err, dispatch.ErrNotFound) {
			return err
		}
	}
	_, err := i.Desk.Receive(ctx, dispatch.Signal{Channel: dispatch.ChannelEmail, Key: key(m), At: i.Now(), Raw: enveloped(m)})
	if err != nil {
		return fmt.Errorf("take in a mail for %s: %w", m.Mailbox, err)
	}
	return nil
}

// key is the same for the same bytes in the same mailbox, whoever brings them.
func key(m accept.Mail) string {
	sum := sha256.Sum256(m.Raw)
	return hex.EncodeToString(sum[:]) + "/" + m.Mailbox
}
