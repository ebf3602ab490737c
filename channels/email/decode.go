package email

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/channels/email/accept"
	"github.com/butlerspb/vahta/channels/email/ids"
	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/channels/email/loop"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Reader understands mails for the dispatcher. It may be used concurrently.
type Reader struct {
	in     accept.Config
	own    []string
	ids    *ids.Maker
	letter *letter.Reader
}

// NewReader returns a reader of the mails of a configuration. m reads the ids of our own mails.
func NewReader(c Config, m *ids.Maker) *Reader {
	r := &Reader{in: c.In, ids: m}
	for _, box := range c.In.Mailboxes {
		r.own = append(r.own, box.Address)
	}
	if own := c.Out.Address(); own != "" {
		r.own = append(r.own, own)
	}
	var trusted []string
	for _, name := range c.In.Trusted {
		trusted = append(trusted, strings.ToLower(name))
	}
	r.letter = letter.NewReader(letter.Config{TrustedServers: trusted, Instance: c.Out.Address()})
	return r
}

// The lines that stand before the bytes of a mail: what the server was told.
const (
	pathLine      = "Return-Path: <"
	deliveredLine = "Delivered-To: "
	lineEnd       = "\r\n"
)

// enveloped puts what the server was told before the bytes of a mail, as servers do at the last step (RFC 5321 4.4).
func enveloped(m accept.Mail) []byte {
	plain := strings.NewReplacer("\r", "", "\n", "")
	head := pathLine + plain.Replace(m.From) + ">" + lineEnd + deliveredLine + plain.Replace(m.To) + lineEnd
	return append([]byte(head), m.Raw...)
}

// opened takes apart what enveloped has put together. Bytes that came another way have no envelope.
func opened(raw []byte) ([]byte, letter.Envelope) {
	first, rest, _ := bytes.Cut(raw, []byte(lineEnd))
	second, mail, found := bytes.Cut(rest, []byte(lineEnd))
	from, isPath := bytes.CutPrefix(first, []byte(pathLine))
	to, isDelivered := bytes.CutPrefix(second, []byte(deliveredLine))
	if !found || !isPath || !isDelivered {
		return raw, letter.Envelope{}
	}
	return mail, letter.Envelope{Known: true, From: strings.TrimSuffix(string(from), ">"), To: []string{string(to)}}
}

// Decode is the Decoder of the channel. It opens whatever it is given: a mail of which nothing can be read is a message that says so.
func (r *Reader) Decode(sig dispatch.Signal) (dispatch.MessageSignal, error) {
	raw, env := opened(sig.Raw)
	l := r.letter.Read(raw, env)
	from := letter.Address{Mail: env.From}
	if len(l.From) > 0 {
		from = l.From[0]
	}
	tickets, seen := r.answers(l)
	_, mailbox, _ := strings.Cut(sig.Key, "/")
	box, known := r.in.Mailbox(mailbox)
	m := dispatch.MessageSignal{
		From:    ticket.Contact{Channel: string(dispatch.ChannelEmail), Address: from.Mail, Name: from.Name},
		Subject: l.Subject, Text: text(l), Stamped: l.Relayed, Line: box.Line, InReplyTo: tickets,
		Machine: machine(l), Warning: noise(l), Quiet: loop.Quiet(l, r.own) != "",
		Unproven: unproven(l, seen),
	}
	if m.Machine {
		m.Source = from.Mail
	}
	if box.Emergency && !m.Warning {
		m.Priority = ticket.Critical
	}
	if strings.TrimSpace(m.Subject+m.Text) == "" {
		m.Subject = "Письмо без темы и текста (a mail without subject and text)"
	}
	if !known && mailbox != "" {
		m.Text = strings.TrimSpace(m.Text + fmt.Sprintf("\n\n[%s: такого ящика больше нет в настройках / this mailbox is configured no more]", mailbox))
	}
	return m, nil
}

// text is what the writer says, without what he quotes: a forward is all quotes, and they are its sense.
func text(l letter.Letter) string {
	t := l.Stripped
	if l.Forward != nil {
		t = l.Text
	}
	names := make([]string, 0, len(l.Attachments))
	for _, a := range l.Attachments {
		if !a.Inline {
			names = append(names, a.Name)
		}
	}
	if len(names) > 0 {
		t += "\n\n[в письме есть файлы / files in the mail: " + strings.Join(names, ", ") + "]"
	}
	if l.Encrypted != "" {
		t += "\n\n[письмо зашифровано / the mail is encrypted: " + l.Encrypted + "]"
	}
	return strings.TrimSpace(t)
}

// answers are the tickets that a letter belongs to, the surest first: those whose mails it refers to by ids that only their readers
// know, and seen says that there are such; then numbers in its subject, which anybody can guess.
func (r *Reader) answers(l letter.Letter) (tickets []string, seen bool) {
	refs := slices.Concat(l.InReplyTo, backwards(l.References))
	if l.Report != nil {
		refs = append(refs, l.Report.OriginalID)
	}
	for _, id := range refs {
		if t, ok := r.ids.Ticket(id); ok && !slices.Contains(tickets, t) {
			tickets = append(tickets, t)
		}
	}
	seen = len(tickets) > 0
	for _, m := range l.Markers {
		if n := m.Number.String(); m.Place == letter.PlaceSubject && !slices.Contains(tickets, n) {
			tickets = append(tickets, n)
		}
	}
	return tickets, seen
}

// unproven reports whether somebody else may have written a letter than it says. Who refers to a mail of ours has seen it, which is
// proof enough unless his own domain denies him.
func unproven(l letter.Letter, seen bool) bool {
	switch l.Sincerity.Verdict {
	case letter.Proved:
		return false
	case letter.Denied:
		return true
	case letter.Unverified:
	}
	return !seen
}

// backwards is a list from its end: the last of References is the mail that is answered.
func backwards(list []string) []string {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// machine reports whether no human wrote a letter. What came by a list may well be from one.
func machine(l letter.Letter) bool {
	switch l.Automatic.Class {
	case letter.AutoReply, letter.Generated, letter.Bounce, letter.Receipt, letter.Loopback:
		return true
	case letter.Human, letter.Bulk:
	}
	return false
}

// noise reports whether a letter tells of itself only: that somebody is away, that a mail came or did not, or what we have said
// ourselves. It wakes nobody. Alarms of machines are none, nor is what a postmaster writes.
func noise(l letter.Letter) bool {
	switch l.Automatic.Class {
	case letter.AutoReply, letter.Receipt, letter.Loopback:
		return true
	case letter.Bounce:
		return l.Report != nil
	case letter.Human, letter.Generated, letter.Bulk:
	}
	return false
}

// bounce is what a report says about a mail of ours.
type bounce struct {
	ticket  string // id
	message string // Message-ID of our mail
	hard    bool
	cause   string
}

// bounced reads a report about a mail of ours that did not arrive, or is late. Only a mail server writes one: from the null sender,
// about an id of ours that only its readers know.
func (r *Reader) bounced(m accept.Mail) (bounce, bool) {
	if m.From != "" {
		return bounce{}, false
	}
	l := r.letter.Read(m.Raw, letter.Envelope{Known: true, To: []string{m.To}})
	if l.Report == nil || l.Report.Kind != letter.Delivery {
		return bounce{}, false
	}
	id := strings.Trim(l.Report.OriginalID, "<> ")
	b := bounce{message: id}
	var ours bool
	if b.ticket, ours = r.ids.Ticket(id); !ours {
		return b, false
	}
	for _, p := range l.Report.Recipients {
		if p.Outcome != letter.Failed && p.Outcome != letter.Late {
			continue
		}
		said := strings.TrimSpace(p.Status + " " + p.Diagnostic)
		if hard := p.Outcome == letter.Failed; b.cause == "" || hard && !b.hard {
			b.hard, b.cause = hard, cmp.Or(said, p.Action, p.Outcome.String())
		}
	}
	return b, b.cause != ""
}
