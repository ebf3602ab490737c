// Package kb is the knowledge base: articles with versions, and how texts are
// found by words. It is pure: no I/O and no clock.
//
// It must not know tickets, clients or the store. The index lies in the store,
// which keeps the terms that this package makes and understands nothing of them.
// So both engines find the same, and the way of reading texts can be tested
// without either.
//
// Terms. A term is what a text is found by: the stem of a word (Snowball, Russian
// or English by its letters, ё as е), or a thing that is found exactly: a telephone
// number in its digits with country code, a host, an address, a number of a ticket.
// Of an exact thing its parts are terms too, so that romashka finds
// srv-1c.romashka.local. Letters of both alphabets that look alike are one in short
// names with digits: 1С is found by 1C. Words that every text has are no terms.
//
// A text is read into the set of its terms (Terms), a question into the terms
// that a text must have (Question). Which of the texts that have them comes first is decided
// by Rank; Similar chooses what of a text is worth looking for.
//
// All functions may be called by any goroutine.
package kb
