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
// A flow is a transport with a local and a remote address; every message came
// from one and goes to one. A source is the remote address of a flow; its Class
// decides whether it hears anything from us. A mailbox is the queue of one
// Call-ID.
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
// Accepted TCP connections are bounded, in all and per source, by the descriptors
// the process may open, so that idle ones never starve calls. A newcomer takes the
// place of the oldest connection that has never sent a request; the same one is
// given up when accepting fails for lack of descriptors.
//
// # RFCs
//
// 3261 (core, transactions), 3581 (rport), 4475 (torture messages), 5626
// section 3.5.1 (CRLF keep-alive), 6026 (INVITE 2xx). Units: durations are
// time.Duration, sizes are bytes.
package wire
