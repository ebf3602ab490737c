package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Refresh asks the store once which directory is in force, and follows it. An
// error leaves what is in force here.
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
	pending, file, current := k.pending, k.file, k.current
	k.mu.Unlock()
	def, err := k.ask(ctx, pending, file, current)
	k.mu.Lock()
	k.fault = ""
	if err != nil {
		k.fault = err.Error()
		k.mu.Unlock()
		return err
	}
	superseded := k.pending != pending || k.file.version.Hash != file.version.Hash // forced meanwhile
	if !superseded {
		k.pending = ""
		k.confirmed = k.deps.Now()
	}
	k.mu.Unlock()
	if !superseded {
		k.enter(def, fromStore)
	}
	return nil
}

// ask finds out what is in force, or puts the file's definition in force.
func (k *Keeper) ask(ctx context.Context, pending string, file, current definition) (definition, error) {
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
	return k.fetch(ctx)
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
	known, err := k.deps.Store.KnownDefinition(ctx, file.version.Hash)
	if err != nil {
		return file, fmt.Errorf("ask whether the configuration was in force before: %w", err)
	}
	if !known {
		return k.enforce(ctx, file)
	}
	def, err := k.fetch(ctx)
	if err == nil {
		k.log.Warn("people, schedules, lines and clients of the configuration file are NOT in force: they were before, and were replaced since; send SIGHUP to put the file in force for all nodes",
			"version", short(def.version), "node", def.version.Node, "configured", short(file.version))
	}
	return def, err
}

// fetch reads the definition in force.
func (k *Keeper) fetch(ctx context.Context) (definition, error) {
	v, body, err := k.deps.Store.Definition(ctx)
	if err != nil {
		return definition{}, fmt.Errorf("read the directory in force: %w", err)
	}
	def, err := k.read(v, body)
	if err != nil {
		k.log.Error("the directory in force can not be used on this node; the last good one stays", "node", v.Node, "err", err)
	}
	return def, err
}

// enforce puts a definition in force for all nodes and tells them.
func (k *Keeper) enforce(ctx context.Context, def definition) (definition, error) {
	def.version.MadeAt, def.version.Node = k.deps.Now().UTC().Truncate(time.Microsecond), k.deps.Node
	if err := k.deps.Store.SaveDefinition(ctx, def.version, def.body); err != nil {
		return def, fmt.Errorf("put directory %s in force: %w", short(def.version), err)
	}
	k.log.Info("the configuration's directory is in force for all nodes", "version", short(def.version))
	if k.deps.Publish == nil {
		return def, nil
	}
	message, err := json.Marshal(def.version)
	if err == nil {
		err = k.deps.Publish(ctx, message)
	}
	if err != nil {
		k.log.Warn("other nodes could not be told of the new directory and find out within a minute", "err", err)
	}
	return def, nil
}
