package portal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/clientele"
)

// ClientsReply lists clients' cards.
type ClientsReply struct {
	Revision int64  `json:"revision" doc:"Of all cards, people and schedules"`
	Clients  []Card `json:"clients"`
}

// Card is a client's card and the edit that wrote it last.
type Card struct {
	ID       string `json:"id"`
	Revision int64  `json:"revision"`
	Card     Loose  `json:"card" doc:"As the configuration file writes clients. Accesses are shown with clients:write alone, and only of one card"`
}

// withoutAccesses leaves out how one gets to assets.
func withoutAccesses(o client.Organisation) client.Organisation {
	o = o.Clone()
	for i := range o.Assets {
		for k, a := range o.Assets[i].Accesses {
			o.Assets[i].Accesses[k] = client.Access{ID: a.ID, Way: a.Way}
		}
	}
	return o
}

func hasAccesses(o client.Organisation) bool {
	return slices.ContainsFunc(o.Assets, func(a client.Asset) bool { return len(a.Accesses) > 0 })
}

func (s *Server) listClients(ctx context.Context, _ *struct{}) (*reply[ClientsReply], error) {
	v, err := s.deps.Desk.Clients.View(ctx)
	if err != nil {
		return nil, err
	}
	out := ClientsReply{Revision: v.Version.Revision, Clients: []Card{}}
	for _, o := range v.Organisations {
		out.Clients = append(out.Clients, Card{o.ID, v.Revisions[o.ID], Loose{withoutAccesses(o)}})
	}
	return &reply[ClientsReply]{etag(v.Version.Revision), out}, nil
}

// getClient shows one card. Its accesses are shown to whoever may write it, after the audit has heard of it.
func (s *Server) getClient(ctx context.Context, in *idInput) (*reply[Card], error) {
	c := callerOf(ctx)
	v, err := s.deps.Desk.Clients.View(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(v.Organisations, func(o client.Organisation) bool { return o.ID == in.ID })
	if at < 0 {
		return nil, notFound(c.lang, "client", in.ID)
	}
	o := v.Organisations[at]
	switch {
	case !may(c.token, ClientsWrite) || s.deps.Desk.Audit == nil:
		o = withoutAccesses(o)
	case hasAccesses(o):
		_, err := s.deps.Desk.Audit.WriteAudit(ctx, dispatch.AuditEntry{
			At: s.deps.Now(), By: c.token.Person, Channel: dispatch.ChannelAPI, From: "token " + c.token.Name, Act: dispatch.ActReveal,
			Object: "accesses of client " + o.ID, Reason: "its card was read", Node: s.deps.Node,
		})
		if err != nil {
			return nil, err
		}
	}
	return &reply[Card]{etag(v.Revisions[o.ID]), Card{o.ID, v.Revisions[o.ID], Loose{o}}}, nil
}

type putClientInput struct {
	ID      string `path:"id"`
	IfMatch string `header:"If-Match" doc:"ETag of the card that you have looked at"`
	Reason  string `query:"reason" maxLength:"500" doc:"For the log"`
	Body    json.RawMessage
}

// putClient writes a whole card, a new one or one that replaces.
func (s *Server) putClient(ctx context.Context, in *putClientInput) (*reply[Card], error) {
	lang := callerOf(ctx).lang
	o, err := client.Decode(in.Body)
	if err != nil {
		return nil, fieldProblem(lang, "body", err)
	}
	if o.ID == "" {
		o.ID = in.ID
	}
	if o.ID != in.ID {
		return nil, fieldProblem(lang, "body.id", errors.New("it is not the id of the address"))
	}
	done, err := s.editClients(ctx, client.Change{Put: []client.Organisation{o}, Reason: in.Reason}, in.ID, in.IfMatch)
	if err != nil {
		return nil, err
	}
	return &reply[Card]{etag(done.Version.Revision), Card{o.ID, done.Version.Revision, Loose{withoutAccesses(o)}}}, nil
}

type removeClientInput struct {
	ID      string `path:"id"`
	IfMatch string `header:"If-Match" doc:"ETag of the card that you have looked at"`
	Reason  string `query:"reason" maxLength:"500" doc:"For the log"`
}

func (s *Server) removeClient(ctx context.Context, in *removeClientInput) (*struct{}, error) {
	_, err := s.editClients(ctx, client.Change{Remove: []string{in.ID}, Reason: in.Reason}, in.ID, in.IfMatch)
	return nil, err
}

type mergeClientInput struct {
	ID   string `path:"id" doc:"The duplicate"`
	Body struct {
		Into   string `json:"into"`
		Reason string `json:"reason,omitempty"`
	}
}

func (s *Server) mergeClient(ctx context.Context, in *mergeClientInput) (*bare[ClientEdited], error) {
	done, err := s.editClients(ctx, client.Change{Merge: &client.Merge{From: in.ID, Into: in.Body.Into}, Reason: in.Body.Reason}, "", "")
	if err != nil {
		return nil, err
	}
	return &bare[ClientEdited]{ClientEdited{done.Version.Revision, done.Touched}}, nil
}

// ClientEdited is what an edit has come to.
type ClientEdited struct {
	Revision int64    `json:"revision"`
	Touched  []string `json:"touched" doc:"IDs of cards that were written"`
}

// editClients makes an edit of cards.
func (s *Server) editClients(ctx context.Context, change client.Change, id, ifMatch string) (clientele.Committed, error) {
	lang := callerOf(ctx).lang
	by, err := s.editAuthor(ctx)
	if err != nil {
		return clientele.Committed{}, err
	}
	base := map[string]int64{}
	if ifMatch != "" && ifMatch != "*" {
		var revision int64
		if err := json.Unmarshal([]byte(strings.Trim(strings.TrimPrefix(ifMatch, "W/"), `"`)), &revision); err != nil {
			return clientele.Committed{}, fieldProblem(lang, "header.If-Match", errors.New("send the ETag of the card that you have looked at"))
		}
		base[id] = revision
	}
	done, err := s.deps.Desk.Clients.Commit(ctx, change, by, base)
	if clash, ok := errors.AsType[*dispatch.RotaConflict](err); ok {
		p := problem(http.StatusConflict, CodeConflict, say(lang, textConflict))
		p.Version = &clash.Version
		return done, p
	}
	return done, err
}

// StrangersReply lists those who are on no card.
type StrangersReply struct {
	Strangers []Loose `json:"strangers"`
}

func (s *Server) listStrangers(ctx context.Context, _ *struct{}) (*bare[StrangersReply], error) {
	list, err := s.deps.Desk.Clients.Strangers(ctx)
	if err != nil {
		return nil, err
	}
	out := StrangersReply{Strangers: []Loose{}}
	for _, x := range list {
		out.Strangers = append(out.Strangers, Loose{x})
	}
	return &bare[StrangersReply]{out}, nil
}

func (s *Server) clientRoutes() {
	onDesk(s, route{http.MethodGet, "/clients", "list-clients", "List the clients' cards", ClientsRead, 0, "clients"}, s.listClients)
	onDesk(s, route{http.MethodGet, "/clients/{id}", "get-client", "Show a client's card", ClientsRead, 0, "clients"}, s.getClient)
	onDesk(s, route{http.MethodPut, "/clients/{id}", "put-client", "Write a whole card, a new one or one that replaces", ClientsWrite, 0, "clients"}, s.putClient)
	onDesk(s, route{http.MethodDelete, "/clients/{id}", "remove-client", "Remove a card", ClientsWrite, http.StatusNoContent, "clients"}, s.removeClient)
	onDesk(s, route{http.MethodPost, "/clients/{id}/merge", "merge-client", "Make one client of two that are the same", ClientsWrite, 0, "clients"}, s.mergeClient)
	onDesk(s, route{http.MethodGet, "/strangers", "list-strangers", "List callers and writers who are on no card", ClientsRead, 0, "clients"}, s.listStrangers)
}
