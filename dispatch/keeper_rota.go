package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// rotaState is one state of people, schedules and clients in all its forms.
type rotaState struct {
	version RotaVersion // of revision 0: it is a configuration's, and no record has it
	records []edit.Record
	roster  oncall.Roster // without the static numbers, which the definition has
	clients []client.Organisation
	lent    bool // the clients are not those of the records, which have none
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
	return r.version.Same(o.version) && r.lent == o.lent && (r.version.Revision > 0 || HashRota(r.records) == HashRota(o.records))
}

// revisions are those of the records by their keys' String.
func (r rotaState) revisions() map[string]int64 {
	m := make(map[string]int64, len(r.records))
	for _, record := range r.records {
		m[record.String()] = record.Revision
	}
	return m
}

// seedOf makes records of a configuration's people, schedules and clients.
func seedOf(r oncall.Roster, clients []client.Organisation) (rotaState, error) {
	r.Static = nil
	records, err := edit.Records(r)
	if err != nil {
		return rotaState{}, fmt.Errorf("write down people and schedules: %w", err)
	}
	cards, err := OrganisationRecords(clients)
	if err != nil {
		return rotaState{}, fmt.Errorf("write down clients: %w", err)
	}
	records = append(records, cards...)
	slices.SortFunc(records, func(a, b edit.Record) int { return a.Compare(b.Key) })
	return rotaOf(RotaVersion{}, records)
}

// rotaOf reads records.
func rotaOf(v RotaVersion, records []edit.Record) (rotaState, error) {
	if v.Revision > 0 && HashRota(records) != v.Hash {
		return rotaState{}, fmt.Errorf("read rota of revision %d: it is not what its hash says", v.Revision)
	}
	roster, err := edit.Assemble(records)
	clients, unread := Organisations(records)
	if err = errors.Join(err, unread); err != nil {
		return rotaState{}, fmt.Errorf("read rota of revision %d (was it edited by a newer version?): %w", v.Revision, err)
	}
	return rotaState{version: v, records: records, roster: roster, clients: clients}, nil
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
		return k.seedRest(ctx, own)
	case v.OlderThan(own.version):
		return k.restoreRota(ctx, own, v)
	case v.Revision == 0:
		return k.seedRota(ctx, own)
	}
	if bad := k.unread; bad.err != nil && v.Same(bad.version) {
		return own, bad.err // it was said
	}
	rota, err := k.fetchRota(ctx, own)
	if err != nil {
		return own, err
	}
	return k.seedRest(ctx, rota)
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

// seedRota puts people, schedules and clients into a record that never had any:
// those of a definition that an earlier version has put in force, else the
// configuration's. Nobody has edited them, so any rota that somebody has edited
// beats them.
func (k *Keeper) seedRota(ctx context.Context, own rotaState) (rotaState, error) {
	whole, err := seedOf(own.roster, own.clients)
	if err != nil {
		return own, err
	}
	seed, err := k.olderSeed(ctx, whole)
	if err != nil {
		return own, err
	}
	if len(seed.records) == 0 {
		return own, nil // there is nothing to begin with
	}
	source := "the configuration file"
	if HashRota(seed.records) != HashRota(whole.records) {
		source = "the directory that an earlier version had in force"
	}
	return k.replaceRota(ctx, seed, RotaChange{
		Whole: &RotaVersion{}, By: edit.Author{Person: "file", Channel: "file"}, Reason: "the first people, schedules and clients, from " + source,
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

// compareFile says aloud that people and schedules, or clients, of the file are
// not in force.
func (k *Keeper) compareFile() {
	k.mu.Lock()
	seed, rota := k.seed, k.current.rota
	k.mu.Unlock()
	for _, p := range seedParts() {
		mine := p.among(seed.records)
		if len(mine) == 0 || rota.version.Revision == 0 || HashRota(mine) == HashRota(p.among(rota.records)) {
			continue
		}
		k.log.Warn("a part of the configuration file is not in force: it has begun the record, and now the record decides; "+
			"the import brings that of a file in, and without it in the file this is not said again",
			"part", p.name, "import", p.remedy, "revision", rota.version.Revision, "edited_at", rota.version.EditedAt)
	}
}
