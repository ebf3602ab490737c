package letter

import (
	"bytes"
	"errors"
	"strings"
)

// tlv is a value of ASN.1 BER: tag, and where its contents lie. Open says that
// its length is not said (8.1.3.6) and an end mark follows.
type tlv struct {
	tag         byte
	constructed bool
	body        []byte // to the end of all when open
	open        bool
	head        int // bytes of tag and length
}

var errBER = errors.New("no BER value")

// readTLV reads the head of a value.
func readTLV(b []byte) (tlv, error) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return tlv{}, errBER
	}
	v := tlv{tag: b[0], constructed: b[0]&0x20 != 0, head: 2}
	n := int(b[1])
	switch {
	case n == 0x80:
		if !v.constructed {
			return tlv{}, errBER
		}
		v.open, v.body = true, b[2:]
		return v, nil
	case n > 0x80:
		digits := n & 0x7f
		if digits > 4 || len(b) < 2+digits {
			return tlv{}, errBER
		}
		n = 0
		for _, c := range b[2 : 2+digits] {
			n = n<<8 | int(c)
		}
		v.head += digits
	}
	if n > len(b)-v.head { // a signature cut at its end still shows its text
		n = len(b) - v.head
	}
	v.body = b[v.head : v.head+n]
	return v, nil
}

// after returns what follows a value that is not open.
func after(b []byte, v tlv) []byte { return b[v.head+len(v.body):] }

// Contents of CMS that are told apart (RFC 5652).
const (
	oidSigned     = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidEnveloped  = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
	oidEncrypted  = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"
	oidAuthEnv    = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"
	oidCompressed = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09"
)

// cms says what a CMS value holds; for signed data also the contents. It goes
// straight down to them and verifies nothing.
func (d *desk) cms(b []byte) (oid string, content []byte, err error) {
	info, err := readTLV(b)
	if err != nil || info.tag != 0x30 {
		return "", nil, errBER
	}
	kind, err := readTLV(info.body)
	if err != nil || kind.tag != 0x06 {
		return "", nil, errBER
	}
	oid = string(kind.body)
	if oid != oidSigned {
		return oid, nil, nil
	}
	b = after(info.body, kind)
	for _, tag := range []byte{0xa0, 0x30} { // [0] SignedData
		v, err := readTLV(b)
		if err != nil || v.tag != tag {
			return oid, nil, errBER
		}
		b = v.body
	}
	for _, tag := range []byte{0x02, 0x31} { // version, digest algorithms
		v, err := readTLV(b)
		if err != nil || v.tag != tag {
			return oid, nil, errBER
		}
		if v.open {
			i := bytes.Index(v.body, []byte{0, 0, 0x30}) // its end mark, then the contents
			if i < 0 {
				return oid, nil, errBER
			}
			b = v.body[i+2:]
			continue
		}
		b = after(b, v)
	}
	encap, err := readTLV(b)
	if err != nil || encap.tag != 0x30 {
		return oid, nil, errBER
	}
	kind, err = readTLV(encap.body)
	if err != nil || kind.tag != 0x06 {
		return oid, nil, errBER
	}
	wrap, err := readTLV(after(encap.body, kind))
	if err != nil || wrap.tag != 0xa0 {
		return oid, nil, errBER // signed apart, and there is no other part
	}
	content, err = d.octets(wrap.body)
	return oid, content, err
}

// octets reads an OCTET STRING, in one piece or in many.
func (d *desk) octets(b []byte) ([]byte, error) {
	v, err := readTLV(b)
	if err != nil || v.tag&0xdf != 0x04 {
		return nil, errBER
	}
	if !v.constructed {
		return v.body, nil
	}
	size, pieces := 0, 0
	for pass := range 2 {
		var out []byte
		if pass == 1 {
			if !d.spend(size) {
				return nil, errBER
			}
			out = make([]byte, 0, size)
		}
		for rest := v.body; len(rest) >= 2 && (rest[0] != 0 || rest[1] != 0); {
			p, err := readTLV(rest)
			if pieces++; err != nil || p.tag != 0x04 || pieces > 2*maxPieces {
				return nil, errBER
			}
			size += len(p.body) * (1 - pass)
			if pass == 1 {
				out = append(out, p.body...)
			}
			rest = after(rest, p)
		}
		if pass == 1 {
			return out, nil
		}
	}
	return nil, errBER
}

// smime opens signed mails, and names encrypted ones.
func (d *desk) smime(e entity, name string) []block {
	body, ok := d.untransfer(e, 0)
	if !ok {
		return nil
	}
	said := strings.ToLower(e.kind.get("smime-type"))
	oid, content, err := d.cms(body)
	switch {
	case oid == oidEnveloped, oid == oidEncrypted, oid == oidAuthEnv, oid == "" && (said == "enveloped-data" || said == "authenveloped-data"):
		if d.inside == 0 {
			d.out.Encrypted = "smime"
		}
		d.attach(e, body, "smime.p7m")
		return nil
	case said == "certs-only":
		d.attach(e, body, "smime.p7c")
		return nil
	case err != nil || oid != oidSigned || content == nil || d.inner >= maxContainer:
		d.fault(FaultContainer, e, "a signed mail whose contents cannot be found: "+quote(said)+" "+quote(name))
		d.attach(e, body, "smime.p7m")
		return nil
	}
	d.out.Signed = d.out.Signed || d.inside == 0
	d.inner++
	texts := d.walk(d.entity(content, e.path+".s", 0, e.depth+1, "text/plain"))
	d.inner--
	return texts
}
