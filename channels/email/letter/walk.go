package letter

import (
	"bytes"
	"strconv"
	"strings"
)

// entity is a header and its body, and where it lies.
type entity struct {
	head      head
	body      []byte // a slice of the raw mail, or of what a container held
	path      string
	off, size int // in the raw mail
	depth     int
	kind      media // Content-Type; its value is never empty
	way       media // Content-Disposition
}

// block is a piece of the text as the sender wrote it, in one form or in both.
type block struct {
	plain, html string
}

// entity reads the header of b, which lies at off.
func (d *desk) entity(b []byte, path string, off, depth int, fallback string) entity {
	h, cut := cutHead(b, path == "")
	e := entity{head: h, body: b[cut.body:], path: path, off: off + cut.body, size: len(b) - cut.body, depth: depth}
	d.heads += cut.body
	at := entity{path: path, off: off, size: cut.body}
	if cut.tooLong {
		d.fault(FaultTooLarge, at, "a header or a field of it is longer than is read")
	}
	if cut.tooMany {
		d.fault(FaultTooMany, at, "more header fields than are read")
	}
	if cut.broken > 0 {
		d.fault(FaultHeader, at, strconv.Itoa(cut.broken)+" lines of the header are no fields")
	}
	e.kind = d.media(h.get("content-type"))
	if v := h.get("content-disposition"); len(v) > 0 {
		e.way = d.media(v)
	}
	if !strings.Contains(e.kind.value, "/") {
		if e.kind.value == "text" || e.kind.value == "" {
			e.kind.value = fallback
		} else {
			e.kind.value = "application/octet-stream"
		}
	}
	return e
}

// walk reads an entity and returns its texts; all else goes into the letter.
func (d *desk) walk(e entity) []block {
	d.parts++
	switch {
	case e.depth > maxDepth:
		d.fault(FaultTooDeep, e, "parts in parts, deeper than is read")
		d.keepRaw(e)
		return nil
	case strings.HasPrefix(e.kind.value, "multipart/"):
		return d.multipart(e)
	case e.kind.value == "message/rfc822", e.kind.value == "message/global":
		d.attachedMail(e)
		return nil
	}
	return d.leaf(e)
}

// multipart walks the parts of e between its boundary lines.
func (d *desk) multipart(e entity) []block {
	boundary := e.kind.params["boundary"]
	if len(boundary) == 0 || !bytes.Contains(e.body, append([]byte("--"), boundary...)) {
		found := guessBoundary(e.body)
		switch {
		case len(found) > 0:
			d.fault(FaultMissing, e, "the boundary of the parts is not the one that was announced")
			boundary = found
		case len(bytes.TrimSpace(e.body)) == 0:
			return nil
		default:
			d.fault(FaultMissing, e, "no boundary: the parts are read as one text")
			e.kind = media{value: "text/plain", params: map[string][]byte{"charset": e.kind.params["charset"]}}
			return d.leaf(e)
		}
	}
	if d.found.reported == "" && e.kind.value == "multipart/report" && d.inside == 0 {
		d.found.reported = strings.ToLower(e.kind.get("report-type"))
	}
	if e.kind.value == "multipart/encrypted" && d.inside == 0 {
		d.out.Encrypted = "pgp"
	}
	fallback := "text/plain"
	if e.kind.value == "multipart/digest" {
		fallback = "message/rfc822"
	}
	var all [][]block
	closed := d.split(e, boundary, func(n int, part []byte, off int) bool {
		if d.parts >= maxParts || d.heads >= maxHeads {
			rest := e.size - (off - e.off)
			d.faultAt(FaultTooMany, e.path, "more parts than are read, or longer headers of parts", off, rest)
			return false
		}
		path := strconv.Itoa(n)
		if e.path != "" {
			path = e.path + "." + path
		}
		all = append(all, d.walk(d.entity(part, path, off, e.depth+1, fallback)))
		return true
	})
	if !closed {
		d.fault(FaultMissing, e, "the last part has no end: the mail may have been cut")
	}
	if e.kind.value == "multipart/alternative" {
		return alternative(all)
	}
	var out []block
	for _, bs := range all {
		out = append(out, bs...)
	}
	return out
}

// split calls each for the bytes between boundary lines and says whether the
// closing one was there.
func (d *desk) split(e entity, boundary []byte, each func(n int, part []byte, off int) bool) (closed bool) {
	b, mark := e.body, append([]byte("--"), bytes.TrimRight(boundary, " \t")...)
	start, n := -1, 0
	for pos := 0; pos < len(b); {
		i := bytes.Index(b[pos:], mark)
		if i < 0 {
			break
		}
		at := pos + i
		if rest := b[at+len(mark):]; at > 0 && b[at-1] != '\n' || len(rest) > 0 && bytes.IndexByte([]byte("\r\n \t-"), rest[0]) < 0 {
			pos = at + len(mark)
			continue
		}
		end, next := lineEnd(b, at)
		tail := bytes.TrimRight(b[at+len(mark):end], " \t\r")
		last := bytes.Equal(tail, []byte("--"))
		if len(tail) > 0 && !last {
			pos = at + len(mark)
			continue
		}
		if start >= 0 {
			n++
			if !each(n, trimBreak(b[start:at]), e.off+start) {
				return true
			}
		}
		if last {
			if rest := bytes.TrimSpace(b[next:]); len(rest) > 0 {
				d.faultAt(FaultOutside, e.path, "text behind the last part", e.off+next, len(b)-next)
			}
			return true
		}
		start, pos = next, next
	}
	if start >= 0 && start < len(b) {
		each(n+1, b[start:], e.off+start)
	}
	return false
}

// trimBreak takes off the line end that belongs to the boundary.
func trimBreak(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// guessBoundary finds the line that parts the body: two hyphens, and a header
// field on the next line.
func guessBoundary(b []byte) []byte {
	for pos, n := 0, 0; pos < len(b) && n < 1000; n++ {
		end, next := lineEnd(b, pos)
		if text := bytes.TrimRight(b[pos:end], " \t"); len(text) > 4 && len(text) < 200 && bytes.HasPrefix(text, []byte("--")) && next < len(b) {
			e2, _ := lineEnd(b, next)
			if name, _, ok := fieldOf(b[next:e2]); ok && strings.HasPrefix(name, "content-") {
				return text[2:]
			}
		}
		pos = next
	}
	return nil
}

// alternative chooses among forms of one text: the first plain one and the
// last HTML, which is the richest.
func alternative(all [][]block) []block {
	var out block
	for _, bs := range all {
		var plain, html []string
		for _, b := range bs {
			if strings.TrimSpace(b.plain) != "" {
				plain = append(plain, b.plain)
			}
			if strings.TrimSpace(b.html) != "" {
				html = append(html, b.html)
			}
		}
		if out.plain == "" {
			out.plain = strings.Join(plain, "\n\n")
		}
		if len(html) > 0 {
			out.html = strings.Join(html, "\n")
		}
	}
	if out == (block{}) {
		return nil
	}
	return []block{out}
}

// attachedMail keeps a mail in a mail as a file and reads it for its header
// and, should the outer one have none, its text.
func (d *desk) attachedMail(e entity) {
	body, ok := d.untransfer(e, 0)
	if !ok {
		return
	}
	in := d.entity(body, e.path+".m", e.off, e.depth+1, "text/plain")
	if d.inside == 0 {
		switch {
		case d.found.reported != "" && d.found.original == nil:
			d.found.original = &in.head
		case d.found.forwarded == nil:
			d.found.forwarded = &in.head
		}
	}
	name := line(d.words(in.head.get("subject")), 80)
	if name == "" {
		name = "message"
	}
	d.attach(e, body, name+".eml")
	if d.parts >= maxParts {
		return
	}
	d.inside++
	texts := d.walk(in)
	d.inside--
	if d.inside == 0 {
		d.found.attached = append(d.found.attached, texts...)
	}
}

// keepRaw keeps the bytes of an entity as a file, header and all.
func (d *desk) keepRaw(e entity) {
	d.attach(entity{head: e.head, path: e.path, off: e.off, size: e.size, kind: media{value: "application/octet-stream"}}, e.body, "part.bin")
}
