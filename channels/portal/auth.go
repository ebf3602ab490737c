package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/edit"
)

// caller is who asks.
type caller struct {
	token dispatch.Token
	lang  string
}

// devices reports whether the caller sees devices.
func (c caller) devices() bool { return may(c.token, People) }

type callerKey struct{}

// callerOf returns who asks; the middleware has put it there.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// scopeKey is where an operation says which scope it needs.
const scopeKey = "scope"

// authenticate lets a request through when its token has the operation's scope.
func (s *Server) authenticate(ctx huma.Context, next func(huma.Context)) {
	lang := languageOf(ctx.Header("Accept-Language"))
	need, guarded := ctx.Operation().Metadata[scopeKey].(Scope)
	if !guarded {
		next(huma.WithValue(ctx, callerKey{}, caller{lang: lang}))
		return
	}
	t, p := s.admit(ctx.Context(), bearer(ctx.Header("Authorization")), ctx.RemoteAddr(), lang)
	if p == nil && !may(t, need) {
		p = problem(http.StatusForbidden, CodeForbidden, fmt.Sprintf(say(lang, textForbidden), need))
	}
	if p != nil {
		s.answer(ctx, p)
		return
	}
	next(huma.WithValue(ctx, callerKey{}, caller{token: t, lang: lang}))
}

// bearer is the secret in a header, empty when it has none. The name of the scheme may be in any case (RFC 9110, section 11.1).
func bearer(header string) string {
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(secret, " ")
}

// admit finds the token of a secret. Nobody guesses without one, so that is no failure of the address: a proxy's is that of many. An address with many failures is answered from memory alone.
func (s *Server) admit(ctx context.Context, secret, address, lang string) (dispatch.Token, *Problem) {
	if secret == "" {
		s.metrics.failed("missing")
		return dispatch.Token{}, problem(http.StatusUnauthorized, CodeUnauthorized, say(lang, textUnauthorized))
	}
	now := s.deps.Now()
	wait := s.throttle.wait(address, now)
	t, err := s.keys.check(ctx, secret, wait > 0)
	switch {
	case err == nil:
		return t, nil
	case errors.Is(err, errAway):
		return t, awayProblem(lang)
	case wait > 0:
		s.metrics.failed("throttled")
		p := problem(http.StatusTooManyRequests, CodeTooMany, say(lang, textTooMany))
		p.retry = wait
		return t, p
	}
	s.throttle.failed(address, now)
	s.metrics.failed(reasonOf(err))
	return t, problem(http.StatusUnauthorized, CodeUnauthorized, say(lang, textUnauthorized))
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, errRevoked):
		return "revoked"
	case errors.Is(err, errExpired):
		return "expired"
	default:
		return "unknown"
	}
}

// answer sends a problem before an operation is reached.
func (s *Server) answer(ctx huma.Context, p *Problem) {
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", problemType)
	ctx.SetStatus(p.Status)
	_ = s.api.Marshal(ctx.BodyWriter(), "application/json", p) // whoever asked has gone
}

// author returns the caller as the author of an edit: the token's person with the roles that person has now.
func (s *Server) author(ctx context.Context, l look) (edit.Author, error) {
	c := callerOf(ctx)
	p, ok := l.Roster.Person(c.token.Person)
	if !ok || p.Disabled {
		return edit.Author{}, problem(http.StatusForbidden, CodeForbidden, say(c.lang, textNobody))
	}
	return edit.AuthorOf(p, "api"), nil
}
