package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const events = `{"Action":"run","Package":"github.com/butlerspb/vahta/sip/dialog","Test":"TestRFC3262Prack"}
not json
{"Action":"pass","Package":"github.com/butlerspb/vahta/sip/dialog","Test":"TestRFC3262Prack/sub"}
{"Action":"pass","Package":"github.com/butlerspb/vahta/sip/dialog","Test":"TestRFC3262Prack"}
{"Action":"skip","Package":"github.com/butlerspb/vahta/sip/wire","Test":"TestRFC3262Skipped"}
{"Action":"fail","Package":"github.com/butlerspb/vahta/sip/wire","Test":"TestHoldBreaks"}
{"Action":"pass","Package":"github.com/butlerspb/vahta/sip/dialog","Test":"TestREFERIsDeclined"}
`

// TestPage: passed, failed, unproved and later rows each get their verdict, and what does not hold is an error.
func TestPage(t *testing.T) {
	t.Parallel()
	results, err := read(strings.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	page, bad := render([]row{
		{"TestRFC3262", "reliable", "prack", ""},
		{"TestHold", "hold", "music", ""},
		{"TestT38", "fax", "488", ""},
		{"TestREFER", "transfer", "by a phone", "Answered 603."},
	}, results)
	for _, want := range []string{
		"| reliable | prack | passes (1); 1 skipped | sip/dialog: TestRFC3262Prack sip/wire: TestRFC3262Skipped |",
		"| hold | music | **fails** (1 of 1) | sip/wire: TestHoldBreaks |",
		"| fax | 488 | **no proof** |  |",
		"| transfer | by a phone | not offered yet. Answered 603. | sip/dialog: TestREFERIsDeclined |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if bad == nil || !strings.Contains(bad.Error(), "TestHold") || !strings.Contains(bad.Error(), "TestT38") || strings.Contains(bad.Error(), "RFC3262") {
		t.Errorf("faults are %v", bad)
	}
}

// TestNothingRan: an empty input is a fault, not an empty page.
func TestNothingRan(t *testing.T) {
	t.Parallel()
	if err := run(strings.NewReader("build failed\n"), &strings.Builder{}); err == nil {
		t.Error("no test ran, and nobody is told")
	}
}

var declared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// TestEveryRowHasATest in the code as it stands, and the page that is kept names every one of them.
func TestEveryRowHasATest(t *testing.T) {
	t.Parallel()
	files, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{$d := .Dir}}{{range .TestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}`, "../../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/sip-conformance.md")
	if err != nil {
		t.Fatalf("%v; run `make conformance`", err)
	}
	seen := map[string]bool{}
	for f := range strings.FieldsSeq(string(files)) {
		if !strings.Contains(f, "/sip/") && !strings.Contains(f, "/cmd/internal/app/") {
			continue
		}
		code, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(code), -1) {
			for _, r := range rows() {
				if !strings.HasPrefix(m[1], r.prefix) {
					continue
				}
				seen[r.prefix] = true
				if !strings.Contains(string(page), m[1]) {
					t.Errorf("docs/sip-conformance.md lacks %s; run `make conformance`", m[1])
				}
			}
		}
	}
	for _, r := range rows() {
		if !seen[r.prefix] {
			t.Errorf("no test begins with %s: %s", r.prefix, r.title)
		}
	}
}
