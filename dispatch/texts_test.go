package dispatch

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/dispatch/client"
)

// Both languages have the same texts with the same blanks.
func TestTextsMatch(t *testing.T) {
	t.Parallel()
	blanks := func(s string) []string {
		list := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(s, -1)
		slices.Sort(list)
		return list
	}
	ru, en := textsRU(), textsEN()
	for key, text := range ru {
		other, ok := en[key]
		if !ok {
			t.Errorf("%s has no English text", key)
		}
		if !slices.Equal(blanks(text), blanks(other)) {
			t.Errorf("%s: %q and %q have different blanks", key, text, other)
		}
	}
	for key := range en {
		if _, ok := ru[key]; !ok {
			t.Errorf("%s has no Russian text", key)
		}
	}
}

// Every note, outcome and result has its words: no key of ours reaches a reader.
func TestTextsOfCalls(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"ru", "en"} {
		w := writer{texts: texts(lang)}
		for _, n := range []ScriptNote{NoteAnswered, NoteQueued, NoteCallerLeft, NoteCallingBack, NoteClientAnswered, NoteClientSilent, NoteGoesOn, NoteClientUnheard, NotePersonUnheard} {
			text, ok := w.scriptNote(Itself, n.Text("…2233"))
			if !ok || (n == NoteCallingBack || n == NotePersonUnheard) != strings.Contains(text, "…2233") {
				t.Errorf("%s: %s is written %q", lang, n, text)
			}
			if _, ok := w.scriptNote("ivan", string(n)); ok {
				t.Errorf("a person's note %q is taken for Vahta's", n)
			}
		}
		for _, o := range []AttemptOutcome{
			AttemptAccepted, AttemptAcknowledged, AttemptEscalated, AttemptDeclined, AttemptNoKey, AttemptBusy, AttemptNoAnswer,
			AttemptSilent, AttemptUnreachable, AttemptFailed, AttemptCancelled,
		} {
			if w.word("outcome", string(o)) == string(o) && lang == "ru" {
				t.Errorf("outcome %s has no words", o)
			}
		}
		for _, r := range []Result{
			ResultDelivered, ResultAcknowledged, ResultEscalate, ResultNoAck, ResultNoAnswer, ResultBusy, ResultDeclined,
			ResultUnreachable, ResultWithdrawn, ResultFailed,
		} {
			if lang == "ru" && r != ResultWithdrawn && w.word("recall", string(r)) == string(r) {
				t.Errorf("%s: recall result %s has no words", lang, r)
			}
			if w.word("outcome", string(r)) == string(r) && lang == "ru" {
				t.Errorf("page result %s has no words", r)
			}
		}
		for _, r := range []client.Refusal{client.RefusedUnknown, client.RefusedPremium, client.RefusedForeign} {
			if w.word("refusal", string(r)) == string(r) {
				t.Errorf("%s: refusal %s has no words", lang, r)
			}
		}
		for _, r := range []CallResult{CallServed, CallAbandoned, CallExhausted, CallFailed, CallBroken, CallRefused, CallPaged} {
			if w.word("result", string(r)) == string(r) && lang == "ru" || r.Lost() && w.word("reason", string(r)) == string(r) {
				t.Errorf("result or reason %s has no words", r)
			}
		}
	}
}
