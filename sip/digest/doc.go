// Package digest is the arithmetic of SIP's digest authentication, for both
// sides of it: [Client] answers challenges, [Server] makes them and judges the
// answers.
//
// It knows the syntax of WWW-Authenticate, Proxy-Authenticate, Authorization,
// Proxy-Authorization and Authentication-Info, the hashes, nonces and their
// counters. It must not know messages, transactions, addresses, accounts or
// what is done about a wrong password. It does no I/O: time and randomness come
// in as parameters.
//
// # Terms
//
// A challenge is what the server wants: a realm, a nonce, an algorithm, a
// quality of protection (qop). HA1 is the hash of user, realm and password in
// lower-case hex: it is all that a server needs to keep, and it is as secret as
// the password within its realm. The nonce count (nc) says how often a client
// has used a nonce; a server that insists on its rise makes a recorded answer
// worthless. A stale answer was right, but its nonce has had its time: the
// client asks nobody and answers the new challenge.
//
// # Algorithms
//
// MD5, SHA-256 and SHA-512-256, each with its -sess form. A client answers the
// strongest that it can of all challenges it is shown (RFC 8760 section 2.4
// leaves that to local policy), and skips algorithms, qops and schemes that it
// does not know. HA1 credentials can answer only the algorithms they were made
// for.
//
// # What a Server promises
//
//   - A nonce costs no memory until somebody has answered it rightly: it carries
//     its time and an HMAC over time, source and random bits.
//   - A right answer counts once: nc must rise strictly. At most MaxNonces
//     nonces are remembered; when one has to go, for want of room or because its
//     life is over, all unremembered nonces of its age become stale with it, so
//     that forgetting never admits a replay, whatever the clock does meanwhile.
//   - Unknown users get the same work and the same answer as wrong passwords:
//     the comparison is made against a HA1 that nobody's password has.
//   - Stale is said only of answers whose hash was right.
//
// # RFCs
//
// 7616 and 2617 (digest, with the form of RFC 2069 for servers that offer no
// qop), 8760 (SIP with SHA-256), 3261 section 22, 7615 (Authentication-Info;
// of it only nextnonce is used). Hashing of user names (userhash) is not
// offered and not used, which RFC 7616 leaves to the client.
//
// Client and Server may be used by several goroutines at once. Unit of time:
// time.Duration; nonces count microseconds.
package digest
