package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/ical"
)

// feed answers a calendar that has subscribed.
func (s *Server) feed(c echo.Context) error {
	secret, found := strings.CutSuffix(c.Param("file"), ".ics")
	lang := languageOf(c.Request().Header.Get("Accept-Language"))
	if !found {
		return problem(http.StatusNotFound, CodeNotFound, say(lang, textRoute))
	}
	kind, id, err := s.opened(c, secret, lang, FeedPerson, FeedSchedule)
	if err != nil {
		return err
	}
	l, err := s.look(c.Request().Context())
	if err != nil {
		return err
	}
	o := ical.Options{Version: ical.Version{Revision: l.Version.Revision, EditedAt: l.Version.EditedAt}, Language: "ru"}
	o.From, o.To = ical.Horizon(l.now)
	var body []byte
	if kind == FeedPerson {
		if p, err := l.person(id); err == nil && p.Language != "" {
			o.Language = p.Language
		}
		body = ical.Person(l.duty, id, o)
	} else {
		body = ical.Schedule(l.duty, id, o)
	}
	c.Response().Header().Set("Content-Disposition", `inline; filename="vahta.ics"`)
	return private(c, "text/calendar; charset=utf-8", body)
}

// opened finds what a secret in a path opens. Whatever is wrong with it, there is nothing at that address.
func (s *Server) opened(c echo.Context, secret, lang string, kinds ...Scope) (Scope, string, error) {
	r := c.Request()
	var t dispatch.Token
	t, p := s.admit(r.Context(), secret, r.RemoteAddr, lang)
	kind, id, ok := scoped(t, kinds...)
	switch {
	case p != nil && p.Status != http.StatusUnauthorized:
		return "", "", p
	case p != nil || !ok:
		return "", "", problem(http.StatusNotFound, CodeNotFound, say(lang, textRoute))
	}
	return kind, id, nil
}

// private sends an answer that only the reader may keep, and only while it is the same (RFC 9110 section 13.1.2).
func private(c echo.Context, media string, body []byte) error {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	h := c.Response().Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", tag)
	for known := range strings.SplitSeq(c.Request().Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			return c.NoContent(http.StatusNotModified)
		}
	}
	return c.Blob(http.StatusOK, media, body)
}
