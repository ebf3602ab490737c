package locate

import (
	"net/netip"
	"strings"
	"time"
)

// Kind is a type of DNS record.
type Kind uint8

// The records that are asked for.
const (
	KindNAPTR Kind = iota
	KindSRV
	KindA
	KindAAAA
)

// String returns the record's name in DNS.
func (k Kind) String() string {
	switch k {
	case KindNAPTR:
		return "NAPTR"
	case KindSRV:
		return "SRV"
	case KindA:
		return "A"
	case KindAAAA:
		return "AAAA"
	}
	return "invalid"
}

// Question is asked of a name server. Name is without the last dot and in lower case.
type Question struct {
	Name string
	Kind Kind
}

func ask(name string, kind Kind) Question {
	return Question{Name: strings.ToLower(strings.TrimSuffix(name, ".")), Kind: kind}
}

// Record is one record of an answer; which fields count depends on the question.
type Record struct {
	// NAPTR (RFC 3403)
	Order, Preference uint16
	Flags, Service    string
	// SRV (RFC 2782)
	Priority, Weight, Port uint16
	// Target of SRV, replacement of NAPTR; "" is the root, which means that the service is not offered.
	Target string
	// A, AAAA
	Addr  netip.Addr
	Hosts bool // it stands in the hosts file of this machine: nobody else has said it
}

// Answer is what a name server said. Without records it says that there are none.
type Answer struct {
	Records []Record
	TTL     time.Duration
}
