package letter

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// charsets are those of the matrix, by the names that mails have for them.
var charsets = []struct {
	label string
	enc   encoding.Encoding
}{
	{"windows-1251", charmap.Windows1251},
	{"koi8-r", charmap.KOI8R},
	{"koi8-u", charmap.KOI8U},
	{"cp866", charmap.CodePage866},
	{"iso-8859-5", charmap.ISO8859_5},
	{"x-mac-cyrillic", charmap.MacintoshCyrillic},
	{"utf-8", nil},
}

// wrongLabels are those that a text is given although it is in another
// charset. An alias of the right one is a label that libraries do not know.
var wrongLabels = []string{"windows-1251", "koi8-r", "koi8-u", "cp866", "iso-8859-5", "x-mac-cyrillic", "utf-8", "us-ascii", "iso-8859-1", "windows-1252", "x-unknown", "cp-1251"}

// subjects are one line each, as clients of a service desk write.
var subjects = []string{
	"Не работает 1С, срочно перезвоните",
	"Сервер недоступен с 9:30, филиал в Екатеринбурге",
	"СРОЧНО! Упала база данных, бухгалтерия стоит",
	"Не открывается почта у главного бухгалтера",
	"Ошибка подключения к удалённому рабочему столу",
	"Пропал интернет во всём офисе",
	"Re: Заявка на замену жёсткого диска",
	"Съешь же ещё этих мягких французских булок, да выпей чаю",
	"ЗАМЕНА КАРТРИДЖА В БУХГАЛТЕРИИ",
	"Просьба предоставить доступ новому сотруднику",
}

var fileNames = []string{
	"Счёт на оплату от 21 ноября.pdf",
	"Акт выполненных работ.docx",
	"Ошибка при запуске.png",
	"ДОГОВОР ПОСТАВКИ.doc",
	"Новый текстовый документ.txt",
	"Снимок экрана 2025-11-21 в 09.30.png",
}

// bodies hold every letter of Russian, small and capital.
var bodies = []string{
	"Добрый день!\nУ нас перестал отвечать файловый сервер, сотрудники не могут открыть общие папки. Перезагрузка не помогла. " +
		"Объём диска ещё вчера был заполнен на девяносто процентов. Просим срочно подключиться и проверить, щёлкает ли жёсткий диск. " +
		"Эта же ошибка появлялась в июле у фирмы «Южный экспресс» — тогда помогла замена контроллера.\nС уважением, Фёдор Цыганков\n",
	"Ёлкин Цезарь Щукин Эдуард Южаков Яков Жданов Игорь Чащин Хамит Шумилов Юрий Фомин Ыйбек: подъезд, объявление, мышь, вьюга, чьё-то, ещё, цапля, щука, эхо, юг, яблоко, хвост, жук, " +
		"шум, зима, гора, вода, банк, фирма, йод, кран, лист, мост, небо, окно, пол, рука, сад, том, угол, ель.\n",
	"АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ абвгдеёжзийклмнопрстуфхцчшщъыьэюя\nПисьмо содержит все буквы. Коллеги, добрый день! Прошу восстановить доступ к почтовому ящику.\n",
	"Server DB01 (10.0.0.5): ошибка репликации PostgreSQL.\n\nПодробности: ERROR: could not connect. Пожалуйста, проверьте журнал и сообщите о результатах.\n",
	"Здравствуйте.\nНе печатает принтер HP LaserJet в кабинете 305.\n",
}

// in writes a text in a charset; signs that it lacks are replaced before.
func in(t *testing.T, enc encoding.Encoding, text string) (written string, b []byte) {
	t.Helper()
	if enc == nil {
		return text, []byte(text)
	}
	b, err := enc.NewEncoder().Bytes([]byte(text))
	if err != nil {
		text = strings.NewReplacer("«", `"`, "»", `"`, "—", "-", "№", "N").Replace(text)
		if b, err = enc.NewEncoder().Bytes([]byte(text)); err != nil {
			t.Fatalf("write %q: %v", text, err)
		}
	}
	return text, b
}

// word writes encoded words of at most 30 bytes each, cut anywhere.
func word(label, kind string, b []byte) string {
	var words []string
	for len(b) > 0 {
		n := min(len(b), 30)
		text := base64.StdEncoding.EncodeToString(b[:n])
		if kind == "Q" {
			text = ""
			for _, c := range b[:n] {
				switch {
				case c == ' ':
					text += "_"
				case c > ' ' && c < 0x7f && !strings.ContainsRune("=?_\"(),.:;<>@[\\]", rune(c)):
					text += string(rune(c))
				default:
					text += fmt.Sprintf("=%02X", c)
				}
			}
		}
		words = append(words, "=?"+label+"?"+kind+"?"+text+"?=")
		b = b[n:]
	}
	return strings.Join(words, "\r\n ")
}

func quoted(b []byte) string {
	var out bytes.Buffer
	w := quotedprintable.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.String()
}

func b64lines(b []byte) string {
	var out strings.Builder
	for s := base64.StdEncoding.EncodeToString(b); len(s) > 0; s = s[min(76, len(s)):] {
		out.WriteString(s[:min(76, len(s))] + "\r\n")
	}
	return out.String()
}

func percent(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, "%%%02X", c)
	}
	return s.String()
}

func charsetOf(label string) string {
	if label == "" {
		return ""
	}
	return "; charset=" + label
}

// cells are the places of a mail where a text stands. Make writes a mail with
// the text there under a label; read takes it out of the letter.
var cells = []struct {
	name     string
	texts    []string
	labelled bool // the place cannot do without a label
	make     func(label string, b []byte) string
	read     func(Letter) string
}{
	{"subject B", subjects, true, func(l string, b []byte) string { return "Subject: " + word(l, "B", b) + "\r\n\r\nhi\r\n" }, subjectOf},
	{"subject Q", subjects, true, func(l string, b []byte) string { return "Subject: " + word(l, "Q", b) + "\r\n\r\nhi\r\n" }, subjectOf},
	{"subject raw", subjects, false, func(l string, b []byte) string {
		return "Subject: " + string(b) + "\r\nContent-Type: text/plain" + charsetOf(l) + "\r\n\r\nhi\r\n"
	}, subjectOf},
	{"body 8bit", bodies, false, func(l string, b []byte) string {
		return "Content-Type: text/plain" + charsetOf(l) + "\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + string(b)
	}, textOf},
	{"body qp", bodies, false, func(l string, b []byte) string {
		return "Content-Type: text/plain" + charsetOf(l) + "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted(b)
	}, textOf},
	{"body base64", bodies, false, func(l string, b []byte) string {
		return "Content-Type: text/plain" + charsetOf(l) + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64lines(b)
	}, textOf},
	{"html body", bodies, false, func(l string, b []byte) string {
		return "Content-Type: text/html" + charsetOf(l) + "\r\n\r\n<html><body><pre>" + string(b) + "</pre></body></html>"
	}, textOf},
	{"file 2231", fileNames, true, func(l string, b []byte) string {
		p := percent(b)
		cut := len(p) / 6 * 3
		return "Content-Type: application/pdf\r\nContent-Disposition: attachment;\r\n filename*0*=" + l + "''" + p[:cut] + ";\r\n filename*1*=" + p[cut:] + "\r\n\r\nx"
	}, fileOf},
	{"file 2047", fileNames, true, func(l string, b []byte) string {
		return "Content-Type: application/pdf;\r\n name=\"" + word(l, "B", b) + "\"\r\nContent-Disposition: attachment\r\n\r\nx"
	}, fileOf},
	{"file raw", fileNames, false, func(l string, b []byte) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain" + charsetOf(l) + "\r\n\r\nhi\r\n--b\r\nContent-Type: application/pdf\r\n" +
			"Content-Disposition: attachment; filename=\"" + string(b) + "\"\r\n\r\nx\r\n--b--\r\n"
	}, fileOf},
}

func subjectOf(l Letter) string { return l.Subject }
func textOf(l Letter) string    { return l.Text }
func fileOf(l Letter) string {
	for _, a := range l.Attachments {
		return a.Name
	}
	return "no file"
}

// TestCharsetMatrix writes every text in every charset into every place under
// the right label, every wrong one and none, and wants it back exactly. No
// cell is left out but those that cannot be written: an encoded word without a
// label. What nobody can tell, and no text here has: the boxes of KOI8-R are
// letters in KOI8-U.
func TestCharsetMatrix(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	n := 0
	for _, cell := range cells {
		for _, c := range charsets {
			for _, text := range cell.texts {
				want, b := in(t, c.enc, text)
				labels := append([]string{c.label, ""}, wrongLabels...)
				for _, label := range labels {
					if label == "" && cell.labelled {
						continue // the grammar has no place without a label
					}
					n++
					raw := cell.make(label, b)
					got := cell.read(r.Read([]byte("From: a@b.ru\r\n"+raw), Envelope{}))
					if got != strings.TrimSpace(want) {
						t.Errorf("%s in %s labelled %q:\n got %q\nwant %q", cell.name, c.label, label, got, want)
					}
				}
			}
		}
	}
	if n < 6000 {
		t.Errorf("the matrix has %d cells, expected thousands", n)
	}
	t.Logf("%d cells", n)
}

// windows calls each for every run of n words of the sample texts.
func windows(n int, each func(string)) {
	for _, list := range [][]string{subjects, bodies} {
		for _, text := range list {
			words := strings.Fields(text)
			for i := 0; i+n <= len(words); i++ {
				each(strings.Join(words[i:i+n], " "))
			}
		}
	}
}

// TestRightLabelIsBelieved: however short a text, the right label is never
// overruled by a guess.
func TestRightLabelIsBelieved(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	for n := 1; n <= 6; n++ {
		windows(n, func(text string) {
			for _, c := range charsets {
				want, b := in(t, c.enc, text)
				if got := (&desk{r: r}).read(b, c.label, ""); got.text != want || got.belied {
					t.Errorf("%d words in %s under its label: got %q (belied: %v), want %q", n, c.label, got.text, got.belied, want)
				}
			}
		})
	}
}

// twins are two charsets that share all small letters but я and ё: in a few
// words two bytes may differ, too few to overrule the label of the one with the
// other. Whole sentences do (TestCharsetMatrix).
func twins(a, b string) bool {
	a, b = canonical(a), canonical(b)
	return a == "windows-1251" && b == "x-mac-cyrillic" || b == "windows-1251" && a == "x-mac-cyrillic"
}

// TestBytesTellTheCharset: eight words of Russian are enough without a label,
// and against a wrong one.
func TestBytesTellTheCharset(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	for _, n := range []int{8, 12} {
		windows(n, func(text string) {
			for _, c := range charsets {
				want, b := in(t, c.enc, text)
				for _, label := range append([]string{""}, wrongLabels...) {
					if twins(c.label, label) {
						continue
					}
					if got := (&desk{r: r}).read(b, label, ""); got.text != want {
						t.Errorf("%d words in %s labelled %q: got %q, want %q", n, c.label, label, got.text, want)
					}
				}
			}
		})
	}
}

// TestOtherScriptsKeepTheirLabel: what is not Cyrillic is not made so.
func TestOtherScriptsKeepTheirLabel(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	for _, c := range []struct {
		label string
		enc   encoding.Encoding
		text  string
	}{
		{"iso-8859-1", charmap.ISO8859_1, "Grüße aus München, die Lösung läuft für Jürgen Müller schön"},
		{"windows-1252", charmap.Windows1252, "Le serveur a été redémarré à Besançon – merci"},
		{"iso-8859-2", charmap.ISO8859_2, "Zażółć gęślą jaźń, proszę o pilną pomoc"},
		{"windows-1250", charmap.Windows1250, "Příliš žluťoučký kůň úpěl ďábelské ódy"},
		{"iso-8859-7", charmap.ISO8859_7, "Ο διακομιστής δεν λειτουργεί από το πρωί"},
		{"windows-1254", charmap.Windows1254, "Sunucu çalışmıyor, lütfen acilen arayın, teşekkürler"},
		{"windows-1251", charmap.Windows1251, "Шановні колеги, не працює сервер, зателефонуйте, будь ласка, її ім’я"},
		{"koi8-u", charmap.KOI8U, "Шановнi колеги, не працює сервер, її ґанок є"},
		{"windows-1251", charmap.Windows1251, "Сървърът не работи от сутринта, моля обадете се спешно"},
		{"windows-1251", charmap.Windows1251, "Сервер је недоступан, молимо вас да се јавите што пре, њих и љуто"},
	} {
		b, err := c.enc.NewEncoder().Bytes([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if got := (&desk{r: r}).read(b, c.label, "").text; got != c.text {
			t.Errorf("%s: got %q, want %q", c.label, got, c.text)
		}
	}
}
