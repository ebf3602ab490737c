package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Refresh asks the store once which directory is in force, and follows it. An
// error leaves what is in force here, of the two bodies that which it concerns.
func (k *Keeper) Refresh(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*definitionBudget)
	defer cancel()
	k.mu.Lock()
	pending, file, at := k.pending, k.file, k.current
	k.mu.Unlock()
	rota, rotaErr := k.askRota(ctx, at.rota) // first: it may be seeded from the definition in force
	def, defErr := k.ask(ctx, pending, file, at.def)
	now := k.deps.Now()
	k.mu.Lock()
	k.def.fault, k.rota.fault = "", ""
	if rotaErr == nil {
		k.rota.confirmed, k.rota.from = now, fromStore
		k.dir.agreed.Store(&now)
	} else {
		k.rota.fault = rotaErr.Error()
	}
	superseded := k.pending != pending || k.file.version.Hash != file.version.Hash // forced meanwhile
	if defErr != nil {
		k.def.fault = defErr.Error()
	} else if !superseded {
		k.pending = ""
		k.def.confirmed, k.def.from = now, fromStore
	}
	k.mu.Unlock()
	if rotaErr == nil || defErr == nil {
		k.enter(func(h *held) {
			if rotaErr == nil {
				h.rota = rota
			}
			if defErr == nil && !superseded {
				h.def = def
			}
		})
	}
	return errors.Join(rotaErr, defErr)
}

// ask finds out which definition is in force, or puts the file's in force.
func (k *Keeper) ask(ctx context.Context, pending string, file, current definition) (definition, error) {
	if k.deps.Observe {
		return k.observe(ctx, current)
	}
	switch pending {
	case pendingForce:
		return k.enforce(ctx, file)
	case pendingStart:
		return k.settle(ctx, file)
	}
	v, err := k.deps.Store.DefinitionVersion(ctx)
	switch {
	case errors.Is(err, ErrNotFound):
		return k.enforce(ctx, current) // the store is a new one
	case err != nil:
		return current, fmt.Errorf("ask which directory is in force: %w", err)
	case v.Hash == current.version.Hash:
		current.version = v
		return current, nil
	}
	def, err := k.fetch(ctx)
	if err != nil {
		k.sayUnread(v, err)
	}
	return def, err
}

// sayUnread says once of a definition that it can not be read.
func (k *Keeper) sayUnread(v Version, err error) {
	if k.refused != v.Hash {
		k.refused = v.Hash
		k.log.Error("the directory in force can not be used on this node; the last good one stays", "node", v.Node, "err", err)
	}
}

// observe finds out which definition is in force and changes nothing; what can
// not be read leaves what this node has.
func (k *Keeper) observe(ctx context.Context, current definition) (definition, error) {
	def, err := k.fetch(ctx)
	if errors.Is(err, ErrNotFound) {
		return current, nil
	}
	return def, err
}

// settle applies the rule of the start.
func (k *Keeper) settle(ctx context.Context, file definition) (definition, error) {
	v, err := k.deps.Store.DefinitionVersion(ctx)
	if errors.Is(err, ErrNotFound) {
		return k.enforce(ctx, file)
	}
	if err != nil {
		return file, fmt.Errorf("ask which directory is in force: %w", err)
	}
	if v.Hash == file.version.Hash {
		file.version = v
		return file, nil
	}
	def, unread := k.fetch(ctx)
	known, err := k.deps.Store.KnownDefinition(ctx, file.version.Hash)
	if err != nil {
		return file, fmt.Errorf("ask whether the configuration was in force before: %w", err)
	}
	if !known {
		if def.old() {
			k.log.Warn("an upgrade: lines, escalation and static numbers are those of this node's configuration file from now on, people, schedules and clients those that were in force",
				"configured", short(file.version), "version", short(def.version), "node", def.version.Node)
		}
		return k.enforce(ctx, file)
	}
	if unread != nil {
		k.sayUnread(v, unread)
		return def, unread
	}
	k.log.Warn("lines, escalation and static numbers of the configuration file are NOT in force: others were put in force since; send SIGHUP to put the file in force for all nodes",
		"version", short(def.version), "node", def.version.Node, "configured", short(file.version))
	return def, nil
}

// old reports whether an earlier version has written the body, with people and
// schedules, or clients, in it.
func (d definition) old() bool { return hasPeople(d.people) || len(d.clients) > 0 }

// fetch reads the definition in force.
func (k *Keeper) fetch(ctx context.Context) (definition, error) {
	v, body, err := k.deps.Store.Definition(ctx)
	if err != nil {
		return definition{}, fmt.Errorf("read the directory in force: %w", err)
	}
	return k.read(v, body)
}

// enforce puts a definition in force for all nodes and tells them.
func (k *Keeper) enforce(ctx context.Context, def definition) (definition, error) {
	def.version.MadeAt, def.version.Node = k.deps.Now().UTC().Truncate(time.Microsecond), k.deps.Node
	if err := k.deps.Store.SaveDefinition(ctx, def.version, def.body); err != nil {
		return def, fmt.Errorf("put directory %s in force: %w", short(def.version), err)
	}
	k.log.Info("this node's directory is in force for all nodes", "version", short(def.version))
	k.tell(ctx, def.version, k.dir.Load().Rota)
	return def, nil
}
