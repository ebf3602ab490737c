package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Version names one state of the directory.
type Version struct {
	Hash   string    `json:"hash"` // of its body
	MadeAt time.Time `json:"made_at"`
	Node   string    `json:"node"` // who put it in force
}

// Definitions keeps the directory's definition for all nodes.
type Definitions interface {
	// SaveDefinition puts a body in force. A body that was in force before is
	// put in force again.
	SaveDefinition(ctx context.Context, v Version, body []byte) error
	// Definition returns the body in force; ErrNotFound when there is none.
	Definition(ctx context.Context) (Version, []byte, error)
	// DefinitionVersion is Definition without the body.
	DefinitionVersion(ctx context.Context) (Version, error)
	// KnownDefinition reports whether a body with that hash was ever in force.
	KnownDefinition(ctx context.Context, hash string) (bool, error)
}

// RotaStale is how long the record may be silent about the directory in force
// before that is an alarm. It is used all the same.
const RotaStale = 15 * time.Minute

// Times of a Keeper.
const (
	refreshEvery     = time.Minute
	refreshSoon      = 5 * time.Second // after a failure
	directoryStale   = RotaStale
	definitionBudget = 2 * time.Second // longest wait for the store, one question
)

// KeeperDeps are what a Keeper works with.
type KeeperDeps struct {
	Store Definitions
	File  string // the local copy; empty = none
	Node  string // who puts definitions in force
	// Encode and Decode turn a source into bytes and back: equal sources become
	// equal bytes, and what was encoded is decoded as it was.
	Encode func(Source) ([]byte, error)
	Decode func([]byte) (Source, error)
	// Publish tells other nodes of a new version; what it sends is for their
	// Hear. nil = they find out within a minute.
	Publish    func(ctx context.Context, message []byte) error
	Changed    func(*Snapshot)       // told after a new snapshot is in force; nil = nobody
	Now        func() time.Time      // nil = time.Now
	Log        *slog.Logger          // nil = silent
	Registerer prometheus.Registerer // nil = not measured
}

// Keeper keeps the directory the same on all nodes. What is in force is a
// definition in the store, named by the hash of its bytes; every node follows
// it, and goes on with what it has when the store is away. A definition that
// can not be read or is faulty replaces nothing.
//
// The configuration file takes part by this rule. At the start a definition
// that was never in force before is put in force for all nodes: somebody has
// edited the file. One that was in force once and is no longer is an old file:
// the node takes what is in force, and says so. Force puts the file's in force
// always. While the store is away at the start, the node uses its local copy,
// or the file if that has changed since the copy was written; the rule is
// applied as soon as the store answers.
type Keeper struct {
	// set at New
	deps KeeperDeps
	log  *slog.Logger
	dir  *Directory
	wake chan struct{} // of one
	turn chan struct{} // of one: whoever holds the token asks the store

	mu        sync.Mutex
	current   definition // guarded by mu; in force here
	file      definition // guarded by mu; the configuration's own
	from      string     // guarded by mu
	confirmed time.Time  // guarded by mu; when the store last said that current is in force
	pending   string     // guarded by mu; what the store has to be told
	fault     string     // guarded by mu; of the last refresh
	alarmed   bool       // guarded by mu
	copied    string     // guarded by mu; what the local copy holds
	born      time.Time  // guarded by mu
}

// definition is one state of the directory in all its forms.
type definition struct {
	version  Version
	body     []byte
	snapshot *Snapshot
}

// Where the directory in force came from.
const (
	fromStore = "store"
	fromFile  = "local copy"
	fromConf  = "configuration"
)

// What the store has to be told when it answers.
const (
	pendingStart = "start" // the rule of the start
	pendingForce = "force"
)

// DirectoryStatus is what /status says of the directory.
type DirectoryStatus struct {
	Version   Version   `json:"version"`
	From      string    `json:"from"`               // store, local copy or configuration
	Confirmed time.Time `json:"confirmed,omitzero"` // zero = never since the start
	Age       float64   `json:"age_seconds"`        // since then, or since the start
	Stale     bool      `json:"stale"`              // the age is above 15 minutes
	Pending   string    `json:"pending,omitempty"`  // the configuration waits for the store: at start, or forced
	Fault     string    `json:"fault,omitempty"`    // why it could not be confirmed
}

// NewKeeper checks its parts; Load must follow, then Run.
func NewKeeper(deps KeeperDeps) (*Keeper, error) {
	if deps.Store == nil || deps.Encode == nil || deps.Decode == nil {
		return nil, errors.New("set up directory: a store, Encode and Decode are required")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	k := &Keeper{deps: deps, log: deps.Log, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	k.measure(deps.Registerer)
	return k, nil
}

// Load finds the directory to start with; configured is what the configuration
// file says. It fails only when that is faulty. It may be called once.
func (k *Keeper) Load(ctx context.Context, configured Source) (*Directory, error) {
	own, err := k.define(configured)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	k.born, k.file, k.pending = k.deps.Now(), own, pendingStart
	k.mu.Unlock()
	k.dir = NewDirectory(own.snapshot)
	if err := k.Refresh(ctx); err != nil {
		def, from := k.fallBack(own)
		k.log.Warn("the store can not say which directory is in force", "from", from, "version", short(def.version), "err", err)
		k.enter(def, from)
	}
	return k.dir, nil
}

// define brings a source into all its forms.
func (k *Keeper) define(src Source) (definition, error) {
	s, err := NewSnapshot(src)
	if err != nil {
		return definition{}, err
	}
	body, err := k.deps.Encode(src)
	if err != nil {
		return definition{}, fmt.Errorf("write down the directory: %w", err)
	}
	return definition{Version{Hash: hashOf(body), MadeAt: k.deps.Now().UTC(), Node: k.deps.Node}, body, s}, nil
}

// read checks a body that came from elsewhere.
func (k *Keeper) read(v Version, body []byte) (definition, error) {
	if hashOf(body) != v.Hash {
		return definition{}, fmt.Errorf("directory %s is not what its hash says", short(v))
	}
	src, err := k.deps.Decode(body)
	if err != nil {
		return definition{}, fmt.Errorf("read directory %s: %w", short(v), err)
	}
	s, err := NewSnapshot(src)
	if err != nil {
		return definition{}, fmt.Errorf("directory %s: %w", short(v), err)
	}
	return definition{v, body, s}, nil
}

// fallBack chooses between local copy and configuration while the store is away.
func (k *Keeper) fallBack(own definition) (definition, string) {
	if k.deps.File == "" {
		return own, fromConf
	}
	c, err := readCopy(k.deps.File)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return own, fromConf
	case err != nil:
		k.log.Error("the local copy of the directory is not used; the configuration file is", "file", k.deps.File, "err", err)
		return own, fromConf
	case c.Configured != own.version.Hash:
		return own, fromConf // the file was edited since
	}
	def, err := k.read(c.Version, c.Body)
	if err != nil {
		k.log.Error("the local copy of the directory is not used; the configuration file is", "file", k.deps.File, "err", err)
		return own, fromConf
	}
	return def, fromFile
}

// Force puts the source in force for all nodes, whatever was in force before.
// It fails only when the source is faulty; while the store is away, the source
// is in force here, and for the others when the store is back.
func (k *Keeper) Force(ctx context.Context, src Source) error {
	def, err := k.define(src)
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.file, k.pending = def, pendingForce
	k.mu.Unlock()
	k.enter(def, fromConf)
	if err := k.Refresh(ctx); err != nil {
		k.log.Warn("the new directory is in force on this node only, for the others as soon as the store answers", "version", short(def.version), "err", err)
	}
	return nil
}

// Hear takes a message of another node's Publish. It never blocks; nil says
// that messages may have been missed.
func (k *Keeper) Hear(message []byte) {
	var v Version
	if json.Unmarshal(message, &v) == nil && v.Hash == k.dir.Version().Hash {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run follows the store until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	timer := time.NewTimer(refreshSoon)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.wake:
		case <-timer.C:
		}
		timer.Reset(k.round(ctx))
	}
}

// round is one look into the store; it returns when the next is due. A panic
// costs one round.
func (k *Keeper) round(ctx context.Context) (next time.Duration) {
	defer func() {
		if fault := recover(); fault != nil {
			next = refreshSoon
			k.log.Error("a look for the directory broke off; it is done again", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	err := k.Refresh(ctx)
	k.watch()
	if err != nil {
		return refreshSoon
	}
	return refreshEvery
}

// enter puts a definition in force on this node.
func (k *Keeper) enter(def definition, from string) {
	k.mu.Lock()
	changed := k.current.version.Hash != def.version.Hash
	k.current, k.from = def, from
	k.dir.put(def.snapshot, def.version)
	c := localCopy{Version: def.version, Configured: k.file.version.Hash, Body: def.body}
	write := k.deps.File != "" && k.copied != c.sum()
	k.mu.Unlock()
	if write {
		k.copy(c)
	}
	if !changed {
		return
	}
	k.log.Info("directory in force", "version", short(def.version), "from", from, "node", def.version.Node)
	if k.deps.Changed != nil {
		k.deps.Changed(def.snapshot)
	}
}

// copy writes the local copy; the log has the first failure of a row.
func (k *Keeper) copy(c localCopy) {
	err := writeCopy(k.deps.File, c)
	k.mu.Lock()
	told := k.copied == copyFailed
	k.copied = copyFailed
	if err == nil {
		k.copied = c.sum()
	}
	k.mu.Unlock()
	if err != nil && !told {
		k.log.Warn("the local copy of the directory could not be written", "file", k.deps.File, "err", err)
	}
}

// copyFailed stands for the sum of a copy that could not be written.
const copyFailed = "failed"
