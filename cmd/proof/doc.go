// Command proof breaks what Vahta stands on and looks from outside whether the
// line goes on: the failure drills.
//
// Each drill starts the real program (bin/vahta) with a configuration of its
// own, in a folder of its own, on free ports; real redis-server,
// redis-sentinel and sqlite3 beside it; scripted callers and engineers. An
// oracle remembers every call that was made and what was acknowledged for it,
// and afterwards holds the record against its memory. Faults are injected from
// outside: signals, a proxy that delays, files that are moved, disks that are
// full, limits of the kernel. Vahta has no hook for any of this.
//
// # What is printed
//
// One JSON line per figure on standard output: name, value, unit, goal, holds.
// What happens meanwhile goes to standard error. The exit code is 1 when a
// figure does not hold or a drill could not be run.
//
// # Repeating
//
// All choices come from one seed, which is printed; -seed repeats them. The
// instants of a real machine are never quite the same, so a seed repeats the
// plan, not the race.
//
// # Words
//
// A world is the nodes, phones and servers of one drill. A contact is one call
// of the oracle; each has a caller's number of its own, so that a ticket can be
// found for it. Acknowledged is what Vahta has said to somebody outside: a 200
// to the caller, or an event that a webhook has received.
package main
