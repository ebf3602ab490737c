package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Clients are records beside people and schedules: one version, one log, one
// restore. What a contract promises is edited where people are, and reaches all
// nodes in the same way.

// OrganisationKey names the record of a client.
func OrganisationKey(id string) edit.Key { return edit.Key{Kind: edit.Organisation, ID: id} }

// Organisations reads the clients out of records, ordered by id. What this
// version does not know of a card is an error.
func Organisations(records []edit.Record) ([]client.Organisation, error) {
	var list []client.Organisation
	var faults []error
	for _, r := range records {
		if r.Kind != edit.Organisation || len(r.Body) == 0 {
			continue
		}
		o, err := client.Decode(r.Body)
		if err == nil && o.ID != r.ID {
			err = fmt.Errorf("its body is that of %q", o.ID)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("read the record of %s: %w", r.Key, err))
			continue
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b client.Organisation) int { return OrganisationKey(a.ID).Compare(OrganisationKey(b.ID)) })
	return list, errors.Join(faults...)
}

// OrganisationRecords writes clients down, ordered by id.
func OrganisationRecords(list []client.Organisation) ([]edit.Record, error) {
	records := make([]edit.Record, 0, len(list))
	for _, o := range list {
		body, err := client.Encode(o)
		if err != nil {
			return nil, err
		}
		records = append(records, edit.Record{Key: OrganisationKey(o.ID), Body: json.RawMessage(body)})
	}
	slices.SortFunc(records, func(a, b edit.Record) int { return a.Compare(b.Key) })
	for i := 1; i < len(records); i++ {
		if records[i].Key == records[i-1].Key {
			return nil, fmt.Errorf("write the record of %s: there are two of that id; rename one", records[i].Key)
		}
	}
	return records, nil
}

// part is what a configuration file begins by itself: people and schedules, or
// clients.
type part struct {
	name   string
	kinds  []edit.Kind // one of them has been edited = the record has had this part
	remedy string
	of     func(edit.Kind) bool
}

// seedParts are the parts of the record.
func seedParts() []part {
	return []part{
		{"people and schedules", []edit.Kind{edit.Person, edit.Schedule}, "vahta oncall import", edit.Kind.OfRoster},
		{"clients", []edit.Kind{edit.Organisation}, "vahta client import", func(k edit.Kind) bool { return !k.OfRoster() }},
	}
}

// among returns the records of the part.
func (p part) among(records []edit.Record) []edit.Record {
	var list []edit.Record
	for _, r := range records {
		if p.of(r.Kind) {
			list = append(list, r)
		}
	}
	return list
}

// seedRest puts into a record the parts that it never had and this node's
// configuration has. Before clients were records, they were in the definition:
// those of the definition in force come before the file's.
func (k *Keeper) seedRest(ctx context.Context, rota rotaState) (rotaState, error) {
	rota = rota.unlent()
	k.mu.Lock()
	seed := k.seed
	k.mu.Unlock()
	if rota.version.Revision == 0 {
		return rota, nil
	}
	put, names := slices.Clone(rota.records), ""
	for _, p := range seedParts() {
		if len(p.among(rota.records)) > 0 || k.begunParts[p.name] {
			continue
		}
		begun, err := k.hasBegun(ctx, p)
		if err != nil {
			return rota, err
		}
		if begun {
			k.begunParts[p.name] = true
			continue
		}
		from := seed
		if old, err := k.olderSeed(ctx, seed); err != nil {
			return rota, err
		} else if len(p.among(old.records)) > 0 {
			from = old
		}
		if add := p.among(from.records); len(add) > 0 {
			put, names = append(put, add...), p.name
		}
	}
	if names == "" {
		return rota, nil
	}
	slices.SortFunc(put, func(a, b edit.Record) int { return a.Compare(b.Key) })
	return k.replaceRota(ctx, rotaState{records: put}, RotaChange{
		Whole: &rota.version, Kept: rota.version, By: edit.Author{Person: "file", Channel: "file"}, Reason: "the first " + names,
	})
}

// hasBegun reports whether the record has ever had the part.
func (k *Keeper) hasBegun(ctx context.Context, p part) (bool, error) {
	for _, kind := range p.kinds {
		log, err := k.deps.Rotas.RotaHistory(ctx, RotaFilter{Key: edit.Key{Kind: kind}, Limit: 1})
		if err != nil {
			return false, fmt.Errorf("ask whether the record ever had %s: %w", p.name, err)
		}
		if len(log) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// olderSeed is the seed with the people, schedules and clients of a definition in force
// that an earlier version has written, where that has any.
func (k *Keeper) olderSeed(ctx context.Context, seed rotaState) (rotaState, error) {
	v, body, err := k.deps.Store.Definition(ctx)
	if errors.Is(err, ErrNotFound) {
		return seed, nil
	}
	if err != nil {
		return seed, fmt.Errorf("look for people, schedules and clients of an earlier version: %w", err)
	}
	def, unread := k.read(v, body)
	if unread != nil || !def.old() {
		return seed, nil //nolint:nilerr // one that can not be read is told elsewhere, and is no seed
	}
	roster, clients := seed.roster, seed.clients
	if hasPeople(def.people) {
		roster = def.people
	}
	if len(def.clients) > 0 {
		clients = def.clients
	}
	return seedOf(roster, clients)
}

// hasPeople reports whether a roster has people or schedules.
func hasPeople(r oncall.Roster) bool { return len(r.People)+len(r.Schedules) > 0 }

// lend gives a rota without clients those that a definition of an earlier
// version or the configuration has, until the record can say whether it had any.
func (r rotaState) lend(clients []client.Organisation) rotaState {
	if len(r.clients) == 0 && len(clients) > 0 {
		r.clients, r.lent = clients, true
	}
	return r
}

// unlent is the rota with its own clients only.
func (r rotaState) unlent() rotaState {
	if r.lent {
		r.clients, r.lent = nil, false
	}
	return r
}
