// Package sms is the channel of short messages: what clients write to the line's number becomes a signal, and what is told to them
// goes out, over the accounts with message centres that the configuration names.
//
// # What it knows
//
// Which account takes a text, how short a text must be, when the parts of a text are one, and how many texts a day may cost. The
// protocol is that of package smpp, the alphabets those of package text.
//
// # In
//
// A message is acknowledged to the centre when it is kept: a short one as a signal, a part of a long one as a file of the spool, which
// is synced. Once all parts are there, or two minutes after the last one that came, the text is handed to the dispatcher, again and
// again until it is stored; then the files go. A restart reads the spool. The key of a signal is what was said, by whom, and the ten
// minutes in which its first part came: a centre that has not heard our answer and sends again tells nothing new.
//
// A sender that is a name instead of a number is a machine: nobody can answer it, and it wakes nobody.
//
// # Out
//
// A text begins with the number of its ticket and is cut to Config.MaxParts parts; the link to the ticket's page stays whole. The first
// account whose centre is reached takes it. A repeat after an answer that was lost has the same reference on the air, so that
// phones know its parts. What leaves is counted in the record for all nodes: a day has so many texts, a fifth of which
// only people may use; what Vahta writes by itself goes to one number once an hour.
//
// It must not know tickets as they are stored, nor SIP. A Channel may be used by any number of goroutines.
package sms
