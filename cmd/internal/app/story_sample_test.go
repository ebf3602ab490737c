package app_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var samples = flag.Bool("samples", false, "write the reports of the stories into docs/samples")

// pdfText is what a PDF says, and how many pages it has.
func pdfText(t *testing.T, file []byte) (text string, pages int) {
	t.Helper()
	if !bytes.HasPrefix(file, []byte("%PDF-")) {
		t.Fatalf("the report is no PDF: %.40q", file)
	}
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("pdftotext is not installed; deploy/test-deps.sh installs poppler-utils")
	}
	path := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "-layout", path, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext: %v", err)
	}
	return string(out), strings.Count(string(out), "\f")
}

var spaces = regexp.MustCompile(`[\s\x{a0}]+`)

// says checks that a text has all of the parts, whatever the line breaks.
func says(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	flat := spaces.ReplaceAllString(text, " ")
	for _, part := range parts {
		if !strings.Contains(flat, part) {
			t.Errorf("%s does not say %q:\n%s", what, part, text)
		}
	}
}

// sample compares the report of a story with the one in docs/samples, or writes it there. Hashes are those of one run.
func (s *incident) sample(t *testing.T, name string) {
	t.Helper()
	paper, err := s.papers.Paper(t.Context(), s.number, desk.PaperQuestion{Form: "json"})
	s.must(err)
	m, err := report.Decode(paper.Body, report.Hash(paper.Body))
	s.must(err)
	m.LogHead = strings.Repeat("0", len(m.LogHead))
	body, err := m.Encode()
	s.must(err)
	var v ticket.Version
	for _, v = range s.look().Versions { // the last one
	}
	seal := report.Seal{Hash: report.Hash(body), ApprovedBy: "Олег Ким", ApprovedAt: v.ApprovedAt, SentAt: v.SentAt, SentBy: []string{"email"}}
	d := report.Layout(m, seal)
	pdf, err := report.PDF(d, m.MadeAt)
	s.must(err)
	folder := filepath.Join("..", "..", "..", "docs", "samples")
	for file, now := range map[string][]byte{name + ".md": []byte(report.Markdown(d)), name + ".pdf": pdf} {
		path := filepath.Join(folder, file)
		if *samples {
			s.must(os.MkdirAll(folder, 0o755))
			s.must(os.WriteFile(path, now, 0o644))
			continue
		}
		was, err := os.ReadFile(path)
		s.must(err)
		if !bytes.Equal(was, now) {
			t.Errorf("%s is not what is written now (write it anew: go test ./cmd/internal/app -run TestStory -samples):\n%s", path, report.Markdown(d))
		}
	}
}
