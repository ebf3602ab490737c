package desk

import (
	"context"
	"net/http"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Clients is the cards of clients as the commands look at them and edit them; a clientele.Clientele is one.
type Clients interface { //nolint:interfacebloat // what the commands about clients are, a method each
	View(ctx context.Context) (clientele.View, error)
	// Commit makes an edit; base are the revisions of the cards that its author has looked at.
	Commit(ctx context.Context, c client.Change, by edit.Author, base map[string]int64) (clientele.Committed, error)
	// History lists the log of edits of a client, or of all, newest first.
	History(ctx context.Context, id string, limit int) ([]dispatch.RotaEntry, error)
	// Export returns cards for a file, and leaves a trace.
	Export(ctx context.Context, ids []string, by edit.Author) ([]client.Organisation, error)
	// Strangers lists who is on no card.
	Strangers(ctx context.Context) ([]clientele.Stranger, error)
	// Adopt puts a number or an address on a card.
	Adopt(ctx context.Context, channel, address string, to client.Person, name string, by edit.Author, reason string) (clientele.Committed, error)
}

var _ Clients = (*clientele.Clientele)(nil)

// What the socket carries.
type (
	cardEdit struct {
		Change client.Change    `json:"change"`
		By     edit.Author      `json:"by"`
		Base   map[string]int64 `json:"base,omitempty"`
	}
	cardHistory struct {
		ID    string `json:"id,omitempty"`
		Limit int    `json:"limit,omitempty"`
	}
	cardExport struct {
		IDs []string    `json:"ids,omitempty"`
		By  edit.Author `json:"by"`
	}
	adoption struct {
		Channel string        `json:"channel"`
		Address string        `json:"address"`
		To      client.Person `json:"to"`
		Name    string        `json:"name,omitempty"`
		By      edit.Author   `json:"by"`
		Reason  string        `json:"reason,omitempty"`
	}
)

// HandleClients serves the cards on the control socket besides the rest.
func HandleClients(rest http.Handler, c Clients) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /clients", answer(func(r *http.Request, _ struct{}) (any, error) { return c.View(r.Context()) }))
	mux.HandleFunc("POST /clients/commit", answerUpTo(2*maxEdit, func(r *http.Request, in cardEdit) (any, error) {
		return c.Commit(r.Context(), in.Change, in.By, in.Base)
	}))
	mux.HandleFunc("POST /clients/history", answer(func(r *http.Request, in cardHistory) (any, error) { return c.History(r.Context(), in.ID, in.Limit) }))
	mux.HandleFunc("POST /clients/export", answer(func(r *http.Request, in cardExport) (any, error) { return c.Export(r.Context(), in.IDs, in.By) }))
	mux.HandleFunc("POST /clients/strangers", answer(func(r *http.Request, _ struct{}) (any, error) { return c.Strangers(r.Context()) }))
	mux.HandleFunc("POST /clients/adopt", answer(func(r *http.Request, in adoption) (any, error) {
		return c.Adopt(r.Context(), in.Channel, in.Address, in.To, in.Name, in.By, in.Reason)
	}))
	return mux
}

// RemoteClients is the cards of a running server, behind its control socket.
type RemoteClients struct{ remote *Remote }

var _ Clients = RemoteClients{}

// View implements Clients.
func (c RemoteClients) View(ctx context.Context) (clientele.View, error) {
	return ask[clientele.View](ctx, c.remote, "/clients", struct{}{})
}

// Commit implements Clients.
func (c RemoteClients) Commit(ctx context.Context, change client.Change, by edit.Author, base map[string]int64) (clientele.Committed, error) {
	return ask[clientele.Committed](ctx, c.remote, "/clients/commit", cardEdit{change, by, base})
}

// History implements Clients.
func (c RemoteClients) History(ctx context.Context, id string, limit int) ([]dispatch.RotaEntry, error) {
	return ask[[]dispatch.RotaEntry](ctx, c.remote, "/clients/history", cardHistory{id, limit})
}

// Export implements Clients.
func (c RemoteClients) Export(ctx context.Context, ids []string, by edit.Author) ([]client.Organisation, error) {
	return ask[[]client.Organisation](ctx, c.remote, "/clients/export", cardExport{ids, by})
}

// Strangers implements Clients.
func (c RemoteClients) Strangers(ctx context.Context) ([]clientele.Stranger, error) {
	return ask[[]clientele.Stranger](ctx, c.remote, "/clients/strangers", struct{}{})
}

// Adopt implements Clients.
func (c RemoteClients) Adopt(ctx context.Context, channel, address string, to client.Person, name string, by edit.Author, reason string) (clientele.Committed, error) {
	return ask[clientele.Committed](ctx, c.remote, "/clients/adopt", adoption{channel, address, to, name, by, reason})
}

// OpenClients returns the cards of the data folder: the running server's, or else what onRecord makes of the record itself, which
// is made if there is none yet. The function it returns must be called when done.
func OpenClients(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Clients, error)) (Clients, func() error, error) {
	c, done, err := openOn(ctx, data, database, func(r *Remote) Clients { return RemoteClients{r} }, onRecord)
	return c, done, err
}
