package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secretNumber is in the rota, and in no answer that is not meant to have it.
const secretNumber = "+79005550001"

// secretPlace is where a secret is kept, and in no answer that is not meant to have it.
const secretPlace = "vault:mebel/fs1"

// noon is the clock of these tests: a Wednesday in Anna's week.
func noon() time.Time { return time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC) }

// record is a store that can be away.
type record struct {
	*store.Memory
	away atomic.Bool
}

func (r *record) gone() error {
	if r.away.Load() {
		return fmt.Errorf("test: %w", dispatch.ErrAway)
	}
	return nil
}

func (r *record) RotaVersion(ctx context.Context) (dispatch.RotaVersion, error) {
	if err := r.gone(); err != nil {
		return dispatch.RotaVersion{}, err
	}
	return r.Memory.RotaVersion(ctx)
}

func (r *record) Rota(ctx context.Context) (dispatch.RotaVersion, []edit.Record, error) {
	if err := r.gone(); err != nil {
		return dispatch.RotaVersion{}, nil, err
	}
	return r.Memory.Rota(ctx)
}

func (r *record) CommitRota(ctx context.Context, c dispatch.RotaChange) (dispatch.RotaVersion, error) {
	if err := r.gone(); err != nil {
		return dispatch.RotaVersion{}, err
	}
	return r.Memory.CommitRota(ctx, c)
}

func (r *record) RotaHistory(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error) {
	if err := r.gone(); err != nil {
		return nil, err
	}
	return r.Memory.RotaHistory(ctx, f)
}

func (r *record) FindToken(ctx context.Context, hash string) (dispatch.Token, error) {
	if err := r.gone(); err != nil {
		return dispatch.Token{}, err
	}
	return r.Memory.FindToken(ctx, hash)
}

func (r *record) ListTokens(ctx context.Context) ([]dispatch.Token, error) {
	if err := r.gone(); err != nil {
		return nil, err
	}
	return r.Memory.ListTokens(ctx)
}

func (r *record) UseToken(ctx context.Context, hash string, now time.Time) error {
	if err := r.gone(); err != nil {
		return err
	}
	return r.Memory.UseToken(ctx, hash, now)
}

func company(t *testing.T) oncall.Roster {
	t.Helper()
	moscow, err := oncall.LoadZone("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	person := func(id, name string, roles ...oncall.Role) oncall.Person {
		return oncall.Person{ID: id, Name: name, Roles: roles, Devices: []oncall.Device{{Kind: oncall.Mobile, Number: secretNumber, RingTime: 15 * time.Second}}}
	}
	week := func(id string, start int) oncall.Layer {
		return oncall.Layer{
			ID: id, Members: []oncall.Member{{"anna"}, {"boris"}},
			Handoff: oncall.Handoff{Unit: oncall.Week, Anchor: oncall.NewCivil(2026, 1, 5, 9, 0, 0), Start: start},
		}
	}
	boris := person("boris", "Борис Орлов")
	boris.Skills = []string{"1c"}
	return oncall.Roster{
		People: []oncall.Person{
			person("anna", "Анна Смирнова"), boris, person("vera", "Вера Ёлкина", oncall.Scheduler),
		},
		Schedules: []oncall.Schedule{{
			ID: "duty", Name: "Дежурство", Zone: moscow,
			Tracks: []oncall.Track{
				{ID: "primary", Name: "Основной", Layers: []oncall.Layer{week("weeks", 0)}},
				{ID: "second", Name: "Второй", Layers: []oncall.Layer{week("others", 1)}},
			},
			Failover: []oncall.Failover{{Track: "primary", RingTime: 25 * time.Second}, {Track: "second"}, {Track: oncall.Everyone, Parallel: true}},
		}},
		Static: []oncall.StaticNumber{{Name: "Руководитель", Number: secretNumber}},
		Absences: []oncall.Absence{{
			ID: "holiday", Person: "boris", From: point(t, "2026-03-20"), To: point(t, "2026-03-22"), Substitute: "vera", By: "vera", At: noon().AddDate(0, 0, -3),
		}},
		Overrides: []oncall.Override{{
			ID: "cover", Schedule: "duty", Track: "primary", By: "vera", At: noon().AddDate(0, 0, -2), Reason: "зубной",
			Changes: []oncall.Change{{From: point(t, "2026-03-05 18:00"), To: point(t, "2026-03-05 22:00"), Add: "vera", Remove: "anna"}},
		}},
		Temporaries: []oncall.Temporary{{
			ID: "easter", Schedule: "duty", Track: "primary", From: point(t, "2026-04-11"), To: point(t, "2026-04-13"), By: "vera", At: noon().AddDate(0, 0, -1),
			Shifts: []oncall.TemporaryShift{{From: point(t, "2026-04-11"), To: point(t, "2026-04-13"), Member: oncall.Member{"vera"}}},
		}},
		Requests: []oncall.Request{{
			ID: "swap", Schedule: "duty", Track: "primary", Person: "anna", From: point(t, "2026-03-06 09:00"), To: point(t, "2026-03-06 21:00"), By: "anna", At: noon().AddDate(0, 0, -1),
		}},
		Calendars: []oncall.CalendarYear{{Calendar: "ru", Year: 2026, Source: "decree", Date: "2025-09-24", Days: map[string]oncall.DayClass{"03-09": oncall.MovedDayOff}}},
	}
}

func point(t *testing.T, s string) oncall.Point {
	t.Helper()
	p, err := oncall.ParsePoint(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rig is a portal over a real rota and a memory store, served on the loopback.
type rig struct {
	*Server
	t      *testing.T
	url    string
	record *record
	issuer *Issuer
	log    *bytes.Buffer
	clock  atomic.Int64 // seconds after noon
	tokens map[string]Issued
	http   *http.Client
}

func newRig(t *testing.T, change ...func(*Config, *Deps)) *rig {
	t.Helper()
	return newRigWith(t, nil, change...)
}

// newRigWith is newRig with a desk, which is built on the directory.
func newRigWith(t *testing.T, desk func(*dispatch.Directory, *record, *Deps), change ...func(*Config, *Deps)) *rig {
	t.Helper()
	r := &rig{t: t, record: &record{Memory: store.NewMemory()}, log: &bytes.Buffer{}, tokens: map[string]Issued{}}
	now := func() time.Time { return noon().Add(time.Duration(r.clock.Load()) * time.Second) }
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keeper, err := dispatch.NewKeeper(dispatch.KeeperDeps{
		Store: r.record, Rotas: r.record, Node: "a", Now: now,
		Encode: func(src dispatch.Source) ([]byte, error) { return json.Marshal(src) },
		Decode: func(raw []byte) (src dispatch.Source, err error) { return src, json.Unmarshal(raw, &src) },
	})
	must(t, err)
	dir, err := keeper.Load(t.Context(), dispatch.Source{
		Roster: company(t), Numbering: client.Default(), Lines: []dispatch.Line{{ID: "main", Schedule: "duty"}}, Zone: "Europe/Moscow",
		Clients: []client.Organisation{{
			ID: "mebel", Name: "Мебель", Contacts: []client.Contact{{ID: "olga", Name: "Ольга", Numbers: []string{"+7 921 555-01-23"}}},
			Assets: []client.Asset{{ID: "fs1", Name: "Файловый сервер", Kind: "server", Accesses: []client.Access{{ID: "rdp", Way: "rdp", Where: "fs1.local", Login: "admin", Secret: secretPlace}}}},
		}},
	})
	must(t, err)
	people, err := rota.New(rota.Deps{Store: r.record, Directory: dir, Refresh: keeper.Follow, Node: "a", Now: now, Log: log})
	must(t, err)
	cfg := Default()
	cfg.Origins = []string{"https://intranet.example.com"}
	deps := Deps{
		Rota: people, Tokens: r.record, Node: "a", Product: func() string { return "test" }, TZData: "2026a", Now: now, Log: log, Registerer: prometheus.NewRegistry(),
		Nodes: func(context.Context) ([]dispatch.Node, error) {
			return []dispatch.Node{{ID: "a", Until: now().Add(time.Minute), Rota: dir.Load().Rota}, {ID: "b"}}, nil
		},
	}
	if desk != nil {
		desk(dir, r.record, &deps)
	}
	for _, c := range change {
		c(&cfg, &deps)
	}
	r.Server, err = New(cfg, deps)
	must(t, err)
	r.issuer = &Issuer{Store: r.record, Roster: func() *oncall.Roster { return &dir.Load().Roster }, Now: now}
	server := httptest.NewServer(r.Handler())
	r.url, r.http = server.URL, server.Client()
	t.Cleanup(func() {
		server.Close()
		server.Config.Handler = nil // testing keeps what a cleanup knows until the package ends
	})
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// token makes a token, once for each name.
func (r *rig) token(name, person string, scopes ...string) string {
	r.t.Helper()
	if i, ok := r.tokens[name]; ok {
		return i.Secret
	}
	i, err := r.issuer.Add(r.t.Context(), NewToken{Name: name, Person: person, Scopes: scopes, By: "test"})
	must(r.t, err)
	r.tokens[name] = i
	return i.Secret
}

func (r *rig) reader() string    { return r.token("reader", "", "oncall:read") }
func (r *rig) scheduler() string { return r.token("scheduler", "vera", "oncall:write") }
func (r *rig) hr() string        { return r.token("hr", "vera", "oncall:write", "oncall:people") }

// response is an answer, read.
type response struct {
	*http.Response
	text string
}

// ask sends a request; body is JSON text.
func (r *rig) ask(method, path, secret, body string, headers ...string) response {
	r.t.Helper()
	req := r.request(method, path, secret, body, headers...)
	resp, err := r.http.Do(req)
	must(r.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(r.t, err)
	return response{resp, string(text)}
}

func (r *rig) request(method, path, secret, body string, headers ...string) *http.Request {
	r.t.Helper()
	if !strings.HasPrefix(path, "/api") && !strings.HasPrefix(path, "/feed") && !strings.HasPrefix(path, "/board") {
		path = "/api/v1/oncall" + path
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	must(r.t, err)
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// into decodes an answer.
func into[T any](t *testing.T, r response) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.text), &v); err != nil {
		t.Fatalf("%v in %s", err, r.text)
	}
	return v
}

// isProblem checks that an answer is a problem of a status and a code.
func (r response) isProblem(t *testing.T, status int, code string) Problem {
	t.Helper()
	var p Problem
	if r.StatusCode != status || r.Header.Get("Content-Type") != problemType || json.Unmarshal([]byte(r.text), &p) != nil || string(p.Code) != code || p.Status != status || p.Detail == "" {
		t.Errorf("%s %s: got %d %s %s, want the problem %d %s", r.Request.Method, r.Request.URL.Path, r.StatusCode, r.Header.Get("Content-Type"), r.text, status, code)
	}
	return p
}
