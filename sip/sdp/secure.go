package sdp

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Security says whether media is encrypted by SRTP with keys in the description (SDES, RFC 4568).
type Security uint8

// The policies of a leg.
const (
	SecurityOff      Security = iota // plain RTP; keys of the far end are ignored
	SecurityOffered                  // SRTP where the far end takes it, else plain: RTP/AVP with keys
	SecurityRequired                 // SRTP or no call: RTP/SAVP
)

// String returns the word of the configuration.
func (s Security) String() string {
	switch s {
	case SecurityOff:
		return "off"
	case SecurityOffered:
		return "offered"
	case SecurityRequired:
		return "required"
	}
	return "security(" + strconv.Itoa(int(s)) + ")"
}

// ParseSecurity reads a word of the configuration; "" is off.
func ParseSecurity(text string) (Security, error) {
	for s := SecurityOff; s <= SecurityRequired; s++ {
		if text == s.String() {
			return s, nil
		}
	}
	if text == "" {
		return SecurityOff, nil
	}
	return SecurityOff, fmt.Errorf("read srtp %q: not one of off, offered, required", text)
}

// The transport profiles of an audio line.
const (
	protoPlain  = "RTP/AVP"  // RFC 3551
	protoSecure = "RTP/SAVP" // RFC 3711
)

// plainProto and secureProto accept the feedback variants too (RFC 4585, RFC 5124); nothing of theirs is used.
func plainProto(proto string) bool {
	return strings.EqualFold(proto, protoPlain) || strings.EqualFold(proto, protoPlain+"F")
}

func secureProto(proto string) bool {
	return strings.EqualFold(proto, protoSecure) || strings.EqualFold(proto, protoSecure+"F")
}

// protect chooses the keys for a line of an offer: the first suite of ours that it names. The line of ours takes the
// tag of theirs and, where their packets carry an MKI, the same one. ok is false where the line is not acceptable.
func (l Local) protect(m *Media) (pair *CryptoPair, ok bool) {
	if l.Security != SecurityOff {
		theirs := m.Cryptos()
		for _, our := range l.Crypto {
			for _, their := range theirs {
				if their.Suite == our.Suite {
					return &CryptoPair{Send: our.answering(their), Recv: their}, true
				}
			}
		}
	}
	return nil, l.Security != SecurityRequired && plainProto(m.Proto)
}

func (c Crypto) answering(their Crypto) Crypto {
	return Crypto{Tag: their.Tag, Suite: c.Suite, spelled: their.spelled, Keys: []Key{{Master: c.Keys[0].Master, MKI: their.Keys[0].MKI}}}
}

// concludeCrypto reads which of our offered lines was taken. A far end that names the suite under a tag of its own is
// understood; one that brings keys that we cannot use is not: it would send what nobody can hear.
func (l Local) concludeCrypto(offered, answered *Media) (pair *CryptoPair, ok bool) {
	ours, theirs := offered.Cryptos(), answered.Cryptos()
	if len(ours) == 0 || l.Security == SecurityOff {
		return nil, plainProto(answered.Proto) && l.Security != SecurityRequired
	}
	for _, their := range theirs {
		best := -1
		for i, our := range ours {
			if our.Suite == their.Suite && (best < 0 || our.Tag == their.Tag) {
				best = i
			}
		}
		if best >= 0 {
			return &CryptoPair{Send: ours[best], Recv: their}, true
		}
	}
	_, named := answered.Get(cryptoName)
	return nil, !named && l.Security != SecurityRequired && plainProto(answered.Proto)
}

// Rekeyed says whether an offer within the dialog makes our old keys unfit: the far end brings another key or has moved to
// another address. The answer then needs keys of [NewCrypto] too (RFC 4568 §7.1.4).
func (a Agreement) Rekeyed(offer *Session) bool {
	if a.Crypto == nil {
		return false
	}
	for i := range offer.Media {
		m := &offer.Media[i]
		if !audio(m) {
			continue
		}
		if addr := offer.Addr(m); a.Remote.IsValid() && addr.IsValid() && !addr.IsUnspecified() && a.Remote.Addr() != addr {
			return true
		}
		for _, c := range m.Cryptos() {
			if c.Equal(a.Crypto.Recv) {
				return false
			}
		}
	}
	return true
}

// reuse is what a new offer says of keys: the lines that are in force, so that a refresh changes nothing; fresh ones when
// the caller has brought new keys; none where the last exchange agreed on plain RTP.
func (l Local) reuse(last *Media) []Attr {
	var kept []Attr
	theirs := last.Cryptos()
	for _, c := range theirs {
		for _, our := range l.Crypto {
			if c.Suite == our.Suite && bytes.Equal(c.Keys[0].Master, our.Keys[0].Master) {
				kept = append(kept, c.attr())
			}
		}
	}
	if len(kept) == 0 && (len(theirs) > 0 || l.Security == SecurityRequired) {
		return l.cryptoAttrs()
	}
	return kept
}

// cryptoAttrs are the lines of a first offer.
func (l Local) cryptoAttrs() []Attr {
	if l.Security == SecurityOff {
		return nil
	}
	attrs := make([]Attr, 0, len(l.Crypto))
	for _, c := range l.Crypto {
		attrs = append(attrs, c.attr())
	}
	return attrs
}

// proto is the profile of a first offer.
func (l Local) proto() string {
	if l.Security == SecurityRequired {
		return protoSecure
	}
	return protoPlain
}
