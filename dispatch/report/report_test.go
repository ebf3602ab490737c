package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run with -update and read what it writes", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestNight holds a whole report in both languages and in the forms of text.
func TestNight(t *testing.T) {
	t.Parallel()
	m := night()
	golden(t, "night.ru.md", Markdown(Layout(m, sealed(t, m))))
	page, err := HTML(Layout(m, sealed(t, m)), Link{"PDF", "report.pdf"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "night.ru.html", page)
	m.Language = "en"
	golden(t, "night.en.md", Markdown(Layout(m, Seal{})))
}

// TestNineParts expects the parts of a report in their order, and a draft to say
// that it is one.
func TestNineParts(t *testing.T) {
	t.Parallel()
	m := night()
	d := Layout(m, Seal{})
	var ids []string
	for _, s := range d.Sections {
		ids = append(ids, s.ID)
	}
	if got := strings.Join(ids, " "); got != "summary timeline actions result cause advice promises annex seal" {
		t.Errorf("parts %s", got)
	}
	if d.Draft == "" || Layout(m, sealed(t, m)).Draft != "" {
		t.Error("a draft says that it is one, and what is approved does not")
	}
}

// TestModelKeepsItsHash expects a stored model to be the one that was approved.
func TestModelKeepsItsHash(t *testing.T) {
	t.Parallel()
	m := night()
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(b, Hash(b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("model changed on its way (-was +is):\n%s", diff)
	}
	if _, err := Decode(bytes.Replace(b, []byte("98 %"), []byte("99 %"), 1), Hash(b)); err == nil {
		t.Error("an altered model was read")
	}
	m.Schema = Schema + 1
	if b, err = m.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(b, Hash(b)); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("a model of a newer version: %v", err)
	}
}

// TestPDFIsAlwaysTheSame expects the same bytes for the same report: its
// checksum can be compared.
func TestPDFIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	m := night()
	first, second := pdf(t, m), pdf(t, m)
	if !bytes.HasPrefix(first, []byte("%PDF-")) || !bytes.Equal(first, second) {
		t.Errorf("%d and %d bytes, equal: %t", len(first), len(second), bytes.Equal(first, second))
	}
	if len(first) > 200_000 {
		t.Errorf("%d bytes: only the glyphs in use belong into a document", len(first))
	}
}

func pdf(t *testing.T, m Model) []byte {
	t.Helper()
	b, err := PDF(Layout(m, sealed(t, m)), m.MadeAt)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// texts returns the text of each page as a reader's program finds it.
func texts(t *testing.T, pdf []byte) []string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Fatal("pdftotext is not installed; deploy/test-deps.sh installs poppler-utils")
	}
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
}

// TestPDFReads expects that the text can be found and copied, that each page
// says which one it is, that a long chronology repeats its head on each page and
// that no heading is the last thing on a page.
func TestPDFReads(t *testing.T) {
	t.Parallel()
	m := night()
	for i := range 90 {
		l := m.Timeline[6]
		l.Text = "Строка хронологии № " + strconv.Itoa(i) + ": " + strings.Repeat("проверка дисков продолжается ", i%7)
		l.At = l.At.Add(time.Duration(i) * time.Minute)
		m.Timeline = append(m.Timeline, l)
	}
	pages := texts(t, pdf(t, m))
	if len(pages) < 6 {
		t.Fatalf("%d pages", len(pages))
	}
	heading := regexp.MustCompile(`^\d\. [А-ЯЁ]`)
	for i, p := range pages {
		lines := strings.Split(strings.TrimRight(p, "\n "), "\n")
		foot := strings.TrimSpace(lines[len(lines)-1])
		if want := strconv.Itoa(i+1) + " из " + strconv.Itoa(len(pages)); !strings.HasSuffix(foot, want) {
			t.Errorf("page %d ends with %q, want %q", i+1, foot, want)
		}
		if i > 0 && !strings.Contains(p, "Отчёт об инциденте VH-26-004213") {
			t.Errorf("page %d has no running head", i+1)
		}
		if strings.Contains(p, "Строка хронологии") && !strings.Contains(p, "Событие") {
			t.Errorf("page %d does not repeat the names of the columns", i+1)
		}
		last := ""
		for _, l := range lines[:len(lines)-1] {
			if l = strings.TrimSpace(l); l != "" {
				last = l
			}
		}
		if heading.MatchString(last) {
			t.Errorf("page %d ends with the heading %q", i+1, last)
		}
	}
	if all := strings.Join(pages, ""); !strings.Contains(all, "Вирус-шифровальщик на файловом сервере") || !strings.Contains(all, "Подлинность документа") {
		t.Error("the text of the document is not found in it")
	}
}

// TestPDFTakesAnyText expects a page for whatever people paste.
func TestPDFTakesAnyText(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "emoji": "сервер 🔥🔥 упал 👨‍💻 → перезапущен ✅", "one long word": strings.Repeat("A", 1500), "controls": "a\x00b\x1b[31mc\r\nd\te",
		"broken": "a\xff\xfe\xd0", "higher than a page": strings.Repeat("длинная запись ", 700), "right to left": "שלום", "lines": strings.Repeat("строка\n", 90),
	} {
		m := night()
		m.Head.Title, m.Head.Services, m.Summary, m.Result.Check = text, []string{text}, []string{text}, text
		m.Timeline[3].Text, m.Timeline[3].Who, m.Cause.Whys, m.Advice[0].Text, m.Clocks[0].Why = text, text, []string{text}, text, text
		m.Provider.Name, m.Head.Client = text, text
		if b, err := PDF(Layout(m, Seal{}), m.MadeAt); err != nil || len(b) < 1000 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		if page, err := HTML(Layout(m, Seal{})); err != nil || !strings.Contains(page, "</html>") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTextIsText expects that nobody's words become markup.
func TestTextIsText(t *testing.T) {
	t.Parallel()
	m := night()
	m.Timeline[2].Text = "<script>alert(1)</script> | **жирно** [ссылка](javascript:alert(1))\n# заголовок"
	m.Cause.Factors = []string{"1. не список", "- не список", "<img src=x onerror=alert(1)>"}
	d := Layout(m, Seal{})
	page, err := HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "onerror=alert(1)>"} {
		if strings.Contains(strings.SplitN(page, "</head>", 2)[1], bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
	md := Markdown(d)
	for _, want := range []string{`\<script\>`, `\| \*\*жирно\*\*`, `\[ссылка\](javascript`, ` \# заголовок`, `- 1\. не список`, `- \- не список`} {
		if !strings.Contains(md, want) {
			t.Errorf("the text has no %q", want)
		}
	}
}

// TestFonts checks the hashes that the attribution names, the licence, and that
// all styles have the same characters, those of both languages among them.
func TestFonts(t *testing.T) {
	t.Parallel()
	const dir = "third_party/pt-sans"
	note, err := os.ReadFile(filepath.Join(dir, "ATTRIBUTION.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile(`(?m)^([0-9a-f]{64})  (\S+)$`).FindAllStringSubmatch(string(note), -1)
	if len(listed) != 4 {
		t.Fatalf("%d files are listed", len(listed))
	}
	for _, f := range listed {
		b, err := os.ReadFile(filepath.Join(dir, f[2]))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f[1] {
			t.Errorf("%s is not the file that was taken over", f[2])
		}
	}
	licence, err := os.ReadFile(filepath.Join(dir, "OFL.txt"))
	if err != nil || !bytes.Contains(licence, []byte("SIL OPEN FONT LICENSE Version 1.1")) {
		t.Errorf("licence: %v", err)
	}
	base, err := covers(regularTTF)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАЯЁ0123456789azAZ«»„“—–№₽%·•…−©" + nbsp {
		if !base.has(r) {
			t.Errorf("the font has no %q", r)
		}
	}
	for _, ttf := range [][]byte{boldTTF, italicTTF} {
		other, err := covers(ttf)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(base, other, cmp.AllowUnexported(span{})); diff != "" {
			t.Errorf("the styles differ:\n%s", diff)
		}
	}
	if _, err := covers(regularTTF[:200]); !errors.Is(err, errFont) {
		t.Errorf("a file that is cut: %v", err)
	}
}

// TestWords expects both languages to have the same words, and every key that
// the code names to be among them.
func TestWords(t *testing.T) {
	t.Parallel()
	ru, en := wordsRU(), wordsEN()
	for key, text := range ru {
		if other, ok := en[key]; !ok || placeholders(text) != placeholders(other) {
			t.Errorf("%s: %q and %q", key, text, other)
		}
	}
	for key := range en {
		if _, ok := ru[key]; !ok {
			t.Errorf("%s is in English only", key)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			lit, text := call.Args[0].(*ast.BasicLit)
			if !ok || !text || f.Sel.Name != "say" && f.Sel.Name != "said" {
				return true
			}
			key, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := ru[key]; !ok && !strings.HasSuffix(key, ".") {
				t.Errorf("%s: no words for %q", file, key)
			}
			if _, ok := ru[key+".empty"]; f.Sel.Name == "said" && !ok && !strings.HasSuffix(key, ".") {
				t.Errorf("%s: no words for %q without a text", file, key)
			}
			named++
			return true
		})
	}
	if named < 60 {
		t.Errorf("only %d keys found in the code", named)
	}
}

func placeholders(text string) string {
	found := regexp.MustCompile(`\{\w+\}`).FindAllString(text, -1)
	seen := map[string]bool{}
	for _, p := range found {
		seen[p] = true
	}
	var list []string
	for _, p := range []string{"{actions}", "{after}", "{all}", "{asset}", "{at}", "{cause}", "{channel}", "{client}", "{clock}", "{date}", "{eta}", "{fallback}", "{from}", "{hash}", "{hypothesis}", "{lag}", "{level}", "{limit}", "{missed}", "{n}", "{name}", "{number}", "{outage}", "{outcome}", "{person}", "{priority}", "{reason}", "{result}", "{seq}", "{skill}", "{talk}", "{text}", "{time}", "{title}", "{value}", "{way}", "{who}", "{with}", "{zone}"} {
		if seen[p] {
			list = append(list, p)
			delete(seen, p)
		}
	}
	for p := range seen {
		list = append(list, "unlisted "+p)
	}
	return strings.Join(list, " ")
}

func TestDurations(t *testing.T) {
	t.Parallel()
	s := newSpeech(Model{Language: "ru", Zone: "Europe/Moscow"})
	for d, want := range map[time.Duration]string{
		0: "0 с", 19 * time.Second: "19 с", 59*time.Second + 1: "1 мин", 400 * time.Second: "6 мин 40 с", time.Hour: "1 ч",
		14*time.Minute + 59*time.Second + 900*time.Millisecond: "15 мин", // never rounded into compliance
		7*time.Hour + 4*time.Minute:                            "7 ч 4 мин", 30*time.Hour + 28*time.Minute: "30 ч 28 мин", 75 * time.Hour: "3 дн. 3 ч",
	} {
		if got := strings.ReplaceAll(s.duration(d), nbsp, " "); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// TestHourThatComesTwice expects times that can not be told apart to say their
// offset (the night of 25 October 2026 in Berlin).
func TestHourThatComesTwice(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	m := night()
	m.Zone = "Europe/Berlin"
	for i := range m.Timeline {
		m.Timeline[i].At = first.Add(time.Duration(i) * 10 * time.Minute)
	}
	md := Markdown(Layout(m, Seal{}))
	for _, want := range []string{"02:30 +02:00", "02:30 +01:00"} {
		if !strings.Contains(md, want) {
			t.Errorf("no %q", want)
		}
	}
	m.Zone = "Europe/Moscow"
	if md := Markdown(Layout(m, Seal{})); strings.Contains(md, "+03:00") {
		t.Error("a zone without a change needs no offsets")
	}
}

func TestTypeset(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"сервер в стойке":  "сервер в~стойке",
		"за 3 минуты":      "за~3~минуты",
		"письмо — причина": "письмо~— причина",
		"один два":         "один два",
		"(в стойке)":       "(в~стойке)",
		"":                 "",
	} {
		if got := strings.ReplaceAll(typeset(in), nbsp, "~"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestSample holds the sample that the documentation shows.
func TestSample(t *testing.T) {
	t.Parallel()
	got := pdf(t, night())
	path := filepath.Join("..", "..", "docs", "samples", "incident-report.ru.pdf")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the sample is not what reports look like now; run with -update and look at it")
	}
}
