package letter

import (
	"bytes"
	"strconv"
	"strings"
)

// leaf reads an entity without parts.
func (d *desk) leaf(e entity) []block {
	name := d.nameOf(e)
	switch kind := e.kind.value; {
	case kind == "message/delivery-status", kind == "message/global-delivery-status":
		d.note(&d.found.status, e)
		return nil
	case kind == "message/disposition-notification", kind == "message/global-disposition-notification":
		d.note(&d.found.receipt, e)
		return nil
	case kind == "text/rfc822-headers", kind == "message/rfc822-headers", kind == "message/global-headers":
		if body, ok := d.untransfer(e, maxHead); ok && d.inside == 0 && d.found.original == nil {
			h, _ := cutHead(body, true)
			d.found.original = &h
		}
		return nil
	case kind == "application/pgp-signature", kind == "application/pkcs7-signature", kind == "application/x-pkcs7-signature":
		d.out.Signed = d.out.Signed || d.inside == 0
		return nil
	case kind == "application/pkcs7-mime", kind == "application/x-pkcs7-mime", strings.HasSuffix(strings.ToLower(name), ".p7m"):
		return d.smime(e, name)
	case kind == "application/ms-tnef", kind == "application/vnd.ms-tnef", strings.EqualFold(name, "winmail.dat"):
		return d.tnef(e)
	case kind == "text/calendar", kind == "application/ics":
		d.calendar(e)
		return nil
	case e.way.value == "attachment", name != "" && kind != "text/html" && !emptyName(e):
	case kind == "text/plain", kind == "text/html", kind == "text/enriched" && name == "":
		return d.text(e)
	}
	if e.kind.value == "application/pgp-encrypted" && d.inside == 0 {
		d.out.Encrypted = "pgp"
	}
	if content, ok := d.untransfer(e, 0); ok {
		d.attach(e, content, "")
	}
	return nil
}

// emptyName says that a text is called inline and has a name: some programs
// name the body itself.
func emptyName(e entity) bool {
	return e.kind.value == "text/plain" && e.depth <= 1 && e.way.value == ""
}

// note keeps the body of a report for later.
func (d *desk) note(list *[]string, e entity) {
	body, ok := d.untransfer(e, maxHead)
	if !ok || d.inside > 0 || len(*list) >= 10 {
		return
	}
	*list = append(*list, string(body))
}

// text reads a text part.
func (d *desk) text(e entity) []block {
	content, ok := d.untransfer(e, 3*maxTextPart) // quoted-printable has three bytes for one
	if !ok {
		return nil
	}
	html, room := e.kind.value == "text/html", min(maxTextPart, maxTexts-d.texts)
	if html {
		room = min(room, maxShown-d.shown)
	}
	if len(e.body) > 3*maxTextPart || len(content) > room {
		d.fault(FaultTooLarge, e, "a text longer than is shown; the whole of it is a file")
		if whole, ok := d.untransfer(e, 0); ok {
			d.attach(e, whole, map[bool]string{true: "text.html", false: "text.txt"}[html])
		}
		content = content[:min(len(content), max(0, room))]
	}
	d.texts += len(content)
	if html {
		d.shown += len(content)
	}
	label := e.kind.get("charset")
	if html && label == "" {
		label = metaCharset(content)
	}
	got := d.read(content, label, d.hint)
	if got.sure && got.charset != "us-ascii" {
		d.hint = got.charset
	}
	if got.belied || !got.sure {
		d.fault(FaultCharset, e, "labelled "+quote(label)+", read as "+got.charset)
	}
	if html {
		return []block{{html: got.text}}
	}
	text := got.text
	if strings.EqualFold(e.kind.get("format"), "flowed") {
		text = unflow(text, strings.EqualFold(e.kind.get("delsp"), "yes"))
	}
	if d.inside == 0 && strings.Contains(text, "-----BEGIN PGP MESSAGE-----") {
		d.out.Encrypted = "pgp"
	}
	if d.inside == 0 && strings.Contains(text, "-----BEGIN PGP SIGNED MESSAGE-----") {
		d.out.Signed = true
	}
	return []block{{plain: d.uufiles(e, text)}}
}

// uufiles takes files out of a text that old programs wrote into it between
// begin and end.
func (d *desk) uufiles(e entity, text string) string {
	for range 20 {
		start := indexLine(text, "begin 6")
		if start < 0 {
			return text
		}
		head, _, _ := strings.Cut(text[start:], "\n")
		words := strings.SplitN(strings.TrimSpace(head), " ", 3)
		end := indexLine(text[start:], "end")
		if len(words) != 3 || len(words[1]) != 3 || end < 0 || !d.spend(end) {
			return text
		}
		content := unuu([]byte(text[start : start+end]))
		d.attach(entity{path: e.path, kind: media{value: "application/octet-stream"}}, content, words[2])
		rest := text[start+end:]
		_, rest, _ = strings.Cut(rest, "\n")
		text = text[:start] + rest
	}
	return text
}

// indexLine finds a line that begins with a prefix.
func indexLine(s, prefix string) int {
	if strings.HasPrefix(s, prefix) {
		return 0
	}
	if i := strings.Index(s, "\n"+prefix); i >= 0 {
		return i + 1
	}
	return -1
}

// unflow joins the lines of format=flowed (RFC 3676): a blank at the end says
// that the line goes on, quotes of one depth only.
func unflow(s string, delsp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	flowing, before, first := false, 0, true
	for l := range strings.SplitSeq(s, "\n") {
		l = strings.TrimSuffix(l, "\r")
		depth := len(l) - len(strings.TrimLeft(l, ">"))
		body := strings.TrimPrefix(l[depth:], " ")
		if !flowing || depth != before || body == "-- " {
			if !first {
				b.WriteByte('\n')
			}
			b.WriteString(l[:depth])
			if depth > 0 {
				b.WriteByte(' ')
			}
		}
		flowing, before, first = strings.HasSuffix(body, " ") && body != "-- ", depth, false
		if flowing && delsp {
			body = strings.TrimSuffix(body, " ")
		}
		b.WriteString(body)
	}
	return b.String()
}

// calendar reads an invitation and keeps it as a file.
func (d *desk) calendar(e entity) {
	content, ok := d.untransfer(e, 0)
	if !ok {
		return
	}
	name := d.nameOf(e)
	if name == "" {
		name = "invite.ics"
	}
	d.attach(e, content, name)
	if d.inside > 0 || len(d.out.Invites) >= maxMarkers {
		return
	}
	text := d.read(content[:min(len(content), maxTextPart)], e.kind.get("charset"), "utf-8").text
	text = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(text)
	inv := Invite{Method: e.kind.get("method")}
	event := false
	for l := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimRight(l, "\r\n"), ":")
		if !ok {
			continue
		}
		key, _, _ = strings.Cut(strings.ToUpper(key), ";")
		event = event || key == "BEGIN" && strings.EqualFold(value, "VEVENT")
		switch {
		case key == "METHOD" && inv.Method == "":
			inv.Method = value
		case key == "UID" && event && inv.UID == "":
			inv.UID = line(value, maxLine)
		case key == "SUMMARY" && event && inv.Summary == "":
			inv.Summary = line(strings.NewReplacer(`\,`, ",", `\;`, ";", `\n`, " ", `\\`, `\`).Replace(value), maxLine)
		case key == "DTSTART" && event && inv.Start == "":
			inv.Start = line(value, 40)
		}
	}
	inv.Method = strings.ToUpper(line(inv.Method, 40))
	d.out.Invites = append(d.out.Invites, inv)
}

// metaCharset finds the charset that HTML names in itself.
func metaCharset(b []byte) string {
	b = bytes.ToLower(b[:min(len(b), 4096)])
	for pos := 0; ; {
		i := bytes.Index(b[pos:], []byte("charset"))
		if i < 0 {
			return ""
		}
		pos += i + len("charset")
		rest := bytes.TrimLeft(b[pos:], " \t")
		if len(rest) == 0 || rest[0] != '=' {
			continue
		}
		rest = bytes.TrimLeft(rest[1:], ` "'`)
		if end := bytes.IndexAny(rest, ` "'/>;`); end > 0 {
			return string(rest[:end])
		}
	}
}

// unnamed makes a name for a file that has none.
func (d *desk) unnamed(kind string) string {
	main, sub, _ := strings.Cut(kind, "/")
	ext := extensionOf(kind)
	if main == "image" || main == "audio" || main == "video" || main == "text" {
		return main + "-" + strconv.Itoa(len(d.out.Attachments)+1) + ext
	}
	if sub == "pdf" {
		main = "document"
	} else {
		main = "file"
	}
	return main + "-" + strconv.Itoa(len(d.out.Attachments)+1) + ext
}
