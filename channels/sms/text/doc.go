// Package text is how words become short messages and back: alphabets, the cut
// into parts, and the joining of parts that come in.
//
// Terms. A septet is a character of the GSM alphabet, here one octet each, as
// message centres take it ("unpacked"); it is packed on the radio only. A part
// is one short message, 140 octets or 160 septets (3GPP TS 23.040 §9.2.3.24). A
// text of several parts says so in a user data header (UDH) of its first
// octets, or beside it, by the SMPP parameters sar_*. The reference tells the
// parts of one text from those of another of the same sender.
//
// Alphabets: GSM 03.38 (3GPP TS 23.038 §6.2.1) with its extension, Latin-1 and
// UCS-2, which everybody fills with UTF-16. Of national language tables nothing
// is known; no Russian operator uses them.
//
// A Joiner takes parts in any order, drops repeats, gives out what is there
// when the rest does not come, and holds no more than it is allowed to. It
// keeps nothing across a restart: its caller stores each part before it is
// acknowledged and feeds it again those that no whole has named.
//
// The package is pure: no I/O, and time comes in as a parameter. Functions may
// be called by any goroutine, a Joiner by one at a time.
package text
