// Package vault keeps what clients said and sent: recordings of calls and
// attachments, encrypted on the disk (age, https://age-encryption.org/v1).
//
// # Keys
//
// The master key is a file that the vault makes at its first start and nobody
// else has: keep a copy of it somewhere else. Each organisation has a key of its
// own, kept in the record sealed to the master key; callers whom nobody knows
// share one. To seal needs the public half alone. To destroy the key of an
// organisation makes everything of theirs unreadable at once, on backups too.
//
// A lost master key is never replaced by a new one while anything is sealed by
// the old: the vault stays locked ([ErrLocked]). Locked, it opens nothing and
// seals nothing; recordings lie open until the file is back, for a recording
// that nobody can ever hear is worse than one that waits. The line answers calls
// all the same.
//
// # Recordings
//
// A recording is written in the clear while the call lasts and sealed when the
// call has ended: NAME.wav becomes NAME.wav.age. What is sealed is opened again
// and compared before the clear file goes. A crash at any moment leaves one of
// the two whole; the next round goes on. [Vault.Run] seals what the feed says
// has ended, and looks through the folder for what was missed.
//
// # Attachments
//
// An attachment is named by its SHA-256 and sealed by the key of the ticket's
// organisation; its type is judged by its content. The index is in the record.
//
// A file whose entry could not be written is found by the next look: it becomes an
// attachment of its ticket, named for its hash, so that its time ends as that of
// any other. What belongs to no ticket goes after a month.
//
// # How long
//
// By the contract of the organisation, counted from when the ticket was closed;
// never while its legal hold is on, and never while the ticket is open. Every
// removal is written into the audit before it is done.
//
// # What it must not know
//
// Tickets' logs, channels, SQL. Instants are UTC. A Vault may be used by any
// number of goroutines.
package vault
