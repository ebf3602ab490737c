// Package reports is the life of the report that a client gets, and the page of
// a ticket for its client.
//
// # The life of a report
//
//	draft → curate, draft again → approve → send → opened → rated
//
// A draft is a version: its model is kept under its hash and never changed, the
// log says which versions there are. Curation changes how lines of the log stand
// in the next draft. The client sees approved versions alone. To approve is to
// release that very model; what is sent is what was approved, whatever has
// happened since. A version that was drafted again later can still be approved.
//
// # The page
//
// The page of a ticket has an address that nobody can guess: the ticket's id
// with a MAC of it (HMAC-SHA-256, 128 bits) under a secret that all nodes share.
// It opens that one ticket and nothing else. It shows what the client may know:
// stage, plan, the promised times, public lines, approved reports; never what
// another client has told, nor internal lines. It is looked at by programs too
// (mail scanners, previews of messengers), so looking changes nothing: that a
// report was opened, and a rating, come by an act of a person (POST).
//
// # What it must not know
//
// HTTP, SQL, the forms that channels give to messages. It decides nothing about
// tickets: facts go through the dispatcher. Instants are UTC. A Reports may be
// used by any number of goroutines.
package reports
