package letter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestQuotes: each file is a text as a mail program wrote it, a line of ===,
// and what of it is new.
func TestQuotes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/quotes/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	r := NewReader(Config{})
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text, want, ok := strings.Cut(string(b), "\n=====\n")
		if !ok {
			t.Fatalf("%s has no line of =====", f)
		}
		l := r.Read([]byte("From: a@x.ru\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n"+text+"\n"), Envelope{})
		if l.Stripped != strings.TrimSpace(want) {
			t.Errorf("%s:\n got %q\nwant %q", filepath.Base(f), l.Stripped, strings.TrimSpace(want))
		}
		if words := strings.Join(strings.Fields(text), " "); strings.Join(strings.Fields(l.Text), " ") != words {
			t.Errorf("%s: the full text lost something: %q", filepath.Base(f), l.Text)
		}
	}
}

// TestQuotesInHTML: what programs mark as a quote in HTML is one in the text.
func TestQuotesInHTML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ html, want string }{
		{`<div dir="ltr">Не помогло</div><br><div class="gmail_quote"><div class="gmail_attr">пт, 21 нояб. 2025 г. в 02:15, Поддержка &lt;<a href="mailto:help@desk.ru">help@desk.ru</a>&gt;:<br></div><blockquote>Перезагрузите</blockquote></div>`, "Не помогло"},
		{`<div>Файл приложил.</div><div>&nbsp;</div><div>21.11.2025, 02:15, "Поддержка" &lt;help@desk.ru&gt;:</div><blockquote><p>Пришлите</p></blockquote>`, "Файл приложил."},
		{`<div class=WordSection1><p class=MsoNormal>Подтверждаю.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>From:</b> Поддержка &lt;help@desk.ru&gt; <br><b>Sent:</b> Friday, November 21, 2025 9:15 AM<br><b>To:</b> Иван<br><b>Subject:</b> RE: x</p></div><p>Старое</p></div>`, "Подтверждаю."},
		{`<div>Спасибо!</div><div><br></div><div>С уважением,</div><div>Иван</div><hr><div><b>От:</b> a@b.ru<br><b>Отправлено:</b> вчера<br><b>Кому:</b> я<br></div>`, "Спасибо!"},
	} {
		l := read(t, "From: a@x.ru", "Content-Type: text/html; charset=utf-8", "", c.html)
		if l.Stripped != c.want {
			t.Errorf("got %q, want %q\ntext %q", l.Stripped, c.want, l.Text)
		}
	}
}
