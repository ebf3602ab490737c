package ticket

import (
	"regexp"
	"strings"
)

// paragraphs parts a text at its blank lines.
var paragraphs = regexp.MustCompile(`\n[ \t\r]*\n\s*`)

// OneLine is a text of several lines as one: where paragraphs follow each other,
// such as a subject and what is said about it, each ends as a sentence does.
func OneLine(text string) string {
	var b strings.Builder
	for _, part := range paragraphs.Split(strings.ReplaceAll(text, "\r\n", "\n"), -1) {
		part = strings.Join(strings.Fields(part), " ")
		if part == "" {
			continue
		}
		if so := b.String(); so != "" {
			if !strings.ContainsAny(so[len(so)-1:], ".!?:;,") && !strings.HasSuffix(so, "…") {
				b.WriteByte('.')
			}
			b.WriteByte(' ')
		}
		b.WriteString(part)
	}
	return b.String()
}
