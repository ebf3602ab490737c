package rota

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Committed is what an edit has come to.
type Committed struct {
	Version dispatch.RotaVersion `json:"version"`
	Keys    []edit.Key           `json:"keys,omitempty"` // what was written or removed; new things have their IDs here
	Preview edit.Preview         `json:"preview"`
}

// How often an edit is decided anew because somebody else was faster, and committed again because nobody answered.
const (
	maxConflicts = 8
	maxTries     = 3
)

// Commit makes an edit. base are the revisions of the records its author has looked at, as View.Revisions has them, 0 for
// one that was not there; nil: whatever is there now. The error is an *edit.Refusal, a *dispatch.RotaConflict when one of them
// has changed meanwhile, or ErrAway. After it this node works with the new rota.
func (r *Rota) Commit(ctx context.Context, e edit.Edit, by edit.Author, base map[string]int64) (Committed, error) {
	if r.deps.Store == nil {
		return Committed{}, fmt.Errorf("%w (there is no record)", ErrAway)
	}
	var clash *dispatch.RotaConflict
	for range maxConflicts {
		if err := r.ready(ctx); err != nil {
			return Committed{}, err
		}
		c, err := r.commit(ctx, e, by, base)
		if !errors.As(err, &clash) || touches(clash, base) {
			return c, err
		}
	}
	return Committed{}, clash
}

// ready seeds a rota that never was, and writes back this node's where the record was restored older: an edit of what is in
// force must be neither the first thing in a record nor, as the later one, the end of what the record has lost.
func (r *Rota) ready(ctx context.Context) error {
	v, err := r.deps.Store.RotaVersion(ctx)
	if err == nil && (v.Revision == 0 || r.lost(v)) {
		err = r.deps.Refresh(ctx)
	}
	if err != nil {
		return fmt.Errorf("edit the rota: %w", away(err))
	}
	return nil
}

// lost reports whether a record of version v lacks edits that are in force on this node.
func (r *Rota) lost(v dispatch.RotaVersion) bool { return v.OlderThan(r.deps.Directory.Load().Rota) }

// touches reports whether a conflict is about what the author has looked at.
func touches(clash *dispatch.RotaConflict, base map[string]int64) bool {
	for _, theirs := range clash.Theirs {
		if seen, looked := base[theirs.String()]; looked && seen != theirs.Revision {
			return true
		}
	}
	return false
}

// commit loads, decides and commits once.
func (r *Rota) commit(ctx context.Context, e edit.Edit, by edit.Author, base map[string]int64) (Committed, error) {
	v, records, err := r.deps.Store.Rota(ctx)
	if err != nil {
		return Committed{}, fmt.Errorf("edit the rota: %w", away(err))
	}
	if r.lost(v) {
		return Committed{}, &dispatch.RotaConflict{Version: v} // restored this very moment
	}
	now := make(map[edit.Key]edit.Record, len(records))
	for _, record := range records {
		now[record.Key] = record
	}
	if theirs := changed(now, base); len(theirs) > 0 {
		return Committed{}, &dispatch.RotaConflict{Theirs: theirs, Version: v}
	}
	roster, err := edit.Assemble(records)
	if err != nil {
		return Committed{}, fmt.Errorf("edit the rota: this version can not read revision %d: %w; edit on a node of a newer version", v.Revision, err)
	}
	before := r.snapshot(roster)
	at := r.now()
	after, result, err := decide(before, e, by, at, r.deps.NewID)
	if err != nil {
		return Committed{}, err
	}
	change := dispatch.RotaChange{ID: uuid.Must(uuid.NewV7()).String(), By: by, Node: r.deps.Node, At: r.deps.Now(), Reason: e.Reason}
	for _, key := range result.Changed {
		body, err := edit.Body(result.Roster, key)
		if err != nil {
			return Committed{}, fmt.Errorf("edit the rota: write down %s: %w", key, err)
		}
		change.Put = append(change.Put, edit.Record{Key: key, Revision: now[key].Revision, Body: body})
	}
	for _, key := range result.Seen {
		change.Seen = append(change.Seen, edit.Record{Key: key, Revision: now[key].Revision})
	}
	if change.Edit, err = json.Marshal(e); err != nil {
		return Committed{}, fmt.Errorf("edit the rota: write down the edit: %w", err)
	}
	c := Committed{Version: v, Keys: result.Changed, Preview: r.look(before, after, result, at)}
	if len(change.Put) == 0 {
		return c, nil
	}
	if c.Version, err = r.write(ctx, change); err != nil {
		return Committed{}, err
	}
	if err := r.deps.Refresh(ctx); err != nil {
		r.deps.Log.Warn("the rota was edited, and this node follows as soon as the record answers", "revision", c.Version.Revision, "err", err)
	}
	return c, nil
}

// write commits a change. Whoever got no answer asks again: the change counts once.
func (r *Rota) write(ctx context.Context, change dispatch.RotaChange) (v dispatch.RotaVersion, err error) {
	for range maxTries {
		v, err = r.deps.Store.CommitRota(ctx, change)
		if err == nil {
			r.deps.Log.Info("rota edited", "revision", v.Revision, "person", change.By.Person, "channel", change.By.Channel, "records", len(change.Put), "reason", change.Reason)
			return v, nil
		}
		if errors.Is(err, dispatch.ErrConflict) || ctx.Err() != nil {
			break
		}
	}
	return v, fmt.Errorf("edit the rota: %w", away(err))
}

// snapshot is the directory in force with the record's people and schedules.
func (r *Rota) snapshot(roster oncall.Roster) *dispatch.Snapshot {
	s := *r.deps.Directory.Load()
	roster.Static = s.Roster.Static
	s.Roster, s.Duty = roster, oncall.Compile(roster)
	return &s
}

// changed returns the records that are not as the author has seen them.
func changed(now map[edit.Key]edit.Record, base map[string]int64) (theirs []edit.Record) {
	missing := maps.Clone(base)
	for key, record := range now {
		seen, looked := base[key.String()]
		delete(missing, key.String())
		if looked && seen != record.Revision {
			theirs = append(theirs, record)
		}
	}
	for name, seen := range missing {
		if seen != 0 {
			kind, id, _ := strings.Cut(name, " ")
			theirs = append(theirs, edit.Record{Key: edit.Key{Kind: edit.Kind(kind), ID: id}})
		}
	}
	return theirs
}

// refuse makes a refusal of what lines and escalation can not live with: the first fault says enough.
func refuse(err error) *edit.Refusal {
	for {
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok || len(joined.Unwrap()) == 0 {
			break
		}
		err = joined.Unwrap()[0]
	}
	why := err.Error()
	if strings.HasPrefix(why, "lines[") || strings.HasPrefix(why, "escalation.") {
		return edit.RefuseInUse(why)
	}
	problem, do, advised := strings.Cut(why, "; ")
	if !advised {
		do = "correct it and edit again"
	}
	return edit.RefuseFaulty(problem, do)
}
