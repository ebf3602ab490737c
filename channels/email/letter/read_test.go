package letter

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// cp1251 writes a text in windows-1251.
func cp1251(t *testing.T, s string) string {
	t.Helper()
	b, err := charmap.Windows1251.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// raw joins lines by CRLF.
func raw(ls ...string) []byte { return []byte(strings.Join(ls, "\r\n") + "\r\n") }

func read(t *testing.T, ls ...string) Letter {
	t.Helper()
	return NewReader(Config{TrustedServers: []string{"mx.vahta.ru"}, Instance: "msp-1"}).Read(raw(ls...), Envelope{})
}

// faulty says whether a letter names a fault.
func faulty(l Letter, code FaultCode) bool {
	for _, f := range l.Faults {
		if f.Code == code {
			return true
		}
	}
	return false
}

// TestWhatLibrariesMisread is what was measured with enmime v2.3.0: each case
// is one that it reads wrong, or one that it reads right and must stay so.
func TestWhatLibrariesMisread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		mail  []string
		check func(Letter) (got, want string)
	}{
		{"encoded word cp1251", []string{"Subject: =?windows-1251?B?z/Do4uXy?=", "", "x"}, func(l Letter) (string, string) { return l.Subject, "Привет" }},
		{"encoded word koi8-r", []string{"Subject: =?koi8-r?B?8NLJ18XU?=", "", "x"}, func(l Letter) (string, string) { return l.Subject, "Привет" }},
		{"UTF-8 cut inside a rune", []string{"Subject: =?utf-8?B?0J/RgNC40LLQ?=", " =?utf-8?B?tdGC?=", "", "x"}, func(l Letter) (string, string) { return l.Subject, "Привет" }},
		{
			"raw 8-bit subject, charset in Content-Type only",
			[]string{"Subject: " + cp1251(t, "Не работает почта"), "Content-Type: text/plain; charset=windows-1251", "", cp1251(t, "тело")},
			func(l Letter) (string, string) { return l.Subject, "Не работает почта" },
		},
		{"charset cp-1251", []string{"Content-Type: text/plain; charset=cp-1251", "", cp1251(t, "Привет, Юля")}, func(l Letter) (string, string) { return l.Text, "Привет, Юля" }},
		{"charset x-unknown", []string{"Content-Type: text/plain; charset=x-unknown", "", cp1251(t, "Привет, Юля, не работает принтер")}, func(l Letter) (string, string) {
			return l.Text, "Привет, Юля, не работает принтер"
		}},
		{"html with charset in meta only", []string{
			"Content-Type: text/html", "",
			`<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1251"></head><body>` + cp1251(t, "Юля, привет") + "</body></html>",
		}, func(l Letter) (string, string) { return l.Text, "Юля, привет" }},
		{"UTF-8 declared as windows-1251", []string{"Content-Type: text/plain; charset=windows-1251", "", "Добрый день"}, func(l Letter) (string, string) { return l.Text, "Добрый день" }},
		{"file name windows-1251''", []string{"Content-Type: application/pdf", "Content-Disposition: attachment; filename*=windows-1251''%D1%F7%B8%F2.pdf", "", "x"}, func(l Letter) (string, string) { return fileOf(l), "Счёт.pdf" }},
		{"file name raw 8-bit", []string{"Content-Type: application/pdf", "Content-Disposition: attachment; filename=\"" + cp1251(t, "Счёт на оплату.pdf") + "\"", "", "x"}, func(l Letter) (string, string) { return fileOf(l), "Счёт на оплату.pdf" }},
		{"calendar is no body", []string{
			"Content-Type: multipart/alternative; boundary=b", "", "--b", "Content-Type: text/plain; charset=utf-8", "", "Приглашаю", "--b",
			"Content-Type: text/calendar; method=REQUEST; charset=utf-8", "", "BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VEVENT", "UID:1@x", "SUMMARY:Планёрка\\, каждый", "  день", "DTSTART:20251121T090000Z", "END:VEVENT", "END:VCALENDAR", "--b--",
		}, func(l Letter) (string, string) {
			if len(l.Invites) != 1 {
				return "no invite", "one"
			}
			return l.Text + "|" + l.Invites[0].Method + "|" + l.Invites[0].Summary + "|" + l.Invites[0].UID + "|" + fileOf(l), "Приглашаю|REQUEST|Планёрка, каждый день|1@x|invite.ics"
		}},
		{"S/MIME signature is hidden", []string{
			"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b", "", "--b", "Content-Type: text/plain", "", "hello", "--b",
			"Content-Type: application/pkcs7-signature; name=smime.p7s", "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=smime.p7s", "", "MIAG", "--b--",
		}, func(l Letter) (string, string) {
			return l.Text + "|" + fileOf(l) + "|" + map[bool]string{true: "signed"}[l.Signed], "hello|no file|signed"
		}},
		{"NUL in subject", []string{"Subject: a\x00b\x07c", "", "x"}, func(l Letter) (string, string) { return l.Subject, "abc" }},
		{"leading blank lines", []string{"", "", "Subject: hi", "", "text"}, func(l Letter) (string, string) { return l.Subject + "|" + l.Text, "hi|text" }},
		{"mbox From line", []string{"From ivan@x.ru Fri Nov 21 10:00:00 2025", "Subject: hi", "", "text"}, func(l Letter) (string, string) { return l.Subject + "|" + l.Text, "hi|text" }},
		{"multipart without boundary", []string{"Content-Type: multipart/mixed", "", "just text"}, func(l Letter) (string, string) { return l.Text, "just text" }},
		{"multipart with a lost boundary", []string{"Content-Type: multipart/mixed", "", "--xyz1", "Content-Type: text/plain", "", "found", "--xyz1--"}, func(l Letter) (string, string) { return l.Text, "found" }},
		{"junk part", []string{
			"Content-Type: multipart/mixed; boundary=b", "", "--b", "this is no header", "", "junk", "--b", "Content-Type: text/plain", "", "good", "--b--",
		}, func(l Letter) (string, string) { return l.Text, "this is no header\n\njunk\n\ngood" }},
		{"part that is never closed", []string{"Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", "cut"}, func(l Letter) (string, string) { return l.Text, "cut" }},
		{"media type with stray characters", []string{"Content-Type: text/plain; charset=utf-8;;; format=\"flowed", "", "привет"}, func(l Letter) (string, string) { return l.Text, "привет" }},
		{"line ends by CR alone", []string{"Subject: hi\rContent-Type: text/plain\r\rbody"}, func(l Letter) (string, string) { return l.Subject, "hi" }},
		{"a body that is only HTML", []string{"Content-Type: text/html; charset=utf-8", "", `<p>Добрый день</p><p>Ссылка: <a href="https://x.ru/a?b=1">отчёт</a></p><ul><li>раз<li>два</ul>`}, func(l Letter) (string, string) {
			return l.Text, "Добрый день\n\nСсылка: отчёт <https://x.ru/a?b=1>\n\n- раз\n- два"
		}},
		{"PGP/MIME", []string{
			"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b", "", "--b", "Content-Type: application/pgp-encrypted", "", "Version: 1", "--b",
			"Content-Type: application/octet-stream; name=encrypted.asc", "", "-----BEGIN PGP MESSAGE-----", "--b--",
		}, func(l Letter) (string, string) { return l.Encrypted, "pgp" }},
		{"no From", []string{"Subject: x", "", "y"}, func(l Letter) (string, string) {
			return map[bool]string{true: "named a fault"}[len(l.From) == 0 && faulty(l, FaultMissing)], "named a fault"
		}},
		{"no header at all", []string{"просто текст, без заголовков"}, func(l Letter) (string, string) {
			return l.Text + map[bool]string{true: "|fault"}[faulty(l, FaultHeader)], "просто текст, без заголовков|fault"
		}},
		{"a mail that is only a mail", []string{
			"Content-Type: message/rfc822", "", "From: Пётр <p@x.ru>", "Subject: =?utf-8?B?0J/RgNC40LLQtdGC?=", "Message-ID: <1@x.ru>", "", "внутри",
		}, func(l Letter) (string, string) {
			if l.Forward == nil {
				return "no forward", "forward"
			}
			return l.Text + "|" + fileOf(l) + "|" + l.Forward.ID + "|" + l.Forward.By.String(), "внутри|Привет.eml|1@x.ru|attachment"
		}},
		{"format=flowed", []string{"Content-Type: text/plain; format=flowed; delsp=no", "", "one ", "two", "> q ", "> r", "-- ", "sig"}, func(l Letter) (string, string) { return l.Text, "one two\n> q r\n--\nsig" }},
		{"uuencoded file in the text", []string{"Content-Type: text/plain", "", "see file", "begin 644 hi.txt", "#:&D*", "`", "end"}, func(l Letter) (string, string) {
			return l.Text + "|" + fileOf(l), "see file|hi.txt"
		}},
		{"utf-7", []string{"Content-Type: text/plain; charset=utf-7", "", "+BB8EQAQ4BDIENQRC-!"}, func(l Letter) (string, string) { return l.Text, "Привет!" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := read(t, c.mail...)
			if got, want := c.check(l); got != want {
				t.Errorf("got  %q\nwant %q\nfaults %v", got, want, l.Faults)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{`Ivan <ivan@x.ru>`, "Ivan/ivan@x.ru"},
		{`"Petrov, Ivan" <IVAN@X.RU>, b@y.ru`, "Petrov, Ivan/IVAN@x.ru b@y.ru"},
		{`=?utf-8?B?0JjQstCw0L0=?= <i@x.ru>`, "Иван/i@x.ru"},
		{`=?utf-8?B?0JjQstCw0L0gPGlAeC5ydT4=?=`, "Иван/i@x.ru"},
		{`Иван Петров <i@x.ru>; p@x.ru`, "Иван Петров/i@x.ru p@x.ru"},
		{`i@x.ru (Ivan)`, "Ivan/i@x.ru"},
		{`undisclosed-recipients:;`, ""},
		{`Friends: a@x.ru, b@x.ru;`, "a@x.ru b@x.ru"},
		{`'i@x.ru' <i@x.ru>`, "i@x.ru"},
		{`<i@x.ru>`, "i@x.ru"},
		{`Ivan i@x.ru`, "i@x.ru"},
		{`Иван <иван@пример.рф>`, "Иван/иван@xn--e1afmkfd.xn--p1ai"},
		{`nobody`, ""},
		{`"a" <b@c.ru> <evil@d.ru>`, "a <b@c.ru>/evil@d.ru"},
	} {
		var got []string
		for _, a := range read(t, "To: "+c.in, "", "x").To {
			if a.Name != "" {
				a.Name += "/"
			}
			got = append(got, a.Name+a.Mail)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: got %q, want %q", c.in, s, c.want)
		}
	}
}

func TestHeaderFields(t *testing.T) {
	t.Parallel()
	l := read(t, "Received: from a by b; Fri, 21 Nov 2025 10:00:05 +0300 (MSK)", "From: a@x.ru", "Sender: s@x.ru", "Reply-To: r@x.ru", "Cc: c@x.ru", "Delivered-To: help+tok3n@desk.ru",
		"To: help+VH-26-000010@desk.ru", "Date: Fri, 21 Nov 2025 10:00:00 MSK", "Message-ID: <m1@x.ru>", "In-Reply-To: <p@x.ru>", "References: <a@x.ru>", " <b@x.ru><p@x.ru> <a@x.ru>",
		"Subject: Re: Fwd: =?utf-8?Q?[VH-26-000010]_=D0=BD=D0=B5?= =?utf-8?Q?_=D0=BE=D0=BA?=", "", "см. VH\u201126\u2011000010 12:30 и VH-26-000011")
	if got := l.Relayed.UTC().Format("15:04:05") + " " + l.Date.UTC().Format("15:04:05"); got != "07:00:05 07:00:00" {
		t.Error("times:", got)
	}
	if got := strings.Join([]string{l.Sender.Mail, l.ReplyTo[0].Mail, l.Cc[0].Mail, l.ID, strings.Join(l.InReplyTo, ","), strings.Join(l.References, ","), l.Subject, l.Topic}, "|"); got !=
		"s@x.ru|r@x.ru|c@x.ru|m1@x.ru|p@x.ru|a@x.ru,b@x.ru,p@x.ru|Re: Fwd: [VH-26-000010] не ок|[VH-26-000010] не ок" {
		t.Error("fields:", got)
	}
	var marks []string
	for _, m := range l.Markers {
		marks = append(marks, m.Place.String()+" "+m.Number.String())
	}
	if got := strings.Join(marks, ", "); got != "address VH-26-000010, subject VH-26-000010, body VH-26-000010" {
		t.Error("markers:", got) // VH-26-000011 has a wrong check digit
	}
	if got := strings.Join(l.Tags, ","); got != "tok3n,VH-26-000010" {
		t.Error("tags:", got)
	}
}

func TestSubjectPrefixes(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	for _, c := range []struct {
		in, topic string
		forward   bool
	}{
		{"Fwd: a", "a", true},
		{"FW: Re: a", "a", true},
		{"WG: a", "a", true},
		{"Пересл: а", "а", true},
		{"ПЕР: а", "а", true},
		{"Пер.: а", "а", true},
		{"Re: Fwd: a", "a", false},
		{"Re[2]: a", "a", false},
		{"Отв: а", "а", false},
		{"НА: а", "а", false},
		{"Сервер: не работает", "Сервер: не работает", false},
		{"per. a", "per. a", false},
		{"", "", false},
	} {
		if topic, forward := r.topic(c.in); topic != c.topic || forward != c.forward {
			t.Errorf("%q: got %q %v, want %q %v", c.in, topic, forward, c.topic, c.forward)
		}
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"../../etc/passwd", "passwd"},
		{`C:\Users\x\отчёт.doc`, "отчёт.doc"},
		{"fdp.\u202eexe", "fdp.exe"},
		{"a\x00b.txt", "ab.txt"},
		{"..", ""},
		{strings.Repeat("я", 300) + ".pdf", strings.Repeat("я", 196) + ".pdf"},
		{`a<b>"c".txt`, "a_b__c_.txt"},
	} {
		if got := fileName(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAttachmentTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, declared, content, kind string
		disguised                     bool
	}{
		{"a.pdf", "application/pdf", "%PDF-1.7", "application/pdf", false},
		{"a.pdf", "application/pdf", "MZ\x90\x00", "application/x-msdownload", true},
		{"setup.exe", "application/octet-stream", "MZ\x90\x00", "application/x-msdownload", false},
		{"invoice.pdf.exe", "application/pdf", "MZ\x90\x00", "application/x-msdownload", true},
		{"invoice.pdf.js", "application/pdf", "var a", "text/plain", true},
		{"photo.jpg", "image/jpeg", "<html><script>", "text/html", true},
		{"photo.jpg", "image/png", "\xff\xd8\xff\xe0", "image/jpeg", false},
		{"x.svg", "image/svg+xml", "<svg onload=a>", "image/svg+xml", false},
		{"log.txt", "text/plain", "hello", "text/plain", false},
		{"b.docx", "application/zip", "PK\x03\x04\x00word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false},
		{"b.xyz", "text/html", "\x00\x01", "application/octet-stream", false},
	} {
		l := read(t, "Content-Type: "+c.declared, `Content-Disposition: attachment; filename="`+c.name+`"`, "", c.content)
		if len(l.Attachments) != 1 {
			t.Fatalf("%s: %d files", c.name, len(l.Attachments))
		}
		a := l.Attachments[0]
		if a.Type != c.kind || a.Disguised != c.disguised || a.Declared != c.declared || a.Name != c.name {
			t.Errorf("%s as %s: got %s, disguised %v (%q)", c.name, c.declared, a.Type, a.Disguised, a.Name)
		}
	}
}

// TestPicturesOfTheHTML: what the HTML shows is inline, whatever its part says.
func TestPicturesOfTheHTML(t *testing.T) {
	t.Parallel()
	l := read(t, "From: a@x.ru", "Content-Type: multipart/related; boundary=b", "", "--b", "Content-Type: text/html", "", `<p>x<img src="cid:shown@x">`, "--b",
		"Content-Type: image/png", "Content-ID: <shown@x>", "Content-Disposition: attachment; filename=a.png", "", "\x89PNG\r\n\x1a\n", "--b",
		"Content-Type: image/png", "Content-ID: <hidden@x>", "Content-Disposition: attachment; filename=b.png", "", "\x89PNG\r\n\x1a\n", "--b--")
	if len(l.Attachments) != 2 || !l.Attachments[0].Inline || l.Attachments[1].Inline {
		t.Errorf("%+v", l.Attachments)
	}
}

func TestHTMLIsSafe(t *testing.T) {
	t.Parallel()
	l := read(t, "Content-Type: text/html; charset=utf-8", "",
		`<html><head><style>p{background:url(http://t.ru/x)}</style></head><body onload="x()"><p style="color:red" onclick="y()">Текст</p></div></div><img src="http://t.ru/p.gif" alt="лого">`+
			`<img src="cid:a@b"><a href="javascript:x()">плохо</a> <a href="https://ok.ru/">хорошо</a><script>alert(1)</script><iframe src="//e.ru"></iframe><form action="/x"><input name=a></form><table><tr><td>1</td><td>2</td></tr>`)
	for _, bad := range []string{"script", "onload", "onclick", "style", "t.ru", "javascript", "iframe", "<form", "<input", "alert", "</div>"} {
		if strings.Contains(l.HTML, bad) {
			t.Errorf("%q is in %s", bad, l.HTML)
		}
	}
	for _, good := range []string{"<p>Текст</p>", `src="cid:a@b"`, `href="https://ok.ru/"`, "noreferrer", "<td>1</td>", "</table>"} {
		if !strings.Contains(l.HTML, good) {
			t.Errorf("%q is not in %s", good, l.HTML)
		}
	}
	if l.RemoteImages != 1 {
		t.Error("remote images:", l.RemoteImages)
	}
	if want := "1\t2"; !strings.Contains(l.Text, want) || strings.Contains(l.Text, "alert") || !strings.Contains(l.Text, "хорошо <https://ok.ru/>") {
		t.Errorf("text: %q", l.Text)
	}
	deep := read(t, "From: a@x.ru", "Content-Type: text/html", "", strings.Repeat("<div><blockquote>", 1000)+"дно"+strings.Repeat("</blockquote></div>", 1000)+"<p>после").HTML
	opened, closed := strings.Count(deep, "<div>")+strings.Count(deep, "<blockquote>"), strings.Count(deep, "</div>")+strings.Count(deep, "</blockquote>")
	if opened != maxNesting || closed != opened || !strings.Contains(deep, "дно") || !strings.HasSuffix(deep, "<p>после\n</p>") {
		t.Errorf("%d elements opened in each other, %d closed: %.200s", opened, closed, deep)
	}
}
