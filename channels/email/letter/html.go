package letter

import (
	"net/url"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// policy is what of HTML is shown: text, tables, lists, links, no styles, no
// forms, nothing that runs or loads.
func policy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "div", "span", "blockquote", "pre", "code", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "sub", "sup", "small", "big", "tt", "center",
		"h1", "h2", "h3", "h4", "h5", "h6", "dl", "dt", "dd", "caption", "font")
	p.AllowLists()
	p.AllowElements("table", "thead", "tbody", "tfoot", "tr", "td", "th")
	p.AllowAttrs("colspan", "rowspan", "align", "valign").OnElements("td", "th", "tr", "table", "p", "div")
	p.AllowAttrs("alt", "width", "height").OnElements("img")
	p.AllowAttrs("src").OnElements("img") // which sources: see settle
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid")
	p.AllowDataURIImages()
	p.AllowAttrs("href").OnElements("a")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}

// sanitise makes HTML safe to show and says how many images from elsewhere it
// has lost.
func (r *Reader) sanitise(source string) (string, int) {
	var safe strings.Builder
	safe.Grow(len(source))
	if err := r.policy.SanitizeReaderToWriter(strings.NewReader(source), &safe); err != nil {
		return "", 0 // a Builder takes everything
	}
	return settle(safe.String())
}

// settle closes what is open, drops ends without a start and elements nested
// too deep, and takes the remote images out.
func settle(source string) (string, int) {
	z := html.NewTokenizer(strings.NewReader(source))
	s := settler{dropped: map[string]int{}}
	s.b.Grow(len(source))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			s.closeTo(0)
			return s.b.String(), s.remote
		case html.StartTagToken, html.SelfClosingTagToken:
			s.start(z.Token())
		case html.EndTagToken:
			s.end(z.Token().Data)
		case html.TextToken:
			s.b.Write(z.Raw()) // escaped by the policy
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

// settler is what settle has written so far.
type settler struct {
	b       strings.Builder
	open    []string
	dropped map[string]int // elements left out, whose ends come yet
	remote  int
}

func (s *settler) start(t html.Token) {
	if t.Data == "img" && !local(&t) {
		s.remote++
	}
	switch {
	case void(t.Data) || t.Type == html.SelfClosingTagToken:
	case len(s.open) >= maxNesting:
		s.dropped[t.Data]++
		return
	default:
		s.open = append(s.open, t.Data)
	}
	s.b.WriteString(t.String())
}

func (s *settler) end(name string) {
	if s.dropped[name] > 0 {
		s.dropped[name]--
		return
	}
	for at, open := range slices.Backward(s.open) {
		if open == name {
			s.closeTo(at)
			return
		}
	}
}

// closeTo ends the open elements down to so many.
func (s *settler) closeTo(n int) {
	for len(s.open) > n {
		last := len(s.open) - 1
		s.b.WriteString("</" + s.open[last] + ">")
		s.open = s.open[:last]
	}
}

// local says whether an image comes with the mail; one that does not loses its
// source.
func local(t *html.Token) bool {
	kept, ok := t.Attr[:0], true
	for _, a := range t.Attr {
		src := strings.ToLower(a.Val)
		if a.Key == "src" && !strings.HasPrefix(src, "cid:") && !strings.HasPrefix(src, "data:image/") {
			ok = false
			continue
		}
		kept = append(kept, a)
	}
	t.Attr = kept
	return ok
}

func void(a string) bool {
	return a == "br" || a == "hr" || a == "img" || a == "col"
}

// plainer makes text of HTML.
type plainer struct {
	b      strings.Builder
	line   strings.Builder
	href   string
	anchor int // where the link's text began in line
	skip   string
	depth  int // of skip in itself
	quote  int
	pre    int
	lists  []int // numbers of ordered lists; -1: bullets
	space  bool
	empty  int // line ends written since the last text
}

// plain makes text of HTML: paragraphs, lists, tables by lines, links behind
// their text, quotes marked by ">".
func plain(source string) string {
	z := html.NewTokenizer(strings.NewReader(source))
	p := &plainer{empty: 2}
	for {
		switch z.Next() {
		case html.ErrorToken:
			p.end(1)
			return strings.TrimSpace(p.b.String())
		case html.TextToken:
			if p.skip == "" {
				p.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			p.start(t)
		case html.EndTagToken:
			t := z.Token()
			p.close(t.Data)
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

// text adds words; runs of blanks are one.
func (p *plainer) text(s string) {
	s = html.UnescapeString(s)
	if p.pre > 0 {
		for i, l := range strings.Split(s, "\n") {
			if i > 0 {
				p.newline()
			}
			p.line.WriteString(strings.TrimSuffix(l, "\r"))
		}
		return
	}
	for _, r := range s {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
			p.space = true
			continue
		}
		if p.space && p.line.Len() > 0 {
			p.line.WriteByte(' ')
		}
		p.space = false
		p.line.WriteRune(r)
	}
}

// end ends the line and makes sure that so many line ends stand there.
func (p *plainer) end(breaks int) {
	if p.line.Len() > 0 {
		p.b.WriteString(strings.Repeat("> ", min(p.quote, 9)))
		p.b.WriteString(strings.TrimRight(p.line.String(), " "))
		p.line.Reset()
		p.empty = 0
	}
	p.space, p.anchor = false, 0
	for p.empty < breaks {
		p.b.WriteByte('\n')
		p.empty++
	}
}

func (p *plainer) start(t html.Token) {
	a := t.Data
	if p.skip != "" {
		if a == p.skip {
			p.depth++
		}
		return
	}
	switch a {
	case "script", "style", "head", "title", "template", "noscript":
		if t.Type == html.StartTagToken {
			p.skip, p.depth = a, 1
		}
	case "br":
		p.newline()
	case "hr":
		p.end(1)
		p.line.WriteString(strings.Repeat("_", 32))
		p.end(1)
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table":
		p.end(2)
	case "div", "tr", "dt", "dd", "section", "article", "header", "footer", "center":
		p.end(1)
	case "blockquote":
		p.end(2)
		p.quote++
	case "pre":
		p.end(2)
		p.pre++
	case "ul":
		p.end(1)
		p.lists = append(p.lists, -1)
	case "ol":
		p.end(1)
		p.lists = append(p.lists, 0)
	case "li":
		p.item()
	case "td", "th":
		if p.line.Len() > 0 {
			p.line.WriteByte('\t')
			p.space = false
		}
	case "a":
		p.href, p.anchor = link(attr(t, "href")), p.line.Len()
	case "img":
		if alt := strings.TrimSpace(attr(t, "alt")); alt != "" {
			p.text(" [" + alt + "] ")
		}
	}
}

// newline is a br: two of them make a blank line.
func (p *plainer) newline() {
	if p.line.Len() > 0 {
		p.end(1)
		return
	}
	if p.empty < 3 {
		p.b.WriteByte('\n')
		p.empty++
	}
}

func (p *plainer) item() {
	p.end(1)
	n := len(p.lists)
	if n == 0 {
		p.line.WriteString("- ")
		return
	}
	p.line.WriteString(strings.Repeat("  ", min(n-1, 8)))
	if p.lists[n-1] < 0 {
		p.line.WriteString("- ")
		return
	}
	p.lists[n-1]++
	p.line.WriteString(itoa(p.lists[n-1]) + ". ")
}

func (p *plainer) close(a string) {
	if p.skip != "" {
		if a == p.skip {
			if p.depth--; p.depth == 0 {
				p.skip = ""
			}
		}
		return
	}
	switch a {
	case "a":
		if shown := p.line.String(); p.href != "" && p.anchor <= len(shown) && strings.TrimSpace(shown[p.anchor:]) != "" && !sameLink(shown[p.anchor:], p.href) {
			p.line.WriteString(" <" + p.href + ">")
		}
		p.href = ""
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table":
		p.end(2)
	case "div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "center":
		p.end(1)
	case "ul", "ol":
		p.end(1)
		if n := len(p.lists); n > 0 {
			p.lists = p.lists[:n-1]
		}
	case "blockquote":
		p.end(1)
		p.quote = max(0, p.quote-1)
		p.end(2)
	case "pre":
		p.end(2)
		p.pre = max(0, p.pre-1)
	}
}

func attr(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// link returns an address worth showing; "" for none.
func link(href string) string {
	href = line(strings.TrimSpace(href), 2000)
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https", "mailto", "tel":
		return href
	}
	return ""
}

// sameLink says whether the text of a link is its address.
func sameLink(text, href string) bool {
	strip := func(s string) string {
		s = strings.ToLower(strings.TrimSpace(s))
		for _, p := range []string{"https://", "http://", "mailto:", "tel:", "www."} {
			s = strings.TrimPrefix(s, p)
		}
		return strings.TrimSuffix(s, "/")
	}
	return strip(text) == strip(href)
}
