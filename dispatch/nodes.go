package dispatch

import (
	"context"
	"errors"
	"time"
)

// Several nodes serve one company: they share the store and the rotation. What
// follows is what the store keeps so that they agree.

// Assignment is the right of one attempt of one call to ring a person and to
// join him with a caller, as the store knows it. A person has at most one that
// is open.
type Assignment struct {
	Person string
	// Call and Attempt name who asks, as in the claim of the rotation.
	Call, Attempt string
	Node          string // who serves the call
	// Token is the fencing number of the claim. For one person it only grows.
	Token uint64
	// Until is when the assignment ends by itself if nobody extends it.
	Until time.Time
}

// Errors of an Arbiter. Any other error means that it could not be asked.
var (
	// ErrAssigned says that another call has the person.
	ErrAssigned = errors.New("the person is assigned to another call")
	// ErrStale says that the token is not above the person's last one, or that
	// the assignment is no longer the open one: whoever holds it joins nobody.
	ErrStale = errors.New("the token is stale")
)

// Arbiter decides between nodes when the rotation may be wrong: it was flushed,
// restored older, or is away. It is asked before each INVITE and before each
// bridge. A caller that gets neither nil, ErrAssigned nor ErrStale within its
// budget goes on with the claim alone and marks the call.
type Arbiter interface {
	// Assign opens an assignment. It fails with ErrAssigned while another call
	// has an open one of the person, and with ErrStale when the person has had
	// this token or a higher one. The same assignment again is nil.
	Assign(ctx context.Context, a Assignment, now time.Time) error
	// Confirm returns nil while the assignment is the person's open one, else
	// ErrStale. One that has run out and that nobody else got since is opened
	// again until a.Until.
	Confirm(ctx context.Context, a Assignment, now time.Time) error
	// Extend moves the end of those that are still open; stale ones are passed over.
	Extend(ctx context.Context, list []Assignment) error
	// Unassign ends the assignment if it is the open one.
	Unassign(ctx context.Context, a Assignment) error
	// RaiseEpoch returns a number above all it has returned before. Tokens made
	// with it are above all older ones.
	RaiseEpoch(ctx context.Context) (uint64, error)
}

// Nodes keeps which nodes are alive, and hands the calls of a dead one to a
// living one.
type Nodes interface {
	// Beat says that the node lives until then. It returns ErrTakenOver when
	// another node has taken over its calls since its last beat, once; the beat
	// counts all the same.
	Beat(ctx context.Context, node string, now, until time.Time) error
	// Leave ends the node's lease: it has stopped in good order.
	Leave(ctx context.Context, node string) error
	// TakeOver finds nodes whose lease has ended and gives their calls without
	// an end to the node heir. A call is handed out once, to one heir. What heir
	// itself left open before its last start is handed out too when it says own.
	TakeOver(ctx context.Context, heir string, own bool, now time.Time) ([]CallRecord, error)
	// Nodes lists all nodes that are known, by name.
	Nodes(ctx context.Context) ([]Node, error)
}

// Node is one serving process as the store knows it.
type Node struct {
	ID    string
	Until time.Time // end of its lease; the past means dead, zero means stopped in good order
}

// ErrTakenOver says that a node was believed dead and its calls were taken over.
var ErrTakenOver = errors.New("the calls of this node were taken over by another one")

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

// Block is a run of ticket numbers that a node has reserved.
type Block struct {
	Year  int    `json:"year"`
	First uint32 `json:"first"`
	End   uint32 `json:"end"`   // first number after the block
	Begun bool   `json:"begun"` // numbers of it may have been given out
}

// BlockKeeper remembers the reserved blocks of this node through a restart,
// without the store: tickets opened while the store is away have numbers.
type BlockKeeper interface {
	// Keep makes the list durable, replacing the last one.
	Keep(ctx context.Context, blocks []Block) error
	// Kept returns the last list.
	Kept() []Block
}

// Numbered tells which numbers of a block are in use.
type Numbered interface {
	// LastNumber returns the highest number of the year within [first, end)
	// that a ticket has; 0 when none has.
	LastNumber(ctx context.Context, year int, first, end uint32) (uint32, error)
}
