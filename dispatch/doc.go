// Package dispatch is the dispatcher: every contact comes in as a Signal and
// leaves as a ticket, a Plan for the call and notices for people. Each verb is
// one unit of work: load, decide, commit. What is decided is pure and lives in
// decide.go; the shell around it holds the board of open tickets in memory,
// commits to the Store and tells the Feed.
//
// It knows tickets, clients, the rota and the paging policy. It must not know
// SIP, any channel, SQL, or how a notice is delivered: it commits notices to
// the outbox in the ticket's own transaction and holds no notifiers.
//
// Promises:
//
//   - A verb that returns nil has made its effect durable. A verb that returns
//     an error may still have had its effect (the store timed out); all verbs
//     are safe to repeat.
//   - One ticket per contact: Intake is idempotent on (channel, key), and a
//     caller whose ticket is open joins it.
//   - One page at least per open Critical ticket until it is acknowledged: a
//     page timer is written in the transaction that opens the ticket and moves
//     with it; nobody is paged for what is acknowledged or closed
//     (StillNeeded is asked before each send). One thing takes an
//     acknowledgement away: a later call of the open ticket that reached nobody,
//     or one that Vahta's own stop broke. Whoever has the ticket is paged first
//     then, and after him the chain, until somebody acknowledges anew.
//   - Plan reads memory only (the Directory) and never waits.
//
// Calls that Vahta itself cuts. A call that a dead process left open ends as
// CallBroken, recorded by the next start of its node or by another node that
// has taken it over (Nodes); whoever comes second changes nothing. The same
// change raises the page and asks for a recall: the client is rung back until
// he answers, and the ticket owes him a call until somebody has talked to him.
//
// Several nodes. They share the store, whose versions decide: a decision made
// on an old copy fails with ErrConflict and is made anew. The board is a copy.
// Events of other nodes (Feed) make it read a ticket again; what needs a page
// is decided on a fresh one. Whether a call of another node hunts is read from
// the calls in the store, not from events, which may be lost. A Keeper gives
// all nodes one Directory, which survives the store's absence.
//
// Who pages. While a call hunts, its ladder is the page. When it ends without
// a human, RecordOutcome makes the page timer due. dispatch/ticker wakes Wake,
// which steps the escalation machine (its state lives in the timer row) and
// commits the notices it asks for; dispatch/outbox delivers them through a
// Notifier and reports with RecordDelivery, which steps the machine again.
//
// The desk. What a person does with a ticket is one act (Amend and the verbs
// beside it): decided on the ticket and its log, committed with all that follows
// from it, and made once for each Author.Key. Most acts are possible while the
// record is away; what needs the whole log (a plan, a pause), opens a ticket by
// hand, or changes two tickets (Merge, Link) fails with ErrAway then.
//
// Messages to clients. A message is in the log before it is sent, with its
// notice; its Sent or Unsent follows. What fails for good goes out by the next
// way to the requester; when none is left, an alarm calls whoever has the
// ticket. Words that nobody has asked for (receipts, stages) are never a
// contact, go out only by channels that are up, and raise no alarm.
//
// Clocks. A timer stands at the next level of a ticket's clocks; what may move
// them makes it due at once. Each level is told once, by the key of its event.
// Alarms page beside the ladder, about Critical tickets only, as searches for
// specialists do: their keys take no ticket that somebody has.
//
// Instants are UTC with microseconds. A Dispatcher may be used by any number
// of goroutines.
package dispatch
