package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"github.com/butlerspb/vahta/deploy"
)

func TestShippedFilesAreSound(t *testing.T) {
	t.Parallel()
	for name, source := range map[string][]byte{"vahta.yaml": deploy.Sample, "demo.yaml": withListen(deploy.Demo)} {
		if _, err := Parse(name, source, nil); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestBenchFileIsSound(t *testing.T) {
	t.Parallel()
	if _, err := Load("../../../deploy/bench.yaml", nil); err != nil {
		t.Error(err)
	}
}

func withListen(demo []byte) []byte {
	return append([]byte("sip: {listen: [{transport: udp, addr: \"127.0.0.1:0\"}]}\n"), demo...)
}

// TestSampleNamesEverySetting keeps the sample complete: a setting that is not in it does not exist for its reader.
func TestSampleNamesEverySetting(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseBytes(deploy.Sample, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := string(deploy.Sample)
	walk(reflect.TypeFor[Config](), "$", func(path string, leaf string) {
		p, err := yaml.PathString(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if node, err := p.FilterFile(file); err == nil && node != nil {
			return
		}
		if parent := path[:strings.LastIndex(path, "[")+1]; parent != "" && strings.Contains(text, leaf+":") {
			return // an entry of a list that the sample shows only in a comment
		}
		t.Errorf("deploy/vahta.yaml does not show %s", path)
	})
}

// walk visits each setting of a configuration type; lists are visited at their first entry.
func walk(typ reflect.Type, path string, visit func(path, leaf string)) {
	for f := range typ.Fields() {
		tag := f.Tag.Get("yaml")
		name, _, _ := strings.Cut(tag, ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		p, ft := path, f.Type
		if name != "" {
			p += "." + name
		}
		if ft.Kind() == reflect.Slice {
			ft, p = ft.Elem(), p+"[0]"
			if ft.Kind() != reflect.Struct {
				p = strings.TrimSuffix(p, "[0]")
			}
		}
		if ft.Kind() == reflect.Struct && !reflect.PointerTo(ft).Implements(textUnmarshaler) {
			walk(ft, p, visit)
			continue
		}
		visit(p, name)
	}
}

// TestDefaultsOfSample holds "a value after a name is its default" against the defaults, section by section.
func TestDefaultsOfSample(t *testing.T) {
	t.Parallel()
	l, err := Parse("vahta.yaml", deploy.Sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := l.Config, Default()
	want.derive()
	got.SIP.Listen, got.SIP.Extensions, got.Trunks.Operators, got.Trunks.Phones = nil, nil, nil, nil
	got.Trunks.DNS.Servers = nil
	got.Dispatch.CallBack.Prefixes, got.Hotline.Prompts.TTS.Command = nil, nil
	for section, pair := range map[string][2]any{
		"sip": {got.SIP, want.SIP}, "media": {got.Media, want.Media}, "calls": {got.Calls, want.Calls}, "trunks": {got.Trunks, want.Trunks},
		"hotline": {got.Hotline, want.Hotline}, "dispatch": {got.Dispatch, want.Dispatch}, "log": {got.Log, want.Log}, "http": {got.HTTP, want.HTTP},
		"escalation": {got.Escalation, want.Escalation}, "drain": {got.Drain, want.Drain}, "data": {got.Data, want.Data},
		"node": {got.Node, want.Node}, "store": {got.Store, want.Store}, "redis": {got.Redis, want.Redis}, "limits": {got.Limits, want.Limits},
		"journal": {got.Journal, want.Journal},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("section %s: the sample says\n%+v\nthe default is\n%+v", section, pair[0], pair[1])
		}
	}
}

func TestFaultsTellLineFieldAndRemedy(t *testing.T) {
	t.Parallel()
	good := string(withListen(deploy.Demo))
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"unknown setting":    {"ring_time: 4s ", "ringtime: 4s ", []string{"line 9", "ringtime", "^"}},
		"wrong type":         {"answer_after: 15s", "answer_after: soon", []string{"line 10", "lines[0].answer_after", "soon", "^"}},
		"not yaml":           {"lines:", "lines: [", []string{"line"}},
		"unknown schedule":   {"schedule: duty", "schedule: night", []string{"line 8", "lines[0].schedule", `no schedule "night"`}},
		"unknown person":     {"members: [anna]", "members: [olga]", []string{"line 31", "olga"}},
		"bad zone":           {"zone: Europe/Moscow\n    tracks", "zone: Moscow\n    tracks", []string{"line", "Moscow"}},
		"bad number of card": {"+7 921 555-01-23", "call me", []string{"line", "clients", "numbers[0]"}},
		"no such greeting":   {"schedule: duty\n", "schedule: duty\n    greeting: hello\n", []string{"line 9", "lines[0].greeting", "ru/hello.wav"}},
		"no unit":            {"ring_time: 4s ", "ring_time: 20 ", []string{"line 9", "lines[0].ring_time", "write 20s", "^"}},
		"no number":          {"answer_after: 15s", "rounds: three", []string{"line 10", "lines[0].rounds", `"three" is no whole number`, "^"}},
		"too large":          {"lines:", "media: {max_port: 99999}\nlines:", []string{"media.max_port: 99999 is outside 0 to 65535", "^"}},
		"no list":            {"members: [anna]", "members: anna", []string{"line 31", "is a list"}},
		"no value":           {"answer_after: 15s", "answer_after: [15s]", []string{"line 10", "lines[0].answer_after", "one value"}},
		"no table":           {"lines:", "log: debug\nlines:", []string{"log: has settings of its own"}},
		"path told once":     {"lines:", "media: {min_port: 20000, max_port: 20000}\nlines:", []string{"line 3: media.max_port: 20000 leaves no room"}},
		"path in a section":  {"dispatch:\n", "dispatch:\n  numbering: {country: XX}\n", []string{"line 55: dispatch.numbering.country"}},
		"empty targets":      {"lines:", "escalation: {steps: [{targets: []}]}\nlines:", []string{"1 fault(s)", "line 3: escalation.steps[0].targets: is empty"}},
		"typo in targets":    {"lines:", "escalation: {steps: [{targets: [primry]}]}\nlines:", []string{"1 fault(s)", "escalation.steps[0].targets[0]", "primry"}},
		"RTP over SIP":       {"127.0.0.1:0", "0.0.0.0:20000", []string{"line 1: sip.listen[0].addr", "RTP"}},
		"listener twice":     {`addr: "127.0.0.1:0"}`, `addr: "127.0.0.1:5070"}, {transport: udp, addr: "127.0.0.1:5070"}`, []string{"sip.listen[1].addr"}},
		"no prompts folder":  {"lines:", "hotline: {prompts: {folder: /nowhere/prompts}}\nlines:", []string{"hotline.prompts.folder", "/nowhere/prompts"}},
		"no address":         {"lines:", "media: {bind: here}\nlines:", []string{"media.bind", "192.0.2.10"}},
		"no level":           {"lines:", "log: {level: loud}\nlines:", []string{"log.level", "debug, info"}},
		"second document":    {"lines:", "---\nlines:", []string{"second document"}},
		"no store":           {"lines:", "store: {path: \"\"}\nlines:", []string{"line 3: store.path: is required"}},
		"no Redis URL":       {"lines:", "redis: {url: localhost}\nlines:", []string{"line 3: redis.url", "redis://host:6379/0", "^"}},
		"no listener":        {`[{transport: udp, addr: "127.0.0.1:0"}]`, "[]", []string{"line 1", "sip.listen", "name at least one socket"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(good, c.old) {
				t.Fatalf("the demo configuration has no %q to break", c.old)
			}
			_, err := Parse("x.yaml", []byte(strings.Replace(good, c.old, c.new, 1)), nil)
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("got %v, want an *Error", err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the refusal does not say %q:\n%v", w, err)
				}
			}
		})
	}
}

// No refusal speaks Go.
func TestFaultsSpeakPlainly(t *testing.T) {
	t.Parallel()
	good := string(withListen(deploy.Demo))
	for _, bad := range []string{"drain: 20", "drain: {}", "media: {max_port: -1}", "calls: {max_calls: 1.5}", "log: {level: [1]}", "http: 3", "clients: {}", "media: {latch: {private: maybe}}"} {
		_, err := Parse("x.yaml", []byte(good+bad+"\n"), nil)
		if err == nil {
			t.Errorf("%s: accepted", bad)
			continue
		}
		for _, word := range []string{"unmarshal", "Go ", "uint", "int64", "strconv", "struct", "interface"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%s: speaks of %q:\n%v", bad, word, err)
			}
		}
	}
}

// A file without settings has the defaults, and only what has none is missing.
func TestEmptyFile(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"", "\n", "# nothing yet\n", "---\n", "lines:\nsip:\n"} {
		_, err := Parse("x.yaml", []byte(source), nil)
		e, ok := errors.AsType[*Error](err)
		if !ok || len(e.Faults) != 2 || !strings.Contains(err.Error(), "sip.listen") || !strings.Contains(err.Error(), "lines") {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	good := string(withListen(deploy.Demo))
	if _, err := Parse("x.yaml", []byte("\ufeff"+good), nil); err != nil {
		t.Errorf("with a byte order mark: %v", err)
	}
	for name, source := range map[string]string{"UTF-16": "\xff\xfel\x00i\x00", "UTF-16 without a mark": "l\x00i\x00", "Latin": "data: \xe4"} {
		if _, err := Parse("x.yaml", []byte(source), nil); err == nil || !strings.Contains(err.Error(), "save it as UTF-8") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A telephone number without quotes keeps its plus sign and its zeros.
func TestNumbersWithoutQuotes(t *testing.T) {
	t.Parallel()
	l, err := Parse("x.yaml", append(withListen(deploy.Demo), []byte("static: [{name: chief, number: +498912345678}, {name: desk, number: 0812}]\n")...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Config.Static; got[0].Number != "+498912345678" || got[1].Number != "0812" {
		t.Errorf("%+v", got)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	good := string(withListen(deploy.Demo))
	l, err := Parse("x.yaml", []byte(strings.Replace(good, "lines:", "escalation: {steps: [{delay: 16m, targets: [chain]}]}\nlines:", 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := l.Warnings(time.Now())
	if len(got) < 2 || got[0].Path != "escalation.steps[0].delay" || got[0].Line != 3 || !strings.HasPrefix(got[1].Path, "lines[0]") {
		t.Errorf("%+v", got)
	}
	for name, source := range map[string][]byte{"sample": deploy.Sample, "demo": withListen(deploy.Demo)} {
		if l, err = Parse(name, source, nil); err != nil {
			t.Fatal(err)
		}
		if got := l.Warnings(time.Now()); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestEnvironmentLiesOverTheFile(t *testing.T) {
	t.Parallel()
	env := []string{"HOME=/", "VAHTA_CONFIG=x", "VAHTA_LOG_LEVEL=DEBUG", "VAHTA_DRAIN=5s", "VAHTA_CALLS_MAX_CALLS=7", "VAHTA_MEDIA_BIND=127.0.0.2"}
	l, err := Parse("x.yaml", withListen(deploy.Demo), env)
	if err != nil {
		t.Fatal(err)
	}
	if l.Config.Drain != 5*time.Second || l.Config.Calls.MaxCalls != 7 || l.Config.Log.Level.String() != "DEBUG" || l.Config.Media.Bind.String() != "127.0.0.2" {
		t.Errorf("environment did not reach the settings: %v %v %v", l.Config.Drain, l.Config.Calls.MaxCalls, l.Config.Log.Level)
	}
	text, err := l.Print(true)
	if err != nil || !strings.Contains(text, "# drain: from environment variable VAHTA_DRAIN") {
		t.Errorf("print --sources: %v\n%s", err, text)
	}
	for v, want := range map[string]string{"VAHTA_LOG_LEVL=DEBUG": "did you mean VAHTA_LOG_LEVEL?", "VAHTA_DRAIN=soon": "write for example 15s"} {
		if _, err := Parse("x.yaml", withListen(deploy.Demo), []string{v}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", v, err, want)
		}
	}
}

func TestSecretsComeFromFilesAndNeverShow(t *testing.T) {
	t.Parallel()
	const key = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source := append(withListen(deploy.Demo), []byte("webhooks: {endpoints: [{name: crm, url: \"https://crm.example.net/\", secrets: [\"file:"+path+"\"]}]}\n")...)
	l, err := Parse("x.yaml", source, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(l.Config.Webhooks.Endpoints[0].Secrets[0]); got != key {
		t.Errorf("secret from file: got %q", got)
	}
	text, err := l.Print(false)
	if err != nil || strings.Contains(text, key[6:]) {
		t.Errorf("print shows the secret (%v):\n%s", err, text)
	}
	if _, err := Parse("x.yaml", []byte(strings.Replace(string(source), path, path+".gone", 1)), nil); err == nil || !strings.Contains(err.Error(), "read secret") {
		t.Errorf("missing secret file: got %v", err)
	}
}
