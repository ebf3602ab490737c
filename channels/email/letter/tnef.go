package letter

import (
	"encoding/binary"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// Attributes of TNEF ([MS-OXTNEF] 2.1.3.2) and properties of MAPI that are
// read.
const (
	tnefMagic = 0x223e9f78

	attSubject   = 0x8004
	attBody      = 0x800c
	attTitle     = 0x8010
	attData      = 0x800f
	attRend      = 0x9002
	attMAPI      = 0x9003
	attFileProps = 0x9005
	attCodepage  = 0x9007

	propBody     = 0x1000
	propRTF      = 0x1009
	propHTML     = 0x1013
	propFileData = 0x3701
	propFileName = 0x3704
	propLongName = 0x3707
	propMime     = 0x370e
	propCID      = 0x3712
)

// tnefFile is a file inside of TNEF while it is put together.
type tnefFile struct {
	name, mime, cid string
	data            []byte
}

// tnefMail is what a TNEF stream holds.
type tnefMail struct {
	charset           string
	plain, html       []byte
	plainWide         bool // plain is UTF-16
	rtf               []byte
	files             []tnefFile
	lying, incomplete bool
}

// tnef unpacks a winmail.dat: its text, should the mail have no other, and its
// files. Lengths are believed as far as there are bytes.
func (d *desk) tnef(e entity) []block {
	body, ok := d.untransfer(e, 0)
	if !ok {
		return nil
	}
	if len(body) < 6 || binary.LittleEndian.Uint32(body) != tnefMagic {
		d.fault(FaultContainer, e, "called TNEF and is none")
		d.attach(e, body, "winmail.dat")
		return nil
	}
	var m tnefMail
	m.read(body[6:])
	if m.lying || m.incomplete {
		d.fault(FaultContainer, e, "TNEF whose lengths are wrong: what could be read is here, and the whole as a file")
		d.attach(e, body, "winmail.dat")
	}
	in := entity{path: e.path + ".t"}
	for i, f := range m.files {
		if i >= maxFiles {
			d.fault(FaultTooMany, e, "more files in TNEF than are kept")
			break
		}
		in.kind = media{value: strings.ToLower(line(f.mime, 100))}
		in.head.fields = []field{{name: "content-id", value: []byte(f.cid)}}
		d.attach(in, f.data, f.name)
	}
	if rtf, ok := d.rtf(m.rtf); ok && len(m.plain) == 0 && len(m.html) == 0 {
		d.attach(entity{path: in.path, kind: media{value: "application/rtf"}}, rtf, "body.rtf")
	}
	var b block
	if len(m.html) > 0 {
		b.html = d.read(m.html[:min(len(m.html), maxTextPart)], metaCharset(m.html), m.charset).text
	}
	if m.plainWide {
		b.plain = wide(m.plain[:min(len(m.plain), maxTextPart)])
	} else {
		b.plain = d.read(m.plain[:min(len(m.plain), maxTextPart)], m.charset, d.hint).text
	}
	b.plain = strings.TrimRight(b.plain, "\x00")
	if b == (block{}) {
		return nil
	}
	d.texts += len(b.plain) + len(b.html)
	return []block{b}
}

// read goes through the attributes: level, id, length, value, checksum.
func (m *tnefMail) read(b []byte) {
	for len(b) > 0 {
		if len(b) < 9 {
			m.incomplete = true
			return
		}
		id := binary.LittleEndian.Uint32(b[1:]) & 0xffff
		size := int(binary.LittleEndian.Uint32(b[5:]))
		value := b[9:]
		m.attribute(id, value[:min(size, len(value))])
		if len(value) < size+2 {
			m.incomplete = true
			return
		}
		b = value[size+2:]
	}
}

func (m *tnefMail) attribute(id uint32, v []byte) {
	if id == attRend && len(m.files) <= maxFiles {
		m.files = append(m.files, tnefFile{})
	}
	switch id {
	case attCodepage:
		if len(v) >= 4 {
			m.charset = codepage(binary.LittleEndian.Uint32(v))
		}
	case attBody:
		if len(m.plain) == 0 {
			m.plain = v
		}
	case attMAPI:
		m.properties(v, m.ofMail)
	}
	if len(m.files) == 0 {
		return
	}
	f := &m.files[len(m.files)-1]
	switch id {
	case attTitle:
		if f.name == "" {
			f.name = m.narrow(v)
		}
	case attData:
		f.data = v
	case attFileProps:
		m.properties(v, m.ofFile)
	}
}

// codepage names a code page of Windows.
func codepage(n uint32) string {
	switch n {
	case 20866:
		return "koi8-r"
	case 21866:
		return "koi8-u"
	case 28595:
		return "iso-8859-5"
	case 65001:
		return "utf-8"
	case 866:
		return "ibm866"
	}
	return canonical("windows-" + strconv.FormatUint(uint64(n), 10))
}

// narrow keeps an 8-bit string as bytes; its charset is applied when the file
// is named.
func (m *tnefMail) narrow(v []byte) string {
	if enc := decoderOf(m.charset); enc != nil {
		if s, err := enc.NewDecoder().Bytes(v); err == nil {
			v = s
		}
	}
	return strings.TrimRight(string(v), "\x00")
}

func (m *tnefMail) ofMail(id, kind uint16, v []byte) {
	switch id {
	case propBody:
		m.plain, m.plainWide = v, kind == 0x1f
	case propHTML:
		m.html = v
	case propRTF:
		m.rtf = v
	}
}

func (m *tnefMail) ofFile(id, kind uint16, v []byte) {
	f := &m.files[len(m.files)-1]
	text := m.narrow
	if kind == 0x1f {
		text = func(v []byte) string { return strings.TrimRight(wide(v), "\x00") }
	}
	switch id {
	case propLongName:
		f.name = text(v)
	case propFileName:
		if f.name == "" {
			f.name = text(v)
		}
	case propMime:
		f.mime = text(v)
	case propCID:
		f.cid = text(v)
	case propFileData:
		if len(f.data) == 0 {
			f.data = v
		}
	}
}

// wide decodes UTF-16 as Windows writes it.
func wide(v []byte) string {
	s, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Bytes(v[:len(v)&^1])
	if err != nil {
		return ""
	}
	return string(s)
}

// properties goes through a list of MAPI properties ([MS-OXTNEF] 2.1.3.4).
func (m *tnefMail) properties(b []byte, each func(id, kind uint16, v []byte)) {
	p := cursor{b: b}
	n := p.u32()
	for ; n > 0 && !p.bad && len(p.b) > 0; n-- {
		kind, id := uint16(p.u16()), uint16(p.u16())
		if id >= 0x8000 { // a named one: GUID, then a number or a name
			p.take(16)
			if p.u32() == 0 {
				p.take(4)
			} else {
				p.take(padded(int(p.u32())))
			}
		}
		values := uint32(1)
		size := fixed(kind &^ 0x1000)
		if kind&0x1000 != 0 || size < 0 {
			values = p.u32()
		}
		if size == 0 {
			values = min(values, 1) // values without bytes can be promised by the billion
		}
		for ; values > 0 && !p.bad; values-- {
			long := size
			if size < 0 {
				long = int(p.u32())
			}
			v := p.take(long)
			p.take(padded(long) - long)
			if !p.bad {
				each(id, kind&^0x1000, v)
			}
		}
	}
	m.lying = m.lying || p.bad || n > 0
}

// fixed is the size of a property's value; -1: it says so itself.
func fixed(kind uint16) int {
	switch kind {
	case 0x01:
		return 0
	case 0x02, 0x03, 0x04, 0x0a, 0x0b:
		return 4
	case 0x05, 0x06, 0x07, 0x14, 0x40:
		return 8
	case 0x48:
		return 16
	}
	return -1
}

func padded(n int) int { return (n + 3) &^ 3 }

// cursor reads numbers and bytes and remembers that there were too few.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad, c.b = true, nil
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) u16() uint32 {
	if v := c.take(2); v != nil {
		return uint32(binary.LittleEndian.Uint16(v))
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if v := c.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// rtf unpacks compressed RTF ([MS-OXRTFCP]).
func (d *desk) rtf(b []byte) ([]byte, bool) {
	if len(b) < 16 {
		return nil, false
	}
	size := int(binary.LittleEndian.Uint32(b[4:]))
	switch binary.LittleEndian.Uint32(b[8:]) {
	case 0x414c454d: // MELA: not compressed
		return b[16:min(len(b), 16+max(0, size))], true
	case 0x75465a4c: // LZFu
	default:
		return nil, false
	}
	if size < 0 || size > 9*len(b) || !d.spend(size) {
		return nil, false
	}
	return unLZFu(b[16:], size), true
}

// unLZFu decodes literals and references into a window of 4096 bytes.
func unLZFu(b []byte, size int) []byte {
	const preset = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` + "\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`
	var window [4096]byte
	at := copy(window[:], preset)
	out := make([]byte, 0, size)
	put := func(c byte) {
		out = append(out, c)
		window[at%4096] = c
		at++
	}
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for bit := range 8 {
			switch {
			case len(out) >= size, len(b) == 0:
				return out
			case flags&(1<<bit) == 0:
				put(b[0])
				b = b[1:]
				continue
			case len(b) < 2:
				return out
			}
			from, n := int(b[0])<<4|int(b[1])>>4, int(b[1]&0xf)+2
			b = b[2:]
			if from == at%4096 {
				return out
			}
			for i := 0; i < n && len(out) < size; i++ {
				put(window[(from+i)%4096])
			}
		}
	}
	return out
}
