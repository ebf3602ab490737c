package desk

import (
	"context"
	"net/http"

	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Library is what finds tickets and articles, and keeps the articles; a library.Library is one.
type Library interface { //nolint:interfacebloat // what the commands about articles are, a method each
	Search(ctx context.Context, q library.Question) (library.Answer, error)
	SimilarTo(ctx context.Context, idOrNumber string, limit int) (library.Likeness, error)
	// Reindex makes the index anew, and returns how many lines it has read.
	Reindex(ctx context.Context) (int, error)
	// Article returns a version, 0 = the last one.
	Article(ctx context.Context, id string, version int) (kb.Article, error)
	Versions(ctx context.Context, id string) ([]kb.Article, error)
	Articles(ctx context.Context) ([]kb.Article, error)
	// Save writes the version after a.Version.
	Save(ctx context.Context, a kb.Article) (kb.Article, error)
	// Draft makes an article of a ticket, and saves nothing.
	Draft(ctx context.Context, idOrNumber, lang string) (kb.Article, error)
}

var _ Library = (*library.Library)(nil)

// What the socket carries.
type (
	likeWhat struct {
		Ticket string `json:"ticket"`
		Limit  int    `json:"limit,omitempty"`
		Lang   string `json:"lang,omitempty"`
	}
	whichArticle struct {
		ID      string `json:"id"`
		Version int    `json:"version,omitempty"`
	}
)

// maxArticle bounds an article on the socket, in bytes.
const maxArticle = 4 << 20

// HandleLibrary serves search and articles on the control socket besides the rest.
func HandleLibrary(rest http.Handler, l Library) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /library/search", answer(func(r *http.Request, q library.Question) (any, error) { return l.Search(r.Context(), q) }))
	mux.HandleFunc("POST /library/similar", answer(func(r *http.Request, in likeWhat) (any, error) {
		return l.SimilarTo(r.Context(), in.Ticket, in.Limit)
	}))
	mux.HandleFunc("POST /library/reindex", answer(func(r *http.Request, _ struct{}) (any, error) { return l.Reindex(r.Context()) }))
	mux.HandleFunc("POST /library/article", answer(func(r *http.Request, in whichArticle) (any, error) {
		return l.Article(r.Context(), in.ID, in.Version)
	}))
	mux.HandleFunc("POST /library/versions", answer(func(r *http.Request, in whichArticle) (any, error) { return l.Versions(r.Context(), in.ID) }))
	mux.HandleFunc("POST /library/articles", answer(func(r *http.Request, _ struct{}) (any, error) { return l.Articles(r.Context()) }))
	mux.HandleFunc("POST /library/save", answerUpTo(maxArticle, func(r *http.Request, a kb.Article) (any, error) { return l.Save(r.Context(), a) }))
	mux.HandleFunc("POST /library/draft", answer(func(r *http.Request, in likeWhat) (any, error) { return l.Draft(r.Context(), in.Ticket, in.Lang) }))
	return mux
}

// RemoteLibrary is the library of a running server, behind its control socket.
type RemoteLibrary struct{ remote *Remote }

var _ Library = RemoteLibrary{}

// Search implements Library.
func (l RemoteLibrary) Search(ctx context.Context, q library.Question) (library.Answer, error) {
	return ask[library.Answer](ctx, l.remote, "/library/search", q)
}

// SimilarTo implements Library.
func (l RemoteLibrary) SimilarTo(ctx context.Context, idOrNumber string, limit int) (library.Likeness, error) {
	return ask[library.Likeness](ctx, l.remote, "/library/similar", likeWhat{Ticket: idOrNumber, Limit: limit})
}

// Reindex implements Library.
func (l RemoteLibrary) Reindex(ctx context.Context) (int, error) {
	return ask[int](ctx, l.remote, "/library/reindex", struct{}{})
}

// Article implements Library.
func (l RemoteLibrary) Article(ctx context.Context, id string, version int) (kb.Article, error) {
	return ask[kb.Article](ctx, l.remote, "/library/article", whichArticle{id, version})
}

// Versions implements Library.
func (l RemoteLibrary) Versions(ctx context.Context, id string) ([]kb.Article, error) {
	return ask[[]kb.Article](ctx, l.remote, "/library/versions", whichArticle{ID: id})
}

// Articles implements Library.
func (l RemoteLibrary) Articles(ctx context.Context) ([]kb.Article, error) {
	return ask[[]kb.Article](ctx, l.remote, "/library/articles", struct{}{})
}

// Save implements Library.
func (l RemoteLibrary) Save(ctx context.Context, a kb.Article) (kb.Article, error) {
	return ask[kb.Article](ctx, l.remote, "/library/save", a)
}

// Draft implements Library.
func (l RemoteLibrary) Draft(ctx context.Context, idOrNumber, lang string) (kb.Article, error) {
	return ask[kb.Article](ctx, l.remote, "/library/draft", likeWhat{Ticket: idOrNumber, Lang: lang})
}

// OpenLibrary returns the library of the data folder: the running server's, or else what onRecord makes of the record itself. The
// function it returns must be called when done.
func OpenLibrary(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Library, error)) (Library, func() error, error) {
	return openOn(ctx, data, database, func(r *Remote) Library { return RemoteLibrary{r} }, onRecord)
}
