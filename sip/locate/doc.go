// Package locate finds the servers of a SIP domain (RFC 3263): from a name to transports, ports and addresses, in the
// order in which they are to be tried.
//
// It knows NAPTR, SRV (RFC 2782), A and AAAA, what they say together, how long it holds, and what to do while DNS is
// away. It must not know operators, calls or SIP messages.
//
// A call never waits for DNS. A [Locator] is told beforehand which names matter ([Locator.Watch]); it asks for them in
// the background, asks again before an answer's time is over, and [Locator.Targets] reads memory. When DNS does not
// answer, the last answers stay in force, for days if need be, and a small checksummed file brings them over a restart.
// An answer that there is nothing (any more) does not take the last servers away either: an emergency line would rather
// try an old address than none.
//
// Nobody who writes or poisons a zone can aim us inward: loopback, link-local, group and broadcast addresses are not taken
// from DNS, but that names which are never public (localhost, test) may lead to this machine. The configuration and, for a
// configured name, the hosts file may.
//
// Terms. A [Query] is what is known of the peer: a host, and perhaps port and transport, which by RFC 3263 §4 decide what
// is asked. A [Plan] is what DNS says to it: servers with priorities and weights. A [Target] is one address to send to.
// Priorities and weights are those of RFC 2782; times to live are bounded both ways by [Config].
//
// [Plan.Targets], the reading of answers and the walk from query to plan are pure; randomness comes in as a parameter.
// The shells are [Client], which asks name servers, and Locator, which owns its goroutines in [Locator.Run]. Methods may
// be called concurrently.
package locate
