// Package letter makes of the raw bytes of a mail a Letter: who wrote it, what
// it answers, its text, its files, whether a human wrote it, what it reports
// and whether the sender is who he says. It is pure: bytes in, a value out.
//
// # What it knows
//
// RFC 5322 headers and addresses, MIME (RFC 2045-2047, 2231, 3676), delivery
// and disposition reports (RFC 3464, 3798), automatic mail (RFC 3834),
// Authentication-Results (RFC 8601), TNEF, signed CMS (RFC 5652), and how real
// programs break them: mbox lines, raw 8-bit headers, wrong charset labels,
// lost boundaries. Six Cyrillic charsets are told apart by the letters that
// follow each other in Russian.
//
// # What it must not know
//
// IMAP, SMTP, tickets as they are stored, and whose address it is. It reads
// ticket numbers, and believes none: whoever threads a letter proves the sender.
//
// # Bounds
//
// Read never fails and never panics. What a letter holds beyond Limits is not
// read: it stays in the raw mail, and a Fault names it. One mail costs at most
// 64 MiB beside its raw bytes and one second of a CPU, whatever it holds; the
// walk is linear in the size times the depth, which is bounded. MIME libraries
// that build trees are not: enmime v2.3.0 takes 12 s for 20,000 parts of 32
// bytes and more than 20 s for 2,000 nested ones, so that the walk is done
// here, and enmime is the second reader that the tests compare with.
//
// # Terms
//
//	field     one header line, unfolded
//	entity    a header and its body (RFC 2045 2.4); leaf: one without parts
//	label     the charset that a sender names; the bytes may say otherwise
//	full text all that was written; stripped: without quotes and signature, a view only
//	fault     what could not be read, by whom it was meant to be read, and where it lies in the raw bytes
//
// A Reader may be used by any goroutine. Bytes of attachments may be slices of
// the raw mail: whoever keeps a Letter leaves the raw bytes as they are.
package letter
