package letter

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Letter is a mail as it was understood. All strings are valid UTF-8 without
// control characters, so that any store takes them.
type Letter struct {
	From    []Address // empty: the mail names nobody
	Sender  Address
	ReplyTo []Address
	To, Cc  []Address

	Date    time.Time // as the sender's clock had it; zero when it says none
	Relayed time.Time // when the last relay took it, by the topmost Received
	ID      string    // Message-ID without angle brackets
	// InReplyTo and References are the ids of what it answers, in the order
	// written, each once.
	InReplyTo, References []string

	Subject string   // decoded, prefixes kept
	Topic   string   // the subject without Re:, Fwd: and the like
	Markers []Marker // ticket numbers found, each place once
	Tags    []string // what stands behind the + of recipient addresses

	Text     string // all that was written
	Stripped string // Text without quotes and signatures; a view, never empty when Text is not
	// HTML is safe to show: no scripts, no styles, no remote images. Empty when
	// the mail has none.
	HTML         string
	RemoteImages int // images that HTML had from elsewhere, taken out

	Attachments []Attachment
	Invites     []Invite
	Signed      bool      // it carries a signature of S/MIME or PGP, which nobody has checked here
	Encrypted   string    // "smime" or "pgp": nobody here can read it; empty: it is readable
	Forward     *Forward  // nil: nothing was forwarded
	Automatic   Automatic // whether a human wrote it
	Report      *Report   // delivery or disposition report; nil: it is none
	Sincerity   Sincerity // whether the sender is who he says

	Faults []Fault
}

// Address is a mailbox of a header.
type Address struct {
	Name string // decoded; may be empty
	Mail string // local@domain as written, the domain in lower case
}

// Domain returns what stands behind the @.
func (a Address) Domain() string { return domainOf(a.Mail) }

// Marker is a ticket number found in a letter. It is a hint where the letter
// belongs and proves nothing.
type Marker struct {
	Number ticket.Number
	Place  Place
}

// Place is where a ticket number stood.
type Place uint8

// The places, the surer ones first.
const (
	PlaceReference Place = iota // in an id of In-Reply-To or References
	PlaceAddress                // behind the + of a recipient's address
	PlaceSubject                // [VH-26-004213] in the subject
	PlaceBody                   // in the text, quotes included
)

// String returns the place's name.
func (p Place) String() string {
	switch p {
	case PlaceReference:
		return "reference"
	case PlaceAddress:
		return "address"
	case PlaceSubject:
		return "subject"
	case PlaceBody:
		return "body"
	}
	return "unknown"
}

// Attachment is a file of a letter. Content may be a slice of the raw mail.
type Attachment struct {
	Name     string // decoded, without folders and control characters; never empty
	Declared string // media type as the sender says
	Type     string // media type as the bytes say
	// Disguised says that the name or the declared type hides a program or a
	// script.
	Disguised bool
	Inline    bool   // a picture in the HTML, or marked so by the sender
	ContentID string // how the HTML names it, without angle brackets
	Content   []byte
}

// Invite is a calendar part: an invitation, an answer to one.
type Invite struct {
	Method  string // REQUEST, REPLY, CANCEL, PUBLISH ... in upper case; empty: none named
	UID     string
	Summary string
	Start   string // DTSTART as written
}

// Fault is what could not be read and stayed raw.
type Fault struct {
	Code   FaultCode
	Part   string // where: "1.2" is the second part of the first, "" the whole
	Detail string
	// Offset and Size are its bytes in the raw mail. Size 0: they have no place
	// of their own there, being inside something encoded.
	Offset, Size int
}

// FaultCode says what was wrong.
type FaultCode string

// The faults.
const (
	FaultTooLarge   FaultCode = "too_large"   // beyond a limit: not read
	FaultTooDeep    FaultCode = "too_deep"    // parts in parts beyond the limit
	FaultTooMany    FaultCode = "too_many"    // more parts, fields, names than are read
	FaultHeader     FaultCode = "header"      // lines that are no header fields
	FaultMissing    FaultCode = "missing"     // From, boundary or the end of a part is not there
	FaultEncoding   FaultCode = "encoding"    // transfer encoding unknown or broken
	FaultCharset    FaultCode = "charset"     // label wrong or unknown: read by the bytes
	FaultContainer  FaultCode = "container"   // TNEF or CMS that lies about itself
	FaultNoText     FaultCode = "no_text"     // no text part: the raw body stands for it
	FaultCollisions FaultCode = "contradicts" // a field that must be there once is there twice
	FaultOutside    FaultCode = "outside"     // text behind the last part, where nobody looks
	FaultBroken     FaultCode = "broken"      // the reader itself failed on it
)

// Envelope is what the receiving server was told in SMTP, beside the mail. The
// zero value means that nothing is known, as with IMAP; Return-Path and
// Delivered-To are read then.
type Envelope struct {
	Known bool
	From  string // empty: the null sender <>
	To    []string
}
