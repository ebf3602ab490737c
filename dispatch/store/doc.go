// Package store is the system of record: raw signals, tickets and their
// events, calls, timers and the outbox, in SQL. It implements dispatch.Store,
// dispatch.Archive and dispatch.Queue on SQLite, and on plain memory for tests
// (Memory); one suite holds both to the same behaviour.
//
// It must not decide anything about tickets: it checks versions and unique
// keys and keeps what it is told.
//
// One goroutine writes (Run). Changes that arrive while it is busy wait and
// share the next SQL transaction and its one fsync (group commit); each caller
// gets the result of his own change. A batch first runs bare; if a change of
// it fails, the batch is rolled back and repeated with a savepoint around each
// change. Reads go through a pool of their own and never wait for the writer.
//
// Health says whether changes reach the disk; each turn is logged once. The
// file and its companions are closed to everybody but their owner.
//
// SQLite runs in WAL mode with synchronous=FULL: what Commit has returned for
// survives the power cut. Instants are int64 microseconds UTC. All methods may
// be called by any goroutine.
package store
