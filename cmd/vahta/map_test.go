package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/butlerspb/vahta/"

// thirdParty names modules that some rooms alone may import, with the reason.
var thirdParty = map[string]struct{ rooms, reason string }{
	"github.com/emiago/sipgo":            {"sip/wire", "its pitfalls are met in one place"},
	"github.com/redis/go-redis":          {"oncall/rotation", "everybody else asks the rotation, which answers without Redis too"},
	"github.com/uptrace/bun":             {"dispatch/store", "SQL is spoken in one room"},
	"modernc.org/sqlite":                 {"dispatch/store", "SQL is spoken in one room"},
	"github.com/jackc/pgx":               {"dispatch/store", "SQL is spoken in one room"},
	"github.com/pressly/goose":           {"dispatch/store", "migrations belong to the store"},
	"github.com/goccy/go-yaml":           {"cmd/internal/config oncall/prodcal dispatch/triage", "each kind of file is decoded in one room"},
	"github.com/labstack/echo":           {"channels/portal", "the API is served in one room"},
	"github.com/danielgtaylor/huma":      {"channels/portal", "the API is served in one room"},
	"github.com/arran4/golang-ical":      {"oncall/ical", "calendars of others are read and written in one room"},
	"filippo.io/age":                     {"dispatch/vault", "what is encrypted at rest is encrypted in one room"},
	"codeberg.org/go-pdf/fpdf":           {"dispatch/report", "documents are drawn in one room"},
	"github.com/spf13/cobra":             {"cmd/vahta", "commands are the outermost room"},
	"github.com/kljensen/snowball":       {"dispatch/kb", "one room knows the forms of words"},
	"github.com/microcosm-cc/bluemonday": {"channels/email/letter", "mails are read in one room"},
	"github.com/emersion/go-msgauth":     {"channels/email/letter", "mails are read in one room"},
	"github.com/wneessen/go-mail":        {"channels/email/send", "mails are written in one room"},
	"github.com/emersion/go-smtp":        {"channels/email/accept", "mails are taken in in one room"},
	"github.com/wlynxg/chardet":          {"channels/email/letter", "mails are read in one room"},
	"github.com/jhillyerd/enmime":        {"", "the second reader that tests compare with"},
	"pgregory.net/rapid":                 {"", "a test library stays out of the product"},
	"github.com/pion/transport":          {"", "not used"},
}

// noIO are packages that a pure room never imports.
var noIO = []string{"net", "net/http", "os", "os/exec", "log/slog", "database/sql", "syscall"}

type pkg struct {
	ImportPath string
	Doc        string
	Imports    []string
}

type room struct {
	pure  bool
	allow []string
	knows string
}

func TestMapIsTrue(t *testing.T) {
	t.Parallel()
	rooms := readMap(t)
	seen := map[string]bool{}
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		r, ok := rooms[name]
		if !ok {
			if strings.HasSuffix(name, "test") {
				continue // a test suite beside its room
			}
			t.Errorf("package %s is not on the map in doc.go: add a row that says what it knows", name)
			continue
		}
		seen[name] = true
		if p.Doc == "" {
			t.Errorf("package %s has no package comment", name)
		}
		for _, imp := range p.Imports {
			checkImport(t, name, r, imp)
		}
	}
	for name := range rooms {
		if !seen[name] {
			t.Errorf("the map names %s, and there is no such package", name)
		}
	}
}

func checkImport(t *testing.T, name string, r room, imp string) {
	t.Helper()
	if ours, ok := strings.CutPrefix(imp, module); ok {
		if !allowed(r.allow, ours) {
			t.Errorf("%s imports %s: the map allows it only %v", name, ours, r.allow)
		}
		return
	}
	for mod, rule := range thirdParty {
		if (imp == mod || strings.HasPrefix(imp, mod+"/")) && !slices.Contains(strings.Fields(rule.rooms), name) && !strings.HasSuffix(name, "test") {
			t.Errorf("%s imports %s, which belongs to %q alone: %s", name, imp, rule.rooms, rule.reason)
		}
	}
	if !r.pure {
		return
	}
	for _, ban := range noIO {
		if imp == ban {
			t.Errorf("%s is pure and imports %s", name, imp)
		}
	}
}

func allowed(globs []string, ours string) bool {
	for _, g := range globs {
		if g == "*" || g == ours {
			return true
		}
		if ok, err := path.Match(g, ours); err == nil && ok {
			return true
		}
	}
	return false
}

// readMap parses the table in the package comment.
func readMap(t *testing.T) map[string]room {
	t.Helper()
	b, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rooms := map[string]room{}
	in := false
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "//"))
		if strings.HasPrefix(line, "package  ") {
			in = true
			continue
		}
		if !in || line == "" || strings.HasPrefix(line, "package ") {
			in = in && line != ""
			continue
		}
		cols := columns(line)
		if len(cols) != 4 {
			t.Fatalf("map row %q has %d columns, want package, pure, may import, knows", line, len(cols))
		}
		r := room{pure: cols[1] == "pure", knows: cols[3]}
		if cols[2] != "-" {
			r.allow = strings.Fields(cols[2])
		}
		rooms[cols[0]] = r
	}
	if len(rooms) < 15 {
		t.Fatalf("read %d rows of the map, expected the whole house", len(rooms))
	}
	return rooms
}

// columns splits a row at runs of two or more blanks.
func columns(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, "  ") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Doc,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	var ps []pkg
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return ps
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
}
