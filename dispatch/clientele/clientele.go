package clientele

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Tickets is where tickets of unknown callers are found.
type Tickets interface {
	Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error)
}

// Deps are what a Clientele works with.
type Deps struct {
	Store     dispatch.Rotas // nil: nothing can be edited, and nothing was
	Directory *dispatch.Directory
	Tickets   Tickets        // nil: no strangers are known
	Audit     dispatch.Audit // nil: exports leave no trace
	// Refresh makes this node follow the record at once, and tells the others.
	Refresh func(ctx context.Context) error
	Node    string
	Now     func() time.Time // nil = time.Now
	Log     *slog.Logger     // nil = silent
}

// Clientele is the clients of this node.
type Clientele struct{ deps Deps }

// New checks its parts.
func New(deps Deps) (*Clientele, error) {
	if deps.Directory == nil {
		return nil, errors.New("set up clientele: a directory is required")
	}
	if deps.Refresh == nil {
		deps.Refresh = func(context.Context) error { return nil }
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Clientele{deps}, nil
}

// View is what is in force on this node.
type View struct {
	Version       dispatch.RotaVersion  `json:"version"`
	Organisations []client.Organisation `json:"organisations"` // by id
	// Revisions are those of the cards by id, for edits that check them.
	Revisions map[string]int64 `json:"revisions"`
	Twins     []client.Twin    `json:"twins,omitempty"` // pairs that may be one
}

// Book finds whom a number or an address belongs to, as of now.
func (c *Clientele) Book() *client.Book { return c.deps.Directory.Load().Book }

// View returns all cards. It asks nobody.
func (c *Clientele) View(context.Context) (View, error) {
	s := c.deps.Directory.Load()
	v := View{Version: s.Rota, Organisations: s.Book.Organisations(), Revisions: map[string]int64{}, Twins: s.Book.Twins()}
	for _, o := range v.Organisations {
		v.Revisions[o.ID] = s.Revisions[dispatch.OrganisationKey(o.ID).String()]
	}
	return v, nil
}

// Committed is what an edit has come to.
type Committed struct {
	Version dispatch.RotaVersion  `json:"version"`
	Touched []string              `json:"touched,omitempty"` // ids
	Cards   []client.Organisation `json:"cards,omitempty"`   // those of Touched that there are, as they are now
}

// How often an edit is decided anew because somebody else was faster, and committed again because nobody answered.
const (
	maxConflicts = 8
	maxTries     = 3
)

// Commit makes an edit. base are the revisions of the cards its author has looked
// at, 0 for one that was not there; a card that is not in it is taken as it is now. The
// error is a *client.ChangeError, a *dispatch.RotaConflict when one of them has changed
// meanwhile, or dispatch.ErrAway. After it this node works with the new cards.
func (c *Clientele) Commit(ctx context.Context, change client.Change, by edit.Author, base map[string]int64) (Committed, error) {
	if c.deps.Store == nil {
		return Committed{}, fmt.Errorf("edit clients: there is no record: %w", dispatch.ErrAway)
	}
	var clash *dispatch.RotaConflict
	for range maxConflicts {
		if err := c.ready(ctx); err != nil {
			return Committed{}, err
		}
		done, err := c.commit(ctx, change, by, base)
		if !errors.As(err, &clash) || seen(clash, base) {
			return done, err
		}
	}
	return Committed{}, clash
}

// ready seeds a record that never was, and writes back this node's where it was
// restored older.
func (c *Clientele) ready(ctx context.Context) error {
	v, err := c.deps.Store.RotaVersion(ctx)
	if err == nil && (v.Revision == 0 || v.OlderThan(c.deps.Directory.Load().Rota)) {
		err = c.deps.Refresh(ctx)
	}
	if err != nil {
		return fmt.Errorf("edit clients: %w", err)
	}
	return nil
}

// seen reports whether a conflict is about what the author has looked at.
func seen(clash *dispatch.RotaConflict, base map[string]int64) bool {
	for _, theirs := range clash.Theirs {
		if revision, looked := base[theirs.ID]; looked && theirs.Kind == edit.Organisation && revision != theirs.Revision {
			return true
		}
	}
	return false
}

// commit loads, decides and commits once.
func (c *Clientele) commit(ctx context.Context, change client.Change, by edit.Author, base map[string]int64) (Committed, error) {
	v, records, err := c.deps.Store.Rota(ctx)
	if err != nil {
		return Committed{}, fmt.Errorf("edit clients: %w", err)
	}
	if v.OlderThan(c.deps.Directory.Load().Rota) {
		return Committed{}, &dispatch.RotaConflict{Version: v} // restored this very moment
	}
	revisions := map[string]int64{}
	for _, r := range records {
		if r.Kind == edit.Organisation {
			revisions[r.ID] = r.Revision
		}
	}
	if theirs := changed(records, revisions, base); len(theirs) > 0 {
		return Committed{}, &dispatch.RotaConflict{Theirs: theirs, Version: v}
	}
	before, err := dispatch.Organisations(records)
	if err != nil {
		return Committed{}, fmt.Errorf("edit clients: this version can not read revision %d: %w; edit on a node of a newer version", v.Revision, err)
	}
	after, touched, err := client.Apply(before, change, c.Book().Numbering())
	if err != nil {
		return Committed{}, err
	}
	rota, cards, err := c.changeOf(change, by, after, touched, revisions)
	if err != nil {
		return Committed{}, err
	}
	done := Committed{Version: v, Touched: touched, Cards: cards}
	if done.Version, err = c.write(ctx, rota); err != nil {
		return Committed{}, err
	}
	if err := c.deps.Refresh(ctx); err != nil {
		c.deps.Log.Warn("clients were edited, and this node follows as soon as the record answers", "revision", done.Version.Revision, "err", err)
	}
	return done, nil
}

// changeOf is the change of the record that an edit comes to.
func (c *Clientele) changeOf(change client.Change, by edit.Author, after []client.Organisation, touched []string, revisions map[string]int64) (dispatch.RotaChange, []client.Organisation, error) {
	rota := dispatch.RotaChange{ID: uuid.Must(uuid.NewV7()).String(), By: by, Node: c.deps.Node, At: c.deps.Now(), Reason: change.Reason}
	var cards []client.Organisation
	for _, id := range touched {
		put := edit.Record{Key: dispatch.OrganisationKey(id), Revision: revisions[id]}
		for _, o := range after {
			if o.ID != id {
				continue
			}
			body, err := client.Encode(o)
			if err != nil {
				return rota, nil, err
			}
			put.Body, cards = body, append(cards, o)
		}
		rota.Put = append(rota.Put, put)
	}
	var err error
	if rota.Edit, err = json.Marshal(map[string]client.Change{"clients": brief(change)}); err != nil {
		return rota, nil, fmt.Errorf("edit clients: write down the edit: %w", err)
	}
	return rota, cards, nil
}

// brief is a change without the cards, which the log has before and after.
func brief(c client.Change) client.Change {
	for i, o := range c.Put {
		if i == 0 {
			c.Put = append([]client.Organisation(nil), c.Put...)
		}
		c.Put[i] = client.Organisation{ID: o.ID, Name: o.Name}
	}
	return c
}

// write commits a change. Whoever got no answer asks again: the change counts once.
func (c *Clientele) write(ctx context.Context, change dispatch.RotaChange) (v dispatch.RotaVersion, err error) {
	for range maxTries {
		v, err = c.deps.Store.CommitRota(ctx, change)
		if err == nil {
			c.deps.Log.Info("clients edited", "revision", v.Revision, "person", change.By.Person, "channel", change.By.Channel, "records", len(change.Put), "reason", change.Reason)
			return v, nil
		}
		if errors.Is(err, dispatch.ErrConflict) || ctx.Err() != nil {
			break
		}
	}
	return v, fmt.Errorf("edit clients: %w", err)
}

// changed returns the cards that are not as the author has seen them.
func changed(records []edit.Record, revisions, base map[string]int64) (theirs []edit.Record) {
	for id, looked := range base {
		if revisions[id] == looked {
			continue
		}
		r := edit.Record{Key: dispatch.OrganisationKey(id)}
		for _, is := range records {
			if is.Key == r.Key {
				r = is
			}
		}
		theirs = append(theirs, r)
	}
	return theirs
}

// History returns the log of edits of clients, of one or of all, newest first.
func (c *Clientele) History(ctx context.Context, id string, limit int) ([]dispatch.RotaEntry, error) {
	if c.deps.Store == nil {
		return nil, nil
	}
	list, err := c.deps.Store.RotaHistory(ctx, dispatch.RotaFilter{Key: dispatch.OrganisationKey(id), Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("read the log of clients: %w", err)
	}
	return list, nil
}

// Export returns all cards, or those of the ids, for a file; the audit is told
// first, and without it there is no export.
func (c *Clientele) Export(ctx context.Context, ids []string, by edit.Author) ([]client.Organisation, error) {
	list := c.Book().Organisations()
	if len(ids) > 0 {
		list = nil
		for _, id := range ids {
			o, ok := c.Book().Organisation(id)
			if !ok {
				return nil, &client.ChangeError{Why: fmt.Sprintf("there is no client %q; `vahta client list` shows who there is", id)}
			}
			list = append(list, o)
		}
	}
	if c.deps.Audit != nil {
		_, err := c.deps.Audit.WriteAudit(ctx, dispatch.AuditEntry{
			At: c.deps.Now(), By: by.Person, Channel: dispatch.Channel(by.Channel), Act: dispatch.ActExport, Object: "clients",
			Detail: fmt.Sprintf("%d cards", len(list)), Node: c.deps.Node,
		})
		if err != nil {
			return nil, fmt.Errorf("export clients: the audit can not be written, so nothing is given out: %w", err)
		}
	}
	return list, nil
}
