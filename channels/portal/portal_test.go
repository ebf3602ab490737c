package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/ical"
)

// TestWhoSaysWhyUntilAndNext walks a week with a cover in it.
func TestWhoSaysWhyUntilAndNext(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tests := []struct{ at, person, why, until, next, nextStart string }{
		{"2026-03-04 12:00", "anna", "layer", "2026-03-05 18:00", "vera", "2026-03-05 18:00"},
		{"2026-03-05 18:00", "vera", "override", "2026-03-05 22:00", "anna", "2026-03-05 22:00"},
		{"2026-03-09 08:59", "anna", "layer", "2026-03-09 09:00", "boris", "2026-03-09 09:00"},
		{"2026-03-20 12:00", "anna", "layer", "2026-03-23 09:00", "boris", "2026-03-23 09:00"},
		{"2026-04-11 12:00", "vera", "temporary", "2026-04-13 00:00", "boris", "2026-04-13 00:00"},
	}
	moscow := company(t).Schedules[0].Zone
	for _, tt := range tests {
		who := into[WhoReply](t, r.ask("GET", "/who?schedule=duty&at="+strings.ReplaceAll(tt.at, " ", "+"), r.reader(), ""))
		track := who.Schedules[0].Tracks[0]
		if len(track.OnDuty) != 1 || track.Next == nil {
			t.Errorf("at %s: %+v", tt.at, track)
			continue
		}
		on := track.OnDuty[0]
		got := []string{on.Person, string(on.Why.Source), oncall.CivilAt(on.Until, moscow).String(), track.Next.People[0].Person, oncall.CivilAt(track.Next.Start, moscow).String()}
		if d := cmp.Diff([]string{tt.person, tt.why, tt.until, tt.next, tt.nextStart}, got); d != "" {
			t.Errorf("at %s (-want +got):\n%s", tt.at, d)
		}
	}
	if got := r.ask("GET", "/who?at=tomorrow", r.reader(), "").isProblem(t, http.StatusUnprocessableEntity, "invalid"); len(got.Errors) != 1 || got.Errors[0].Field != "query.at" {
		t.Errorf("errors %+v", got.Errors)
	}
}

const cover = `{"schedule": "duty", "track": "primary", "changes": [{"from": "2026-03-07 10:00", "to": "2026-03-07 12:00", "add": "boris", "remove": "anna"}]}`

// TestEditIsInForceAtOnce: preview writes nothing, the edit holds before its answer is read, and it is undone by its key.
func TestEditIsInForceAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before := into[VersionReply](t, r.ask("GET", "/version", r.reader(), "")).Revision
	p := r.ask("POST", "/preview", r.scheduler(), `{"edit": {"override": `+cover+`}}`)
	if p.StatusCode != http.StatusOK || !strings.Contains(p.text, "boris") {
		t.Errorf("preview: %d %s", p.StatusCode, p.text)
	}
	if now := into[VersionReply](t, r.ask("GET", "/version", r.reader(), "")).Revision; now != before {
		t.Errorf("the preview has written revision %d over %d", now, before)
	}
	done := r.ask("POST", "/overrides", r.scheduler(), cover)
	if done.StatusCode != http.StatusCreated {
		t.Fatalf("edit: %d %s", done.StatusCode, done.text)
	}
	made := into[EditReply](t, done)
	i := slices.IndexFunc(made.Keys, func(k edit.Key) bool { return k.Kind == edit.Override })
	if made.Revision <= before || i < 0 || made.Keys[i].ID == "" {
		t.Fatalf("edit: %+v", made)
	}
	who := r.ask("GET", "/who?at=2026-03-07+11:00", r.reader(), "")
	if on := into[WhoReply](t, who).Schedules[0].Tracks[0].OnDuty[0]; on.Person != "boris" || on.Why.By != "vera" {
		t.Errorf("after the edit: %+v", on)
	}
	if gone := r.ask("DELETE", "/overrides/"+made.Keys[i].ID, r.scheduler(), ""); gone.StatusCode != http.StatusOK {
		t.Errorf("remove: %d %s", gone.StatusCode, gone.text)
	}
	if on := into[WhoReply](t, r.ask("GET", "/who?at=2026-03-07+11:00", r.reader(), "")).Schedules[0].Tracks[0].OnDuty[0]; on.Person != "anna" {
		t.Errorf("after the removal: %+v", on)
	}
	log := into[HistoryReply](t, r.ask("GET", "/history?limit=2", r.reader(), ""))
	if len(log.Entries) != 2 || log.Entries[0].Person != "vera" || log.Entries[0].Channel != "api" || len(log.Entries[1].Edit) == 0 {
		t.Errorf("history %+v", log)
	}
}

// TestWhoEditsMeanwhileIsShown: by base and by If-Match, 409 has both versions and nothing is written.
func TestWhoEditsMeanwhileIsShown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	seen := into[Item[oncall.Absence]](t, r.ask("GET", "/absences/holiday", r.reader(), ""))
	tag := r.ask("GET", "/absences/holiday", r.reader(), "").Header.Get("ETag")
	theirs := `{"person": "boris", "from": "2026-03-20", "to": "2026-03-25", "reason": "theirs"}`
	mine := `{"person": "boris", "from": "2026-03-20", "to": "2026-03-21", "reason": "mine"}`
	if first := r.ask("PUT", "/absences/holiday", r.scheduler(), theirs, "If-Match", tag); first.StatusCode != http.StatusOK {
		t.Fatalf("the first edit: %d %s", first.StatusCode, first.text)
	}
	base, err := json.Marshal(map[string]int64{"absence holiday": seen.Revision})
	must(t, err)
	whole := `{"edit": {"absence": ` + strings.Replace(mine, "{", `{"id": "holiday", `, 1) + `}, "base": ` + string(base) + `}`
	for name, resp := range map[string]response{
		"If-Match": r.ask("PUT", "/absences/holiday", r.scheduler(), mine, "If-Match", tag),
		"base":     r.ask("POST", "/edits", r.scheduler(), whole),
		"delete":   r.ask("DELETE", "/absences/holiday", r.scheduler(), "", "If-Match", tag),
	} {
		p := resp.isProblem(t, http.StatusConflict, "conflict")
		if len(p.Theirs) != 1 || !strings.Contains(string(p.Theirs[0].Body), "theirs") || p.Yours == nil || name != "delete" && p.Yours.Edit.Absence.Reason != "mine" {
			t.Errorf("%s: %s", name, resp.text)
		}
	}
	if now := into[Item[oncall.Absence]](t, r.ask("GET", "/absences/holiday", r.reader(), "")); now.Value.Reason != "theirs" {
		t.Errorf("now it is %+v", now.Value)
	}
	r.ask("PUT", "/absences/holiday", r.scheduler(), mine, "If-Match", "soon").isProblem(t, http.StatusUnprocessableEntity, "invalid")
}

// TestRecordAway: reading goes on with the token that was known, edits and the log are to be asked for again.
func TestRecordAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	unseen := r.token("unseen", "", "oncall:read")
	if resp := r.ask("GET", "/who", r.scheduler(), ""); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.text)
	}
	must(t, r.keys.refresh(t.Context())) // as Run does
	late := r.token("late", "", "oncall:read")
	r.record.away.Store(true)
	for _, secret := range []string{r.scheduler(), unseen} {
		if resp := r.ask("GET", "/who", secret, ""); resp.StatusCode != http.StatusOK {
			t.Errorf("who: %d %s", resp.StatusCode, resp.text)
		}
	}
	for _, resp := range []response{
		r.ask("POST", "/overrides", r.scheduler(), cover), r.ask("GET", "/history", r.scheduler(), ""), r.ask("GET", "/who", late, ""),
	} {
		if p := resp.isProblem(t, http.StatusServiceUnavailable, "away"); resp.Header.Get("Retry-After") != "10" {
			t.Errorf("%+v", p)
		}
	}
	if resp := r.ask("POST", "/preview", r.scheduler(), `{"edit": {"override": `+cover+`}}`); resp.StatusCode != http.StatusOK {
		t.Errorf("preview: %d %s", resp.StatusCode, resp.text)
	}
	r.record.away.Store(false)
	if resp := r.ask("POST", "/overrides", r.scheduler(), cover); resp.StatusCode != http.StatusCreated {
		t.Errorf("after it is back: %d %s", resp.StatusCode, resp.text)
	}
}

// TestRefusals: every way to ask wrongly is answered with a problem of its own.
func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tests := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"no such address", "GET", "/api/v1/oncall/nothing", "", nil, 404, "not_found"},
		{"no such version", "GET", "/api/v2/x", "", nil, 404, "not_found"},
		{"method", "PATCH", "/who", "", nil, 405, "method_not_allowed"},
		{"method elsewhere", "POST", "/feed/x.ics", "", nil, 405, "method_not_allowed"},
		{"unknown schedule", "GET", "/schedules/nights", "", nil, 404, "not_found"},
		{"unknown person", "GET", "/people/null", "", nil, 404, "not_found"},
		{"unknown track", "GET", "/schedules/duty/shifts?track=third", "", nil, 404, "not_found"},
		{"unknown parameter", "GET", "/who?shedule=duty", "", nil, 422, "invalid"},
		{"span too long", "GET", "/schedules/duty/shifts?from=2026-01-01&to=2030-01-01", "", nil, 422, "invalid"},
		{"span backwards", "GET", "/schedules/duty/gaps?from=2026-01-02&to=2026-01-01", "", nil, 422, "invalid"},
		{"unknown field", "POST", "/take", `{"schedule": "duty", "fro": "2h"}`, nil, 422, "invalid"},
		{"unknown field deep inside", "POST", "/overrides", strings.Replace(cover, `"add"`, `"ad"`, 1), nil, 422, "invalid"},
		{"wrong type", "POST", "/take", `{"schedule": 7}`, nil, 422, "invalid"},
		{"bad time", "POST", "/overrides", strings.Replace(cover, "2026-03-07 10:00", "7 марта", 1), nil, 422, "invalid"},
		{"bad length", "POST", "/take", `{"schedule": "duty", "for": "soon"}`, nil, 422, "invalid"},
		{"not JSON", "POST", "/take", `{"schedule"`, nil, 400, "invalid"},
		{"two values", "POST", "/take", `{"schedule": "duty"} {}`, nil, 400, "invalid"},
		{"nothing", "POST", "/take", "", nil, 400, "invalid"},
		{"not JSON by its own words", "POST", "/take", `schedule: duty`, []string{"Content-Type", "application/yaml"}, 415, "media_type"},
		{"too large", "POST", "/edits", `{"edit": {"reason": "` + strings.Repeat("x", maxBody) + `"}}`, nil, 413, "too_large"},
		{"there already", "POST", "/overrides", strings.Replace(cover, "{", `{"id": "cover", `, 1), nil, 409, "conflict"},
		{"asked already", "POST", "/requests", `{"id": "swap", "schedule": "duty", "track": "primary", "person": "anna", "from": "2026-03-06 21:00", "to": "2026-03-06 22:00"}`, nil, 409, "conflict"},
		{"preview of what has changed", "POST", "/preview", `{"edit": {"remove": {"kind": "absence", "id": "holiday"}}, "base": {"absence holiday": 0}}`, nil, 409, "conflict"},
		{"control characters", "POST", "/absences", `{"person": "vera", "from": "2026-05-01", "to": "2026-05-02", "reason": "x\u0000"}`, nil, 422, "invalid"},
		{"nobody's corrections", "GET", "/overrides?of=zzz", "", nil, 404, "not_found"},
		{"nobody's requests", "GET", "/requests?of=zzz", "", nil, 404, "not_found"},
		{"in the past", "POST", "/overrides", strings.ReplaceAll(cover, "2026-03-07", "2026-02-07"), nil, 422, "past"},
		{"no edit", "POST", "/edits", `{"edit": {}}`, nil, 422, "invalid"},
		{"unknown person in an edit", "POST", "/overrides", strings.Replace(cover, "boris", "ghost", 1), nil, 404, "not_found"},
		{"people without the scope", "POST", "/edits", `{"edit": {"person": {"id": "anna", "name": "x"}}}`, nil, 403, "forbidden"},
		{"people hidden in an import", "POST", "/edits", `{"edit": {"import": [{"remove": {"kind": "person", "id": "anna"}}]}}`, nil, 403, "forbidden"},
	}
	for _, tt := range tests {
		resp := r.ask(tt.method, tt.path, r.scheduler(), tt.body, tt.headers...)
		p := resp.isProblem(t, tt.status, tt.code)
		if tt.status == http.StatusMethodNotAllowed && resp.Header.Get("Allow") == "" {
			t.Errorf("%s: no Allow", tt.name)
		}
		if strings.Contains(p.Detail, "%!") {
			t.Errorf("%s: %s", tt.name, p.Detail)
		}
		if server := resp.Header.Get("Server"); server != "" {
			t.Errorf("%s: the server calls itself %s", tt.name, server)
		}
	}
	ru := r.ask("POST", "/overrides", r.scheduler(), strings.ReplaceAll(cover, "2026-03-07", "2026-02-07"), "Accept-Language", "ru-RU,en;q=0.5").isProblem(t, 422, "past")
	if !strings.ContainsAny(ru.Detail, "абвгде") || len(ru.Errors) != 1 || ru.Errors[0].Field != "body.changes[0].from" {
		t.Errorf("in Russian: %+v", ru)
	}
	fields := []struct{ method, path, body, field, ru string }{
		{"POST", "/overrides", strings.Replace(cover, "2026-03-07 10:00", "7 марта", 1), "body.changes[0].from", "нужна запись вида"},
		{"POST", "/overrides", strings.Replace(cover, `"add"`, `"ad"`, 1), "body.changes[0].ad", "такого поля нет"},
		{"POST", "/absences", `{"person": "vera", "from": "2026-05-01", "to": "2026-05-02", "reason": "\u001b[2J"}`, "body.reason", "управляющие символы"},
		{"POST", "/edits", `{"edit": {"absence": {"person": "vera", "from": "2026-05-01", "to": "2026-05-02", "reason": "\u0000"}}}`, "body.edit.absence.reason", "управляющие символы"},
		{"POST", "/requests/swap/answer", `{"verdict": "accept", "as": "ghost"}`, "body.as", "ghost"},
		{"GET", "/who?at=завтра", "", "query.at", "не время"},
	}
	for _, tt := range fields {
		resp := r.ask(tt.method, tt.path, r.scheduler(), tt.body, "Accept-Language", "en;q=0.1, ru;q=0.9")
		if p := into[Problem](t, resp); len(p.Errors) == 0 || p.Errors[0].Field != tt.field || !strings.Contains(p.Errors[0].Message, tt.ru) {
			t.Errorf("%s %s: %s, want the field %s and %q", tt.method, tt.path, resp.text, tt.field, tt.ru)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": "en", "ru": "ru", "ru-RU,en;q=0.5": "ru", "en;q=0.1, ru;q=0.9": "ru", "de, en;q=0.3": "en", "de": "en", "ru;q=0": "en", "RU; q=0.5,en;q=0.5": "ru", ";;,q=": "en",
	} {
		if got := languageOf(accept); got != want {
			t.Errorf("%q: %s, want %s", accept, got, want)
		}
	}
}

// TestRolesAreThoseOfThePerson: an engineer's token may not write for others, and one whose person is gone may nothing.
func TestRolesAreThoseOfThePerson(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := r.token("engineer", "anna", "oncall:write")
	r.ask("POST", "/absences", engineer, `{"person": "boris", "from": "2026-05-01", "to": "2026-05-02"}`).isProblem(t, http.StatusForbidden, "not_allowed")
	if own := r.ask("POST", "/take", engineer, `{"schedule": "duty", "track": "second", "for": "1h"}`); own.StatusCode != http.StatusCreated {
		t.Errorf("a takeover of one's own: %d %s", own.StatusCode, own.text)
	}
	off := `{"edit": {"person": {"id": "anna", "name": "Анна", "disabled": true}}}`
	if resp := r.ask("POST", "/edits", r.hr(), off); resp.StatusCode != http.StatusOK {
		t.Fatalf("disable: %d %s", resp.StatusCode, resp.text)
	}
	r.ask("POST", "/take", engineer, `{"schedule": "duty", "for": "1h"}`).isProblem(t, http.StatusForbidden, "forbidden")
}

func TestHead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	resp := r.ask("HEAD", "/who", r.reader(), "")
	if resp.StatusCode != http.StatusOK || resp.text != "" || resp.Header.Get("ETag") == "" {
		t.Errorf("HEAD: %d %q %v", resp.StatusCode, resp.text, resp.Header)
	}
}

// TestThrottle: an address that guesses is told to wait, while its neighbour with a good token is not.
func TestThrottle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	good := r.reader()
	r.ask("GET", "/who", good, "") // known from now on
	for range maxFailures {
		r.ask("GET", "/who", "vahta_guess", "").isProblem(t, http.StatusUnauthorized, "unauthorized")
	}
	resp := r.ask("GET", "/who", "vahta_guess", "")
	if resp.isProblem(t, http.StatusTooManyRequests, "too_many"); resp.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
	}
	if resp := r.ask("GET", "/who", good, ""); resp.StatusCode != http.StatusOK {
		t.Errorf("a good token: %d %s", resp.StatusCode, resp.text)
	}
	r.clock.Add(60)
	r.ask("GET", "/who", "vahta_guess", "").isProblem(t, http.StatusUnauthorized, "unauthorized")
}

// crashing panics at each look.
type crashing struct{ Rota }

func (crashing) View(context.Context) (rota.View, error) { panic("out of cheese") }

func TestPanicIsAProblemWithANumber(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(_ *Config, d *Deps) { d.Rota = crashing{d.Rota} })
	p := r.ask("GET", "/who", r.reader(), "").isProblem(t, http.StatusInternalServerError, "internal")
	if p.Instance == "" || !strings.Contains(r.log.String(), p.Instance) || strings.Contains(p.Detail, "cheese") {
		t.Errorf("problem %+v, log %s", p, r.log)
	}
}

// TestFeed reads a calendar as a calendar does.
func TestFeed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.token("anna", "", "feed:person:anna")
	r.token("duty", "", "feed:schedule:duty")
	for name, people := range map[string]string{"anna": "anna", "duty": "anna,boris,vera"} {
		path := r.tokens[name]
		first := r.ask("GET", path.Path(), "", "")
		if first.StatusCode != http.StatusOK || !strings.HasPrefix(first.Header.Get("Content-Type"), "text/calendar") || !strings.HasPrefix(first.Header.Get("Cache-Control"), "private") {
			t.Fatalf("%s: %d %v %s", name, first.StatusCode, first.Header, first.text)
		}
		cal, err := ics.ParseCalendar(strings.NewReader(first.text))
		must(t, err)
		seen := map[string]bool{}
		var last time.Time
		for _, v := range cal.Events() {
			for p := range strings.SplitSeq(v.GetProperty("X-VAHTA-PEOPLE").Value, ",") {
				seen[p] = true
			}
			end, err := v.GetEndAt()
			must(t, err)
			last = latest(last, end)
			if v.GetProperty(ics.ComponentPropertyTransp).Value != "TRANSPARENT" {
				t.Errorf("event %s makes its reader busy", v.Id())
			}
		}
		for p := range strings.SplitSeq(people, ",") {
			if !seen[p] {
				t.Errorf("%s: no duty of %s in it", name, p)
			}
		}
		if last.Before(noon().AddDate(1, 0, 0)) {
			t.Errorf("%s ends at %s", name, last)
		}
		again := r.ask("GET", path.Path(), "", "", "If-None-Match", first.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || again.text != "" {
			t.Errorf("%s asked again: %d %s", name, again.StatusCode, again.text)
		}
		if resp := r.ask("POST", "/overrides", r.scheduler(), strings.ReplaceAll(cover, "2026-03-07", map[string]string{"anna": "2026-03-07", "duty": "2026-03-08"}[name])); resp.StatusCode != http.StatusCreated {
			t.Fatal(resp.text)
		}
		changed := r.ask("GET", path.Path(), "", "", "If-None-Match", first.Header.Get("ETag"))
		if changed.StatusCode != http.StatusOK {
			t.Errorf("%s after an edit: %d", name, changed.StatusCode)
		}
		// The secret opens the feed and nothing else, and nothing else opens the feed.
		r.ask("GET", "/who", path.Secret, "").isProblem(t, http.StatusForbidden, "forbidden")
		r.ask("GET", "/board/"+path.Secret, "", "").isProblem(t, http.StatusNotFound, "not_found")
		r.ask("GET", "/feed/"+r.reader()+".ics", "", "").isProblem(t, http.StatusNotFound, "not_found")
		must(t, r.issuer.Revoke(t.Context(), name))
		r.ask("GET", path.Path(), "", "").isProblem(t, http.StatusNotFound, "not_found")
		if strings.Contains(r.log.String(), path.Secret) {
			t.Error("the log has the secret")
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestBoard: the page has names and times, no numbers and no script, and is framed by allowed sites alone.
func TestBoard(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.token("board", "", "board:schedule:duty")
	path := r.tokens["board"].Path()
	page := r.ask("GET", path+"?lang=ru", "", "")
	for _, want := range []string{"Кто дежурит сейчас: Дежурство", "Анна Смирнова", "до 2026-03-05 18:00", "Вера Ёлкина"} {
		if !strings.Contains(page.text, want) {
			t.Errorf("the page lacks %q:\n%s", want, page.text)
		}
	}
	if strings.Contains(page.text, "<script") || strings.Contains(page.text, "7900") || !strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-ancestors https://intranet.example.com") {
		t.Errorf("page %v\n%s", page.Header, page.text)
	}
	data := r.ask("GET", path+".json", "", "", "Origin", "https://intranet.example.com")
	if b := into[BoardReply](t, data); len(b.Tracks) != 2 || b.Tracks[0].OnDuty[0].Name != "Анна Смирнова" || strings.Contains(data.text, "7900") {
		t.Errorf("data %s", data.text)
	}
}

// TestOrigins: scripts of other sites read who is on duty when their site is allowed, and nothing else ever.
func TestOrigins(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const allowed, foreign = "https://intranet.example.com", "https://evil.example.com"
	tests := []struct{ method, path, origin, want string }{
		{"GET", "/who", allowed, allowed},
		{"GET", "/who", foreign, ""},
		{"GET", "/who", "", ""},
		{"OPTIONS", "/who", allowed, allowed},
		{"OPTIONS", "/who", foreign, ""},
		{"GET", "/people", allowed, ""},
		{"POST", "/take", allowed, ""},
	}
	for _, tt := range tests {
		resp := r.ask(tt.method, tt.path, r.reader(), "", "Origin", tt.origin)
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != tt.want {
			t.Errorf("%s %s from %q: allowed to %q, want %q", tt.method, tt.path, tt.origin, got, tt.want)
		}
	}
	off := newRig(t, func(c *Config, _ *Deps) { c.Origins = nil })
	if resp := off.ask("GET", "/who", off.reader(), "", "Origin", allowed); resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("CORS is on without being asked for")
	}
}

// TestImport: a table is shown first and taken whole; with a row that is not understood nothing of it is.
func TestImport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := func(text string, commit bool) string {
		b, err := json.Marshal(ImportBody{Format: "csv", Text: text, As: ical.AsOverrides, Schedule: "duty", Commit: commit})
		must(t, err)
		return string(b)
	}
	good := "дежурный;с;по;вместо\nВера;07.03.2026 10:00;07.03.2026 12:00;Смирнова\n"
	p := r.ask("POST", "/import", r.scheduler(), body(good+"Геннадий;08.03.2026 10:00;08.03.2026 12:00;\n", true), "Accept-Language", "ru").
		isProblem(t, http.StatusUnprocessableEntity, "invalid")
	if len(p.Errors) != 1 || p.Errors[0].Field != "body.text:3" || !strings.Contains(p.Errors[0].Message, "никого не зовут \"Геннадий\"") {
		t.Errorf("errors %+v", p.Errors)
	}
	shown := into[ImportReply](t, r.ask("POST", "/import", r.scheduler(), body(good, false)))
	who := func() string {
		return into[WhoReply](t, r.ask("GET", "/who?at=2026-03-07+11:00", r.reader(), "")).Schedules[0].Tracks[0].OnDuty[0].Person
	}
	if shown.Rows != 1 || shown.Edit.Override == nil || len(shown.Preview.Schedules) == 0 || who() != "anna" {
		t.Errorf("shown %+v, on duty %s", shown, who())
	}
	done := into[ImportReply](t, r.ask("POST", "/import", r.scheduler(), body(good, true)))
	if done.Revision <= shown.Revision || len(done.Keys) == 0 || who() != "vera" {
		t.Errorf("done %+v, on duty %s", done, who())
	}
}

func TestIssuerRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.reader()
	tests := []struct {
		n    NewToken
		want string
	}{
		{NewToken{Name: "", Scopes: []string{"oncall:read"}}, "no name"},
		{NewToken{Name: "reader", Scopes: []string{"oncall:read"}}, "there is one named"},
		{NewToken{Name: "x"}, "needs a scope"},
		{NewToken{Name: "x", Scopes: []string{"oncall:admin"}}, "not known"},
		{NewToken{Name: "x", Scopes: []string{"feed:person:"}}, "not known"},
		{NewToken{Name: "x", Scopes: []string{"feed:person:ghost"}}, "no \"ghost\""},
		{NewToken{Name: "x", Scopes: []string{"board:schedule:nights"}}, "no \"nights\""},
		{NewToken{Name: "x", Scopes: []string{"oncall:write"}}, "needs a person"},
		{NewToken{Name: "x", Scopes: []string{"oncall:write"}, Person: "ghost"}, "no person \"ghost\""},
		{NewToken{Name: "x", Scopes: []string{"oncall:read", "feed:person:anna"}}, "nothing else"},
		{NewToken{Name: "x", Scopes: []string{"oncall:read"}, Until: noon().Add(-time.Hour)}, "is past"},
	}
	for _, tt := range tests {
		if _, err := r.issuer.Add(t.Context(), tt.n); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.n, err, tt.want)
		}
	}
	list, err := r.issuer.List(t.Context())
	must(t, err)
	if len(list) != 1 || list[0].Hash != "" || list[0].Name != "reader" {
		t.Errorf("list %+v", list)
	}
	if err := r.issuer.Revoke(t.Context(), "nobody"); err == nil {
		t.Error("a token that is not there was revoked")
	}
}

func TestConfigValidates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c    Config
		want string
	}{
		{Default(), ""},
		{Config{Listen: ":8081", PublicURL: "https://duty.example.com/vahta/", Origins: []string{"https://a.example.com:8443"}}, ""},
		{Config{Listen: "8081"}, "listen"},
		{Config{PublicURL: "duty.example.com"}, "public_url"},
		{Config{PublicURL: "https://duty.example.com/?x"}, "public_url"},
		{Config{Origins: []string{"https://a.example.com/path"}}, "origins[0]"},
		{Config{Origins: []string{"*"}}, "origins[0]"},
		{Config{Origins: []string{"https://*.example.com"}}, "origins[0]"},
		{Config{Origins: []string{"https://a.example.com; script-src"}}, "origins[0]"},
	}
	for _, tt := range tests {
		err := tt.c.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.c, err, tt.want)
		}
	}
}

// TestStalledBody: whoever sends half a body is answered, not waited for.
func TestStalledBody(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for a time-out")
	}
	r := newRig(t)
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
	must(t, err)
	defer c.Close()
	_, err = fmt.Fprintf(c, "POST /api/v1/oncall/take HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", r.scheduler())
	must(t, err)
	must(t, c.SetReadDeadline(time.Now().Add(bodyTime+10*time.Second)))
	b := make([]byte, 200)
	n, err := c.Read(b)
	if err != nil || !strings.Contains(string(b[:n]), "408") {
		t.Errorf("answer %q, %v", b[:n], err)
	}
}
