package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Rota is people and schedules as they are looked at and edited; a rota.Rota is one.
type Rota interface {
	View(ctx context.Context) (rota.View, error)
	Preview(ctx context.Context, e edit.Edit, by edit.Author) (edit.Preview, error)
	Commit(ctx context.Context, e edit.Edit, by edit.Author, base map[string]int64) (rota.Committed, error)
	History(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error)
	Taken(ctx context.Context, from, to time.Time) ([]oncall.Taken, error)
}

// Deps are what a Server works with.
type Deps struct {
	Rota   Rota
	Tokens dispatch.Tokens
	// Desk is the work on tickets; the zero value answers nothing of it.
	Desk Desk
	// Pages are what clients see of their tickets; nil: there are none.
	Pages Pages
	// Nodes lists the nodes that share the record; nil: this one is alone.
	Nodes func(ctx context.Context) ([]dispatch.Node, error)
	// Node, TZData and Product are told by the version.
	Node, TZData string
	Product      func() string
	Now          func() time.Time      // nil: time.Now
	Log          *slog.Logger          // nil: silent
	Registerer   prometheus.Registerer // nil: not counted
}

// Server is the portal.
type Server struct {
	// set at New
	cfg      Config
	deps     Deps
	echo     *echo.Echo
	api      huma.API
	keys     *keys
	metrics  *metrics
	specJSON func() []byte // made once, when somebody asks
	specYAML func() []byte

	throttle throttle
}

// Paths are where a Server answers; each with all below it.
func Paths() []string { return []string{"/api/v1/", "/feed/", "/board/", "/t/"} }

// New builds the routes and their description.
func New(cfg Config, deps Deps) (*Server, error) {
	if deps.Rota == nil || deps.Tokens == nil {
		return nil, errors.New("set up portal: a rota and tokens are required")
	}
	if deps.Product == nil {
		deps.Product = func() string { return "" }
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, deps: deps, keys: newKeys(deps.Tokens, deps.Now), metrics: newMetrics(deps.Registerer)}
	s.echo = s.newEcho()
	s.api = humaecho.New(s.echo, s.describe())
	s.api.UseMiddleware(s.authenticate)
	s.routes()
	s.deskRoutes()
	s.specJSON = sync.OnceValue(func() []byte { return s.written(json.Marshal(s.api.OpenAPI())) })
	s.specYAML = sync.OnceValue(func() []byte { return s.written(s.api.OpenAPI().YAML()) })
	s.echo.GET("/api/v1/openapi.json", func(c echo.Context) error { return s.answerSpec(c, "application/openapi+json", s.specJSON()) })
	s.echo.GET("/api/v1/openapi.yaml", func(c echo.Context) error { return s.answerSpec(c, "application/openapi+yaml", s.specYAML()) })
	s.echo.GET("/feed/:file", s.feed)
	s.echo.GET("/board/:file", s.board)
	s.clientPages()
	s.echo.OPTIONS("/board/:file", s.preflight)
	s.echo.OPTIONS("/api/v1/oncall/who", s.preflight)
	return s, nil
}

// describe is what the description begins with.
func (s *Server) describe() huma.Config {
	c := huma.DefaultConfig("Vahta", "1")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil // our own: the framework's are made at the first request, by whoever comes
	c.RejectUnknownQueryParameters = true
	c.Components.Schemas = newRegistry()
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "`vahta token add --name … --scope oncall:read`"},
	}
	c.Info.Description = "Tickets, clients, knowledge, reports and signals; who is on duty: now, later and why; schedules, corrections and requests, with a preview before anything is bound by an edit. " +
		"Every refusal is a problem (RFC 9457)."
	if s.cfg.PublicURL != "" {
		c.Servers = []*huma.Server{{URL: s.cfg.URL("")}}
	}
	c.Transformers = []huma.Transformer{func(ctx huma.Context, _ string, v any) (any, error) {
		if m, ok := v.(*huma.ErrorModel); ok {
			return ours(languageOf(ctx.Header("Accept-Language")), m), nil
		}
		return v, nil
	}}
	return c
}

// Handler answers the Paths, and with a problem everything else.
func (s *Server) Handler() http.Handler { return head(s.echo) }

// OpenAPI returns the description of the API as JSON.
func (s *Server) OpenAPI() []byte { return s.specJSON() }

// written is a description that could be written, or nothing.
func (s *Server) written(spec []byte, err error) []byte {
	if err != nil {
		s.deps.Log.Error("the description of the API could not be written", "err", err)
		return nil
	}
	return spec
}

func (s *Server) answerSpec(c echo.Context, form string, spec []byte) error {
	if spec == nil {
		return c.NoContent(http.StatusInternalServerError)
	}
	return c.Blob(http.StatusOK, form, spec)
}

// Run keeps the tokens that are remembered fresh, and notes their uses, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(keysFresh)
	defer tick.Stop()
	s.freshen(ctx)
	for {
		s.keys.note(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-s.keys.wake:
			continue
		case <-tick.C:
		}
		s.freshen(ctx)
	}
}

// freshen reads all tokens anew.
func (s *Server) freshen(ctx context.Context) {
	if err := s.keys.refresh(ctx); err != nil && ctx.Err() == nil {
		s.deps.Log.Debug("tokens are those of before", "err", err.Error())
	}
}

// route is one operation of the API.
type route struct {
	method, path, id, about string
	scope                   Scope // empty: open
	status                  int   // of success; 0: 200
	tag                     string
}

// at is the address of a route: below that of the rota, unless it says another.
func (r route) at() string {
	if strings.HasPrefix(r.path, "/api/") {
		return r.path
	}
	return "/api/v1/oncall" + r.path
}

// errorsOf are the statuses of refusals that a route may answer with.
func (r route) errorsOf() []int {
	list := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if r.method != http.MethodGet {
		list = append(list, http.StatusBadRequest, http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return list
}

// on adds a route to the API. An answer is written by the framework; an error that is no Problem is an internal fault.
func on[In, Out any](s *Server, r route, do func(context.Context, *In) (*Out, error)) {
	op := huma.Operation{
		Method: r.method, Path: r.at(), OperationID: r.id, Summary: r.about, DefaultStatus: r.status, Tags: []string{r.tag},
		MaxBodyBytes: maxBody, BodyReadTimeout: bodyTime, Metadata: map[string]any{}, Responses: map[string]*huma.Response{},
	}
	if _, raw := reflect.TypeFor[In]().FieldByName("RawBody"); raw {
		op.SkipValidateBody = true // its bytes are kept as they are
	}
	if r.scope == SignalsSend {
		op.MaxBodyBytes, op.BodyReadTimeout = maxSignal, signalTime
	}
	if r.scope != "" {
		op.Metadata[scopeKey] = r.scope
		op.Security = []map[string][]string{{"token": {string(r.scope)}}}
		op.Description = "Scope: `" + string(r.scope) + "`."
	}
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	for _, status := range r.errorsOf() {
		op.Responses[fmt.Sprint(status)] = &huma.Response{
			Description: http.StatusText(status), Content: map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	huma.Register(s.api, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := do(ctx, in)
		if err == nil {
			return out, nil
		}
		if p, ok := errors.AsType[*Problem](err); ok {
			return nil, p
		}
		return nil, s.fault(ctx, err)
	})
}
