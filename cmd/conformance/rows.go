package main

// row is one behaviour of SIP that a hotline needs, and how its tests are named.
type row struct {
	prefix string // of the names of its tests
	title  string
	what   string // what must be seen
	later  string // not offered yet: what we do instead; "" = offered
}

// rows returns the behaviours, in the order of the RFCs and of a call.
func rows() []row {
	return []row{
		{"TestRFC3261", "RFC 3261, 6026: transactions and the two roles of INVITE", "100, 180, 200, ACK and BYE lost at the first and second transmission still make one call and one BYE", ""},
		{"TestRFC3262", "RFC 3262: reliable provisional responses", "Require: 100rel gets 183 with RSeq, repeated until PRACK; a reliable 18x of the far end gets its PRACK", ""},
		{"TestRFC3311", "RFC 3311: UPDATE", "early and confirmed; without a description it refreshes the session, with one it is answered", ""},
		{"TestRFC4028", "RFC 4028: session timers", "both roles, 422, a refresh at half, BYE when the far end stops refreshing", ""},
		{"TestRFC3264", "RFC 3264: offer and answer", "late offers; as many lines in the same order; a refused line has port 0", ""},
		{"TestHold", "Hold", "sendonly, inactive and 0.0.0.0; hold music to the other side; resumed after minutes", ""},
		{"TestT38", "T.38", "a re-INVITE with nothing but fax gets 488 and the sound goes on", ""},
		{"TestCodecOrder", "Order of codecs", "PCMA before PCMU, one codec answered, an operator's own order; packets of 10, 20, 30 and 40 ms", ""},
		{"TestRFC4733", "RFC 4733: keys as events", "any payload type, no marker, repeated or lost end packets: exactly one digit", ""},
		{"TestInfoDTMF", "Keys by SIP INFO and in band", "the accept key counts whichever way it comes, once when two ways bring it", ""},
		{"TestEventClock", "Two clocks of events offered", "the payload type with the clock of the codec is used", ""},
		{"TestPTAsymmetry", "Payload types that differ by direction", "we send with the number the far end gave; the relay translates", ""},
		{"TestREGISTER", "REGISTER", "MD5 and SHA-256, several challenges, stale, nonce counts, 423, Expires, a long pause after 403", ""},
		{"TestOPTIONS", "OPTIONS", "any answer is a sign of life; down after three misses, up after two answers; answered without a leak", ""},
		{"TestRFC3263", "RFC 3263: NAPTR, SRV, A and AAAA", "weights, caching, stale answers while DNS is away, the next target on 503 or silence", ""},
		{"TestRFC3581", "RFC 3581: rport", "answers and calls go where the request came from, from a pinned port", ""},
		{"TestNAT", "Phones behind NAT", "reached after idle time; the mapping is kept open; connections are used again", ""},
		{"TestSymmetricRTP", "Symmetric RTP", "private addresses on both sides and two passive peers still hear each other", ""},
		{"TestRTCP", "RTCP", "on the next port or the same one; loss and jitter stand in the record of the call", ""},
		{"TestEarlyMedia", "Early media", "an announcement is passed to the engineer who dials, and is never an answer", ""},
		{"TestIdentity", "Identity", "P-Asserted-Identity, Remote-Party-ID, From, Privacy; believed from operators only", ""},
		{"TestDiversion", "Diversion and History-Info", "a forwarded call shows the number that was dialled first", ""},
		{"TestDIDSource", "Which of our numbers was called", "Request-URI, To, P-Called-Party-ID, Diversion, a header of the operator, or one fixed number", ""},
		{"TestE164", "Numbers", "every written form of a number leads to one", ""},
		{"TestReason", "RFC 3326: Reason and Q.850", "causes are read into outcomes and written into BYE and CANCEL", ""},
		{"TestREFER", "RFC 3515, 3891: REFER and Replaces", "transfer by a phone", "REFER is answered 603, inside and outside of a call: nobody can send a call to a third party. Transfer and conference come later."},
		{"TestMESSAGE", "RFC 3428: MESSAGE", "UTF-8 both ways, more than 1,300 bytes by TCP, 513 when too large", ""},
		{"TestSDES", "RFC 4568, 3711: SRTP by SDES", "lifetime and MKI, AES-128 and AES-256, roll-over, wrong keys and replay", ""},
		{"TestTLS", "TLS", "1.2 and 1.3, an own authority, name and client certificate per operator, certificates renewed while running", ""},
		{"TestSIPoverTCP", "SIP over TCP", "framing across segments, keep-alive, several messages at once, lost connections", ""},
		{"TestMultipart", "Multipart bodies", "the description is found among other parts, which are ignored", ""},
		{"TestMaxForwards", "Max-Forwards, loops and merged requests", "483 and 482", ""},
		{"TestRegistrar", "Registrar", "several contacts, lifetimes, `*`, no dead binding after a new port", ""},
		{"TestDSCP", "DSCP", "EF on sound, CS3 on signalling; ports rest after a call", ""},
		{"TestIPv6", "IPv6", "signalling and sound", ""},
	}
}
