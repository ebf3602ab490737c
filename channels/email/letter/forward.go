package letter

import (
	"strings"
	"time"
)

// Forward is what a letter passes on.
type Forward struct {
	// By tells how it was found: the subject's prefix, a line in the text, or an
	// attached mail. A forward is no word of the one who first wrote it.
	By      ForwardSign
	From    Address // who first wrote it; empty: it does not say
	Subject string
	Date    time.Time
	ID      string // Message-ID, with attached mails only
}

// ForwardSign is by what a forward was told.
type ForwardSign uint8

// The signs of a forward.
const (
	BySubject ForwardSign = iota
	ByText
	ByAttachment
)

// String returns the sign's name.
func (s ForwardSign) String() string {
	switch s {
	case BySubject:
		return "subject"
	case ByText:
		return "text"
	case ByAttachment:
		return "attachment"
	}
	return "unknown"
}

// forward looks whether the letter passes another one on. Bounces and receipts
// return mails and forward none.
func (d *desk) forward(bySubject bool) *Forward {
	if d.out.Report != nil {
		return nil
	}
	if h := d.found.forwarded; h != nil {
		f := &Forward{By: ByAttachment, Subject: line(d.words(h.get("subject")), maxLine), Date: date(h.get("date"))}
		if from := d.addresses(h.get("from")); len(from) > 0 {
			f.From = from[0]
		}
		if list := ids(h.get("message-id")); len(list) > 0 {
			f.ID = list[0]
		}
		return f
	}
	at := forwardLine(d.out.Text)
	if at < 0 && !bySubject {
		return nil
	}
	f := &Forward{By: ByText}
	if at < 0 {
		f.By, at = BySubject, 0
	}
	d.inlineHead(f, d.out.Text[at:])
	return f
}

// forwardLine finds the line that programs put over what they pass on; -1: none.
// In a reply the same mail may be quoted: behind ">" it does not count.
func forwardLine(text string) int {
	at := 0
	for l := range strings.Lines(text) {
		low := strings.ToLower(strings.Trim(l, " \t\r\n-_*>"))
		if !strings.HasPrefix(l, ">") && len(low) < 120 {
			for _, w := range []string{
				"forwarded message", "begin forwarded message", "пересылаемое сообщение", "пересланное сообщение", "перенаправленное сообщение",
				"переадресованное сообщение", "начало переадресованного сообщения", "начало переадресованного письма", "перенаправленное письмо", "пересланное письмо",
				"пересылаемое письмо", "weitergeleitete nachricht", "начало пересланного сообщения",
			} {
				if strings.HasPrefix(low, w) {
					return at
				}
			}
		}
		at += len(l)
	}
	return -1
}

// inlineHead reads the header that stands over a forwarded text.
func (d *desk) inlineHead(f *Forward, text string) {
	n, found := 0, 0
	for l := range strings.Lines(text) {
		if n++; n > 60 || found >= 4 {
			return
		}
		key, value, ok := strings.Cut(strings.TrimRight(strings.TrimLeft(l, " \t>*"), " \t\r\n"), ":")
		if !ok {
			continue
		}
		value = strings.Trim(value, " *\t")
		switch headWord(key) {
		case "from":
			if found++; f.From.Mail == "" {
				if list := d.addresses([]byte(value)); len(list) > 0 {
					f.From = list[0]
				} else {
					f.From.Name = line(value, maxLine)
				}
			}
		case "subject":
			if found++; f.Subject == "" {
				f.Subject = line(value, maxLine)
			}
		case "date":
			found++
			f.Date = date([]byte(value))
		case "to":
			found++
		}
	}
}

// headWord says which header field a word stands for in the quotes of mail
// programs, Russian or English; "" for none.
func headWord(key string) string {
	switch strings.ToLower(strings.Trim(key, " *>_\t")) {
	case "from", "от", "от кого", "отправитель", "von", "de":
		return "from"
	case "sent", "date", "отправлено", "дата", "когда", "gesendet", "datum", "отправлен":
		return "date"
	case "to", "кому", "cc", "копия", "an", "получатель", "bcc", "скрытая копия", "reply-to":
		return "to"
	case "subject", "тема", "betreff":
		return "subject"
	}
	return ""
}
