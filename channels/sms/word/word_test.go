package word_test

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/channels/sms/word"
)

func TestRead(t *testing.T) {
	t.Parallel()
	accept := word.Word{Kind: word.Reply, Code: "4217", Verb: word.Accept}
	pass := word.Word{Kind: word.Reply, Code: "4217", Verb: word.Pass}
	stop, start := word.Word{Kind: word.Stop}, word.Word{Kind: word.Start}
	for text, want := range map[string]word.Word{
		"4217 ok": accept, "4217 OK!": accept, "4217 ок": accept, "4217 Oк": accept, "4217 оk": accept, " 4217,\u00a0Ок.\r\n": accept,
		"\u200e4217 ok": accept, "«4217 ok»": accept,
		"0042 ok":     {Kind: word.Reply, Code: "0042", Verb: word.Accept},
		"4217 дальше": pass, "4217: ДАЛЬШЕ": pass, "4217 дaльшe": pass, "4217 next": pass,
		"STOP": stop, "Стоп.": stop, "\"стоп\"": stop, "cтoп": stop, "стaрт": start, "CTAPT": start, "дaльшe": {}, "start": start, "СТАРТ!": start,
		"": {}, " \n": {}, "4217": {}, "ok": {}, "ok 4217": {}, "4217ok": {}, "421 ok": {}, "42170 ok": {}, "４２１７ ok": {},
		"4217 ok?": {}, "4217 not ok": {}, "4217 -ok": {}, "4217 приеду": {}, "4217 ok спасибо": {}, "4217 4218 ok": {},
		"Стоп, сервер горит": {}, "stop it": {}, "стоп?": {}, "не стоп": {}, "стопка": {},
		"4217" + strings.Repeat(",", 100) + "ok": {},
	} {
		if got := word.Read(text); got != want {
			t.Errorf("Read(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"4217 ok", "СТОП", "\xff\xfe", "4217 дальше"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w := word.Read(s)
		if (w.Kind == word.Reply) != (len(w.Code) == 4) || (w.Kind == word.Reply) != (w.Verb != word.None) {
			t.Fatalf("Read(%q) = %+v: a reply has code and verb, and nothing else has", s, w)
		}
		if again := word.Read(" " + s + "\n"); again != w {
			t.Fatalf("Read(%q) = %+v, with blanks around it %+v", s, w, again)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	got := []string{word.Plain.String(), word.Stop.String(), word.Start.String(), word.Reply.String(), word.None.String(), word.Accept.String(), word.Pass.String()}
	if want := "plain stop start reply none accept pass"; strings.Join(got, " ") != want {
		t.Errorf("names are %v, want %s", got, want)
	}
}
