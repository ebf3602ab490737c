package rotation

import (
	"strconv"
	"time"
)

// prefix stands before all keys. The braces put them into one slot of a Cluster: a claim touches person, call, turn and
// fence at once, and a person may serve several hotlines. The volume is tiny.
const prefix = "{vahta}:"

// The keys without a name in them.
const (
	keyEpoch = prefix + "epoch"
	keyFence = prefix + "fence"
	keyProbe = prefix + "probe"
)

// turnTTL is how long a track that nobody rings remembers its turns.
const turnTTL = 90 * 24 * time.Hour

// probeTTL keeps the key of the probe from staying behind a node that is gone.
const probeTTL = 10 * time.Second

// The kinds of values that nodes share.
const (
	// KindBinding holds where phones are registered, by account@node: each node writes what it holds itself.
	KindBinding = "binding"
	// KindNode holds what a node says about itself, by the node's name.
	KindNode = "node"
	// KindSelfTest holds self-tests of lines that are under way, by their ids; KindSighting what the node saw to which the
	// call came; KindOutage the ticket about a line that fails them, by the operator's name.
	KindSelfTest = "selftest"
	KindSighting = "sighting"
	KindOutage   = "outage"
)

// KeyDoc describes one family of keys.
type KeyDoc struct {
	Shape  string // words in <> stand for any bytes
	Type   string // as Redis calls it
	Holds  string
	TTL    string
	Writer string // which operation writes it
}

// Keys lists everything this package keeps in Redis. What is not in the list is not ours; a test compares.
// Any of it may vanish or go back at any moment.
func Keys() []KeyDoc {
	return []KeyDoc{
		{keyEpoch, "string", "epoch of the tokens, a blank, the run id of the server it was written on", "none", "raising the epoch"},
		{keyFence, "string", "counter of the tokens within the epoch", "none", "Claim"},
		{keyProbe, "string", "1; proves that the server takes writes", "10 s", "each node, once a second"},
		{prefix + "claim:<person>", "hash", "token, call, attempt, ttl in ms, won (the accept key counted)", "of the claim, 30 s, renewed every 10 s", "Claim, Renew, Accept"},
		{prefix + "attempt:<length of call>:<call>:<attempt>", "string", "token (21 digits) and person of the attempt's claim", "of the claim", "Claim, Renew"},
		{prefix + "accepted:<call>", "string", "token (21 digits) and person of the claim whose accept key counted", "of that claim", "Accept, Renew"},
		{prefix + "turn:<track>", "sorted set", "person by the time of the last assignment, in µs of the server's clock", "90 days after the last claim", "Claim"},
		{prefix + "away:<person>", "string", "1 while somebody says to be away", "45 s", "SetPresence"},
		{prefix + "values:<kind>", "hash", "name to the instant of its end (16 digits, ms of the server's clock) and the value", "of the value that lives longest", "Put"},
		{prefix + "topic:<topic>", "channel", "m or g, 16 bytes of who sent it, the message; g: messages were lost", "", "Publish"},
	}
}

func keyClaim(person string) string { return prefix + "claim:" + person }

// keyAttempt tells (a:b, c) from (a, b:c) by the length.
func keyAttempt(call, attempt string) string {
	return prefix + "attempt:" + strconv.Itoa(len(call)) + ":" + call + ":" + attempt
}

func keyAccepted(call string) string { return prefix + "accepted:" + call }

func keyTurn(track string) string { return prefix + "turn:" + track }

func keyAway(person string) string { return prefix + "away:" + person }

func keyValues(kind string) string { return prefix + "values:" + kind }

const topicPrefix = prefix + "topic:"
