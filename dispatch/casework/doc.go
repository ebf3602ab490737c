// Package casework is what an engineer does with a ticket, as commands and programs carry it: one order for each act, one sight of
// all that there is to see.
//
// An [Order] names the ticket, the author and one act; [Worker.Carry] checks what only the catalogue of check lists and the clients'
// cards can tell (is that a question of the list, is the answer of its type, is there such an access) and hands the act to the
// dispatcher, which decides. A [Sight] is the dossier with its clocks, the topics that the texts suggest, the check lists and
// runbooks with what was answered and done.
//
// To look up where a secret is kept is written into the audit first and into the ticket's log then: while the record is away it is
// refused.
//
// The package must not know how orders arrive (HTTP, socket, command line) nor how a sight is drawn. A [Worker] may be used by any
// number of goroutines.
package casework
