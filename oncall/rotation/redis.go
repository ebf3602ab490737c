package rotation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is the rotation that several nodes share. It answers with an error when Redis does not; Switch goes on then.
//
// All claims are judged by the server's clock and given their tokens by one script. When the server may have forgotten
// claims, nobody gets anything until the epoch is raised, so that no token is given twice (scripts/claim.lua).
type Redis struct {
	// set at New
	client  redis.UniversalClient
	scripts scripts
	record  func(ctx context.Context) (uint64, error) // raises the epoch in the record; nil without one
	log     *slog.Logger
	forgot  func(ctx context.Context) error // after the epoch was raised because claims may be lost: write them again
	raised  func()                          // another node has raised the epoch because claims may be lost
	sender  string                          // tells our messages from others'
	hub     *hub

	raising chan struct{} // held by the one who raises the epoch
	known   known
}

var (
	_ Rotation = (*Redis)(nil)
	_ Values   = (*Redis)(nil)
	_ Bus      = (*Redis)(nil)
)

// NewRedis checks the configuration and connects to nothing yet. Messages of other nodes are heard while Run runs.
func NewRedis(cfg Config, deps Deps) (*Redis, error) {
	if !cfg.Enabled() {
		return nil, errors.New("redis.url: none is configured")
	}
	client, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	r := newRedis(client, deps)
	return r, nil
}

func newRedis(client redis.UniversalClient, deps Deps) *Redis {
	log := deps.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Redis{
		client: client, scripts: loadScripts(), record: deps.Epoch, log: log, sender: newSender(), hub: &hub{log: log}, raised: func() {},
		raising: make(chan struct{}, 1),
	}
}

// Close closes the connections.
func (r *Redis) Close() error { return r.client.Close() }

// Instant reports false.
func (r *Redis) Instant() bool { return false }

// tries bounds how often one claim is asked again after a rewound epoch or a left-over attempt.
const tries = 4

var errUnsettled = errors.New("the epoch does not settle")

// Claim takes the first free candidate.
func (r *Redis) Claim(ctx context.Context, req ClaimRequest) (Claim, bool, error) {
	if err := req.Validate(); err != nil {
		return Claim{}, false, err
	}
	return r.acquire(ctx, req)
}

// acquire is Claim for requests that may have no candidates left: they may hold somebody already.
func (r *Redis) acquire(ctx context.Context, req ClaimRequest) (Claim, bool, error) {
	for range tries {
		c, ok, again, err := r.claim(ctx, req)
		if err != nil || !again {
			return c, ok, err
		}
	}
	return Claim{}, false, fmt.Errorf("claim: %w", errUnsettled)
}

// claim asks once; again says that something was mended and the claim is to be asked anew.
func (r *Redis) claim(ctx context.Context, req ClaimRequest) (c Claim, ok, again bool, err error) {
	ttl, turns := req.TTL, time.Duration(0)
	if ttl <= 0 {
		ttl = DefaultTTL
	}
	if req.Track != "" {
		turns = turnTTL
	}
	known := r.known.get()
	keys := []string{keyEpoch, keyFence, keyAttempt(req.Call, req.Attempt), keyTurn(req.Track)}
	args := []any{epochOf(known), known & counterMask, ms(ttl), ms(turns), req.Call, req.Attempt}
	for _, person := range req.Candidates {
		if !slices.Contains(req.Tried, person) {
			keys, args = append(keys, keyClaim(person)), append(args, person)
		}
	}
	reply, err := r.scripts.claim.Run(ctx, r.client, keys, args...).StringSlice()
	if err != nil {
		return c, false, false, fmt.Errorf("claim: %w", err)
	}
	switch what := reply[0]; {
	case what == "none":
		return c, false, false, nil
	case what == "rewound":
		return c, false, true, r.recoverEpoch(ctx)
	case len(reply) < 3:
		return c, false, false, fmt.Errorf("claim: reply %q", reply)
	case what == "elsewhere":
		return r.elsewhere(ctx, req, reply[1], reply[2])
	}
	c, err = claimOf(req, reply[1:])
	if err == nil {
		r.known.seen(c.Token)
	}
	return c, err == nil, false, err
}

// claimOf makes a claim of token, person and ttl.
func claimOf(req ClaimRequest, reply []string) (Claim, error) {
	token, err := parseToken(reply[0])
	if err != nil {
		return Claim{}, err
	}
	ttl, err := strconv.ParseInt(reply[2], 10, 64)
	if err != nil {
		return Claim{}, fmt.Errorf("ttl of a claim: %w", err)
	}
	return Claim{Call: req.Call, Attempt: req.Attempt, Person: reply[1], Token: token, TTL: time.Duration(ttl) * time.Millisecond}, nil
}

// elsewhere looks whether the attempt really holds somebody who is not among its candidates any more.
func (r *Redis) elsewhere(ctx context.Context, req ClaimRequest, token, person string) (c Claim, ok, again bool, err error) {
	held, err := r.client.HMGet(ctx, keyClaim(person), "token", "ttl").Result()
	if err != nil {
		return c, false, false, fmt.Errorf("claim: %w", err)
	}
	if held[0] == token {
		ttl, _ := held[1].(string)
		c, err = claimOf(req, []string{token, person, ttl})
		return c, err == nil, false, err
	}
	// a left-over: the person's claim ended without its attempt
	return c, false, true, r.free(ctx, keyClaim(person), keyAttempt(req.Call, req.Attempt), keyAccepted(req.Call), token, person)
}

// state is what Redis knows of a claim.
type state string

const (
	live   state = "live"
	absent state = "absent" // it ran out, or was forgotten
	other  state = "other"  // somebody else has the person
	taken  state = "taken"  // of accepting: another claim of the call has won
	won    state = "won"    // of accepting
)

// Renew gives a live claim its TTL again.
func (r *Redis) Renew(ctx context.Context, c Claim) error {
	s, err := r.renew(ctx, c)
	if err == nil && s != live {
		return ErrLost
	}
	return err
}

func (r *Redis) renew(ctx context.Context, c Claim) (state, error) {
	keys := []string{keyClaim(c.Person), keyAttempt(c.Call, c.Attempt), keyAccepted(c.Call)}
	return r.state(ctx, "renew", r.scripts.renew, keys, formatToken(c.Token), c.Person, c.Call)
}

// state runs a script that answers with one.
func (r *Redis) state(ctx context.Context, what string, script *redis.Script, keys []string, args ...any) (state, error) {
	s, err := script.Run(ctx, r.client, keys, args...).Text()
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return state(s), nil
}

// Release ends a claim.
func (r *Redis) Release(ctx context.Context, c Claim) error {
	return r.free(ctx, keyClaim(c.Person), keyAttempt(c.Call, c.Attempt), keyAccepted(c.Call), formatToken(c.Token), c.Person)
}

func (r *Redis) free(ctx context.Context, claim, attempt, accepted, token, person string) error {
	if err := r.scripts.release.Run(ctx, r.client, []string{claim, attempt, accepted}, token, person).Err(); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// Valid reports whether the claim is live.
func (r *Redis) Valid(ctx context.Context, c Claim) bool {
	s, err := r.look(ctx, c)
	return err == nil && s == live
}

func (r *Redis) look(ctx context.Context, c Claim) (state, error) {
	held, err := r.client.HMGet(ctx, keyClaim(c.Person), "token", "call").Result()
	switch {
	case err != nil:
		return "", fmt.Errorf("look at a claim: %w", err)
	case held[0] == nil:
		return absent, nil
	case held[0] != formatToken(c.Token) || held[1] != c.Call:
		return other, nil
	}
	return live, nil
}

// Claimed reports whether a person has a live claim.
func (r *Redis) Claimed(ctx context.Context, person string) (bool, error) {
	n, err := r.client.Exists(ctx, keyClaim(person)).Result()
	if err != nil {
		return false, fmt.Errorf("look for a claim of %s: %w", person, err)
	}
	return n > 0, nil
}

// Accept makes the claim the winner of its call unless another live claim is.
func (r *Redis) Accept(ctx context.Context, c Claim) (bool, error) {
	s, err := r.accept(ctx, c)
	return s == won, err
}

func (r *Redis) accept(ctx context.Context, c Claim) (state, error) {
	keys := []string{keyClaim(c.Person), keyAccepted(c.Call)}
	return r.state(ctx, "accept", r.scripts.accept, keys, formatToken(c.Token), c.Person, c.Call)
}

// forget takes back what an unanswered request may have claimed, unless keep is what it got.
func (r *Redis) forget(ctx context.Context, call, attempt string, keep Claim) error {
	held, err := r.client.Get(ctx, keyAttempt(call, attempt)).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return nil
	case err != nil:
		return fmt.Errorf("look at an attempt: %w", err)
	case len(held) < tokenDigits:
		return nil
	}
	token, person := held[:tokenDigits], held[tokenDigits:]
	if person == keep.Person && token == formatToken(keep.Token) {
		return nil
	}
	return r.free(ctx, keyClaim(person), keyAttempt(call, attempt), keyAccepted(call), token, person)
}

// adoptMost bounds what one script writes, so that it holds up nobody.
const adoptMost = 64

// adopt writes claims that this node holds, and returns those that others have meanwhile.
func (r *Redis) adopt(ctx context.Context, held []holdingCopy) (lost []Claim, err error) {
	for chunk := range slices.Chunk(held, adoptMost) {
		var keys []string
		var args []any
		for _, h := range chunk {
			c := h.claim
			keys = append(keys, keyClaim(c.Person), keyAttempt(c.Call, c.Attempt), keyAccepted(c.Call))
			args = append(args, formatToken(c.Token), c.Person, c.Call, c.Attempt, ms(c.TTL), ms(h.left), flag(h.won))
		}
		states, err := r.scripts.adopt.Run(ctx, r.client, keys, args...).StringSlice()
		if err != nil {
			return lost, fmt.Errorf("write claims again: %w", err)
		}
		for i, s := range states {
			if state(s) != live {
				lost = append(lost, chunk[i].claim)
			}
		}
	}
	return lost, nil
}

// ms is a time as scripts take it, at least 1 unless it is none.
func ms(d time.Duration) int64 {
	if d > 0 && d < time.Millisecond {
		return 1
	}
	return d.Milliseconds()
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
