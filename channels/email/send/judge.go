package send

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/butlerspb/vahta/dispatch"
)

// outcome is what one account did with a mail.
type outcome uint8

const (
	taken     outcome = iota // the server has it
	unreached                // no server, no TLS, no greeting in time: the account rests
	unwelcome                // the server refuses us, whatever the mail: another account may do
	later                    // the server takes the mail at another time
	refused                  // the server refuses the mail or its address; another one may not
	never                    // the address does not exist, or the mail is too large for it: no server changes that
	unsure                   // it went quiet while it had the mail: it may be on its way
)

// judge says what an error of go-mail means.
func judge(err error) outcome {
	if err == nil {
		return taken
	}
	var s *gomail.SendError
	if !errors.As(err, &s) {
		if reply, ok := errors.AsType[*textproto.Error](err); ok && reply.Code/100 >= 4 { // a greeting or AUTH that is refused
			return unwelcome
		}
		if errors.Is(err, errToken) {
			return unwelcome
		}
		return unreached
	}
	code := s.ErrorCode()
	switch s.Reason {
	case gomail.ErrSMTPDataClose, gomail.ErrWriteContent:
		if code == 0 {
			return unsure
		}
	case gomail.ErrSMTPMailFrom: // it is our address that is refused, or we are
		if code/100 == 5 && !hopeless(code, s.EnhancedStatusCode()) {
			return unwelcome
		}
	case gomail.ErrGetSender, gomail.ErrGetRcpts, gomail.ErrNoUnencoded:
		return never
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPReset, gomail.ErrConnCheck, gomail.ErrAmbiguous:
	}
	switch {
	case code == 0:
		return unreached
	case code/100 == 5 && hopeless(code, s.EnhancedStatusCode()):
		return never
	case code/100 == 5:
		return refused
	}
	return later
}

// hopeless reports whether a refusal is about the address or the size (RFC 3463): 5.1 and 5.2, but for 5.1.7 and 5.1.8, which are about
// the sender's address; 5.3.4 and 552 are too large.
func hopeless(code int, enhanced string) bool {
	switch {
	case enhanced == "5.1.7" || enhanced == "5.1.8":
		return false
	case strings.HasPrefix(enhanced, "5.1.") || strings.HasPrefix(enhanced, "5.2.") || enhanced == "5.3.4":
		return true
	}
	const tooLarge = 552
	return code == tooLarge
}

// sum makes one result of what the accounts did: gone is over for good, when every one of them that could be asked has refused it.
func sum(list []outcome) (gone bool) {
	for _, o := range list {
		switch o {
		case never:
			return true
		case refused:
			gone = true
		case unreached, unwelcome, later, unsure:
			return false
		case taken:
			return false
		}
	}
	return gone
}

// failure is an error of a try, with how long the next one waits.
type failure struct {
	cause error
	after time.Duration
	gone  bool
}

// Error implements error.
func (f *failure) Error() string { return f.cause.Error() }

// RetryAfter returns how long the next try waits at least.
func (f *failure) RetryAfter() time.Duration { return f.after }

// Unwrap makes what is over permanent.
func (f *failure) Unwrap() error {
	if f.gone {
		return dispatch.ErrPermanent
	}
	return f.cause
}

// short is an error without addresses and the text of the mail.
func short(ctx context.Context, err error) error {
	var s *gomail.SendError
	if !errors.As(err, &s) {
		if ctx.Err() != nil {
			return fmt.Errorf("no end within the time: %w", context.Cause(ctx))
		}
		return err
	}
	said := "went quiet"
	if code := s.ErrorCode(); code != 0 {
		said = fmt.Sprintf("answered %d %s", code, s.EnhancedStatusCode())
	}
	return fmt.Errorf("the server %s to %s", strings.TrimSpace(said), step(s.Reason))
}

// step names the command that was answered.
func step(r gomail.SendErrReason) string {
	switch r {
	case gomail.ErrSMTPMailFrom:
		return "MAIL FROM"
	case gomail.ErrSMTPRcptTo:
		return "RCPT TO"
	case gomail.ErrSMTPData:
		return "DATA"
	case gomail.ErrSMTPDataClose, gomail.ErrWriteContent:
		return "the mail"
	case gomail.ErrGetSender, gomail.ErrGetRcpts, gomail.ErrSMTPReset, gomail.ErrConnCheck, gomail.ErrNoUnencoded, gomail.ErrAmbiguous:
	}
	return "the session"
}
