package letter

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// nameOf returns the name that a sender gave to a file, decoded.
func (d *desk) nameOf(e entity) string {
	for _, v := range [][]byte{e.way.params["filename"], e.way.params["name"], e.kind.params["name"], e.kind.params["filename"], e.kind.params["file"]} {
		if name := fileName(string(v)); name != "" {
			return name
		}
	}
	return ""
}

// fileName makes a name safe: no folders, no control characters, no marks that
// turn the writing around, at most maxName runes, the extension kept.
func fileName(s string) string {
	s = line(s, maxLine)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, s)
	s = strings.Trim(s, ". ")
	if utf8.RuneCountInString(s) <= maxName {
		return s
	}
	ext := path.Ext(s)
	if utf8.RuneCountInString(ext) > 10 {
		ext = ""
	}
	return string([]rune(s)[:maxName-utf8.RuneCountInString(ext)]) + ext
}

// attach adds a file to the letter; name stands for a missing one.
func (d *desk) attach(e entity, content []byte, name string) {
	if d.inside > 0 {
		return // the attached mail itself is the file
	}
	if len(d.out.Attachments) >= maxFiles {
		d.fault(FaultTooMany, e, "more files than are kept")
		return
	}
	if given := d.nameOf(e); given != "" {
		name = given
	}
	a := Attachment{Declared: line(e.kind.value, 100), Content: slices.Clip(content)}
	a.Type = sniff(content)
	if a.Type == "" || a.Type == "text/plain" && a.Declared == "message/rfc822" {
		a.Type = kindByName(name, a.Declared)
	}
	if name = fileName(name); name == "" {
		name = d.unnamed(a.Type)
	}
	a.Name = name
	a.ContentID = strings.Trim(line(string(e.head.get("content-id")), 200), "<> ")
	a.Inline = e.way.value == "inline" || e.way.value == "" && a.ContentID != "" && strings.HasPrefix(a.Type, "image/")
	a.Disguised = disguised(a)
	d.out.Attachments = append(d.out.Attachments, a)
}

// magic is a type with the bytes it starts with.
type magic struct {
	at    int
	bytes string
	kind  string
}

// magics lists what is told by its first bytes.
func magics() []magic {
	return []magic{
		{0, "%PDF-", "application/pdf"},
		{0, "\x89PNG\r\n\x1a\n", "image/png"},
		{0, "\xff\xd8\xff", "image/jpeg"},
		{0, "GIF8", "image/gif"},
		{8, "WEBP", "image/webp"},
		{8, "WAVE", "audio/wav"},
		{8, "AVI ", "video/x-msvideo"},
		{0, "BM", "image/bmp"},
		{0, "II*\x00", "image/tiff"},
		{0, "MM\x00*", "image/tiff"},
		{4, "ftypheic", "image/heic"},
		{4, "ftypM4A", "audio/mp4"},
		{4, "ftyp", "video/mp4"},
		{0, "OggS", "audio/ogg"},
		{0, "ID3", "audio/mpeg"},
		{0, "fLaC", "audio/flac"},
		{0, "\x1aE\xdf\xa3", "video/webm"},
		{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"},
		{0, "Rar!\x1a\x07", "application/vnd.rar"},
		{0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
		{0, "\x1f\x8b", "application/gzip"},
		{0, "BZh", "application/x-bzip2"},
		{0, "\xfd7zXZ\x00", "application/x-xz"},
		{257, "ustar", "application/x-tar"},
		{0, "MSCF", "application/vnd.ms-cab-compressed"},
		{0, "MZ", "application/x-msdownload"},
		{0, "\x7fELF", "application/x-elf"},
		{0, "\xca\xfe\xba\xbe", "application/java-vm"},
		{0, "L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"},
		{0, "#!", "text/x-script"},
		{0, "{\\rtf", "application/rtf"},
		{0, "\x78\x9f\x3e\x22", "application/ms-tnef"},
	}
}

// sniff tells a type by the bytes; "" when they do not say.
func sniff(b []byte) string {
	for _, m := range magics() {
		if len(b) >= m.at+len(m.bytes) && string(b[m.at:m.at+len(m.bytes)]) == m.bytes {
			return m.kind
		}
	}
	if bytes.HasPrefix(b, []byte("PK\x03\x04")) || bytes.HasPrefix(b, []byte("PK\x05\x06")) {
		return zipKind(b)
	}
	start := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(b[:min(len(b), 1024)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	switch {
	case bytes.HasPrefix(start, []byte("<svg")), bytes.HasPrefix(start, []byte("<?xml")) && bytes.Contains(start, []byte("<svg")):
		return "image/svg+xml"
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")), bytes.HasPrefix(start, []byte("<script")):
		return "text/html"
	case bytes.HasPrefix(start, []byte("begin:vcalendar")):
		return "text/calendar"
	case len(b) == 0:
		return ""
	case bytes.IndexByte(b[:min(len(b), 1024)], 0) >= 0:
		return ""
	case utf8.Valid(b[:min(len(b), 1024)&^3]) && isASCII(b[:min(len(b), 1024)]):
		return "text/plain"
	}
	return ""
}

// zipKind tells office documents from archives by the names inside.
func zipKind(b []byte) string {
	b = b[:min(len(b), 8192)]
	switch {
	case bytes.Contains(b, []byte("word/")):
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case bytes.Contains(b, []byte("xl/")):
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case bytes.Contains(b, []byte("ppt/")):
		return "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	case bytes.Contains(b, []byte("mimetypeapplication/vnd.oasis.opendocument.")):
		return "application/vnd.oasis.opendocument"
	case bytes.Contains(b, []byte("META-INF/")):
		return "application/java-archive"
	}
	return "application/zip"
}

// kindByName is the type of bytes that tell nothing: what is declared when it
// says anything, never a type that a browser would run.
func kindByName(name, declared string) string {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case dangerous(ext):
		return "application/octet-stream"
	case ext == ".txt" || ext == ".log" || ext == ".csv" || ext == ".ini" || ext == ".conf":
		return "text/plain"
	case ext == ".eml" || declared == "message/rfc822":
		return "message/rfc822"
	case declared == "" || declared == "text/html" || declared == "image/svg+xml" || strings.Contains(declared, "script") || strings.Contains(declared, "xml"):
		return "application/octet-stream"
	}
	return declared
}

// dangerous says whether a double click on such a name runs something.
func dangerous(ext string) bool {
	switch ext {
	case ".exe", ".com", ".scr", ".bat", ".cmd", ".pif", ".cpl", ".msi", ".dll", ".hta", ".js", ".jse", ".vbs", ".vbe", ".wsf", ".wsh", ".ps1", ".lnk", ".reg", ".jar", ".iso", ".img", ".vhd", ".chm", ".url", ".appx":
		return true
	}
	return false
}

// disguised says whether a file is something to run that calls itself, or is
// called, something else.
func disguised(a Attachment) bool {
	ext := strings.ToLower(path.Ext(a.Name))
	program := false
	switch a.Type {
	case "application/x-msdownload", "application/x-elf", "application/x-ms-shortcut", "application/java-vm", "text/x-script":
		program = true
	case "text/html", "image/svg+xml":
		return ext != ".html" && ext != ".htm" && ext != ".svg" && ext != ".xml" && ext != ".txt"
	}
	switch {
	case dangerous(ext): // invoice.pdf.exe
		inner := strings.ToLower(path.Ext(strings.TrimSpace(strings.TrimSuffix(a.Name, path.Ext(a.Name)))))
		return len(inner) >= 3 && len(inner) <= 5 && !strings.ContainsAny(inner, "0123456789")
	case program:
		return ext != ".sh" && ext != ".py" && ext != ".pl" && ext != ".txt" && ext != ""
	}
	return false
}

// extensionOf is the extension of a type, for files without a name.
func extensionOf(kind string) string {
	switch kind {
	case "image/jpeg":
		return ".jpg"
	case "image/svg+xml":
		return ".svg"
	case "text/plain":
		return ".txt"
	case "application/octet-stream", "application/x-msdownload", "":
		return ".bin"
	case "audio/mpeg":
		return ".mp3"
	case "audio/mp4":
		return ".m4a"
	case "message/rfc822":
		return ".eml"
	}
	if _, sub, _ := strings.Cut(kind, "/"); len(sub) > 0 && len(sub) <= 5 && sub == fileName(sub) {
		return "." + sub
	}
	return ".bin"
}
