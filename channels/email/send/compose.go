package send

import (
	"bytes"
	"fmt"
	"html"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Thread is what a mailbox needs to put a mail where it belongs. Ids have no angle brackets.
type Thread struct {
	ID       string   // of this mail
	Root     string   // of the ticket; empty = it is about none
	Answered string   // the client's mail that this one answers; empty = not known
	Earlier  []string // mails of the ticket, oldest first
}

// Sizes of a header.
const (
	maxReferences = 20  // ids: the root and the newest
	maxID         = 250 // bytes of a foreign id
	maxSubject    = 250 // runes
)

// references are the ids that a mail refers to: first the root, last what it answers (RFC 5322 3.6.4), of those between the newest.
func (t Thread) references() []string {
	var list []string
	for _, id := range t.Earlier {
		if fit(id) && id != t.Root && id != t.Answered && id != t.ID && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	ends := 0
	for _, id := range []string{t.Root, t.Answered} {
		if fit(id) {
			ends++
		}
	}
	if over := len(list) + ends - maxReferences; over > 0 {
		list = list[over:]
	}
	if fit(t.Root) {
		list = slices.Insert(list, 0, t.Root)
	}
	if fit(t.Answered) {
		list = append(list, t.Answered)
	}
	return list
}

// answers is the id of In-Reply-To; empty = none.
func (t Thread) answers() string {
	if fit(t.Answered) {
		return t.Answered
	}
	return t.Root
}

// fit reports whether an id may stand in a header: who wrote it may have put anything there.
func fit(id string) bool {
	bad := func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII || r == '<' || r == '>' || r == 0x7f }
	return id != "" && len(id) <= maxID && strings.Contains(id, "@") && !strings.ContainsFunc(id, bad)
}

// enclosed is a file that goes with a mail.
type enclosed struct {
	name, kind string
	content    []byte
}

// draft is all that a mail is made of.
type draft struct {
	from, reply *mail.Address
	to          *mail.Address
	instance    string
	thread      Thread
	at          time.Time
	subject     string
	text        string
	link        string
	number      string // of the ticket; empty = none
	language    string
	human       bool
	answer      bool // it answers a mail by itself
	files       []enclosed
	left        []string // names of files that are too large to go along
}

// draftOf is what a notice says, to be completed by whoever sends it.
func draftOf(n dispatch.Notice) draft {
	d := draft{subject: n.Message.Subject, text: n.Message.Text, link: n.Message.Link, number: n.Ref.Number, language: n.Language, human: n.Message.Human}
	d.answer = answers(n)
	if n.Kind != dispatch.NoticeClient {
		d.subject, d.human, d.text = "", false, n.Texts[n.Language]
		for _, language := range []string{"ru", "en"} {
			if d.text == "" {
				d.text = n.Texts[language]
			}
		}
		d.subject, _, _ = strings.Cut(strings.TrimSpace(d.text), "\n")
	}
	return d
}

// answers reports whether Vahta itself answers a client's mail by a notice.
func answers(n dispatch.Notice) bool {
	return n.Kind == dispatch.NoticeClient && !n.Message.Human && n.Message.Purpose == ticket.ForReceipt
}

// compose makes the mail. It is pure but for the boundaries of its parts, which are random.
func compose(d draft) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(d.from)
	if d.reply != nil && d.reply.Address != d.from.Address {
		m.ReplyToMailAddress(d.reply)
	}
	m.ToMailAddress(d.to)
	m.Subject(oneLine(d.subject, maxSubject))
	m.SetDateWithValue(d.at)
	m.SetMessageIDWithValue(d.thread.ID)
	if id := d.thread.answers(); id != "" {
		m.SetGenHeaderPreformatted("In-Reply-To", "<"+id+">")
	}
	if refs := d.thread.references(); len(refs) > 0 {
		m.SetGenHeaderPreformatted("References", "<"+strings.Join(refs, ">\r\n <")+">")
	}
	m.SetGenHeaderPreformatted(letter.InstanceHeader, d.instance)
	if !d.human {
		kind := "auto-generated"
		if d.answer {
			kind = "auto-replied"
		}
		m.SetGenHeaderPreformatted("Auto-Submitted", kind)
		m.SetGenHeaderPreformatted("X-Auto-Response-Suppress", "All")
	}
	plain, page := d.body()
	m.SetBodyString(gomail.TypeTextPlain, plain)
	m.AddAlternativeString(gomail.TypeTextHTML, page)
	for _, f := range d.files {
		if err := m.AttachReader(oneLine(f.name, maxSubject), bytes.NewReader(f.content), gomail.WithFileContentType(gomail.ContentType(f.kind))); err != nil {
			return nil, fmt.Errorf("enclose %s: %w", f.name, err)
		}
	}
	return m, nil
}

// body is the text and the same as a page.
func (d draft) body() (plain, page string) {
	words := words(d.language)
	text := strings.TrimSpace(strings.ReplaceAll(d.text, "\r\n", "\n"))
	if d.link != "" && !strings.Contains(text, d.link) {
		text += "\n\n" + words["link"] + " " + d.link
	}
	if len(d.left) > 0 {
		text += "\n\n" + words["left"] + " " + strings.Join(d.left, ", ")
	}
	var foot []string
	if d.number != "" {
		foot = append(foot, strings.ReplaceAll(words["reply"], "{number}", d.number))
	}
	if !d.human {
		foot = append(foot, words["machine"])
	}
	plain = text
	if len(foot) > 0 {
		plain += "\n\n-- \n" + strings.Join(foot, "\n")
	}
	var b strings.Builder
	language := "ru"
	if d.language == "en" {
		language = "en"
	}
	b.WriteString(`<!DOCTYPE html><html lang="` + language + `"><head><meta charset="utf-8"></head><body>`)
	for part := range strings.SplitSeq(text, "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			b.WriteString("<p>" + paragraph(part) + "</p>")
		}
	}
	if len(foot) > 0 {
		b.WriteString(`<p style="color:#666">` + paragraph(strings.Join(foot, "\n")) + "</p>")
	}
	b.WriteString("</body></html>\n")
	return plain + "\n", b.String()
}

// paragraph makes HTML of lines; addresses of pages become links.
func paragraph(s string) string {
	var b strings.Builder
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			b.WriteString("<br>")
		}
		for j, word := range strings.Split(line, " ") {
			if j > 0 {
				b.WriteByte(' ')
			}
			safe := html.EscapeString(word)
			if strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://") {
				safe = `<a href="` + safe + `">` + safe + "</a>"
			}
			b.WriteString(safe)
		}
	}
	return b.String()
}

// oneLine keeps a value of a header from becoming two.
func oneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most])
	}
	return s
}

// words are what stands beside the text, in a language; any but "en" is Russian.
func words(language string) map[string]string {
	if language == "en" {
		return map[string]string{
			"reply":   "Answer this mail and your words join ticket {number}.",
			"machine": "This mail was written automatically.",
			"link":    "Your ticket:",
			"left":    "Too large for a mail, ask the engineer for:",
		}
	}
	return map[string]string{
		"reply":   "Ответьте на это письмо, и ваши слова попадут в заявку {number}.",
		"machine": "Письмо составлено автоматически.",
		"link":    "Ваша заявка:",
		"left":    "Не поместилось в письмо, спросите у инженера:",
	}
}
