// Package desk is what the commands ask of Vahta: tickets and calls to list and show, decisions to make.
//
// When a server runs on the data folder, the commands ask it over its control socket (HTTP on a Unix socket that only the
// server's user may open), so that its memory, its paging and its live feed hear of every decision. When none runs, they
// open the record themselves. Both ways answer alike; [Open] chooses.
//
// It knows the dispatcher's verbs, those of the phones' accounts, and how to carry them. It must not know calls and messages.
package desk
