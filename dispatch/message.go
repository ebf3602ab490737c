package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// MessageSignal is what any channel but the telephone brings, decoded: a mail,
// a chat message, a form of the portal, an SMS, an alarm of a machine. All
// texts are as the sender wrote them. Its JSON is the body of a signal that
// comes by the API or the commands (DecodeJSON).
type MessageSignal struct {
	// From is who it comes from. Channel, Address and Name are the sender's; the
	// intake fills Party and Client.
	From    ticket.Contact `json:"from"`
	Subject string         `json:"subject,omitempty"`
	Text    string         `json:"text,omitempty"`
	Files   []string       `json:"files,omitempty"` // content hashes of what was attached
	// Category and Priority are hints: a red button that was pressed, the
	// severity of an alarm. Zero = none.
	Category ticket.Category `json:"category,omitempty"`
	Priority ticket.Priority `json:"priority,omitzero"`
	// Warning and Request say that it is no emergency: a machine's warning, a
	// client's question. They wake nobody.
	Warning bool `json:"warning,omitempty"`
	Request bool `json:"request,omitempty"`
	// Machine says that no human wrote it. Nobody waits for an answer then, and it
	// is no word of the client. Source names the machine for people.
	Machine bool   `json:"machine,omitempty"`
	Source  string `json:"source,omitempty"`
	// Quiet says that nobody may answer it automatically: a machine, a list or a bounce may have sent it. It becomes a ticket all the
	// same, and people are told of it.
	Quiet bool `json:"quiet,omitempty"`
	// Unproven says that the sender's address may be forged. The message opens a ticket and pages as any other, but has no part in
	// anybody's: it joins only what the same address has sent unproven before.
	Unproven bool `json:"unproven,omitempty"`
	// DedupKey names the trouble at its source: signals with one key are about
	// one trouble. Recovery says that it is over.
	DedupKey string `json:"dedup_key,omitempty"`
	Recovery bool   `json:"recovery,omitempty"`
	// Update says that it tells more of a trouble that was reported: somebody has commented it or changed its
	// severity at the source. It reopens nothing.
	Update bool `json:"update,omitempty"`
	// OwnKeys says that no two clients share a DedupKey at the source, so that a word
	// that does not tell whose it is finds its ticket.
	OwnKeys bool `json:"own_keys,omitempty"`
	// Stamped is when a relay that we trust took it from the sender (our MX, the
	// SMS operator, Telegram); Occurred is when the trouble began by the source's own clock.
	Stamped  time.Time `json:"stamped,omitzero"`
	Occurred time.Time `json:"occurred,omitzero"`
	Org      string    `json:"org,omitempty"`      // hint: id of the organisation
	Line     string    `json:"line,omitempty"`     // hint: id of the hotline whose people serve it
	Language string    `json:"language,omitempty"` // hint: "ru" or "en"
	// InReplyTo are the names of what it answers: ticket numbers, ticket ids, keys of
	// earlier signals of the channel, refs of messages we sent.
	InReplyTo []string `json:"in_reply_to,omitempty"`
}

// Decoder reads the bytes of a channel's signal. It is pure, and is asked
// anew whenever the signal is taken in; what it refuses becomes a ticket of
// class ticket.Unreadable.
type Decoder func(Signal) (MessageSignal, error)

// Decoding is how the signals of a channel are understood.
type Decoding struct {
	Decode Decoder
	// Emergency says that a signal of the channel may be an emergency although it
	// does not say so: what cannot be read, and what people write without a hint,
	// is Critical then.
	Emergency bool
}

// Sizes of a message that count; what is longer stays in the raw signal.
const (
	maxSubject = 500      // runes
	maxText    = 20_000   // runes
	maxRefs    = 100      // In-Reply-To and References of one mail
	maxFiles   = 200      // attachments
	maxName    = 200      // runes of names and addresses
	maxRaw     = 32 << 20 // bytes of a raw signal
)

// DecodeJSON is the Decoder of signals whose bytes are the JSON of a
// MessageSignal.
func DecodeJSON(sig Signal) (MessageSignal, error) {
	var m MessageSignal
	if err := json.Unmarshal(sig.Raw, &m); err != nil {
		return m, fmt.Errorf("read signal as JSON: %w", err)
	}
	if m.From.Channel == "" {
		m.From.Channel = string(sig.Channel)
	}
	return m, m.Validate()
}

// Validate reports what a message lacks.
func (m MessageSignal) Validate() error {
	var faults []error
	if strings.TrimSpace(m.Subject+m.Text+m.DedupKey) == "" && len(m.Files) == 0 {
		faults = append(faults, errors.New("subject, text, files, dedup_key: all are empty"))
	}
	if !m.Category.Valid() {
		faults = append(faults, fmt.Errorf("category: %q is none of service_down, security, data_loss, network_down", m.Category))
	}
	if m.Priority > ticket.Low {
		faults = append(faults, fmt.Errorf("priority: %d is none", m.Priority))
	}
	if m.Recovery && m.DedupKey == "" {
		faults = append(faults, errors.New("recovery: needs the dedup_key of what is over"))
	}
	if m.Warning && m.Request {
		faults = append(faults, errors.New("warning, request: only one of them"))
	}
	return errors.Join(faults...)
}

// tidy bounds what a sender may make us keep twice, and takes out what no
// store and no screen takes: control characters and broken UTF-8.
func (m MessageSignal) tidy() MessageSignal {
	m.Subject, m.Text = clean(m.Subject, maxSubject, false), clean(m.Text, maxText, true)
	m.From.Address, m.From.Name = clean(m.From.Address, maxName, false), clean(m.From.Name, maxName, false)
	m.Source, m.DedupKey = clean(m.Source, maxName, false), clean(m.DedupKey, maxKey, false)
	m.From.Channel, m.From.Party, m.From.Client = clean(m.From.Channel, maxName, false), "", client.Match{}
	m.Org, m.Line, m.Language = clean(m.Org, maxName, false), clean(m.Line, maxName, false), clean(m.Language, maxName, false)
	m.InReplyTo = tidyAll(m.InReplyTo, maxRefs)
	m.Files = tidyAll(m.Files, maxFiles)
	return m
}

// tidyAll is tidy of a list of names.
func tidyAll(list []string, most int) []string {
	var kept []string
	for _, s := range list[:min(len(list), most)] {
		if s = clean(s, maxKey, false); s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// clean makes a sender's text fit to be kept: valid UTF-8 without control
// characters, at most so many runes.
func clean(s string, most int, lines bool) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case lines && (r == '\n' || r == '\t'):
			return r
		case r == '\n', r == '\t':
			return ' '
		case r < ' ' || r == 0x7f:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most])
	}
	return s
}
