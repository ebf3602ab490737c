// Package triage knows what an engineer asks and does first at 3 a.m.: the kinds of trouble behind the four red buttons, the check
// lists that find out how bad it is, the runbooks that stop the bleeding, and the words by which clients tell of them.
//
// # Terms
//
// A [Topic] is a kind of trouble (1C does not start, ransomware, no internet). It belongs to one red-button category and names its
// check lists, its runbooks and the skill that is wanted. Its phrases are how clients tell of it, in Russian and English; [Catalogue.Suggest]
// finds topics in a text. It suggests; the engineer decides.
//
// A [List] is a check list: questions, each with the type of its answer (yes or no, text, host, time). [Question.Read] makes of what
// somebody typed the canonical form that is logged, or says what is wrong with it. A [Runbook] is a list of steps; a step says what to
// do, how one sees that it worked, and what may go wrong. Lists and runbooks have versions, which the log keeps with each answer and
// step together with the words that were read out: a later version changes nothing that was said.
//
// # Files
//
// What ships with the program is embedded (data/*.yaml). [Parse] reads a file of the same form by an administrator, [Catalogue.With]
// lays it over: a list, runbook or topic of the same id is replaced, others are added.
//
// The package is pure: nothing is read from disk, and there is no clock. Values may be read by any goroutine; nobody changes them.
package triage
