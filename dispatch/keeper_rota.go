package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// rotaState is one state of people and schedules in all its forms.
type rotaState struct {
	version RotaVersion // of revision 0: it is a configuration's, and no record has it
	records []edit.Record
	roster  oncall.Roster // without the static numbers, which the definition has
}

// Same reports whether both name the same state of the same record.
func (v RotaVersion) Same(o RotaVersion) bool {
	return v.Revision == o.Revision && v.Hash == o.Hash && v.EditedAt.Equal(o.EditedAt)
}

// unreadable is a rota that this node could not read; it is not read again.
type unreadable struct {
	version RotaVersion
	err     error
}

// is reports whether both are the same people and schedules of the same version.
func (r rotaState) is(o rotaState) bool {
	return r.version.Same(o.version) && (r.version.Revision > 0 || HashRota(r.records) == HashRota(o.records))
}

// revisions are those of the records by their keys' String.
func (r rotaState) revisions() map[string]int64 {
	m := make(map[string]int64, len(r.records))
	for _, record := range r.records {
		m[record.String()] = record.Revision
	}
	return m
}

// seedOf makes records of a configuration's people and schedules.
func seedOf(r oncall.Roster) (rotaState, error) {
	r.Static = nil
	records, err := edit.Records(r)
	if err != nil {
		return rotaState{}, fmt.Errorf("write down people and schedules: %w", err)
	}
	return rotaOf(RotaVersion{}, records)
}

// rotaOf reads records.
func rotaOf(v RotaVersion, records []edit.Record) (rotaState, error) {
	if v.Revision > 0 && HashRota(records) != v.Hash {
		return rotaState{}, fmt.Errorf("read rota of revision %d: it is not what its hash says", v.Revision)
	}
	roster, err := edit.Assemble(records)
	if err != nil {
		return rotaState{}, fmt.Errorf("read rota of revision %d (was it edited by a newer version?): %w", v.Revision, err)
	}
	return rotaState{v, records, roster}, nil
}

// OlderThan reports whether a record of version v lacks what this node has: it
// was restored from an older copy, or begun anew.
func (v RotaVersion) OlderThan(own RotaVersion) bool {
	return own.Revision > 0 && (v.Revision == 0 || v.EditedAt.Before(own.EditedAt))
}

// askRota finds out which rota is in force; own is what this node works with.
func (k *Keeper) askRota(ctx context.Context, own rotaState) (rotaState, error) {
	v, err := k.deps.Rotas.RotaVersion(ctx)
	switch {
	case err != nil:
		return own, fmt.Errorf("ask which rota is in force: %w", err)
	case v.Revision > 0 && v.Same(own.version):
		return own, nil
	case v.OlderThan(own.version):
		return k.restoreRota(ctx, own, v)
	case v.Revision == 0:
		return k.seedRota(ctx, own)
	}
	if bad := k.unread; bad.err != nil && v.Same(bad.version) {
		return own, bad.err // it was said
	}
	return k.fetchRota(ctx, own)
}

// fetchRota reads the rota in force.
func (k *Keeper) fetchRota(ctx context.Context, own rotaState) (rotaState, error) {
	v, records, err := k.deps.Rotas.Rota(ctx)
	if err != nil {
		return own, fmt.Errorf("read the rota in force: %w", err)
	}
	if v.OlderThan(own.version) {
		return own, fmt.Errorf("read the rota in force: the record went back to revision %d meanwhile", v.Revision)
	}
	rota, err := rotaOf(v, records)
	if err != nil {
		k.log.Error("the rota in force can not be used on this node; the last good one stays", "err", err)
		k.unread = unreadable{v, err}
		return own, err
	}
	if own.version.Revision >= v.Revision && own.version.Hash != v.Hash {
		k.log.Error("the record was restored older and edited since: the later edit is in force, and edits that this node knew are not; look at `vahta oncall history`",
			"revision", v.Revision, "edited_at", v.EditedAt, "own_revision", own.version.Revision, "own_edited_at", own.version.EditedAt)
	}
	return rota, nil
}

// seedRota puts people and schedules into a record that never had any: those of
// a definition that an earlier version has put in force, else the
// configuration's. Nobody has edited them, so any rota that somebody has edited
// beats them.
func (k *Keeper) seedRota(ctx context.Context, own rotaState) (rotaState, error) {
	source := "the configuration file"
	v, body, err := k.deps.Store.Definition(ctx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return own, fmt.Errorf("look for people and schedules of an earlier version: %w", err)
	}
	if def, unread := k.read(v, body); err == nil && unread == nil && def.old() {
		if own, err = seedOf(def.people); err != nil {
			return own, err
		}
		source = "the directory that an earlier version had in force"
	}
	if len(own.records) == 0 {
		return own, nil // there is nothing to begin with
	}
	return k.replaceRota(ctx, own, RotaChange{
		Whole: &RotaVersion{}, By: edit.Author{Person: "file", Channel: "file"}, Reason: "the first people and schedules, from " + source,
	})
}

// restoreRota writes the own rota back into a record that has an older one, or
// none.
func (k *Keeper) restoreRota(ctx context.Context, own rotaState, theirs RotaVersion) (rotaState, error) {
	reason := fmt.Sprintf("the record was restored older: it had revision %d, last edited %s; written back is revision %d, last edited %s",
		theirs.Revision, editedAt(theirs), own.version.Revision, editedAt(own.version))
	rota, err := k.replaceRota(ctx, own, RotaChange{
		Whole: &theirs, Kept: own.version, By: edit.Author{Person: k.deps.Node, Channel: "node"}, Reason: reason,
	})
	if err != nil {
		return own, err
	}
	k.log.Error("the record's rota was older than this node's: the later edits stay in force and are written back",
		"revision", rota.version.Revision, "edited_at", rota.version.EditedAt, "record_revision", theirs.Revision, "record_edited_at", theirs.EditedAt)
	if k.restores != nil {
		k.restores.Inc()
	}
	return rota, nil
}

// editedAt shows when a version was last edited.
func editedAt(v RotaVersion) string {
	if v.EditedAt.IsZero() {
		return "never"
	}
	return v.EditedAt.UTC().Format(time.RFC3339)
}

// replaceRota puts own records into the record in place of all others, and
// reads what is there then: another node may have been faster.
func (k *Keeper) replaceRota(ctx context.Context, own rotaState, c RotaChange) (rotaState, error) {
	c.Put, c.Node, c.At = own.records, k.deps.Node, k.deps.Now().UTC().Truncate(time.Microsecond)
	v, err := k.deps.Rotas.CommitRota(ctx, c)
	if err != nil && !errors.Is(err, ErrConflict) {
		return own, fmt.Errorf("put this node's rota in force: %w", err)
	}
	if err == nil {
		k.log.Info("this node's rota is in force for all nodes", "revision", v.Revision, "reason", c.Reason)
		k.tell(ctx, k.dir.Version(), v)
	}
	return k.fetchRota(ctx, own)
}

// compareFile says aloud that people and schedules of the file are not in force.
func (k *Keeper) compareFile() {
	k.mu.Lock()
	seed, rota := k.seed, k.current.rota
	k.mu.Unlock()
	if len(seed.records) == 0 || rota.version.Revision == 0 || HashRota(seed.records) == rota.version.Hash {
		return
	}
	k.log.Warn("people and schedules of the configuration file are not in force: they have begun the rota, and now the record decides; "+
		"`vahta oncall import` brings those of a file in, and without them in the file this is not said again",
		"revision", rota.version.Revision, "edited_at", rota.version.EditedAt)
}
