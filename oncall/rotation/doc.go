// Package rotation is the live side of duty: who is being rung or talking right now, and whose turn it is among equals.
//
// It knows people only by ID and calls only by name. It must not know schedules' rules: callers bring candidates in order,
// from oncall's Chain. Nothing in it is a record; every value may vanish at any moment and the product stays correct.
//
// # Terms
//
//   - Claim: the right of one attempt of one call to ring one person. A person has at most one live claim.
//   - Token: the fencing number of a claim. Tokens only grow, so a later claim on the same person is known to be later;
//     whoever acts on a claim (sends an INVITE, bridges) asks Valid first and loses to the higher token.
//   - Lost: a claim that ran out of time, was released, or was superseded. Renew then returns ErrLost. It means: dial nobody
//     new on this claim. It does not mean: cut a conversation; two people who talk go on talking.
//   - Accept: the accept key was pressed. Among the live claims of one call the first Accept wins, by compare and set; the
//     others are told so and release theirs. When the winner releases, the call may be accepted again.
//   - Turn: people tried by the same track are ordered by least recently assigned, which survives edits of the rota.
//   - Presence: what somebody says about themselves. Away moves a person down in Order; it never excludes. Saying nothing, or
//     no longer, is no statement: a person with only a telephone must be called all the same.
//
// # One node, several nodes
//
// Memory is the rotation of one node. Redis is the one that several share: every change is one script (scripts/), judged by
// the server's clock; every key is documented in keys.go. Switch is what the product uses: Redis while it answers within its
// budget, else the memory of this node, and back by itself. A Claim that this node granted without Redis is Local.
//
// Redis may forget: it is flushed, comes back older, or a replica takes over that has not heard the last writes. So a token
// is an epoch and a counter (token.go). The counter lives in Redis; the epoch is raised in the record, when the claims may
// have been forgotten (the epoch is gone or lower than known, the counter went back, another server answers than the one
// the epoch was written on), and each time a node falls to memory and comes back. Nothing is granted before; and then each
// node writes the claims it holds again. Of two claims on one person the one whose accept key counted stays, else the
// higher token; the other is lost.
//
// What neither can see, two nodes that were parted and claim the same person, is for the caller's arbiter to refuse.
//
// # Simultaneous ringing
//
// A call that rings a whole tier makes one claim per person, each with an attempt of its own and that person as the only
// candidate, and calls Accept with the claim whose key was pressed.
//
// # Concurrency
//
// Every method may be called by any number of goroutines. No implementation blocks longer than its ctx allows; the
// memory one never waits for anything. The caller renews: a claim lives for the TTL it asked for (DefaultTTL) and is to be
// renewed every third of it while it rings or talks.
package rotation
