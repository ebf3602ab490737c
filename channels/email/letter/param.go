package letter

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
)

// media is a Content-Type or Content-Disposition as written.
type media struct {
	value  string // lower case: text/plain, attachment
	params map[string][]byte
}

// param is a parameter with the marks of RFC 2231 taken off its name.
type param struct {
	name     string
	part     int // of a value in several parts; -1: the whole
	extended bool
	value    []byte
}

// get returns a parameter as ASCII.
func (m media) get(name string) string { return strings.TrimSpace(ascii(m.params[name])) }

// media parses a structured field: value; name=value; name*0*=... Names of
// files come back decoded, every other parameter as it is. It bears missing
// quotes, missing semicolons, raw 8-bit bytes, encoded words in quotes.
func (d *desk) media(v []byte) media {
	m := media{params: map[string][]byte{}}
	pos := bytes.IndexByte(v, ';')
	if pos < 0 {
		pos = len(v)
	}
	value, rest, spaced := strings.Cut(strings.TrimSpace(strings.ToLower(uncomment(ascii(v[:pos])))), " ")
	m.value = strings.Trim(value, `"`)
	var list []param
	if spaced && strings.Contains(rest, "=") { // the semicolon was forgotten
		if i := bytes.IndexByte(bytes.TrimLeft(v, " \t"), ' '); i >= 0 {
			list, _ = nextParam(list, bytes.TrimLeft(v, " \t"), i)
		}
	}
	for pos < len(v) && len(list) < 100 {
		list, pos = nextParam(list, v, pos+1)
	}
	d.join(&m, list)
	return m
}

// nextParam reads one name=value at pos and returns where its semicolon is.
func nextParam(list []param, v []byte, pos int) ([]param, int) {
	for pos < len(v) && (v[pos] == ' ' || v[pos] == '\t' || v[pos] == ';') {
		pos++
	}
	start := pos
	for pos < len(v) && v[pos] != '=' && v[pos] != ';' {
		pos++
	}
	if pos >= len(v) || v[pos] == ';' {
		return list, pos
	}
	p := param{part: -1}
	p.name = strings.ToLower(strings.TrimSpace(ascii(v[start:pos])))
	pos++
	for pos < len(v) && (v[pos] == ' ' || v[pos] == '\t') {
		pos++
	}
	p.value, pos = paramValue(v, pos)
	name, marks, _ := strings.Cut(p.name, "*")
	if marks != "" || strings.HasSuffix(p.name, "*") {
		p.extended = strings.HasSuffix(p.name, "*")
		if n, err := strconv.Atoi(strings.TrimSuffix(marks, "*")); err == nil && n >= 0 && n < 1000 {
			p.part = n
		}
	}
	p.name = name
	if name == "" {
		return list, pos
	}
	return append(list, p), pos
}

// paramValue reads a value, quoted or not. Unquoted values of file names have
// blanks in them; they end at a semicolon.
func paramValue(v []byte, pos int) ([]byte, int) {
	if pos < len(v) && v[pos] == '"' {
		var out []byte
		for i := pos + 1; i < len(v); i++ {
			switch {
			case v[i] == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\'):
				i++
				out = append(out, v[i])
			case v[i] == '"' && endsValue(v[i+1:]):
				return out, semicolon(v, i+1)
			default:
				out = append(out, v[i])
			}
		}
		return out, len(v)
	}
	end := semicolon(v, pos)
	return bytes.TrimSpace(v[pos:end]), end
}

// endsValue says whether what follows a quote shows that it is the last one.
func endsValue(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t")
	return len(rest) == 0 || rest[0] == ';' || rest[0] == '(' || bytes.IndexByte(rest[:min(len(rest), 30)], '=') > 0
}

func semicolon(v []byte, pos int) int {
	if i := bytes.IndexByte(v[pos:], ';'); i >= 0 {
		return pos + i
	}
	return len(v)
}

// join puts the parts of each parameter together and decodes it.
func (d *desk) join(m *media, list []param) {
	parts := map[string][]param{}
	for _, p := range list {
		switch {
		case p.part >= 0 || p.extended:
			parts[p.name] = append(parts[p.name], p)
		case m.params[p.name] == nil:
			m.params[p.name] = p.value
		}
	}
	for name := range m.params {
		if name == "filename" || name == "name" || name == "file" {
			m.params[name] = []byte(d.words(m.params[name]))
		}
	}
	for name, ps := range parts {
		sort.SliceStable(ps, func(i, j int) bool { return ps[i].part < ps[j].part })
		if whole := d.extended(ps); whole != "" || m.params[name] == nil {
			m.params[name] = []byte(whole)
		}
	}
}

// extended decodes a value of RFC 2231: charset'language'%D0%9F. The charset
// stands in the first part; only parts marked so are percent-encoded.
func (d *desk) extended(ps []param) string {
	var raw []byte
	label, last, marked := "", -2, false
	for i, p := range ps {
		if p.part == last && p.part >= 0 {
			continue // written twice
		}
		last = p.part
		v := p.value
		if p.extended {
			if cut := bytes.SplitN(v, []byte("'"), 3); i == 0 && len(cut) == 3 {
				label, v = ascii(cut[0]), cut[2]
			}
			v, marked = unpercent(v), true
		}
		raw = append(raw, v...)
	}
	if !marked {
		return d.words(raw)
	}
	if bytes.Contains(raw, []byte("=?")) && label == "" {
		return d.words(raw)
	}
	got := d.read(raw, label, d.hint)
	if got.belied || !got.sure {
		d.faultAt(FaultCharset, "", "a file name: labelled "+quote(label)+", read as "+got.charset, 0, 0)
	}
	return got.text
}

func unpercent(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) && hexValue(b[i+1]) < 16 && hexValue(b[i+2]) < 16 {
			out = append(out, hexValue(b[i+1])<<4|hexValue(b[i+2]))
			i += 2
			continue
		}
		out = append(out, b[i])
	}
	return out
}
