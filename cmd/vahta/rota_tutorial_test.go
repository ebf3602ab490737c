package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// evening is when the tutorial happens.
const evening = "2025-11-24T18:30:00+03:00"

// lesson is a block of commands of the tutorial, and what it says they print.
type lesson struct{ commands, output string }

// lessons reads the fenced blocks of a page: sh is run, text is what it prints.
func lessons(t *testing.T, language string) []lesson {
	t.Helper()
	return lessonsOf(t, language, "rota-tutorial.md")
}

// lessonsOf reads the blocks of a page by its name.
func lessonsOf(t *testing.T, language, name string) []lesson {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", language, name))
	if err != nil {
		t.Fatal(err)
	}
	var all []lesson
	for _, m := range regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		switch {
		case m[1] == "sh":
			all = append(all, lesson{commands: m[2]})
		case len(all) == 0:
			t.Fatalf("%s: output before any command", language)
		default:
			all[len(all)-1].output = m[2]
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s/%s has no commands", language, name)
	}
	return all
}

// named matches what the two languages of the tutorial may say differently.
var named = regexp.MustCompile(`name: [^,}\n]+|--name "[^"]*"|--reason "[^"]*"`)

// The tutorial has the same commands in both languages.
func TestTutorialIsInStep(t *testing.T) {
	t.Parallel()
	ru, en := lessons(t, "ru"), lessons(t, "en")
	if len(ru) != len(en) {
		t.Fatalf("%d blocks of commands in Russian, %d in English", len(ru), len(en))
	}
	for i := range ru {
		if a, b := named.ReplaceAllString(ru[i].commands, "NAME"), named.ReplaceAllString(en[i].commands, "NAME"); a != b {
			t.Errorf("block %d:\nRussian:\n%s\nEnglish:\n%s", i+1, a, b)
		}
		if a, b := strings.Count(ru[i].output, "\n"), strings.Count(en[i].output, "\n"); a != b {
			t.Errorf("block %d: %d lines of output in Russian, %d in English", i+1, a, b)
		}
	}
}

// What the tutorial says to type does what the tutorial says it does.
func TestTutorial(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a server")
	}
	for _, tool := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the tutorial needs %s: run `make deps`", tool)
		}
	}
	for language, locale := range map[string]string{"ru": "ru_RU.UTF-8", "en": "en_US.UTF-8"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			all := lessons(t, language)
			for i, said := range play(t, all, locale, "CLOCK="+evening) {
				missing(t, i+1, all[i], said)
			}
		})
	}
}

// mark separates the outputs of blocks.
const mark = "@@ next block @@"

// play types all blocks into one shell, and returns what each printed.
func play(t *testing.T, all []lesson, locale string, environment ...string) []string {
	t.Helper()
	script := "set -e\n"
	for _, l := range all {
		script += l.commands + "echo '" + mark + "'\n"
	}
	script = strings.NewReplacer("127.0.0.1:8080", freeAddr(t), "127.0.0.1:5060", "127.0.0.1:0").Replace(script)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = 10 * time.Second
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "LC_") && !strings.HasPrefix(name, "VAHTA_") && name != "LANG" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(append(cmd.Env, "LANG="+locale, "USER=anna"), environment...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	parts := strings.Split(string(out), mark+"\n")
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(cmd.Dir, "serve.log"))
		t.Fatalf("%v after %d of %d blocks\nprinted:\n%s\nsaid:\n%s\nserver:\n%s", err, len(parts)-1, len(all), parts[len(parts)-1], stderr.String(), log)
	}
	return parts[:len(parts)-1]
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// missing reports the lines of a page that were not printed, in their order. "…" stands for anything; blanks count as one.
func missing(t *testing.T, n int, l lesson, printed string) {
	t.Helper()
	lines := strings.Split(printed, "\n")
	for want := range strings.Lines(l.output) {
		want = squeeze(want)
		if want == "" || want == "…" {
			continue
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*") + "$")
		found := false
		for len(lines) > 0 && !found {
			found = pattern.MatchString(squeeze(lines[0]))
			lines = lines[1:]
		}
		if !found {
			t.Fatalf("block %d does not print, or not in this order:\n%s\nit prints:\n%s\nafter:\n%s", n, want, printed, l.commands)
		}
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
