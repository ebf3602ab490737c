// Package outbox delivers the notices that the dispatcher commits. It claims
// due notices under a lease, asks right before each page whether it is still
// needed, hands the notice to the notifier of its channel and records every
// try.
//
// Delivery is at least once; a notice's ID lets the receiver drop repeats.
// Errors are temporary unless they wrap dispatch.ErrPermanent. An event is
// tried again after a pause that doubles up to a limit, with jitter, until it
// is too old. A page is tried once: what comes next after a failure is the
// escalation's decision, and RecordDelivery tells it at once.
//
// While a receiver of events fails, one notice at a time tries it, with pauses
// that grow up to five minutes; the others wait for it. The log tells when a
// receiver begins to fail and when it takes notices again, not each try.
//
// Nobody is paged more often than people bear (Limits). The pages that went out
// are counted in the store, for all nodes and across restarts; while it does not
// answer, by memory. What is held back is put off, told with the next page, or
// given to the next person: see Limits.
//
// A recall, which rings a client whose call was cut, is tried at once and then
// every 15 s until he answers: three times at least, five at most. Each time it
// is asked anew whether it is still needed.
//
// A call about a shift is tried once; its desk decides whether it is tried again.
//
// A message to a client is tried like an event, but for minutes only: then it
// has failed for good and its desk sends it by another channel. A channel that
// nobody has set up fails so at once.
//
// Pages, recalls, messages to clients, events and calls about shifts have lanes
// of their own, so that a dead subscriber never delays a page, and a page no
// client. Order between notices is not kept.
//
// It must not know what a notice says or how a channel works. Run owns all
// goroutines; Wake and Withdraw may be called by any.
package outbox
