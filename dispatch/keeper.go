package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
)

// Version names one state of the directory's definition.
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
	refreshEvery     = 2 * time.Second // two questions for a version each
	definitionBudget = 2 * time.Second // longest wait for the store, one question
)

// KeeperDeps are what a Keeper works with.
type KeeperDeps struct {
	Store Definitions
	Rotas Rotas
	Nodes interface { // nil = a node that is alone
		Nodes(ctx context.Context) ([]Node, error)
	}
	File string // the local copy; empty = none
	Node string // who puts definitions in force
	// Observe is for a command beside the record: it puts no definition in force
	// and writes no local copy. It does seed a rota that never was, and writes
	// back a later one.
	Observe bool
	// Encode and Decode turn a source without people, schedules and clients into
	// bytes and back: equal sources become equal bytes, and what was encoded is
	// decoded as it was. Decode returns these too of a body that an earlier
	// version has written with them.
	Encode func(Source) ([]byte, error)
	Decode func([]byte) (Source, error)
	// Publish tells other nodes of a new version; what it sends is for their
	// Hear. nil = they find out within seconds.
	Publish    func(ctx context.Context, message []byte) error
	Changed    func(*Snapshot)       // told after a new snapshot is in force; nil = nobody
	Now        func() time.Time      // nil = time.Now
	Log        *slog.Logger          // nil = silent
	Registerer prometheus.Registerer // nil = not measured
}

// Keeper keeps the directory the same on all nodes. It is made of two bodies in
// the store: the definition (lines, escalation, static numbers), named by the
// hash of its bytes, and the rota (people and schedules, and clients), records
// with a version. Every node follows both, and goes on with what it has when the store
// is away. A body that can not be read replaces nothing, nor does a definition
// that is faulty by itself. Where the two do not fit, because a line names a
// schedule that the rota does not have, both are in force, the line rings
// everybody, and it is said loudly: Force and edits of the rota refuse to bring
// that about.
//
// The configuration file takes part in the definition by this rule. At the start
// a definition that was never in force before is put in force for all nodes:
// somebody has edited the file. One that was in force once and is no longer is
// an old file: the node takes what is in force, and says so. Force puts the
// file's in force always. While the store is away at the start, the node uses
// its local copy, or the file if that has changed since the copy was written;
// the rule is applied as soon as the store answers.
//
// In the rota it takes no part but that it seeds one that never was, people and
// schedules, and clients, each by themselves. People edit
// the record; of two versions the one that a person edited later wins. A node
// that finds the record's rota older than its own, for somebody has restored an
// older copy or begun an empty record, keeps its own, says so loudly, and writes
// it back.
type Keeper struct {
	// set at New
	deps     KeeperDeps
	log      *slog.Logger
	dir      *Directory
	wake     chan struct{} // of one
	turn     chan struct{} // of one: whoever holds the token asks the store
	restores prometheus.Counter
	unread   unreadable // of whoever holds the turn
	refused  string     // of whoever holds the turn; hash of the definition that can not be read
	// begunParts are those that the record has had once, by name; of whoever holds the turn.
	begunParts map[string]bool

	mu      sync.Mutex
	current held       // guarded by mu; in force here
	file    definition // guarded by mu; the configuration's own
	seed    rotaState  // guarded by mu; people, schedules and clients of the configuration
	begun   bool       // guarded by mu; current is in force
	pending string     // guarded by mu; what the store has to be told
	def     agreement  // guarded by mu; of the definition
	rota    agreement  // guarded by mu; of the rota
	misfits []string   // guarded by mu; what is wrong with what is in force
	alarmed bool       // guarded by mu
	copied  string     // guarded by mu; what the local copy holds
	born    time.Time  // guarded by mu
	others  others     // guarded by mu
}

// held is what a node works with.
type held struct {
	def      definition
	rota     rotaState
	snapshot *Snapshot
}

// definition is one state of lines, escalation and static numbers in all its
// forms.
type definition struct {
	version Version
	body    []byte
	src     Source                // its Roster has the static numbers only
	people  oncall.Roster         // people and schedules of a body that an earlier version has written
	clients []client.Organisation // likewise
}

// agreement is how sure it is that something is in force.
type agreement struct {
	from      string
	confirmed time.Time // when the store last said so
	fault     string    // of the last refresh
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

// NewKeeper checks its parts; Load must follow, then Run.
func NewKeeper(deps KeeperDeps) (*Keeper, error) {
	if deps.Store == nil || deps.Rotas == nil || deps.Encode == nil || deps.Decode == nil {
		return nil, errors.New("set up directory: a store, Encode and Decode are required")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	k := &Keeper{deps: deps, log: deps.Log, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1), begunParts: map[string]bool{}}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	k.measure(deps.Registerer)
	return k, nil
}

// Load finds the directory to start with; configured is what the configuration
// file says. It fails only when that is faulty. It may be called once.
func (k *Keeper) Load(ctx context.Context, configured Source) (*Directory, error) {
	own, seed, err := k.define(configured)
	if err != nil {
		return nil, err
	}
	at, from, rotaFrom := k.fallBack(own, seed)
	k.mu.Lock()
	k.born, k.file, k.seed, k.pending = k.deps.Now(), own, seed, pendingStart
	k.current, k.def.from, k.rota.from = at, from, rotaFrom
	k.mu.Unlock()
	k.dir = NewDirectory(at.snapshot)
	if err := k.Refresh(ctx); err != nil {
		k.log.Warn("the store can not say which directory is in force", "from", from, "rota_from", rotaFrom, "err", err)
		k.enter(func(*held) {})
	}
	k.compareFile()
	return k.dir, nil
}

// define brings a configuration into the forms of definition and rota.
func (k *Keeper) define(src Source) (definition, rotaState, error) {
	def := definition{src: withoutRecords(src)}
	if _, f := compose(src); f.own != nil || f.rota != nil || f.clients != nil {
		return def, rotaState{}, fmt.Errorf("check directory: %w", errors.Join(f.own, f.rota, f.clients))
	}
	body, err := k.deps.Encode(def.src)
	if err != nil {
		return def, rotaState{}, fmt.Errorf("write down the directory: %w", err)
	}
	def.version, def.body = Version{Hash: hashOf(body), MadeAt: k.deps.Now().UTC(), Node: k.deps.Node}, body
	seed, err := seedOf(src.Roster, src.Clients)
	return def, seed, err
}

// withoutRecords is the part of a source that the definition holds.
func withoutRecords(src Source) Source {
	src.Roster, src.Clients = oncall.Roster{Static: src.Roster.Static}, nil
	return src
}

// read checks a definition that came from elsewhere.
func (k *Keeper) read(v Version, body []byte) (definition, error) {
	if hashOf(body) != v.Hash {
		return definition{}, fmt.Errorf("directory %s is not what its hash says", short(v))
	}
	src, err := k.deps.Decode(body)
	if err != nil {
		return definition{}, fmt.Errorf("read directory %s: %w", short(v), err)
	}
	def := definition{version: v, body: body, src: withoutRecords(src), clients: src.Clients}
	if hasPeople(src.Roster) {
		def.people = src.Roster
	}
	if _, f := compose(def.src); f.own != nil {
		return definition{}, fmt.Errorf("directory %s: %w", short(v), f.own)
	}
	return def, nil
}

// compose makes the snapshot of what a node works with, and tells what is wrong
// with it.
func (h held) compose() (*Snapshot, []string) {
	src := h.def.src
	static := src.Roster.Static
	src.Roster, src.Clients = h.rota.roster, h.rota.clients
	src.Roster.Static = static
	s, f := compose(src)
	s.Rota, s.Revisions = h.rota.version, h.rota.revisions()
	var misfits []string
	for _, err := range slices.Concat(leaves(f.rota), leaves(f.clients), leaves(f.between)) {
		misfits = append(misfits, err.Error())
	}
	return s, misfits
}

// Force puts the source's lines, escalation and static numbers in force
// for all nodes, whatever was in force before. It fails only when the source is
// faulty, or names people and schedules that the rota does not have; while the
// store is away, the source is in force here, and for the others when the store
// is back.
func (k *Keeper) Force(ctx context.Context, src Source) error {
	def, seed, err := k.define(src)
	if err != nil {
		return err
	}
	k.mu.Lock()
	rota := k.current.rota
	k.mu.Unlock()
	if rota.version.Revision == 0 {
		rota = seed
	}
	trial := def.src
	if trial.Roster = rota.roster; !hasPeople(rota.roster) {
		trial.Roster = seed.roster // a record that has clients only gets its people now
	}
	if err := between(trial); err != nil {
		return fmt.Errorf("check directory against the rota in force: %w", err)
	}
	k.mu.Lock()
	k.file, k.seed, k.pending, k.def.from = def, seed, pendingForce, fromConf
	k.mu.Unlock()
	k.enter(func(h *held) {
		h.def = def
		if h.rota.version.Revision == 0 {
			h.rota = seed
		}
	})
	if err := k.Refresh(ctx); err != nil {
		k.log.Warn("the new directory is in force on this node only, for the others as soon as the store answers", "version", short(def.version), "err", err)
	}
	k.compareFile()
	return nil
}

// Run follows the store until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	timer := time.NewTimer(refreshEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.wake:
		case <-timer.C:
		}
		k.round(ctx)
		timer.Reset(refreshEvery)
	}
}

// round is one look into the store. A panic costs one round.
func (k *Keeper) round(ctx context.Context) {
	defer func() {
		if fault := recover(); fault != nil {
			k.log.Error("a look for the directory broke off; it is done again", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	_ = k.Refresh(ctx) // Status tells, and the alarm
	k.watch()
	k.watchOthers(ctx)
}

// enter changes what is in force on this node.
func (k *Keeper) enter(change func(*held)) {
	k.mu.Lock()
	was, begun := k.current, k.begun
	next := was
	change(&next)
	newDef := !begun || was.def.version.Hash != next.def.version.Hash
	newRota := !begun || !was.rota.is(next.rota)
	if newDef || newRota {
		next.snapshot, k.misfits = next.compose()
	}
	misfits := k.misfits
	k.current, k.begun = next, true
	from, rotaFrom := k.def.from, k.rota.from
	k.dir.put(next.snapshot, next.def.version)
	c := copyOf(next, k.file.version.Hash, HashRota(k.seed.records))
	write := k.deps.File != "" && !k.deps.Observe && k.copied != c.sum()
	k.mu.Unlock()
	if write {
		k.copy(c)
	}
	if newDef {
		k.log.Info("directory in force", "version", short(next.def.version), "from", from, "node", next.def.version.Node)
	}
	if newRota {
		k.log.Info("rota in force", "revision", next.rota.version.Revision, "from", rotaFrom, "edited_at", next.rota.version.EditedAt)
	}
	if !newDef && !newRota {
		return
	}
	for _, fault := range misfits {
		k.log.Error("lines and rota in force do not fit; where somebody is named who is not there, everybody is rung", "err", fault)
	}
	if k.deps.Changed != nil {
		k.deps.Changed(next.snapshot)
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
