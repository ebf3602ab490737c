// Package pdu reads and writes what SMPP 3.4 (Short Message Peer to Peer
// Protocol Specification v3.4, issue 1.2) puts on the wire, and says what a
// delivery receipt means. Sections named in the code are of that document.
//
// A PDU is a header of four 32-bit words, big endian (§3.2.1), a body of fixed
// order, and optional parameters, here TLVs (§3.2.4):
//
//	0        4        8        12       16
//	| length | command | status | sequence | body … | tag(2) length(2) value … |
//
// Read takes one PDU off a stream. It bounds the length before it reserves
// memory: a frame of an impossible length (ErrFrame) ends the connection,
// because nothing says where the next one begins. A body that can not be read
// is a *BodyError, which still carries the header, so that the peer gets an
// answer and the bytes can be kept.
//
// Reading is more tolerant than the document where message centres are known to
// stray from it: identities and addresses longer than the document allows, a
// message id without its NUL, a missing body in any response, up to three stray
// NULs at the end. Writing keeps to the document but for the password, of which
// operators give out longer ones than eight octets.
//
// The package is pure: no I/O but the reader it is given, no clock. Its values
// may be used by one goroutine at a time, its functions by any.
package pdu
