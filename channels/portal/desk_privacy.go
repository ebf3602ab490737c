package portal

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/butlerspb/vahta/dispatch/privacy"
)

// Privacy answers for what is kept of one person; a *privacy.Privacy is one.
type Privacy interface {
	Plan(ctx context.Context, d privacy.Demand) (privacy.Plan, error)
	Erase(ctx context.Context, d privacy.Demand) (privacy.Erased, error)
	Takeout(ctx context.Context, d privacy.Demand, language string, to io.Writer) (privacy.Holdings, error)
}

// demandForm names a person, and why somebody asks.
type demandForm struct {
	Person string `json:"person" minLength:"1" maxLength:"300" doc:"CLIENT/CONTACT, a telephone number, or CHANNEL:ADDRESS"`
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"For the audit, which keeps it: it must not name the person"`
}

type demandInput struct{ Body demandForm }

// demandOf is a request about one person; the token's person is its author.
func (s *Server) demandOf(ctx context.Context, f demandForm) (privacy.Demand, error) {
	by, err := s.editAuthor(ctx)
	return privacy.Demand{Person: f.Person, By: by, Why: f.Reason, Language: callerOf(ctx).lang}, err
}

// refusedDemand makes a problem of what privacy answered.
func refusedDemand(err error) error {
	if none, ok := errors.AsType[*privacy.UnknownError](err); ok {
		return problem(http.StatusNotFound, CodeNotFound, none.Error())
	}
	if no, ok := errors.AsType[*privacy.RefusedError](err); ok {
		return problem(http.StatusConflict, CodeIllegal, no.Error())
	}
	return err
}

// planErasure says what an erasure would do.
func (s *Server) planErasure(ctx context.Context, in *demandInput) (*bare[Loose], error) {
	d, err := s.demandOf(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	plan, err := s.deps.Desk.Privacy.Plan(ctx, d)
	if err != nil {
		return nil, refusedDemand(err)
	}
	return &bare[Loose]{Loose{plan}}, nil
}

// erasePerson erases, and says what stays.
func (s *Server) erasePerson(ctx context.Context, in *demandInput) (*bare[Loose], error) {
	d, err := s.demandOf(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	done, err := s.deps.Desk.Privacy.Erase(ctx, d)
	if err != nil {
		return nil, refusedDemand(err)
	}
	return &bare[Loose]{Loose{done}}, nil
}

// takeOut sends the archive of a person. A refusal is a problem; a fault in the middle breaks the archive off, and what lacks its
// end no program opens.
func (s *Server) takeOut(ctx context.Context, in *demandInput) (*huma.StreamResponse, error) {
	d, err := s.demandOf(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	from, to := io.Pipe()
	lang := callerOf(ctx).lang
	go func() {
		_, err := s.deps.Desk.Privacy.Takeout(ctx, d, lang, to)
		_ = to.CloseWithError(err) // it never fails
	}()
	first := make([]byte, 1)
	if _, err := io.ReadFull(from, first); err != nil {
		return nil, refusedDemand(err)
	}
	return s.stream("application/zip", "takeout-"+s.deps.Now().UTC().Format(time.DateOnly)+".zip", struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(string(first)), from), from}), nil
}

// streamTime is how long a file may take to go out; other answers have less.
const streamTime = 10 * time.Minute

// stream sends a file as a file: no browser shows it, whatever is in it.
func (s *Server) stream(kind, name string, from io.ReadCloser) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", kind)
		ctx.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		ctx.SetHeader("X-Content-Type-Options", "nosniff")
		ctx.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'")
		ctx.SetHeader("Cache-Control", "no-store")
		if w, ok := ctx.BodyWriter().(http.ResponseWriter); ok {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(streamTime)) // a test's writer has none
		}
		_, err := io.Copy(ctx.BodyWriter(), from)
		if err = errors.Join(err, from.Close()); err != nil {
			s.deps.Log.Warn("a file broke off", "err", err.Error())
		}
	}}
}

// files are the operations that answer with a file.
func (s *Server) fileAnswer(path, method string) {
	item := s.api.OpenAPI().Paths["/api/v1"+path]
	op := item.Get
	if method == http.MethodPost {
		op = item.Post
	}
	op.Responses["200"] = &huma.Response{Description: "The file"}
}

func (s *Server) privacyRoutes() {
	const post = http.MethodPost
	onDesk(s, route{post, "/privacy/plan", "plan-erasure", "Say what an erasure of one person would do, and what would stay; nothing is done", ClientsAdmin, 0, "privacy"}, s.planErasure)
	onDesk(s, route{post, "/privacy/erase", "erase-person", "Erase one person, and say what stays", ClientsAdmin, 0, "privacy"}, s.erasePerson)
	onDesk(s, route{post, "/privacy/takeout", "take-out", "Take out all that is kept of one person as an archive (ZIP)", ClientsAdmin, 0, "privacy"}, s.takeOut)
	s.fileAnswer("/privacy/takeout", post)
}
