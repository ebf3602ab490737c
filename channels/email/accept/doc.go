// Package accept is a server of LMTP or SMTP that our own mail servers hand mails to. It knows the protocol alone: which
// recipients there are, who may connect, how large a mail may be. What becomes of a mail is decided by Deps.Take; a mail is
// answered by 250 only when that returned nil for the mailbox, and by 451 otherwise, so that the sender keeps it and comes again.
//
// It must not know tickets, nor what stands in a mail. A Server is run once; Take is called by many connections at once.
package accept
