// Package library finds tickets and articles by words, and is where articles are
// written: load, decide (package kb), commit.
//
// The index lies in the store and follows the logs: Run reads the lines that are
// new there, makes terms of them, and writes these back, some seconds behind at
// most. So no ticket waits for it, it survives anything by being made anew, and
// whichever node comes first does the work: a repeat changes nothing.
//
// A question finds the texts that have all of its words; if there are none, those
// that have most of them, and the answer says so. What is similar to a ticket is
// what shares the rarest words of its story with it, and the articles that are
// linked to its category and assets.
//
// It must not know SQL, transport or screens. A question carries the organisation
// that asks, if one does: it sees its own tickets, and of articles only those that
// are public and not about others. All methods may be called by any goroutine.
package library
