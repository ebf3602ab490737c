package portal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/oncall/edit"
)

// problemType is the media type of refusals (RFC 9457 section 4).
const problemType = "application/problem+json"

// Problem is why a request was refused (RFC 9457).
type Problem struct { //nolint:errname // RFC 9457 calls it a problem
	Type   string `json:"type" doc:"urn:vahta:problem: and the code" example:"urn:vahta:problem:past"`
	Title  string `json:"title" doc:"The status in words"`
	Status int    `json:"status" example:"422"`
	Detail string `json:"detail" doc:"What is wrong and what to do, in the language of Accept-Language (ru or en)"`
	Code   Code   `json:"code" doc:"The kind of problem, for programs"`
	// Instance names this one answer; an internal fault is logged with it.
	Instance string         `json:"instance,omitempty" doc:"Names this answer; an internal fault is logged with it"`
	Errors   []ProblemField `json:"errors,omitempty" doc:"Which fields are wrong"`
	// Yours and Theirs are the two versions of a conflict.
	Yours   *EditBody             `json:"yours,omitempty" doc:"Conflict: what you sent"`
	Theirs  []edit.Record         `json:"theirs,omitempty" doc:"Conflict: the records as they are now"`
	Version *dispatch.RotaVersion `json:"version,omitempty" doc:"Conflict: the rota as it is now"`

	retry time.Duration // after which to ask again; 0: not said
}

// ProblemField is one wrong field.
type ProblemField struct {
	Field   string `json:"field" doc:"Its path, such as body.override.changes[0].from"`
	Message string `json:"message"`
}

// Code is the kind of a problem. Those of edit.Code are among them.
type Code string

// The codes of what is no refusal of an edit.
const (
	CodeUnauthorized Code = "unauthorized"
	CodeForbidden    Code = "forbidden"
	CodeNotFound     Code = "not_found"
	CodeMethod       Code = "method_not_allowed"
	CodeInvalid      Code = "invalid"
	CodeConflict     Code = "conflict"
	CodeAway         Code = "away"
	CodeTooMany      Code = "too_many"
	CodeTooLarge     Code = "too_large"
	CodeMediaType    Code = "media_type"
	CodeInternal     Code = "internal"
	CodeTimeout      Code = "timeout"
)

// String returns the code.
func (c Code) String() string { return string(c) }

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus tells the framework the status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells the framework the media type.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders tells the framework further headers.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.headers(h)
	return h
}

func (p *Problem) headers(h http.Header) {
	h.Set("Cache-Control", "no-store")
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int((p.retry+time.Second-1)/time.Second))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="vahta"`)
	}
}

func problem(status int, code Code, detail string) *Problem {
	return &Problem{Type: "urn:vahta:problem:" + string(code), Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// write sends a problem outside of the framework.
func (p *Problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", problemType)
	p.headers(w.Header())
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // whoever asked has gone
}

// fieldProblem is a parameter or field that can not be read.
func fieldProblem(lang, field string, err error) *Problem {
	p := problem(http.StatusUnprocessableEntity, CodeInvalid, say(lang, textInvalid))
	p.Errors = []ProblemField{{Field: field, Message: err.Error()}}
	return p
}

func notFound(lang, kind, id string) *Problem {
	return problem(http.StatusNotFound, CodeNotFound, fmt.Sprintf(say(lang, textNotFound), kind, id))
}

// retryAway is after how long a record that was away may be back.
const retryAway = 10 * time.Second

func awayProblem(lang string) *Problem {
	p := problem(http.StatusServiceUnavailable, CodeAway, say(lang, textAway))
	p.retry = retryAway
	return p
}

// refused makes a problem of what the rota answered. What it does not know is passed on, and becomes an internal fault.
func refused(lang string, sent *EditBody, devices bool, err error) error {
	if r, ok := errors.AsType[*edit.Refusal](err); ok {
		p := problem(statusOf(r.Code), Code(r.Code), r.Text(lang))
		if r.Field != "" {
			p.Errors = []ProblemField{{Field: sent.field(r.Field), Message: p.Detail}}
		}
		return p
	}
	if c, ok := errors.AsType[*dispatch.RotaConflict](err); ok {
		p := problem(http.StatusConflict, CodeConflict, say(lang, textConflict))
		p.Yours, p.Theirs, p.Version = sent, c.Theirs, &c.Version
		if !devices {
			p.Theirs = withoutDevices(c.Theirs)
		}
		return p
	}
	if errors.Is(err, rota.ErrAway) || errors.Is(err, dispatch.ErrAway) {
		return awayProblem(lang)
	}
	return err
}

// field returns the path in the body of a field of the edit.
func (b *EditBody) field(path string) string {
	if b != nil && b.bare != "" {
		rest, inside := strings.CutPrefix(path, b.bare+".")
		switch {
		case path == b.bare:
			return "body"
		case inside && (b.bare == "remove" || rest == "request"):
			return "path.id"
		case inside:
			return "body." + rest
		}
	}
	return "body.edit." + path
}

func statusOf(c edit.Code) int {
	switch c {
	case edit.NotFound:
		return http.StatusNotFound
	case edit.NotAllowed:
		return http.StatusForbidden
	case edit.Expired, edit.Settled, edit.Clash, edit.InUse:
		return http.StatusConflict
	case edit.Past, edit.Invalid:
		return http.StatusUnprocessableEntity
	}
	return http.StatusUnprocessableEntity
}

// codeOf is the code of a status that the framework has chosen.
func codeOf(status int) Code {
	switch status {
	case http.StatusUnauthorized:
		return CodeUnauthorized
	case http.StatusForbidden:
		return CodeForbidden
	case http.StatusNotFound:
		return CodeNotFound
	case http.StatusMethodNotAllowed:
		return CodeMethod
	case http.StatusRequestEntityTooLarge:
		return CodeTooLarge
	case http.StatusUnsupportedMediaType:
		return CodeMediaType
	case http.StatusRequestTimeout:
		return CodeTimeout
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return CodeInvalid
	default:
		return CodeInternal
	}
}

// ours makes our problem of the framework's own.
func ours(lang string, m *huma.ErrorModel) *Problem {
	code := codeOf(m.Status)
	detail := m.Detail
	if code == CodeInvalid {
		detail = say(lang, textInvalid)
	}
	p := problem(m.Status, code, detail)
	for _, e := range m.Errors {
		p.Errors = append(p.Errors, ProblemField{Field: e.Location, Message: translate(lang, e.Message)}) // not the value: it may be a secret
	}
	return p
}
