// Package send writes mails to clients and hands them to a submission server. It is a dispatch.Notifier: the outbox calls it, keeps
// what does not go out, and tries again; here one try is made.
//
// A mail is composed anew for each try and has the same Message-ID each time (package ids), so that one that goes out twice is seen
// once. All mails about a ticket refer to one root, and to the client's own mail where it is known, so that mailboxes show one
// thread. What Vahta writes by itself says so in its header (RFC 3834) and is held back by package loop where it could go in circles.
//
// Several submission accounts are tried in their order. One that can not be reached rests for some seconds, so that a server which
// hangs costs one try and not all. A refusal of the address or of the mail is final; a refusal of us is not.
//
// RFC 5321 and 6409 (submission), 3207 and 8314 (TLS), 4954 (AUTH), 3461 (DSN), 5322 (threads), 3834 (automatic mail).
// A Notifier may be called concurrently.
package send
