// Package store is the system of record: raw signals, tickets and their
// events, calls, timers and the outbox, and what several nodes need to agree
// (assignments of people, leases of nodes, the directory's definition, phone
// accounts, ids of changes), and people and schedules with the log of their
// edits, tokens and what shift care knows, in SQL. It implements
// dispatch.Store, Archive, Queue, Releaser, Arbiter, Nodes, Definitions,
// Numbered, Phones, Rotas, Tokens and Care on SQLite and on
// PostgreSQL, and on plain memory (Memory) for tests and as stand-in for a
// store that is away; one suite holds all three to the same behaviour.
//
// It must not decide anything about tickets: it checks versions and unique
// keys and keeps what it is told.
//
// # Writing
//
// One goroutine writes (Run). Changes that arrive while it is busy wait and
// share the next SQL transaction and its one fsync (group commit); each caller
// gets the result of his own change. A batch first runs bare; if a change of
// it fails, the batch is rolled back and repeated with a savepoint around each
// change. Reads go through a pool of their own and never wait for the writer.
// Nobody waits longer than his ctx, and a change whose caller has gone before
// it began is not carried out. One that had begun may be: a caller who must
// know gives it an ID and commits it again, which is ErrRepeated if it was.
//
// SQLite runs in WAL mode with synchronous=FULL: what Commit has returned for
// survives the power cut. Instants are int64 microseconds UTC. All methods may
// be called by any goroutine.
//
// # PostgreSQL
//
// With Config.URL the record is a database that nodes of any machines share.
// Statements are written once, with question marks; migrations once, or as a
// pair (see migrate.go). A transaction that writes takes an advisory lock
// first, so one writes at a time among all nodes; the server ends the session
// of one that does nothing for three seconds. After an error of a statement
// the transaction is lost: it is returned, never passed over. What the server
// undoes for the sake of another transaction is tried again. A commit whose
// answer is lost may have been done; changes have IDs for that. Copy brings a
// file there.
//
// # Several processes
//
// Any number of processes of one machine may work on one file (WAL needs
// shared memory, so never over a network file system). They open it one after
// the other under the lock file path.open, which they wait for up to
// Config.OpenWait, and wait for each other's writes up to Config.BusyWait, in
// steps of a millisecond. Config.Exclusive is for the
// only serving process of a file: it refuses to start beside another one, and
// ends the leases of the timers and notices of the last run; nodes that share
// a file let them lapse.
//
// # The rota
//
// A record of the rota is a JSON object of which the store understands nothing:
// it keeps the text but for white space between its parts, so that what a newer
// program wrote is not lost. One edit is one transaction: the revisions of all
// records that it was decided on are checked, its records are written with the
// new revision, and a line is added to the log with each record before and
// after. Revisions and EditedAt only grow. A removed record keeps its row,
// without a body, so that who decided on it is told. Lines are chained by
// SHA-256 over all of their columns; VerifyRota checks the chain, and that the
// edits together make the records.
//
// # The audit
//
// Lines of the audit are chained like those of the rota. VerifyAudit checks
// the chain, VerifyTickets the logs of all tickets. That the last lines are
// missing no chain can tell; whoever keeps a head elsewhere finds out.
//
// # Refusals
//
// What is wrong with a change itself comes as a sentinel of dispatch
// (ErrConflict, ErrRepeated, ErrNotFound and those of the arbiter and the
// nodes); a broken constraint and a value that can not be encoded are
// ErrConflict. Everything else means that the store refuses or does not answer:
// Away tells the two apart. A refused change has left nothing behind.
//
// Health says whether changes reach the disk; each turn is logged once. A
// commit that has been under way for two seconds counts as a fault before it
// ends, and so does a file that is no longer at its path: a commit to it is
// refused even if SQLite would take it. While there is a fault a probe tries
// the disk every two seconds; a connection that has failed is opened again,
// and so is a file that was put back. Open says with ErrNotNow that it may be
// tried again.
//
// The file and its companions are closed to everybody but their owner.
package store
