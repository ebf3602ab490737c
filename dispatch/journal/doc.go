// Package journal keeps the line's record going while the store does not take
// it. Its Store stands before the SQL store: every change goes through it. While
// the SQL store answers, the journal only passes on. When the SQL store refuses,
// is not there yet, or does not answer within the budget, the journal is away:
// changes are judged by an overlay in memory, written to a local file and
// synced, and brought to the SQL store later, in order and exactly once.
//
// It knows changes and their order. It must not know SQL, calls or channels, nor
// decide anything about tickets: what a change means for a ticket that looks
// different by now is dispatch.Rebase.
//
// # Promises
//
//   - Commit that returns nil has made the change durable, in the SQL store or in
//     the file. An error means that neither is known to have it.
//   - A change is in the SQL store once, however often it was tried: it has its
//     ID before the first try, and the SQL store remembers IDs.
//   - The changes of one ticket reach the SQL store in the order in which they
//     were taken. What two tickets have to do with each other (one party, one
//     signal) the overlay judges in one order, too.
//   - The first caller who meets the fault waits for the budget; those who wait
//     with him turn at once, and nobody waits after that, until the SQL store
//     answers again: while many changes wait for it, the callers of new ones are
//     slowed down by half the budget, and the last ones are brought, and the file
//     is emptied, while new ones wait, for half the budget; longer when the file
//     is half full. So the replay ends however many write. All else goes on.
//   - An event is told to subscribers when what it tells of is durable; it stands
//     then. After a kill the file's facts are known before they are in the SQL
//     store: nobody records them again.
//   - What was judged but could not be written (a disk error) is an error to its
//     caller, and nothing that may rest on it is told or acknowledged before it
//     has been written.
//   - A received signal that is no call is not kept while away: ErrAway tells its
//     sender to try again. The file is for callers, who can not.
//   - A change that can never be applied does not hold up the others: its facts
//     are kept, its decision becomes a note in the ticket's log. What has no
//     ticket is logged and kept in the file beside the journal (.rejected). Only
//     the SQL store's answer to the very change (ErrConflict, ErrNotFound) counts
//     as that. A refusal, a full disk or silence never does, however often it comes.
//
// # The file
//
// One file of a fixed size (Config.Size), made and filled with zeros once, so
// that a full disk still takes calls and a sync writes data only. Numbers are
// little endian; a record begins at a multiple of 8.
//
//	0      head A   magic "VAHTAJ1\n" · length u32 · crc32c u32 · JSON of head
//	4096   head B   the same; the one with the higher Serial counts
//	8192   records  length u32 · crc32c u32 · generation u64 · sequence u64 · JSON of a change
//	…      zeros, or records of older generations
//
// The checksum of a record covers generation, sequence and body. A record counts
// when its checksum is right and its generation is the head's. When all records
// are in the SQL store, the head gets the next generation: that empties the file
// in one write; the other head follows. The head also holds the blocks of ticket numbers that this node
// has reserved.
//
// What is synced when: the records of all callers who wait together, with one
// fdatasync, before any of them returns; the head (blocks, generation) before
// Keep returns, and before the journal passes changes on again.
//
// # What happens on
//
//   - a torn tail: the record was never acknowledged; it is not read and written over.
//   - a wrong checksum with good records behind it: the good ones count, the gap
//     is logged as an error and stays in Status until the file is empty.
//   - a page that the disk cannot read: it counts as zeros, which is logged.
//   - one head damaged: the other counts. Both name the same generation, unless the
//     power went between their two writes. It may be the older one; so records of
//     the generation after its own count when there are any, else those of its own,
//     which the SQL store recognises, and its blocks count as begun.
//   - both heads damaged: the file is moved aside (.damaged), an empty one is made.
//   - a full file: Commit fails with ErrFull until the SQL store is back. Nothing
//     that was taken is lost.
//   - a full disk: nothing; the room was taken at the first start. When it
//     cannot be taken then, Open fails and says so.
//   - a restart, also by kill -9: Open reads the file, the overlay is made from it, and
//     Run brings the rest to the SQL store; what was brought there before is
//     recognised by its ID.
//   - several nodes, and a SQL store that is slow or away for one of them: it hands
//     out no page and no timer for ten seconds, for the others may be doing just
//     that. In a longer outage each node pages by what it knows itself, and two may
//     call one person: a page too many is better than none. A node that slept
//     waits anew.
//   - several nodes at the end of such an outage: what a node has delivered, and what
//     was acknowledged with it, goes to the SQL store first, but another node may
//     ask for pages in that quarter of a second. A person is called once more then.
//   - a SQL store that refuses one change and takes others: that change and those
//     behind it in its lane wait and are tried each second; the others go on. The
//     journal stays away until all are brought, and says why in Status.
//   - no SQL store at start: the journal begins away. Attach names the SQL store later.
//   - a downgrade: a file with another magic is refused by Open, as the newer
//     program must empty it first. A change of a kind that this program does not
//     know is kept in the .rejected file.
//
// All methods may be called by any goroutine; Attach and Close not at the same
// time as each other.
package journal
