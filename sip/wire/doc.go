// Package wire is the SIP edge: it turns datagrams and byte streams into
// requests, responses and transactions, and back.
//
// It knows listeners, sources, limits, message syntax and RFC 3261 section 17
// transactions. It must not know dialogs, calls, trunks, tickets or people.
// It is the only package that imports sipgo, of which it uses the parser, the
// transports' read loops and the transaction state machines; everything that
// sipgo's server and client add on top of these is replaced here.
//
// # Terms
//
// A flow is a transport with a local and a remote address, and for TLS a
// profile; every message came from one and goes to one. The local address names
// the listener: by it a request leaves, and Via and Contact name it. A kept flow
// is only what is open already; an accepted one, once it is gone, is what its
// Instead says. A source is the remote address of a flow; its
// Class decides whether it hears anything from us. A guest is a source that may
// register and nothing else. A mailbox is the queue of one Call-ID.
//
// # Order and concurrency
//
// All inputs of one Call-ID (requests, responses, timer expiries, transport
// faults) and all callbacks that they cause (Handler, the `on` function of
// Edge.Send) run one after another in the order of arrival, in that Call-ID's
// mailbox. Different Call-IDs run in parallel. Callbacks must not block.
// Methods of Edge, ServerTx and ClientTx may be called from any goroutine.
// A Request or Response belongs to one goroutine at a time.
//
// # What happens before a Handler sees a request
//
// Admission by source (unknown: silence), a token bucket per source (with a
// second, larger one for what belongs to live calls), a scan of
// the raw bytes (framing, limits, duplicated or missing headers), sipgo's
// parser, validation (400, 405, 406, 414, 415, 416, 420, 483, 501, 505, 513),
// transaction matching (retransmissions are absorbed, a CANCEL waits up to
// 500 ms for its INVITE). A panic, here or in a callback, is recovered and
// costs the request at hand a 500 answer, nothing else.
//
// # Connections
//
// TCP and TLS connections, accepted and dialled, share one machinery: framing,
// caps, keep-alives. They are found by profile and remote address, in both
// directions. Accepted ones are bounded, in all and per source, by the descriptors
// the process may open, so that idle ones never starve calls. A newcomer takes the
// place of the oldest connection that has never sent a request; the same one is
// given up when accepting fails for lack of descriptors. Guests have a small share
// of their own and are dropped when they have not registered in time; what all of
// them may do has a part set aside for networks from which somebody has registered in
// the last week and since the start. What waits for
// an answer on a connection that dies fails at once, whatever it has heard so far.
//
// A listener for TLS shows its certificate and may ask for one; a profile says how
// connections to one operator are opened. Files are looked at once a minute; what
// cannot be used leaves in force what was before it. Who comes back resumes the
// session. Nothing is said below TLS
// before a client hello; no protocol is negotiated (ALPN), no secret is logged.
//
// A request that may not fit a packet goes by TCP to the same peer if it takes the
// connection, else by UDP in fragments. ICMP is believed only where it quotes method
// and branch of a request of ours.
//
// # RFCs
//
// 2474 (DSCP), 3261 (core, transactions), 3581 (rport), 4475 (torture messages),
// 5621 (multipart bodies), 5626 section 3.5.1 (CRLF keep-alive), 6026 (INVITE
// 2xx), 8446 and 5246 (TLS). Units: durations are time.Duration, sizes are bytes.
package wire
