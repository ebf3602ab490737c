package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// latin matches words of Latin letters. What stands in quotes, in `…`, behind a dash, or is a path, an id or an address is no word of ours.
var (
	notWords = regexp.MustCompile("`[^`]*`|«[^»]*»|vahta( [a-z]+)+|\"[^\"]*\"|--?[a-z][a-zA-Z-]*|\\S*[./:@_=<>|{}0-9-]\\S*|VH-\\S*")
	latin    = regexp.MustCompile(`\b[A-Za-z][a-z]{2,}\b`)
)

// theirs are words that are Latin in Russian, too: names, and what is typed as it stands.
func theirs() []string {
	return strings.Fields(`vahta Vahta VIP API JSON CSV HTML PDF Markdown SIP TLS TCP UDP RTP SRTP PRACK WAV DTMF IP URL ID QR MOS Redis PostgreSQL SQLite Linphone AnyDesk
		Telegram Zammad ru en client critical high normal low hardware software capacity change human attack supplier unknown server crm mail network telephony line storage
		workplace vpn rdp anydesk ssh console service_down security data_loss network_down email telegram sms portal call api cli info inband off offered required require
		auto recommendation follow_up rca warning request task diagnosis hot root_cause report done skipped failed waiting taken settled failing yes no md html json pdf
		third_party no_access agreed_window engineer lead head director person team schedule mobile softphone desk primary backup bash fish zsh powershell completion help
		config serve demo SIGTERM SIGHUP Ctrl MiB KiB NUMBER TEXT ORG CONTACT FILE USER PERSON TICKET duration default stdin Europe Moscow cidr iCalendar RFC ICS FTS
		true false none all day week month mon sun owner reader anna boris vera main mebel fs1 olga admin rfc auth token desk clients signals audit oncall read write send
		reveal listen export erase Google Outlook Thunderbird temporary overrides absences scheduler Anna Smirnova onsite busy voicemail medium Gone
		data file duty copies general internet failover new triage stabilised closed cancelled id name language zone numbers addresses domains vip note contract stabilisation`)
}

// typed are the names of all commands.
func typed() (list []string) {
	each(root(), func(c *cobra.Command) { list = append(list, c.Name()) })
	return list
}

func foreignWords(text string) (list []string) {
	known := append(theirs(), typed()...)
	for _, w := range latin.FindAllString(notWords.ReplaceAllString(text, " "), -1) {
		if !slices.Contains(known, w) && w != strings.ToUpper(w) && !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

// Help of every command is Russian when Russian is asked for.
func TestHelpIsRussian(t *testing.T) {
	t.Setenv("LC_ALL", "ru_RU.UTF-8")
	n := 0
	each(root(), func(c *cobra.Command) {
		if c.Hidden || strings.HasPrefix(c.CommandPath(), "vahta completion ") {
			return
		}
		n++
		cyrillic := regexp.MustCompile(`\p{Cyrillic}`)
		if !cyrillic.MatchString(c.Short) {
			t.Errorf("%s: %q", c.CommandPath(), c.Short)
		}
		if words := foreignWords(c.Short + "\n" + c.Long); len(words) > 0 {
			t.Errorf("%s: %v in\n%s\n%s", c.CommandPath(), words, c.Short, c.Long)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if words := foreignWords(f.Usage); len(words) > 0 {
				t.Errorf("%s --%s: %v in %q", c.CommandPath(), f.Name, words, f.Usage)
			}
		})
		var out bytes.Buffer
		if err := usage(&out, c, "ru"); err != nil || strings.Contains(out.String(), "Usage") || strings.Contains(out.String(), "(default") || strings.Contains(out.String(), "Flags:") {
			t.Errorf("%s: %v\n%s", c.CommandPath(), err, out.String())
		}
	})
	if n < 150 {
		t.Errorf("only %d commands were looked at", n)
	}
}

// What commands print is Russian: lists, with and without anything in them, acts and refusals.
func TestOutputIsRussian(t *testing.T) {
	t.Setenv("LC_ALL", "ru_RU.UTF-8")
	dir := t.TempDir()
	file := filepath.Join(dir, "vahta.yaml")
	config := `data: ` + filepath.Join(dir, "data") + `
sip: {listen: [{transport: udp, addr: "127.0.0.1:0"}]}
lines: [{id: main, schedule: duty}]
dispatch: {recurring: [{id: copies, text: Проверить копии, assignee: anna, every: week, on: mon, at: "09:00"}]}
people:
  - {id: anna, name: Анна Смирнова, roles: [engineer], devices: [{kind: mobile, number: "+7 921 000-00-01"}]}
  - {id: boris, name: Борис Орлов, roles: [lead], skills: [сеть], devices: [{kind: mobile, number: "+7 921 000-00-02"}]}
schedules:
  - {id: duty, name: Дежурство, zone: Europe/Moscow, tracks: [{id: primary, name: Основной, layers: [{id: all, members: [anna], from: 2026-01-05 09:00}]}]}
`
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(table, []byte("id,name,contact_name,contact_numbers\nvasilek,Василёк,Анна,12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(line string) (said string, ok bool) {
		cmd := root()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(append([]string{"-c", file, "--lang", "ru"}, wordsOf(line)...))
		err := cmd.ExecuteContext(t.Context())
		if err != nil {
			out.WriteString(spoken(err, "ru"))
		}
		return out.String(), err == nil
	}
	if said, ok := run("config check"); !ok {
		t.Fatal(said)
	}
	number := ""
	for _, line := range outputs() {
		line, fails := strings.CutPrefix(line, "! ")
		said, ok := run(strings.ReplaceAll(line, "NUMBER", number))
		if ok == fails {
			t.Errorf("%s: ended well: %v\n%s", line, ok, said)
		}
		if words := foreignWords(strings.ReplaceAll(said, table, "")); len(words) > 0 {
			t.Errorf("%s: %v in\n%s", line, words, said)
		}
		if m := regexp.MustCompile(`VH-\d\d-\d{6}`).FindString(said); m != "" && strings.HasPrefix(line, "ticket new") {
			number = m
		}
	}
	if number == "" {
		t.Error("no ticket was opened")
	}
	said, ok := run("client import " + table)
	if words := foreignWords(strings.ReplaceAll(said, table, "FILE")); ok || len(words) > 0 || !strings.Contains(said, "строка 2") {
		t.Errorf("import: %v in\n%s", words, said)
	}
}

// outputs are commands in their order; those behind a ! are refused.
func outputs() []string {
	return []string{
		"config check", "client list", "client add mebel --name Мебель --number '+7 921 555-01-23'", "client list", "client history", "client strangers", "client find 89215550123",
		"! client add mebel --name Снова", "! client add free --domain gmail.com", "! client show nobody", "! client contact mebel petr --number 7", "! client merge mebel mebel",
		"asset add mebel fs1 --name 'Файловый сервер' --kind server", "asset access mebel fs1 rdp --way rdp --where fs1.mebel.example --secret vault:mebel/fs1", "asset list",
		"! asset access mebel zzz rdp --way rdp", "! asset access mebel fs1 ssh --way ssh --secret qwerty", "! asset remove mebel zzz", "! asset add nobody x",
		"ticket list", "task list", "calls list", "kb list", "search слово", "signal list",
		"! ticket new 'пропал интернет' --by nobody", "! ticket new 'пропал интернет' --by anna --client nobody", "! ticket new 'пропал интернет' --by anna --priority soon",
		"ticket new 'пропал интернет, сервер не отвечает' --client mebel --from +79215550123 --by anna", "ticket list", "ticket show NUMBER", "ticket ack NUMBER --by boris",
		"! ticket ack NUMBER --by anna", "ticket note NUMBER заметка --by anna", "ticket triage NUMBER", "ticket clocks NUMBER", "ticket timeline NUMBER",
		"ticket triage NUMBER --category network_down --impact high --urgency high --by anna", "! ticket stage NUMBER nowhere --by anna", "! ticket stage NUMBER stabilised --by anna",
		"ticket stage NUMBER hot --by anna", "! ticket stage NUMBER diagnosis --by anna", "! ticket page NUMBER --skill 1c --by anna", "! ticket page NUMBER --by anna",
		"! ticket merge NUMBER NUMBER --by anna", "! ticket show VH-26-99", "! ticket show VH-26-999997", "! ticket reveal NUMBER zzz --reason вход --by anna",
		"! ticket tell NUMBER '' --by anna", "! ticket plan NUMBER --tell --by anna", "ticket plan NUMBER --hypothesis обрыв --by anna", "ticket plan NUMBER", "ticket session NUMBER",
		"ticket task NUMBER 'проверить кабель' --owner anna --due 3d --by anna", "ticket task NUMBER", "task list", "task assign NUMBER 1 boris --by anna", "! task assign NUMBER 9 boris --by anna",
		"task done NUMBER 1 --by boris", "! task done NUMBER 1 --by boris", "task list --all", "task recurring", "! ticket rca NUMBER --class x --by anna", "ticket time NUMBER",
		"! report show NUMBER", "report lines NUMBER", "! report approve NUMBER --by anna", "! ticket nonsense", "! ticket show", "! ticket ack NUMBER --what", "! tasks",
		"signal list", "! signal show x", "! signal send", "signal send --key one --from email:ivan@romashka.example --text 'всё упало'", "signal reprocess cli/one", "signal list",
		"audit list", "audit verify", "person list", "oncall who", "oncall next", "oncall history", "oncall shifts", "oncall schedule list", "phone list", "! phone revoke nobody",
		"token list", "webhook dead list", "! selftest list", "! toll show", "! security", "prompts audit", "version", "kb list", "search кабель", "ticket cancel NUMBER ложная --by anna",
		"! ticket close NUMBER --by anna", "ticket list --all",
	}
}

// wordsOf parts a line as a shell does; quotes are single.
func wordsOf(line string) (list []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	return list
}
