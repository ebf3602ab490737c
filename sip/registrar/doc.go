// Package registrar keeps where the engineers' phones are: it takes their
// REGISTER, remembers the way back to each of them, looks whether that way still
// carries, and tells who a calling phone is.
//
// It knows accounts (plain values, from a record that it sees by an interface),
// bindings, digest challenges and NAT. It must not know calls, people's duties,
// tickets or SQL. Decisions are pure functions that get now: decide (what a
// REGISTER does to the bindings), life (when a phone is asked whether it lives),
// watch (whether a ringing phone is gone).
//
// # Terms
//
// An account is what a phone registers as: a user name, the person it belongs
// to, and HA1 (RFC 7616) for each algorithm; no password is kept anywhere. A
// binding (RFC 3261 section 10) is a Contact of an account with the flow that
// leads to it. Its reference outlives changes of address: the same phone at
// another port is the same binding. A kept flow is a connection that only the
// phone can open. A silent phone is one that used to answer OPTIONS and does not
// any more.
//
// # Rules
//
//   - RFC 3261 section 10.3: several contacts, q, the expires parameter before
//     the Expires header, `*` with Expires 0 alone, order by Call-ID and CSeq, all
//     contacts of a request or none. A lifetime is cut to MaxExpires; a shorter
//     one than MinExpires is refused with 423.
//   - A phone replaces its own binding: by +sip.instance and reg-id (RFC 5626
//     section 6), by Call-ID (a phone keeps it until it restarts), and by the
//     address it sends from (two phones cannot share one). Beyond MaxContacts the
//     binding that was refreshed longest ago goes.
//   - NAT: a phone is rung at the address that its REGISTER came from (RFC 3581),
//     by the listener that it came in by; the Request-URI stays the Contact it
//     wrote. Only a phone that asked for no rport and names the address it sends
//     from is rung at the port of its Contact. So a Contact never makes us send
//     anything to a third party. Connections are never dialled. Path (RFC 3327) is
//     ignored: nobody stands between us and the phones.
//   - Every 25 to 30 s each phone gets an OPTIONS, which also keeps its NAT open.
//     One that has ever answered and then misses three in a row is silent: it is
//     not rung until it answers again or registers.
//   - While a phone rings it gets an OPTIONS every 500 ms; one that is known to
//     answer and has not for 1.4 s is gone. So is at once a phone whose connection
//     has closed, whose binding has moved, or whose account was revoked.
//   - Unknown, revoked and wrong users get the same 401 for the same work, also
//     where RFC 3261 would have 403 or 404.
//   - Ten wrong passwords of one address for one user are answered, then none for
//     five minutes, unless that user's phone is registered at that address.
//   - A phone that asks again without having answered the challenges for several
//     algorithms is offered the last one alone: many old phones give up at a choice.
//   - An INVITE of a phone is challenged, unless it came by the connection that
//     registered; its From must be the account's. An account has MaxCalls calls of
//     its own at a time.
//
// # Several nodes
//
// Each node writes its own bindings to Values, under account@node, and reads
// those of the others every two seconds. A phone at another node is rung from
// here only when anybody can reach it: by UDP, and not behind a NAT. Own bindings are
// also in a local file (with the accounts), so that a restart rings UDP phones at
// once, and so that phones may register while the record is away.
//
// # RFCs and units
//
// 3261 (10, 19.1.4, 20.10, 22), 3581, 5626 (instances; not its flow tokens),
// 7616 and 8760 by sip/digest. Durations are time.Duration; lifetimes on the wire
// are whole seconds. All exported methods may be called by any goroutine; Handle
// and Authenticate run in a Call-ID's mailbox and never wait.
package registrar
