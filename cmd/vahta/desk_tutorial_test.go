package main

import (
	"regexp"
	"strings"
	"testing"
)

// inWords matches what the two languages of the page say differently.
var inWords = regexp.MustCompile(`name: [^,}\n]+|"[^"]*"`)

// The page about an incident has the same commands in both languages.
func TestDeskTutorialIsInStep(t *testing.T) {
	t.Parallel()
	ru, en := lessonsOf(t, "ru", "desk.md"), lessonsOf(t, "en", "desk.md")
	if len(ru) != len(en) {
		t.Fatalf("%d blocks of commands in Russian, %d in English", len(ru), len(en))
	}
	for i := range ru {
		if a, b := inWords.ReplaceAllString(ru[i].commands, "TEXT"), inWords.ReplaceAllString(en[i].commands, "TEXT"); a != b {
			t.Errorf("block %d:\nRussian:\n%s\nEnglish:\n%s", i+1, a, b)
		}
		if a, b := strings.Count(ru[i].output, "\n"), strings.Count(en[i].output, "\n"); a != b {
			t.Errorf("block %d: %d lines of output in Russian, %d in English", i+1, a, b)
		}
	}
}

// An incident from the first minute to the report, as the page types it.
func TestDeskTutorial(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a server")
	}
	for language, locale := range map[string]string{"ru": "ru_RU.UTF-8", "en": "en_US.UTF-8"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			all := lessonsOf(t, language, "desk.md")
			for i, printed := range play(t, all, locale) {
				missing(t, i+1, all[i], printed)
			}
		})
	}
}
