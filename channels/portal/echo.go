package portal

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// Limits of a request.
const (
	maxBody = 4 << 20 // bytes: a rota may be imported at once
	// A signal may have files, as base64.
	maxSignal  = 40 << 20
	signalTime = time.Minute
	bodyTime   = 5 * time.Second
	workTime   = 8 * time.Second // to answer; the listener gives up a little later
)

// newEcho returns the router with what holds for every request.
func (s *Server) newEcho() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.routeFault
	e.Use(s.around)
	return e
}

// head answers HEAD as GET; the server leaves the body out. It stands before the router, which looks at the request it was given.
func head(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.Clone(r.Context())
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// around bounds, counts and guards a request, and sets the headers of every answer.
func (s *Server) around(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(c.Request().Context(), workTime)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		s.allow(c)
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so too
					panic(cause)
				}
				p := s.crash(c, cause)
				if !c.Response().Committed {
					p.write(c.Response())
				}
				err = nil
			}
			s.metrics.asked(c.Path(), c.Response().Status, time.Since(began))
		}()
		if err = next(c); err != nil {
			c.Error(err)
		}
		return nil
	}
}

// crash logs a panic under a number that the answer names.
func (s *Server) crash(c echo.Context, cause any) *Problem {
	p := problem(http.StatusInternalServerError, CodeInternal, say(languageOf(c.Request().Header.Get("Accept-Language")), textInternal))
	p.Instance = "urn:uuid:" + uuid.NewString()
	s.deps.Log.Error("a request has crashed", "instance", p.Instance, "route", c.Path(), "cause", cause, "stack", string(debug.Stack()))
	return p
}

// fault is what the caller is told of an error of ours: its number in the log.
func (s *Server) fault(ctx context.Context, err error) *Problem {
	lang := callerOf(ctx).lang
	if errors.Is(err, context.DeadlineExceeded) {
		p := problem(http.StatusServiceUnavailable, CodeTimeout, say(lang, textTimeout))
		p.retry = time.Second
		return p
	}
	p := problem(http.StatusInternalServerError, CodeInternal, say(lang, textInternal))
	p.Instance = "urn:uuid:" + uuid.NewString()
	if !errors.Is(err, context.Canceled) {
		s.deps.Log.Error("a request has failed", "instance", p.Instance, "err", err.Error())
	}
	return p
}

// routeFault answers what no route did.
func (s *Server) routeFault(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	lang := languageOf(c.Request().Header.Get("Accept-Language"))
	if p, ok := errors.AsType[*Problem](err); ok {
		p.write(c.Response())
		return
	}
	he, ok := errors.AsType[*echo.HTTPError](err)
	switch {
	case ok && he.Code == http.StatusNotFound:
		problem(he.Code, CodeNotFound, say(lang, textRoute)).write(c.Response())
	case ok && he.Code == http.StatusMethodNotAllowed:
		problem(he.Code, CodeMethod, say(lang, textMethod)).write(c.Response())
	case ok && he.Code < http.StatusInternalServerError:
		problem(he.Code, codeOf(he.Code), http.StatusText(he.Code)).write(c.Response())
	default:
		s.fault(context.WithValue(c.Request().Context(), callerKey{}, caller{lang: lang}), err).write(c.Response())
	}
}

// shared reports whether scripts of other sites may read an answer: only who is on duty.
func shared(route string) bool { return route == "/api/v1/oncall/who" || route == "/board/:file" }

// allow tells the browser of an allowed site that its scripts may read the answer (Fetch standard, CORS).
func (s *Server) allow(c echo.Context) {
	if !shared(c.Path()) || len(s.cfg.Origins) == 0 {
		return
	}
	h := c.Response().Header()
	h.Add("Vary", "Origin")
	if from := c.Request().Header.Get("Origin"); slices.Contains(s.cfg.Origins, from) {
		h.Set("Access-Control-Allow-Origin", from)
	}
}

// preflight answers a browser that asks first.
func (s *Server) preflight(c echo.Context) error {
	h := c.Response().Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", "GET")
		h.Set("Access-Control-Allow-Headers", "Authorization, Accept-Language")
		h.Set("Access-Control-Max-Age", strconv.Itoa(int((10 * time.Minute).Seconds())))
	}
	return c.NoContent(http.StatusNoContent)
}
