package letter

import (
	"strings"
)

// form is how a program writes bounces that are no RFC 3464.
type form struct {
	name  string
	late  bool
	words []string // any of them in the text, lower case
}

// forms lists them; those of delays first, as their texts quote the others.
func forms() []form {
	return []form{
		{"exim", true, []string{"has not been delivered to all or some of its recipients", "message is delayed", "no action is required on your part. delivery attempts will continue"}},
		{"postfix", true, []string{"your message could not be delivered for more than", "it will be retried until it is", "this is just a warning. you do not need"}},
		{"sendmail", true, []string{"**      this is a warning message only      **", "message could not be delivered for", "you do not need to resend your message"}},
		{"exchange", true, []string{"delivery is delayed to these recipients", "доставка сообщения этим получателям или в эти списки рассылки отложена", "доставка сообщения следующим получателям отложена"}},
		{"qmail", false, []string{"this is the qmail-send program", "i'm afraid i wasn't able to deliver your message", "hi. this is the"}},
		{"exim", false, []string{"a message that you sent could not be delivered to one or more of its", "this message was created automatically by mail delivery software", "сообщение, отправленное вами, не может быть доставлено"}},
		{"mail.ru", false, []string{"это письмо создано автоматически сервером mail.ru", "к сожалению, ваше письмо не может быть доставлено", "mail.ru mailer-daemon"}},
		{"yandex", false, []string{"это письмо отправлено почтовым сервером yandex", "это письмо отправлено почтовым сервером яндекс", "к сожалению, мы вынуждены сообщить вам о том, что ваше письмо не может быть отправлено", "this message was created automatically by mail system at host yandex"}},
		{"exchange", false, []string{"delivery has failed to these recipients", "did not reach the following recipient", "не удалось доставить следующим получателям", "не удается доставить сообщение следующим получателям", "ваше сообщение не доставлено", "диагностические сведения для администраторов", "diagnostic information for administrators", "undeliverable:"}},
		{"postfix", false, []string{"this is the mail system at host", "i'm sorry to have to inform you that your message could not", "это почтовая система на сервере"}},
		{"sendmail", false, []string{"----- the following addresses had permanent fatal errors -----", "----- transcript of session follows -----"}},
		{"gmail", false, []string{"delivery to the following recipient failed permanently", "your message wasn't delivered to", "address not found"}},
	}
}

// bounce tells a non-standard bounce: the sender must look like a mail server,
// and the text or the subject like a bounce. Words alone are no sign: clients
// quote bounces when they ask for help.
func (d *desk) bounce() *Report {
	if !d.fromServer() {
		return nil
	}
	text := strings.ToLower(clip(d.out.Text, 64<<10))
	name, late := "", false
	for _, f := range d.r.forms {
		for _, w := range f.words {
			if strings.Contains(text, w) {
				name, late = f.name, f.late
				break
			}
		}
		if name != "" {
			break
		}
	}
	subject := strings.ToLower(d.out.Subject)
	if name == "" {
		for _, w := range []string{"undeliver", "delivery status notification", "delivery failure", "mail delivery failed", "failure notice", "returned mail", "недоставленн", "не доставлено", "не удалось доставить", "ошибка доставки", "delivery delayed", "warning: message"} {
			if strings.Contains(subject, w) {
				name = "unknown"
			}
		}
	}
	if name == "" && !d.head.has("x-failed-recipients") {
		return nil
	}
	late = late || strings.Contains(subject, "delayed") || strings.Contains(subject, "задерж")
	r := &Report{Kind: Delivery, Form: name}
	if r.Form == "" {
		r.Form = "x-failed-recipients"
	}
	d.named(r, late)
	return r
}

// fromServer says whether a mail server wrote the letter.
func (d *desk) fromServer() bool {
	if d.envel.Known && d.envel.From == "" || d.head.token("return-path") == "<>" || d.head.has("x-failed-recipients") {
		return true
	}
	return d.robot().Class == Bounce
}

// named collects whom a bounce names: by its header, or each address that
// stands at the start of a line, with what is said behind it.
func (d *desk) named(r *Report, late bool) {
	own := map[string]bool{}
	for _, a := range append(append([]Address(nil), d.out.To...), d.out.From...) {
		own[strings.ToLower(a.Mail)] = true
	}
	add := func(mail, said string) {
		if mail == "" || own[strings.ToLower(mail)] || len(r.Recipients) >= maxReports {
			return
		}
		own[strings.ToLower(mail)] = true
		p := Recipient{Mail: mail, Action: "failed", Status: statusIn(said), Diagnostic: line(said, maxLine), Outcome: Failed}
		if late {
			p.Action, p.Outcome = "delayed", Late
		}
		r.Recipients = append(r.Recipients, p)
	}
	text := strings.Split(clip(d.out.Text, 64<<10), "\n")
	said := map[string]string{}
	var order []string
	for i, l := range text {
		if returned(l) {
			break
		}
		mail := d.leading(l)
		if _, have := said[mail]; mail == "" || have {
			continue
		}
		order = append(order, mail)
		said[mail] = saidAbout(text[i:])
	}
	for _, a := range d.addresses(d.head.get("x-failed-recipients")) {
		add(a.Mail, said[a.Mail])
	}
	for _, mail := range order {
		add(mail, said[mail])
	}
}

// returned says that the mail that came back begins here.
func returned(l string) bool {
	low := strings.ToLower(l)
	for _, w := range []string{"below this line is a copy", "this is a copy of", "original message", "исходное сообщение", "оригинал письма", "текст исходного", "received: from", "message-id:"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// leading is the address that a line starts with.
func (d *desk) leading(l string) string {
	l = strings.TrimLeft(l, " \t*-•")
	word, _, _ := strings.Cut(l, " ")
	word = strings.TrimRight(word, ":,;.")
	if i := strings.IndexAny(word, ">("); i > 0 {
		word = word[:i]
	}
	if !strings.Contains(word, "@") || len(word) > 320 {
		return ""
	}
	return d.spec([]byte(word))
}

// saidAbout joins what stands behind an address, to the next blank line.
func saidAbout(text []string) string {
	var b strings.Builder
	for i, l := range text[:min(len(text), 12)] {
		if strings.TrimSpace(l) == "" && i > 1 {
			break
		}
		b.WriteString(l)
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}
