package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// DefaultTTL is how long a claim lives without renewal when the request does not say; three renewals of 10 s fit in.
const DefaultTTL = 30 * time.Second

// ErrLost says that a claim is no longer live: dial nobody new on it, but do not cut a conversation.
var ErrLost = errors.New("claim lost")

// ErrBadRequest says that a claim request lacks a call, an attempt or candidates: a fault of the caller.
var ErrBadRequest = errors.New("bad claim request")

// ClaimRequest asks for the right to ring one of several people.
type ClaimRequest struct {
	// Call names the call; Attempt names the try within it. A repeated request for the same pair returns the same claim.
	Call, Attempt string
	// Track is where the turn is counted, for Order. Empty counts no turn.
	Track string
	// Candidates are person IDs in the order of preference; the first who is free is claimed.
	Candidates []string
	// Tried are person IDs to pass over.
	Tried []string
	// TTL is the life of the claim without renewal; zero means DefaultTTL.
	TTL time.Duration
}

// Validate reports what the request lacks.
func (r ClaimRequest) Validate() error {
	if r.Call == "" || r.Attempt == "" || len(r.Candidates) == 0 {
		return fmt.Errorf("%w: call %q, attempt %q, %d candidates; none may be empty", ErrBadRequest, r.Call, r.Attempt, len(r.Candidates))
	}
	return nil
}

// Claim is the right to ring one person. It is a plain value: copy it, keep it, send it to another node.
type Claim struct {
	Call, Attempt string
	// Person is the ID of the one to ring.
	Person string
	// Token is the fencing number; later claims have higher ones.
	Token uint64
	// TTL is what each renewal adds, counted from the moment of the renewal.
	TTL time.Duration
	// Local says that this node alone has granted it, because the shared store did not answer.
	Local bool
}

// Presence is what people say about themselves.
type Presence string

// The presences. None said is the same as Available.
const (
	Available Presence = "available"
	Away      Presence = "away"
)

// String returns the presence's key.
func (p Presence) String() string { return string(p) }

// PresenceTTL is how long a presence lasts when it is not repeated; it is to be repeated every 15 s.
const PresenceTTL = 45 * time.Second

// Claims is the part of a rotation that keeps two calls from ringing one person.
type Claims interface {
	// Claim takes the first candidate without a live claim who is not among the tried. False means that all are busy or tried.
	Claim(ctx context.Context, req ClaimRequest) (Claim, bool, error)
	// Renew gives a live claim its TTL again, or returns ErrLost.
	Renew(ctx context.Context, c Claim) error
	// Release ends a claim; for one that is not live it does nothing.
	Release(ctx context.Context, c Claim) error
	// Valid reports whether the claim is live. On a failure of the store it is false; callers that go on nevertheless say so.
	Valid(ctx context.Context, c Claim) bool
	// Accept makes the claim the winner of its call: true for the first live claim that asks and for its repeats, false for
	// all others until the winner is no longer live.
	Accept(ctx context.Context, c Claim) (won bool, err error)
}

// Turns is the part of a rotation that orders equals.
type Turns interface {
	// Order returns the candidates least recently assigned on the track first, those away last. Ties keep the given order.
	// On a failure of the store it returns them as given.
	Order(ctx context.Context, track string, candidates []string) []string
	// SetPresence notes what a person says, for PresenceTTL.
	SetPresence(ctx context.Context, person string, p Presence) error
}

// Occupancy is the part of a rotation that tells who is taken, and takes nobody.
type Occupancy interface {
	// Claimed reports whether a person has a live claim of any call.
	Claimed(ctx context.Context, person string) (bool, error)
}

// Rotation is a live rotation: claims and turns.
type Rotation interface {
	Claims
	Occupancy
	Turns
	// Instant reports whether no method ever waits: then it may be asked within a call's own goroutine.
	Instant() bool
}

// Values are plain values that expire, shared by the nodes: where somebody's phone is registered, for one. Keys are
// "kind/name"; both parts are free of '/', and kinds are listed in keys.go.
type Values interface {
	// Put keeps a value for ttl, replacing what was there.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Get returns a live value; nil when there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// All returns the live values of a kind by name.
	All(ctx context.Context, kind string) (map[string][]byte, error)
	// Delete ends a value; for one that is not live it does nothing.
	Delete(ctx context.Context, key string) error
}

// Bus carries short messages between the nodes, at most once each: whoever was cut off meanwhile has missed some.
type Bus interface {
	// Publish hands a message to all who listen to the topic, this node included.
	Publish(ctx context.Context, topic Topic, message []byte) error
	// Listen calls hear for each message, one after another, until stop is called. It reconnects by itself; after a time
	// in which messages may have been missed hear gets nil. stop waits until hear has returned: it is not for use within hear.
	Listen(topic Topic, hear func(message []byte)) (stop func())
}

// Topic names what messages are about.
type Topic string

// The topics.
const (
	// TopicEvents carries live events of calls and tickets, JSON of dispatch.FeedEvent.
	TopicEvents Topic = "events"
	// TopicDirectory carries the version of the directory in force, JSON of dispatch.Version.
	TopicDirectory Topic = "directory"
	// TopicPhones says that the accounts of phones have changed; the message is empty.
	TopicPhones Topic = "phones"
)
