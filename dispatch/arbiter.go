package dispatch

import (
	"context"
	"errors"
	"time"
)

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
