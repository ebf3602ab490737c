package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"sync"
)

//go:embed report.html
var pageHTML string

//go:embed report.css
var pageCSS string

// Style returns the style sheet of [HTML] as it stands in the page, and its
// source expression for a Content-Security-Policy ('sha256-…').
func Style() (css, source string) {
	sum := sha256.Sum256([]byte(pageCSS))
	return pageCSS, "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Link is a way that a page offers at its head.
type Link struct{ Text, URL string }

var page = sync.OnceValue(func() *template.Template { //nolint:gochecknoglobals // parsed once, never changed
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"is":   is,
		"set":  typeset,
		"tone": func(r Row, i int) string { return r.Tones[i].String() },
	}).Parse(pageHTML))
})

// String names a tone as the style sheet does.
func (t Tone) String() string {
	switch t {
	case Good:
		return "good"
	case Bad:
		return "bad"
	case Muted:
		return "muted"
	case Plain:
	}
	return ""
}

// is names the kind of a block for the template.
func is(b Block) string {
	switch b.(type) {
	case Para:
		return "para"
	case List:
		return "list"
	case Items:
		return "items"
	case Fields:
		return "fields"
	case Table:
		return "table"
	}
	return ""
}

// HTML writes a document as a page of its own: no scripts, nothing from
// elsewhere, fit for a telephone and for paper. links stand at its head.
func HTML(d Document, links ...Link) (string, error) {
	var b strings.Builder
	err := page().Execute(&b, struct {
		Document
		Style   template.CSS
		Contact string
		Links   []Link
	}{d, template.CSS(pageCSS), d.Provider.line(), links}) //nolint:gosec // our own sheet
	if err != nil {
		return "", fmt.Errorf("write report %s as HTML: %w", d.Number, err)
	}
	return b.String(), nil
}
