// Package privacy answers for one person on the side of a client: what is kept of
// them, all of it in one archive, and its erasure.
//
// # Who a person is
//
// A contact of a card (ORG/CONTACT), or a number or an address that stands on no
// card. A party of a ticket is the person when the log says so, or when its
// address is theirs alone: what several people share is nobody's.
//
// # What is erased
//
// Of each closed ticket of theirs: recordings of their calls, files that nobody
// else has sent, their words, what was written to them, their name, number and
// address wherever the log has them, the bytes of their signals. Then the card,
// and the card as it was in the log of edits. Logs are chained by hashes and keep
// their lines; the audit says which of them have lost words (dispatch.Erasing), so
// that a check tells an erasure from an alteration.
//
// # What stays
//
// Everything under legal hold; tickets that are open, with the card, because an
// engineer has to know who asks; what another node has on its disk; reports that
// were made, as documents between two companies; the audit; backups until they
// expire. A plan names each of them (Stay).
//
// # What it must not know
//
// SQL, files, channels, the command line. Each act is written into the audit
// before it is done. Instants are UTC. A Privacy may be used by any number of
// goroutines.
package privacy
