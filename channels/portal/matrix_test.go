package portal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
)

// sample is a request of one operation that succeeds with the right token.
type sample struct{ path, body string }

// samples has one for each operation.
func samples() map[string]sample {
	override := `{"schedule": "duty", "track": "primary", "reason": "врач", "changes": [{"from": "2026-03-07 10:00", "to": "2026-03-07 12:00", "add": "boris", "remove": "anna"}]}`
	absence := `{"person": "vera", "from": "2026-05-01", "to": "2026-05-03", "reason": "отпуск"}`
	temporary := `{"schedule": "duty", "track": "primary", "from": "2026-05-01", "to": "2026-05-03", "shifts": [{"from": "2026-05-01", "to": "2026-05-03", "member": "anna + boris"}]}`
	return map[string]sample{
		"who":               {"/who?at=2026-03-04+12:00", ""},
		"list-schedules":    {"/schedules", ""},
		"get-schedule":      {"/schedules/duty", ""},
		"list-versions":     {"/schedules/duty/versions", ""},
		"list-shifts":       {"/schedules/duty/shifts?track=primary&from=2026-03-01&to=2026-04-20", ""},
		"list-gaps":         {"/schedules/duty/gaps?from=2026-01-01&to=2026-04-20", ""},
		"get-chain":         {"/schedules/duty/chain", ""},
		"get-fairness":      {"/schedules/duty/fairness?from=2026-01-01&to=2026-04-01", ""},
		"list-people":       {"/people", ""},
		"get-person":        {"/people/anna", ""},
		"get-next-turn":     {"/people/boris/next", ""},
		"list-turns":        {"/people/boris/turns?from=2026-03-01&to=2026-04-01", ""},
		"list-calendars":    {"/calendars", ""},
		"lint":              {"/lint", ""},
		"list-history":      {"/history?limit=10", ""},
		"get-version":       {"/version", ""},
		"preview":           {"/preview", `{"edit": {"override": ` + override + `}}`},
		"edit":              {"/edits", `{"edit": {"reason": "учёба", "absence": ` + absence + `}}`},
		"import":            {"/import", `{"format": "csv", "text": "person;from;to\nvera;2026-05-01 09:00;2026-05-02 09:00\n", "schedule": "duty", "commit": true}`},
		"take":              {"/take", `{"schedule": "duty", "for": "2h"}`},
		"list-overrides":    {"/overrides?all=true", ""},
		"get-override":      {"/overrides/cover", ""},
		"add-override":      {"/overrides", override},
		"replace-override":  {"/overrides/cover", override},
		"remove-override":   {"/overrides/cover", ""},
		"list-absences":     {"/absences?of=boris", ""},
		"get-absence":       {"/absences/holiday", ""},
		"add-absence":       {"/absences", absence},
		"replace-absence":   {"/absences/holiday", absence},
		"remove-absence":    {"/absences/holiday", ""},
		"list-temporaries":  {"/temporaries", ""},
		"get-temporary":     {"/temporaries/easter", ""},
		"add-temporary":     {"/temporaries", temporary},
		"replace-temporary": {"/temporaries/easter", temporary},
		"remove-temporary":  {"/temporaries/easter", ""},
		"list-requests":     {"/requests", ""},
		"get-request":       {"/requests/swap", ""},
		"ask":               {"/requests", `{"schedule": "duty", "track": "primary", "person": "anna", "from": "2026-03-06 21:00", "to": "2026-03-06 22:00"}`},
		"answer":            {"/requests/swap/answer", `{"verdict": "accept"}`},
	}
}

// operation is one of the description.
type operation struct{ id, method, scope string }

func operations(t *testing.T, spec []byte) []operation {
	t.Helper()
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			ID       string                `json:"operationId"`
			Security []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	must(t, json.Unmarshal(spec, &doc))
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("the description is OpenAPI %s", doc.OpenAPI)
	}
	var list []operation
	for _, methods := range doc.Paths {
		for method, op := range methods {
			if len(op.Security) != 1 {
				t.Errorf("operation %s does not say which scope it needs", op.ID)
				continue
			}
			list = append(list, operation{op.ID, strings.ToUpper(method), op.Security[0]["token"][0]})
		}
	}
	return list
}

// TestRoutesByScopes asks every operation of the description with every kind of token. Each answer, of success or refusal, is
// held against the description, and none shows a number to a token that may not see it.
func TestRoutesByScopes(t *testing.T) {
	t.Parallel()
	first := newRig(t)
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
	ops := operations(t, first.OpenAPI())
	if len(ops) != len(samples()) {
		t.Errorf("%d operations and %d samples", len(ops), len(samples()))
	}
	for _, op := range ops {
		t.Run(op.id, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			smp, ok := samples()[op.id]
			if !ok {
				t.Fatal("no sample")
			}
			may := map[string]bool{"read": op.scope == "oncall:read", "write": true, "people": true}
			for _, kind := range []string{"none", "garbage", "revoked", "expired", "feed", "board", "read", "write", "people"} {
				secret := r.secretOf(kind)
				want := http.StatusUnauthorized
				switch {
				case may[kind]:
					want = 0
				case kind == "feed", kind == "board", kind == "read":
					want = http.StatusForbidden
				}
				if kind == "people" && op.method != http.MethodGet {
					r = newRig(t) // the edit was made
					secret = r.secretOf(kind)
				}
				req := r.request(op.method, smp.path, secret, smp.body)
				resp, err := r.http.Do(req)
				must(t, err)
				text, err := io.ReadAll(resp.Body)
				must(t, err)
				resp.Body.Close()
				if want == 0 && resp.StatusCode/100 != 2 || want != 0 && resp.StatusCode != want {
					t.Errorf("with the token %s: %d %s, want %d", kind, resp.StatusCode, text, want)
				}
				if kind != "people" && bytes.Contains(text, []byte(strings.TrimPrefix(secretNumber, "+"))) {
					t.Errorf("with the token %s a number is shown: %s", kind, text)
				}
				resp.Body = io.NopCloser(bytes.NewReader(text))
				valid := r.request(op.method, smp.path, secret, smp.body)
				if ok, errs := check.ValidateHttpRequestResponse(valid, resp); !ok && want == 0 {
					for _, e := range errs {
						t.Errorf("with the token %s: %s %s\n%s", kind, e.Message, e.Reason, schemaErrors(e.SchemaValidationErrors, text))
					}
				} else if want != 0 {
					if ok, errs := check.ValidateHttpResponse(valid, resp); !ok {
						t.Errorf("refusal of %s: %v", kind, errs)
					}
				}
			}
		})
	}
}

func schemaErrors[T any](list []T, text []byte) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%+v\n", e)
	}
	return b.String() + string(text)
}

// secretOf returns a secret of a kind of token.
func (r *rig) secretOf(kind string) string {
	r.t.Helper()
	switch kind {
	case "garbage":
		return "vahta_AAAA"
	case "revoked":
		secret := r.token("revoked", "", "oncall:read")
		if err := r.issuer.Revoke(r.t.Context(), "revoked"); err != nil {
			r.t.Fatal(err)
		}
		return secret
	case "expired":
		i, err := r.issuer.Add(r.t.Context(), NewToken{Name: "expired", Scopes: []string{"oncall:read"}, Until: r.deps.Now().Add(time.Second), By: "test"})
		must(r.t, err)
		r.clock.Add(2)
		return i.Secret
	case "feed":
		return r.token("feed", "", "feed:person:anna")
	case "board":
		return r.token("board", "", "board:schedule:duty")
	case "read":
		return r.reader()
	case "write":
		return r.scheduler()
	case "people":
		return r.hr()
	default:
		return ""
	}
}

// TestDescriptionInBothForms: the description is served to whoever asks, as JSON and as YAML, and to many at a time.
func TestDescriptionInBothForms(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var all sync.WaitGroup
	for range 4 {
		for form, begin := range map[string]string{"json": "{", "yaml": "components:"} {
			all.Go(func() {
				resp, err := r.http.Get(r.url + "/api/v1/openapi." + form)
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), begin) || !strings.Contains(string(body), "/api/v1/oncall/who") {
					t.Errorf("%s: %d %v %.80s", form, resp.StatusCode, err, body)
				}
			})
		}
	}
	all.Wait()
}
