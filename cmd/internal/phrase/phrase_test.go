package phrase

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../../.."

// taken are the formats of refusals that some files write: which calls count, by file.
func taken() map[string][]string {
	why := []string{"return", "Sprintf"}
	errs := []string{"Errorf", "New", "refuse"}
	list := map[string][]string{
		"dispatch/ticket/fsm.go": why, "dispatch/ticket/fsm_desk.go": why, "dispatch/ticket/check.go": why, "dispatch/ticket/number.go": {"Errorf", "New"},
		"dispatch/kb/article.go": {"fault"}, "dispatch/reports/reports.go": {"Errorf"},
	}
	for _, name := range []string{"merge", "links", "newticket", "tell", "planning", "stages", "specialist", "desk", "desk_act", "pair", "tasks", "worktime"} {
		list["dispatch/"+name+".go"] = errs
	}
	for _, name := range []string{"change", "csv", "merge", "book", "address"} {
		list["dispatch/client/"+name+".go"] = errs
	}
	return list
}

// idle are formats that say nothing by themselves, and faults of the program's set-up, which no command meets.
func idle(format string) bool {
	return format == "%v" || format == "%s" || !strings.Contains(format, " ") || strings.HasPrefix(format, "%s.") || slices.ContainsFunc(
		[]string{"set up ", "url: ", "read match level", "is not a decision of the desk", "note the bounce", "message %s: ", "its beginning can not be read now", "is to be cut", "read log: ", "write a table", "read a table", "%s: %w", "is free-mail"},
		func(s string) bool { return strings.Contains(format, s) })
}

// formats are the first literals of the calls and returns that count in a file.
func formats(t *testing.T, path string, calls []string) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	add := func(exprs []ast.Expr) {
		for _, e := range exprs {
			if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, text)
				return
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ReturnStmt:
			if slices.Contains(calls, "return") {
				add(n.Results)
			}
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			if slices.Contains(calls, name) {
				add(n.Args)
			}
		}
		return true
	})
	return list
}

// What the rooms refuse is in the book.
func TestRefusalsAreInTheBook(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, p := range book() {
		known[p.en] = true
	}
	n := 0
	for path, calls := range taken() {
		for _, format := range formats(t, path, calls) {
			if idle(format) {
				continue
			}
			n++
			if !known[format] {
				t.Errorf("%s: the book lacks %q", path, format)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d refusals were found: the test reads the sources no more", n)
	}
}

// joined matches where a source writes one text as two.
var joined = regexp.MustCompile(`" ?\+\n\s*"`)

// What is in the book is written somewhere, and once in the book.
func TestBookHasNothingStale(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, dir := range []string{"dispatch", "cmd/internal/desk", "cmd/internal/config", "cmd/vahta", "sip/registrar"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(joined.ReplaceAll(text, nil))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, p := range book() {
		if seen[p.en] {
			t.Errorf("twice in the book: %q", p.en)
		}
		seen[p.en] = true
		if slices.Contains(foreign(), p) || strings.HasPrefix(p.en, "dial unix") {
			continue
		}
		quoted := strconv.Quote(p.en)
		begun, _ := strings.CutSuffix(p.en, "%s") // where the source adds a word to a text
		if text := all.String(); !strings.Contains(text, quoted[1:len(quoted)-1]) && !strings.Contains(text, p.en) && !strings.Contains(text, strconv.Quote(begun)) {
			t.Errorf("nobody writes %q", p.en)
		}
	}
}

// Whole errors, as commands meet them.
func TestRussian(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`amend ticket VH-26-000032: ticket VH-26-000032 (closed): cannot take event moved: it is closed`: `заявка VH-26-000032 (этап «закрыта») этого не примет: её этап — «закрыта»`,
		`find ticket VH-26-000032: not found`:                                                                                      `заявка VH-26-000032: не найдено`,
		`ticket VH-26-000010: already taken by Борис Орлов at 11:46`:                                                               `VH-26-000010: заявку уже взял Борис Орлов в 11:46; передать её — vahta ticket handover или assign`,
		`read "VH-26-99": not a ticket number: 4 digits; write it as VH-26-004213`:                                                 `"VH-26-99" — не номер заявки: цифр в нём 4; номер пишут так: VH-26-004213`,
		`nobody who can be called now has the skill "cobol"; there are: 1c, mail`:                                                  `навыка "cobol" нет ни у кого, кого сейчас можно вызвать; есть: 1c, mail`,
		`check clients: clients[bad].numbers[0]: read number "hello": not a telephone number`:                                      `clients[bad].numbers[0]: "hello" — не номер телефона`,
		`people.csv: line 3: name: "maybe"; write yes or no`:                                                                       `people.csv: строка 3: name: "maybe"; напишите да или нет`,
		`required flag(s) "skill" not set`:                                                                                         `не задан обязательный флаг: "skill"`,
		`the disk said something`:                                                                                                  `the disk said something`,
		"clients[a].zone: \"Mars\" is not an IANA zone such as Europe/Moscow\nid and name are empty":                               "clients[a].zone: часового пояса \"Mars\" нет; пишут так: Europe/Moscow\nid и name пусты",
		`amend ticket VH-26-000010: ticket VH-26-000010 (hot): cannot take event moved: stages go forward only, it is past triage`: `заявка VH-26-000010 (этап «горячая фаза») этого не примет: этапы идут только вперёд, этап «первичный разбор» уже пройден`,
	} {
		if got := Russian(text); got != want {
			t.Errorf("%s\n got  %s\n want %s", text, got, want)
		}
	}
}

// Whatever text comes, it is said in finite time and nothing is lost from what nobody knows.
func FuzzRussian(f *testing.F) {
	f.Add(`amend ticket VH-26-000032: ticket VH-26-000032 (closed): cannot take event moved: it is closed`)
	f.Add("a: b: c; d\ne")
	f.Fuzz(func(t *testing.T, text string) {
		if got := Russian(text); got == "" && strings.TrimSpace(text) != "" && len(text) < 4 {
			t.Errorf("%q became nothing", text)
		}
	})
}
