package letter

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
)

// Config is what a Reader knows of the house it works for.
type Config struct {
	// TrustedServers are the authserv-ids of our own mail servers, in lower
	// case. They must strip such headers from what comes in (RFC 8601 5), and
	// stand where nobody writes to the mailbox past them. None: every sender is
	// unverified.
	TrustedServers []string
	// Instance is the value of InstanceHeader in our own mails. Empty: none are known.
	Instance string
}

// Reader makes letters of mails. It may be used by any goroutine.
type Reader struct {
	cfg       Config
	cyrillics []cyrillic
	policy    *bluemonday.Policy
	prefixes  map[string]bool
	forms     []form
	quotes    quoter
}

// NewReader prepares the tables that all letters share.
func NewReader(cfg Config) *Reader {
	trusted := make([]string, 0, len(cfg.TrustedServers))
	for _, s := range cfg.TrustedServers {
		trusted = append(trusted, strings.ToLower(strings.TrimSpace(s)))
	}
	cfg.TrustedServers = trusted
	return &Reader{cfg: cfg, cyrillics: cyrillics(), policy: policy(), prefixes: prefixes(), forms: forms(), quotes: newQuoter()}
}

// Read makes a letter of a mail. It takes any bytes; what it cannot read is a
// fault of the letter. The raw bytes are not changed, and attachments may be
// slices of them.
func (r *Reader) Read(raw []byte, env Envelope) (out Letter) {
	d := &desk{r: r, raw: raw, out: &out, envel: env}
	defer func() {
		if p := recover(); p != nil { // a mail that breaks the reader must still become a ticket
			d.faultAt(FaultBroken, "", fmt.Sprint("the reader failed: ", p), 0, len(raw))
			if out.Text == "" {
				out.Text = d.rawText(raw)
				out.Stripped = out.Text
			}
		}
	}()
	if len(raw) > maxMail {
		d.faultAt(FaultTooLarge, "", "the mail is longer than is read", maxMail, len(raw)-maxMail)
		raw = raw[:maxMail]
	}
	raw = d.unixLines(raw)
	e := d.entity(raw, "", 0, 0, "text/plain")
	d.head = e.head
	d.hint = e.kind.get("charset")
	if len(e.head.fields) == 0 && len(bytes.TrimSpace(raw)) > 0 {
		d.fault(FaultHeader, e, "no header: all is read as text")
	}
	texts := d.walk(e)
	d.fields()
	d.compose(texts, e)
	d.finish()
	return out
}

// unixLines mends mails whose lines end by CR alone, which the first line tells.
func (d *desk) unixLines(raw []byte) []byte {
	i := bytes.IndexByte(raw, '\r')
	if i < 0 || i+1 < len(raw) && raw[i+1] == '\n' || bytes.IndexByte(raw[:i], '\n') >= 0 {
		return raw
	}
	if _, _, ok := fieldOf(raw[:i]); !ok {
		return raw
	}
	if len(raw) > maxCopied {
		d.faultAt(FaultTooLarge, "", "line ends by CR alone, which are mended in the first megabytes only", maxCopied, len(raw)-maxCopied)
		raw = raw[:maxCopied]
	}
	d.spend(len(raw))
	out := make([]byte, 0, len(raw))
	for i, c := range raw {
		switch {
		case c != '\r':
			out = append(out, c)
		case i+1 >= len(raw) || raw[i+1] != '\n':
			out = append(out, '\n')
		}
	}
	return out
}

// fields reads the fields of the mail's own header. It comes after the walk,
// so that raw 8-bit fields are read with the charset of the body.
func (d *desk) fields() {
	h, out := &d.head, d.out
	out.From = d.addresses(h.get("from"))
	if list := d.addresses(h.get("sender")); len(list) > 0 {
		out.Sender = list[0]
	}
	out.ReplyTo = d.addresses(h.get("reply-to"))
	for _, v := range h.all("to") {
		out.To = append(out.To, d.addresses(v)...)
	}
	for _, v := range h.all("cc") {
		out.Cc = append(out.Cc, d.addresses(v)...)
	}
	if len(out.From) == 0 {
		d.faultAt(FaultMissing, "", "From names nobody", 0, 0)
	}
	if d.forgedFrom() {
		d.faultAt(FaultCollisions, "", "From stands there more than once; the first one is shown", 0, 0)
	}
	out.Date, out.Relayed = date(h.get("date")), relayed(h)
	if list := ids(h.get("message-id")); len(list) > 0 {
		out.ID = list[0]
	}
	out.InReplyTo, out.References = ids(h.all("in-reply-to")...), ids(h.all("references")...)
	out.Subject = line(d.words(h.get("subject")), maxLine)
	if strings.Contains(out.Subject, "=?") { // encoded twice
		out.Subject = line(d.words([]byte(out.Subject)), maxLine)
	}
}

// compose joins the pieces of text. Each has a plain form or an HTML one; both
// views are complete.
func (d *desk) compose(texts []block, e entity) {
	if len(d.found.attached) > 0 && blank(texts) {
		texts = d.found.attached // nothing but an attached mail: its words are what there is
	}
	var full, shown strings.Builder
	rich, used := false, 0
	for _, b := range texts {
		rich = rich || strings.TrimSpace(b.html) != ""
	}
	for _, b := range texts {
		text := lines(b.plain)
		if strings.TrimSpace(text) == "" && b.html != "" {
			text = lines(plain(b.html))
		}
		if text != "" {
			if full.Len() > 0 {
				full.WriteString("\n\n")
			}
			full.WriteString(text)
		}
		if !rich {
			continue
		}
		source := b.html
		if source == "" {
			source = "<pre>" + html.EscapeString(text) + "</pre>"
		}
		safe, remote := d.r.sanitise(clip(source, max(0, maxShown-used)))
		used += len(source)
		d.out.RemoteImages += remote
		shown.WriteString(visible(safe))
		shown.WriteByte('\n')
	}
	d.out.HTML = strings.TrimSpace(shown.String())
	d.out.Text = full.String()
	for i := range d.out.Attachments {
		a := &d.out.Attachments[i]
		a.Inline = a.Inline || a.ContentID != "" && strings.Contains(d.out.HTML, "cid:"+a.ContentID)
	}
	if len(d.out.Text) > maxText {
		d.out.Text = clip(d.out.Text, maxText)
		d.faultAt(FaultTooLarge, "", "the text is longer than is kept", 0, 0)
	}
	if d.out.Text == "" && d.out.Encrypted == "" && len(d.out.Attachments) == 0 && len(bytes.TrimSpace(e.body)) > 0 && !blankLeaf(e) {
		d.fault(FaultNoText, e, "no text was found: the body stands here as it came")
		d.out.Text = d.rawText(e.body)
	}
}

// blankLeaf says that a mail has one text without words in it: it is empty,
// not unreadable.
func blankLeaf(e entity) bool { return e.kind.value == "text/html" || e.kind.value == "text/plain" }

func blank(texts []block) bool {
	for _, b := range texts {
		if strings.TrimSpace(b.plain) != "" || strings.TrimSpace(plain(b.html)) != "" {
			return false
		}
	}
	return true
}

// rawText is the start of bytes that nobody could read, as text.
func (d *desk) rawText(b []byte) string {
	return lines(d.read(b[:min(len(b), maxHead)], "", d.hint).text)
}

// finish draws the conclusions.
func (d *desk) finish() {
	topic, forwarded := d.r.topic(d.out.Subject)
	d.out.Topic = topic
	d.out.Report = d.report()
	d.out.Automatic = d.automatic()
	d.out.Forward = d.forward(forwarded)
	d.out.Stripped = d.out.Text
	if d.out.Forward == nil {
		d.out.Stripped = d.r.quotes.strip(clip(d.out.Text, maxStripped))
	}
	d.marks()
	d.out.Sincerity = d.sincerity()
}

func itoa(n int) string { return strconv.Itoa(n) }
