// Package phrase says in Russian what the rooms refuse.
//
// A refusal is born in English in the room that refuses, crosses the control socket as text, and is shown at the edge. The
// book here has each of them by its English format, as the source writes it; a text is matched with the formats, and
// what stood in place of their verbs is said in Russian in turn. What the book does not have stays as it is: a system's
// own words. Tests keep the book and the sources in step.
//
// All of it may be called by any goroutine.
package phrase
