package portal

import (
	"context"
	"net/http"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/library"
)

type searchInput struct {
	Query  string `query:"q" required:"true" minLength:"1" maxLength:"500" doc:"Words; also a number of a ticket, a telephone, a host"`
	Kind   string `query:"kind" enum:"ticket,article" doc:"Default both"`
	Client string `query:"client" doc:"Only this organisation's"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

func (s *Server) search(ctx context.Context, in *searchInput) (*bare[library.Answer], error) {
	q := library.Question{Text: in.Query, Org: in.Client, Limit: in.Limit}
	if in.Kind != "" {
		q.Kinds = []dispatch.TextKind{dispatch.TextKind(in.Kind)}
	}
	a, err := s.deps.Desk.Search.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	if a.Hits == nil {
		a.Hits = []library.Hit{}
	}
	return &bare[library.Answer]{a}, nil
}

type similarInput struct {
	Ticket string `path:"ticket" doc:"Number or ID"`
	Limit  int    `query:"limit" minimum:"1" maximum:"50" default:"5"`
}

func (s *Server) similar(ctx context.Context, in *similarInput) (*bare[library.Likeness], error) {
	l, err := s.deps.Desk.Search.SimilarTo(ctx, in.Ticket, in.Limit)
	if err != nil {
		return nil, err
	}
	return &bare[library.Likeness]{l}, nil
}

// ArticlesReply lists articles or versions of one.
type ArticlesReply struct {
	Articles []kb.Article `json:"articles" doc:"Without their bodies"`
}

func articlesReply(list []kb.Article) *bare[ArticlesReply] {
	if list == nil {
		list = []kb.Article{}
	}
	return &bare[ArticlesReply]{ArticlesReply{list}}
}

type articleInput struct {
	ID      string `path:"id"`
	Version int    `query:"version" minimum:"0" doc:"Default the last one"`
}

type articleForm struct {
	ID         string   `json:"id" example:"1c-does-not-start"`
	Version    int      `json:"version" doc:"The version that you have looked at, 0 for a new article"`
	Title      string   `json:"title"`
	Body       string   `json:"body" doc:"Markdown"`
	Language   string   `json:"language,omitempty" enum:"ru,en"`
	Categories []string `json:"categories,omitempty" doc:"Of tickets that it is offered for"`
	Assets     []string `json:"assets,omitempty" doc:"organisation/asset, or a kind of asset"`
	Org        string   `json:"org,omitempty" doc:"Whom alone it is about"`
	Public     bool     `json:"public,omitempty" doc:"Clients may read it"`
	Ticket     string   `json:"ticket,omitempty" doc:"Number of the ticket that it was made from"`
	Reason     string   `json:"reason,omitempty"`
	Retired    bool     `json:"retired,omitempty"`
}

func (s *Server) articleRoutes() {
	const get, post = http.MethodGet, http.MethodPost
	a := s.deps.Desk.Articles
	onDesk(s, route{get, "/articles", "list-articles", "List the articles of the knowledge base", DeskRead, 0, "knowledge"}, func(ctx context.Context, _ *struct{}) (*bare[ArticlesReply], error) {
		list, err := a.Articles(ctx)
		if err != nil {
			return nil, err
		}
		return articlesReply(list), nil
	})
	onDesk(s, route{get, "/articles/{id}", "get-article", "Show an article", DeskRead, 0, "knowledge"}, func(ctx context.Context, in *articleInput) (*reply[kb.Article], error) {
		v, err := a.Article(ctx, in.ID, in.Version)
		if err != nil {
			return nil, err
		}
		return &reply[kb.Article]{etag(int64(v.Version)), v}, nil
	})
	onDesk(s, route{get, "/articles/{id}/versions", "list-article-versions", "List the versions of an article", DeskRead, 0, "knowledge"}, func(ctx context.Context, in *idInput) (*bare[ArticlesReply], error) {
		list, err := a.Versions(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return articlesReply(list), nil
	})
	onDesk(s, route{post, "/articles", "save-article", "Save the next version of an article; 409 when somebody was faster", DeskWrite, http.StatusCreated, "knowledge"}, s.saveArticle)
	onDesk(s, route{get, "/tickets/{ticket}/article", "draft-article", "Make an article of a ticket; nothing is saved", DeskRead, 0, "knowledge"}, func(ctx context.Context, in *ticketInput) (*bare[kb.Article], error) {
		v, err := a.Draft(ctx, in.Ticket, callerOf(ctx).lang)
		if err != nil {
			return nil, err
		}
		return &bare[kb.Article]{v}, nil
	})
}

type articleSave struct{ Body articleForm }

func (s *Server) saveArticle(ctx context.Context, in *articleSave) (*reply[kb.Article], error) {
	by, err := s.editAuthor(ctx)
	if err != nil {
		return nil, err
	}
	f := in.Body
	v := kb.Article{
		ID: f.ID, Version: f.Version, Title: f.Title, Body: f.Body, Language: f.Language, Categories: f.Categories, Assets: f.Assets, Org: f.Org,
		Public: f.Public, Ticket: f.Ticket, Author: by.Person, At: s.deps.Now().UTC(), Reason: f.Reason, Retired: f.Retired,
	}
	if err := v.Validate(); err != nil {
		return nil, fieldProblem(callerOf(ctx).lang, "body", err)
	}
	// Save makes the version after the one that was looked at.
	saved, err := s.deps.Desk.Articles.Save(ctx, v)
	if err != nil {
		return nil, err
	}
	return &reply[kb.Article]{etag(int64(saved.Version)), saved}, nil
}
