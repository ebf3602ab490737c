// Package report makes the report of a ticket that the client gets: what
// happened and when, what was done, how it ended, why it happened, and what
// should be done so that it does not happen again.
//
// # The way
//
//	log of the ticket → Build → Model → Layout → Document → Markdown, HTML, PDF
//
// A [Model] is all that one version of a report says, as plain values in one
// language. Its [Model.Hash] names it for ever: what was approved is what is
// sent. A [Seal] is what happened to a version afterwards: who approved it,
// when it was sent and opened. It is printed beside the model and is no part of
// it. [Layout] arranges a model in sections and blocks, so that all forms say
// the same in the same order.
//
// # What may be said
//
// Lines of the log are for the client or internal by their kind; a person may
// turn that for each line, or give it another wording or another time
// ([ticket.Curated]). The log's own line stays, and a line that is shown at
// another time says its own one too. [Rules] blacken secrets, identifiers of
// remote access and the names of other clients in everything that a report
// says, last of all and everywhere, whoever wrote it.
//
// Times are told in the client's zone; where the zone changes its offset within
// the report, each time says its offset.
//
// # What it must not know
//
// It is pure: no files, no clock, no store, no channel. Names of people and
// things come in as functions. All of it may be used by any number of
// goroutines.
package report
