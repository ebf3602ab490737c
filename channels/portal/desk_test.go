package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/privacy"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/triage"
	"github.com/butlerspb/vahta/dispatch/vault"
)

// catalogue is what ships, read once.
var catalogue = sync.OnceValue(func() *triage.Catalogue {
	c, err := triage.Shipped()
	if err != nil {
		panic(err)
	}
	return c
})

// newDesk is a rig with a whole desk on the same record.
func newDesk(t *testing.T) *rig {
	t.Helper()
	return newRigWith(t, func(dir *dispatch.Directory, db *record, deps *Deps) {
		d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: db, Archive: db, Signals: db, Directory: dir, Now: deps.Now})
		must(t, err)
		d.Register(dispatch.ChannelAPI, dispatch.Decoding{Decode: dispatch.DecodeJSON})
		cases, err := casework.New(casework.Deps{Dispatcher: d, Catalogue: catalogue(), Audit: db, Now: deps.Now, Node: "a"})
		must(t, err)
		people, err := clientele.New(clientele.Deps{Store: db, Directory: dir, Tickets: db, Audit: db, Now: deps.Now})
		must(t, err)
		texts, err := library.New(library.Deps{Texts: db, Articles: db, Tickets: db, Directory: dir, Now: deps.Now})
		must(t, err)
		papers, err := reports.New(reports.Config{}, reports.Deps{Desk: d, Papers: db, Directory: dir, Zone: "Europe/Moscow", Now: deps.Now})
		must(t, err)
		must(t, papers.Links().Load(t.Context(), db))
		v := vaultOf(t, db, deps.Now)
		deps.Desk = Desk{Tickets: d, Cases: cases, Signals: d, Clients: people, Articles: texts, Search: texts, Reports: papers, Audit: db, Privacy: privacyOf(t, db, dir, people, v, deps.Now)}
		deps.Desk.Kept = Kept{Vault: v, Index: db, Calls: d}
		deps.Desk.Signals = v.Filing(d)
	})
}

// vaultOf is a vault in a folder of its own.
func vaultOf(t *testing.T, db *record, now func() time.Time) *vault.Vault {
	t.Helper()
	cfg := vault.Default()
	cfg.Key, cfg.Files = filepath.Join(t.TempDir(), "vault.key"), filepath.Join(t.TempDir(), "files")
	v, err := vault.New(cfg, vault.Deps{Keys: db, Files: db, Archive: db, Audit: db, Now: now})
	must(t, err)
	must(t, v.Open(t.Context()))
	return v
}

// privacyOf answers for one person on the record.
func privacyOf(t *testing.T, db *record, dir *dispatch.Directory, cards privacy.Cards, v *vault.Vault, now func() time.Time) *privacy.Privacy {
	t.Helper()
	p, err := privacy.New(privacy.Deps{Record: db, Signals: db, Rotas: db, Directory: dir, Cards: cards, Vault: v, Now: now})
	must(t, err)
	return p
}

// deskSecret returns the secret of a kind of token.
func (r *rig) deskSecret(kind string) string {
	r.t.Helper()
	switch kind {
	case "desk reader":
		return r.token(kind, "", "desk:read")
	case "engineer":
		return r.token(kind, "anna", "desk:write")
	case "client reader":
		return r.token(kind, "", "clients:read")
	case "client writer":
		return r.token(kind, "vera", "clients:write")
	case "privacy officer":
		return r.token(kind, "vera", "clients:admin")
	case "listener":
		return r.token(kind, "", "recordings:read")
	case "machine":
		return r.token(kind, "", "signals:send")
	case "auditor":
		return r.token(kind, "", "audit:read")
	}
	return r.secretOf(kind)
}

// step is a request that prepares another.
type step struct{ path, body string }

// deskSample is a request of one operation that succeeds with the right token, after those before it.
type deskSample struct {
	before     []step
	path, body string
}

// deskSamples has one for each operation of the desk. TKT1 and TKT2 are tickets.
func deskSamples() map[string]deskSample {
	plan := step{"/tickets/TKT1/plan", `{"hypothesis": "сервере", "actions": ["перезапуск"], "fallback": "копия", "eta": "2026-03-04T11:00:00Z"}`}
	pause := step{"/tickets/TKT1/notes", `{"text": "Пришлите, пожалуйста, пароль", "public": true}`}
	restored := step{"/tickets/TKT1/restoration", `{"statement": "работает", "check": "документ проведён"}`}
	draft := step{"/tickets/TKT1/report", `{}`}
	article := step{"/articles", `{"id": "one-c", "version": 0, "title": "1С не запускается", "body": "Проверить лицензии."}`}
	paused := `{"pause": "p1", "reason": "client", "until": "2026-03-04T10:00:00Z"}`
	merge := step{"/tickets/TKT2/merge", `{"into": "TKT1"}`}
	now := func(path, body string) deskSample { return deskSample{nil, path, body} }
	after := func(before []step, path, body string) deskSample { return deskSample{before, path, body} }
	return map[string]deskSample{
		"list-tickets":          now("/tickets?all=true", ""),
		"get-ticket":            after([]step{plan, draft}, "/tickets/TKT1", ""),
		"get-clocks":            now("/tickets/TKT1/clocks", ""),
		"get-triage":            now("/tickets/TKT1/triage", ""),
		"get-log":               now("/tickets/TKT1/log", ""),
		"list-tasks":            after([]step{{"/tickets/TKT1/tasks", `{"text": "Копии", "due": "2026-03-10T09:00:00Z"}`}}, "/tasks", ""),
		"open-ticket":           now("/tickets", `{"text": "Аудит сети", "class": "request", "org": "mebel"}`),
		"acknowledge":           now("/tickets/TKT2/acknowledge", `{}`),
		"add-note":              now("/tickets/TKT1/notes", `{"text": "смотрю журналы"}`),
		"move-stage":            now("/tickets/TKT1/stage", `{"to": "diagnosis"}`),
		"set-priority":          now("/tickets/TKT1/priority", `{"priority": "high", "reason": "один пользователь"}`),
		"add-triage":            now("/tickets/TKT1/triage", `{"category": "service_down", "impact": "high", "services": ["1С"]}`),
		"assign":                now("/tickets/TKT1/assignee", `{"to": "boris"}`),
		"hand-over":             now("/tickets/TKT1/handover", `{"from": "anna", "to": "boris", "note": "ждём поставщика"}`),
		"add-participant":       now("/tickets/TKT1/participants", `{"person": "boris", "role": "1c"}`),
		"add-answer":            now("/tickets/TKT1/answers", `{"list": "one_c", "question": "service", "answer": "нет"}`),
		"add-step":              now("/tickets/TKT1/steps", `{"runbook": "one_c_restart", "step": "dbms"}`),
		"add-contact":           now("/tickets/TKT1/contacts", `{"channel": "call", "with": "Ольга"}`),
		"add-contact-try":       now("/tickets/TKT1/contact-tries", `{"channel": "call", "result": "busy"}`),
		"page-specialist":       now("/tickets/TKT1/specialist", `{"skill": "1c"}`),
		"save-plan":             now(plan.path, plan.body),
		"tell-plan":             after([]step{plan}, "/tickets/TKT1/plan/tell", `{"read_out": true, "with": "Ольга"}`),
		"write-message":         now("/tickets/TKT1/messages", `{"text": "Работаем", "to": [{"channel": "email", "address": "olga@mebel.example"}]}`),
		"add-update":            now("/tickets/TKT1/updates", `{"text": "Восстановлена половина", "next": "2026-03-04T10:00:00Z"}`),
		"stabilise":             now(restored.path, restored.body),
		"confirm":               after([]step{restored}, "/tickets/TKT1/confirmation", `{"with": "Ольга"}`),
		"pause":                 after([]step{pause}, "/tickets/TKT1/pauses", paused),
		"resume":                after([]step{pause, {"/tickets/TKT1/pauses", paused}}, "/tickets/TKT1/pauses/end", `{"pause": "p1"}`),
		"reopen":                after([]step{restored}, "/tickets/TKT1/reopening", `{"reason": "снова"}`),
		"open-session":          now("/tickets/TKT1/sessions", `{"session": "", "way": "rdp", "asset": "fs1"}`),
		"close-session":         after([]step{{"/tickets/TKT1/sessions", `{"session": "s1", "way": "rdp"}`}}, "/tickets/TKT1/sessions/end", `{"session": "s1"}`),
		"reveal":                now("/tickets/TKT1/reveal", `{"asset": "fs1", "access": "rdp", "reason": "вход"}`),
		"add-time":              now("/tickets/TKT1/times", `{"entry": "t1", "person": "anna", "source": "manual", "from": "2026-03-04T08:00:00Z", "to": "2026-03-04T08:30:00Z"}`),
		"settle-time":           after([]step{{"/tickets/TKT1/times", `{"entry": "t1", "person": "anna", "source": "manual", "from": "2026-03-04T08:00:00Z", "to": "2026-03-04T08:30:00Z"}`}}, "/tickets/TKT1/times/settle", `{"entry": "t1", "time": "45m"}`),
		"add-task":              now("/tickets/TKT1/tasks", `{"text": "Копии каждый час", "sort": "recommendation", "owner": "client", "effort": "4h"}`),
		"end-task":              after([]step{{"/tickets/TKT1/tasks", `{"text": "Копии"}`}}, "/tickets/TKT1/tasks/end", `{"task": "1", "result": "done"}`),
		"add-root-cause":        after([]step{restored}, "/tickets/TKT1/root-cause", `{"cause": "диск", "class": "hardware", "complete": true}`),
		"explain":               now("/tickets/TKT1/explanations", `{"clock": "plan", "text": "ждали доступа"}`),
		"merge":                 now(merge.path, merge.body),
		"unmerge":               after([]step{merge}, "/tickets/TKT2/unmerge", `{"reason": "разные беды"}`),
		"split":                 now("/tickets/TKT2/split", `{"signal": "SECOND"}`),
		"link":                  now("/tickets/TKT1/links", `{"relation": "see_also", "to": "TKT2"}`),
		"send-signal":           now("/signals", `{"text": "Пропал интернет", "from": {"channel": "api", "address": "olga@mebel.example"}}`),
		"list-signals":          now("/signals", ""),
		"search":                now("/search?q=%D0%B1%D1%83%D1%85%D0%B3%D0%B0%D0%BB%D1%82%D0%B5%D1%80%D0%B8%D1%8F", ""),
		"list-similar":          now("/tickets/TKT1/similar", ""),
		"list-articles":         after([]step{article}, "/articles", ""),
		"get-article":           after([]step{article}, "/articles/one-c", ""),
		"list-article-versions": after([]step{article}, "/articles/one-c/versions", ""),
		"save-article":          now(article.path, article.body),
		"draft-article":         now("/tickets/TKT1/article", ""),
		"list-clients":          now("/clients", ""),
		"get-client":            now("/clients/mebel", ""),
		"put-client":            now("/clients/sklad?reason=new", `{"id": "sklad", "name": "Склад", "contract": {}}`),
		"remove-client":         now("/clients/mebel", ""),
		"merge-client":          after([]step{{"/clients/mebel2", `{"id": "mebel2", "name": "Мебель", "contract": {}}`}}, "/clients/mebel/merge", `{"into": "mebel2"}`),
		"list-strangers":        now("/strangers", ""),
		"get-report":            after([]step{draft}, "/tickets/TKT1/report?form=md", ""),
		"draft-report":          now(draft.path, draft.body),
		"curate-report":         now("/tickets/TKT1/report/lines", `{"seq": 1, "text": "Первый сигнал"}`),
		"approve-report":        after([]step{draft}, "/tickets/TKT1/report/approve", `{"version": 1}`),
		"send-report":           after([]step{draft, {"/tickets/TKT1/report/approve", `{}`}}, "/tickets/TKT1/report/send", `{}`),
		"list-audit":            now("/audit", ""),
		"plan-erasure":          now("/privacy/plan", `{"person": "email:olga@mebel.example", "reason": "просьба"}`),
		"erase-person":          now("/privacy/erase", `{"person": "email:olga@mebel.example", "reason": "просьба"}`),
		"list-files":            now("/tickets/TKT2/files", ""),
		"get-file":              now("/tickets/TKT2/files/FILEHASH?reason=look", ""),
		"get-recording":         now("/calls/served/recording?reason=complaint", ""),
		"take-out":              now("/privacy/takeout", `{"person": "email:olga@mebel.example", "reason": "просьба"}`),
	}
}

// fileHash is that of the file which comes with the signals of the second ticket.
const fileHash = "5d4dab03aba53586366b4c967c86e1f170490c74fc6263b27e106f82fe88a614"

// recorded puts a call with a recording on record.
func (r *rig) recorded(id string) {
	r.t.Helper()
	path := filepath.Join(r.t.TempDir(), "no-ticket-"+id+".wav")
	must(r.t, os.WriteFile(path, []byte("RIFF"), 0o600))
	at := noon()
	must(r.t, r.record.Commit(r.t.Context(), dispatch.Change{Calls: []dispatch.CallRecord{{
		ID: id, StartedAt: at, EndedAt: at, Result: dispatch.CallServed, Detail: dispatch.CallDetail{Recording: dispatch.Recording{Path: path}},
	}}}))
}

// readyDesk is a desk with two tickets of a client, of which Anna has taken the first; the second has two signals.
func readyDesk(t *testing.T) (*rig, *strings.Replacer) {
	t.Helper()
	r := newDesk(t)
	engineer := r.deskSecret("engineer")
	first := r.ask("POST", "/api/v1/tickets", engineer, `{"text": "В бухгалтерии 1С не запускается", "org": "mebel", "from": {"channel": "email", "address": "olga@mebel.example"}, "language": "ru"}`)
	if first.StatusCode != http.StatusCreated {
		t.Fatal(first.text)
	}
	send := func(key, text, reply string) SignalReply {
		resp := r.ask("POST", "/api/v1/signals", r.deskSecret("machine"), fmt.Sprintf(
			`{"text": %q, "from": {"channel": "api", "address": "sklad"}, "org": "mebel", "in_reply_to": [%q], "attachments": [{"name": "лог.txt", "data": "0LvQvtCz"}]}`, text, reply), "Idempotency-Key", key)
		if resp.StatusCode != http.StatusCreated {
			t.Fatal(resp.text)
		}
		return into[SignalReply](t, resp)
	}
	second := send("one", "Пропал интернет на складе", "")
	joined := send("two", "И ещё не работает касса", second.Ticket)
	if joined.Ticket != second.Ticket {
		t.Fatalf("the second signal is of %s, not of %s", joined.Ticket, second.Ticket)
	}
	name := strings.NewReplacer("TKT1", into[DoneReply](t, first).Number, "TKT2", second.Ticket, "SECOND", joined.Signal, "FILEHASH", fileHash)
	r.recorded("served")
	for _, s := range []step{{"/tickets/TKT1/acknowledge", `{}`}} {
		if resp := r.ask("POST", "/api/v1"+name.Replace(s.path), engineer, name.Replace(s.body)); resp.StatusCode/100 != 2 {
			t.Fatal(resp.text)
		}
	}
	return r, name
}

// TestDeskByScopes asks every operation of the desk with every kind of token. Each answer, of success or refusal, is held against the
// description, and none shows where a secret is kept to a token that may not see it.
func TestDeskByScopes(t *testing.T) {
	t.Parallel()
	first := newDesk(t)
	doc, err := libopenapi.NewDocument(first.OpenAPI())
	must(t, err)
	check, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, errs := check.ValidateDocument(); !ok {
		for _, e := range errs {
			t.Errorf("the description: %s %s %v", e.Message, e.Reason, e.SchemaValidationErrors)
		}
	}
	rota := samples()
	ops := slices.DeleteFunc(operations(t, first.OpenAPI()), func(op operation) bool { _, ok := rota[op.id]; return ok })
	known := slices.Sorted(maps.Keys(deskSamples()))
	if len(ops) != len(known) {
		t.Errorf("%d operations and %d samples", len(ops), len(known))
	}
	opens := map[string][]string{
		"desk:read": {"desk reader", "engineer"}, "desk:write": {"engineer"}, "clients:read": {"client reader", "client writer"},
		"clients:write": {"client writer"}, "signals:send": {"machine"}, "audit:read": {"auditor"}, "clients:admin": {"privacy officer"}, "recordings:read": {"listener"},
	}
	shared, name := readyDesk(t) // for what changes nothing: refusals, and questions that nothing must come before
	for _, op := range ops {
		smp, ok := deskSamples()[op.id]
		if !ok {
			t.Fatalf("%s has no sample", op.id)
		}
		shared.clock.Add(60) // a guesser is asked to wait after so many
		for _, kind := range []string{"none", "garbage", "read", "write", "desk reader", "client reader", "machine", "auditor", "privacy officer", "listener", "client writer", "engineer"} {
			may := slices.Contains(opens[op.scope], kind)
			if !may || op.method == http.MethodGet && len(smp.before) == 0 {
				shared.deskAnswer(t, check, op, name.Replace(smp.path), name.Replace(smp.body), kind, may)
			}
		}
		if op.method == http.MethodGet && len(smp.before) == 0 {
			continue
		}
		t.Run(op.id, func(t *testing.T) {
			t.Parallel()
			r, name := readyDesk(t)
			for _, s := range smp.before {
				method, secret := http.MethodPost, r.deskSecret("engineer")
				if strings.HasPrefix(s.path, "/clients/") {
					method, secret = http.MethodPut, r.deskSecret("client writer")
				}
				if resp := r.ask(method, "/api/v1"+name.Replace(s.path), secret, name.Replace(s.body)); resp.StatusCode/100 != 2 {
					t.Fatalf("%s: %s", s.path, resp.text)
				}
			}
			for _, kind := range opens[op.scope] {
				r.deskAnswer(t, check, op, name.Replace(smp.path), name.Replace(smp.body), kind, true)
			}
		})
	}
}

// deskAnswer asks once and looks at the answer.
func (r *rig) deskAnswer(t *testing.T, check validator.Validator, op operation, path, body, kind string, may bool) {
	t.Helper()
	secret := r.deskSecret(kind)
	want := http.StatusForbidden
	if kind == "none" || kind == "garbage" {
		want = http.StatusUnauthorized
	}
	resp, err := r.http.Do(r.request(op.method, "/api/v1"+path, secret, body))
	must(t, err)
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	resp.Body.Close()
	if may && resp.StatusCode/100 != 2 || !may && resp.StatusCode != want {
		t.Errorf("with the token %s: %d %s", kind, resp.StatusCode, text)
	}
	shows := op.id == "reveal" || op.id == "get-client" && kind == "client writer"
	if bytes.Contains(text, []byte(secretPlace)) != (shows && may) {
		t.Errorf("with the token %s, where the secret is kept is shown or not against the rules:\n%s", kind, text)
	}
	if bad := loudKeys(text); len(bad) > 0 {
		t.Errorf("%s: fields that are not in small letters: %v", op.id, bad)
	}
	if slices.Contains([]string{"get-report", "take-out", "get-file", "get-recording"}, op.id) && may || resp.StatusCode == http.StatusNoContent {
		return // a file
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	valid := r.request(op.method, "/api/v1"+path, secret, body)
	if ok, errs := check.ValidateHttpResponse(valid, resp); !ok {
		for _, e := range errs {
			t.Errorf("with the token %s: %s %s\n%s", kind, e.Message, e.Reason, schemaErrors(e.SchemaValidationErrors, text))
		}
	}
}

// A repeat with the same key is the same act; whoever has not seen what others did is told; a machine's signal counts once.
func TestDeskRepeatsAndStaleLooks(t *testing.T) {
	t.Parallel()
	r, name := readyDesk(t)
	engineer := r.deskSecret("engineer")
	path := func(s string) string { return "/api/v1" + name.Replace(s) }
	for range 2 {
		if resp := r.ask("POST", path("/tickets/TKT1/notes"), engineer, `{"text": "раз"}`, "Idempotency-Key", "form-1"); resp.StatusCode != http.StatusOK {
			t.Fatal(resp.text)
		}
	}
	log := r.ask("GET", path("/tickets/TKT1/log"), engineer, "")
	if n := strings.Count(log.text, "раз\""); n != 1 {
		t.Errorf("the note is there %d times: %s", n, log.text)
	}
	seen := r.ask("GET", path("/tickets/TKT1"), engineer, "").Header.Get("ETag")
	boris := r.token("boris", "boris", "desk:write")
	if resp := r.ask("POST", path("/tickets/TKT1/priority"), boris, `{"priority": "high", "reason": "один человек"}`); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.text)
	}
	r.ask("POST", path("/tickets/TKT1/stage"), engineer, `{"to": "diagnosis"}`, "If-Match", seen).isProblem(t, http.StatusPreconditionFailed, "not_seen")
	again := r.ask("GET", path("/tickets/TKT1"), engineer, "").Header.Get("ETag")
	if resp := r.ask("POST", path("/tickets/TKT1/stage"), engineer, `{"to": "diagnosis"}`, "If-Match", again); resp.StatusCode != http.StatusOK {
		t.Error(resp.text)
	}
	r.ask("POST", path("/tickets/TKT1/acknowledge"), boris, `{}`).isProblem(t, http.StatusConflict, "taken")
	r.ask("POST", path("/tickets/TKT1/stage"), engineer, `{"to": "triage"}`).isProblem(t, http.StatusConflict, "illegal")
	r.ask("GET", "/api/v1/tickets/VH-26-000011", engineer, "").isProblem(t, http.StatusNotFound, "not_found")

	machine := r.deskSecret("machine")
	var tickets []string
	for range 2 {
		resp := r.ask("POST", "/api/v1/signals", machine, `{"text": "нет почты", "from": {"channel": "api", "address": "x@y.example"}}`, "Idempotency-Key", "alarm-7")
		if resp.StatusCode != http.StatusCreated {
			t.Fatal(resp.text)
		}
		tickets = append(tickets, into[SignalReply](t, resp).Ticket)
	}
	if tickets[0] == "" || tickets[0] != tickets[1] {
		t.Errorf("one signal became %v", tickets)
	}
	r.ask("POST", "/api/v1/signals", machine, `{"text": "а ещё горит склад", "from": {"channel": "api", "address": "x@y.example"}}`,
		"Idempotency-Key", "alarm-7").isProblem(t, http.StatusUnprocessableEntity, "invalid")
	if resp := r.ask("POST", "/api/v1/signals", machine, `это не JSON`); resp.StatusCode/100 != 2 {
		t.Errorf("what can not be read is refused: %s", resp.text)
	}
}

// Without a key the same bytes are one signal for as long as a sender tries again; later they are a new one: an alarm that comes
// back is never lost as a repeat.
func TestTheSameAlarmLaterIsANewSignal(t *testing.T) {
	t.Parallel()
	r := newDesk(t)
	machine := r.deskSecret("machine")
	var names []string
	for _, at := range []int64{0, 60, 24 * 3600} {
		r.clock.Store(at)
		resp := r.ask("POST", "/api/v1/signals", machine, `{"text": "нет почты", "machine": true, "source": "zabbix", "dedup_key": "mail"}`)
		if resp.StatusCode != http.StatusCreated {
			t.Fatal(resp.text)
		}
		names = append(names, into[SignalReply](t, resp).Signal)
	}
	if names[0] != names[1] || names[1] == names[2] {
		t.Errorf("signals %q", names)
	}
}

// What is wrong with an answer is told in the reader's language, with the field.
func TestDeskRefusesInWords(t *testing.T) {
	t.Parallel()
	r, name := readyDesk(t)
	resp := r.ask("POST", "/api/v1"+name.Replace("/tickets/TKT1/answers"), r.deskSecret("engineer"), `{"list": "one_c", "question": "service", "answer": "наверное"}`, "Accept-Language", "ru")
	p := resp.isProblem(t, http.StatusUnprocessableEntity, "invalid")
	if len(p.Errors) != 1 || p.Errors[0].Field != "body.answer" || !strings.Contains(p.Errors[0].Message, "не да и не нет") {
		t.Errorf("%+v", p)
	}
}

// While the record is away a machine is told to come again, and nothing is lost on either side.
func TestSignalsWhileTheRecordIsAway(t *testing.T) {
	t.Parallel()
	r := newDesk(t)
	machine := r.deskSecret("machine")
	r.ask("POST", "/api/v1/signals", machine, `{"text": "раз"}`) // the token is remembered
	r.record.Fail(fmt.Errorf("test: %w", dispatch.ErrAway))
	resp := r.ask("POST", "/api/v1/signals", machine, `{"text": "два"}`)
	resp.isProblem(t, http.StatusServiceUnavailable, "away")
	if resp.Header.Get("Retry-After") == "" {
		t.Error("it is not said when to come again")
	}
	r.record.Fail(nil)
	resp = r.ask("POST", "/api/v1/signals", machine, `{"text": "два"}`)
	if resp.StatusCode != http.StatusCreated || into[SignalReply](t, resp).Ticket == "" {
		t.Error(resp.text)
	}
}

// A reveal and the reading of a card with accesses are in the audit before anybody sees them.
func TestRevealsAreAudited(t *testing.T) {
	t.Parallel()
	r, name := readyDesk(t)
	r.ask("POST", "/api/v1"+name.Replace("/tickets/TKT1/reveal"), r.deskSecret("engineer"), `{"asset": "fs1", "access": "rdp", "reason": "вход"}`)
	r.ask("GET", "/api/v1/clients/mebel", r.deskSecret("client writer"), "")
	r.ask("GET", "/api/v1/clients/mebel", r.deskSecret("client reader"), "")
	var lines struct {
		Lines []dispatch.AuditEntry `json:"lines"`
	}
	must(t, json.Unmarshal([]byte(r.ask("GET", "/api/v1/audit?act=reveal", r.deskSecret("auditor"), "").text), &lines))
	if len(lines.Lines) != 2 || lines.Lines[1].By != "anna" || lines.Lines[1].Object != "access mebel/fs1/rdp" || lines.Lines[1].Reason != "вход" ||
		lines.Lines[0].By != "vera" || lines.Lines[0].Object != "accesses of client mebel" {
		t.Errorf("%+v", lines.Lines)
	}
}

// What a list shows is named as all else is, and as the description says.
func TestSignalsAreShownInWordsOfTheAPI(t *testing.T) {
	t.Parallel()
	r := newDesk(t)
	engineer := r.deskSecret("desk reader")
	sent := r.ask(http.MethodPost, "/api/v1/signals", r.deskSecret("machine"), `{"text": "1С не запускается", "from": {"channel": "email", "address": "olga@mebel.example"}}`)
	if sent.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", sent.StatusCode, sent.text)
	}
	text := r.ask(http.MethodGet, "/api/v1/signals", engineer, "").text
	var got struct {
		Signals []map[string]any `json:"signals"`
	}
	must(t, json.Unmarshal([]byte(text), &got))
	if len(got.Signals) != 1 {
		t.Fatalf("got %s", text)
	}
	one := got.Signals[0]
	if bad := loudKeys([]byte(text)); len(bad) > 0 {
		t.Errorf("fields %v", bad)
	}
	if one["channel"] != "api" || one["state"] != "taken" || one["ticket"] == "" || one["signal"] != "api/"+one["key"].(string) || one["bytes"] == 0.0 {
		t.Errorf("got %s", text)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	must(t, json.Unmarshal(r.OpenAPI(), &doc))
	known := doc.Components.Schemas["SignalSight"].Properties
	for name := range one {
		if _, ok := known[name]; !ok {
			t.Errorf("the description lacks %s of a signal; it has %v", name, slices.Sorted(maps.Keys(known)))
		}
	}
}

// asleep finds nothing until whoever asks goes away.
type asleep struct{ *library.Library }

func (asleep) SimilarTo(ctx context.Context, _ string, _ int) (library.Likeness, error) {
	<-ctx.Done()
	return library.Likeness{}, ctx.Err()
}

// A ticket is shown with what is like it, and without that when it can not be found at once.
func TestTicketIsShownWithWhatIsLikeIt(t *testing.T) {
	t.Parallel()
	r := newDesk(t)
	secret := r.deskSecret("engineer")
	opened := func(text string) string {
		a := r.ask(http.MethodPost, "/api/v1/tickets", secret, `{"text": "`+text+`", "org": "mebel"}`)
		if a.StatusCode != http.StatusCreated {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
		return into[DoneReply](t, a).Number
	}
	first, second := opened("контроллер пищит, массив развалился"), opened("снова пищит контроллер массива")
	texts, ok := r.deps.Desk.Search.(*library.Library)
	if !ok {
		t.Fatal("no library")
	}
	_, err := texts.Refresh(t.Context())
	must(t, err)
	type view struct {
		Similar struct {
			Tickets []library.Hit `json:"tickets"`
			Line    string        `json:"line"`
		} `json:"similar"`
	}
	got := into[view](t, r.ask(http.MethodGet, "/api/v1/tickets/"+second, secret, "")).Similar
	if len(got.Tickets) != 1 || got.Tickets[0].Number != first || !strings.Contains(got.Line, first) {
		t.Errorf("got %+v", got)
	}
	r.deps.Desk.Search = asleep{texts}
	answer := r.ask(http.MethodGet, "/api/v1/tickets/"+second, secret, "")
	if answer.StatusCode != http.StatusOK || strings.Contains(answer.text, `"similar"`) {
		t.Errorf("while nothing is found: %d %s", answer.StatusCode, answer.text)
	}
}

// loudKeys are the fields of a JSON text with capital letters in them: names of the program's own making.
func loudKeys(text []byte) (bad []string) {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return nil // a file
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				if name != strings.ToLower(name) {
					bad = append(bad, name)
				}
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(v)
	slices.Sort(bad)
	return slices.Compact(bad)
}
