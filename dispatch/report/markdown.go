package report

import (
	"fmt"
	"strings"
)

// Markdown writes a document as GitHub Flavored Markdown.
func Markdown(d Document) string {
	var b strings.Builder
	title := d.Title + " " + d.Number
	fmt.Fprintf(&b, "# %s\n\n", mark(title))
	if d.Draft != "" {
		fmt.Fprintf(&b, "**%s.** ", mark(d.Draft))
	}
	fmt.Fprintf(&b, "%s. %s.\n\n", mark(d.Edition), mark(d.Private))
	if d.Subject != "" {
		fmt.Fprintf(&b, "> %s\n\n", mark(d.Subject))
	}
	markFields(&b, d.Fields)
	if len(d.Tiles) > 0 {
		b.WriteByte('\n')
	}
	for _, t := range d.Tiles {
		fmt.Fprintf(&b, "- %s: **%s** (%s)\n", mark(t.Label), mark(t.Value), mark(t.Note))
	}
	for _, s := range d.Sections {
		fmt.Fprintf(&b, "\n## %d. %s\n\n", s.Number, mark(s.Title))
		for i, block := range s.Blocks {
			if i > 0 {
				b.WriteByte('\n')
			}
			markBlock(&b, block)
		}
	}
	fmt.Fprintf(&b, "\n%s.\n", mark(d.Zone))
	if line := d.Provider.line(); line != "" {
		fmt.Fprintf(&b, "\n%s\n", mark(line))
	}
	return strings.ReplaceAll(b.String(), nbsp, " ")
}

// line is who wrote the report, in one line.
func (p Provider) line() string {
	var parts []string
	for _, part := range []string{p.Name, p.Phone, p.Mail, p.Site} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

func markBlock(b *strings.Builder, block Block) {
	switch v := block.(type) {
	case Para:
		fmt.Fprintf(b, "%s\n", mark(v.Text))
	case List:
		if v.Name != "" {
			fmt.Fprintf(b, "%s:\n\n", mark(v.Name))
		}
		for i, item := range v.Items {
			if v.Ordered {
				fmt.Fprintf(b, "%d. %s\n", i+1, mark(item))
			} else {
				fmt.Fprintf(b, "- %s\n", mark(item))
			}
		}
	case Items:
		for i, item := range v.Items {
			fmt.Fprintf(b, "%d. %s\n", i+1, mark(item.Text))
			if item.Detail != "" {
				fmt.Fprintf(b, "   *%s*\n", mark(item.Detail))
			}
		}
	case Fields:
		markFields(b, v.Fields)
	case Table:
		markTable(b, v)
	}
}

func markFields(b *strings.Builder, fields []Field) {
	for _, f := range fields {
		fmt.Fprintf(b, "- **%s:** %s\n", mark(f.Name), mark(f.Value))
	}
}

// markTable writes a table a group: Markdown's tables have no groups.
func markTable(b *strings.Builder, t Table) {
	if t.Name != "" {
		fmt.Fprintf(b, "%s:\n\n", mark(t.Name))
	}
	for i, g := range t.Groups {
		if i > 0 {
			b.WriteByte('\n')
		}
		if g.Name != "" {
			fmt.Fprintf(b, "**%s**\n\n", mark(g.Name))
		}
		var titles, rules []string
		for _, c := range t.Columns {
			titles = append(titles, mark(c.Title))
			if c.Right {
				rules = append(rules, "---:")
			} else {
				rules = append(rules, "---")
			}
		}
		fmt.Fprintf(b, "| %s |\n| %s |\n", strings.Join(titles, " | "), strings.Join(rules, " | "))
		for _, r := range g.Rows {
			fmt.Fprintf(b, "| %s |\n", strings.Join(markRow(r), " | "))
		}
	}
}

// markRow are the cells of a row. A sum is strong, and so is the time of a turning point.
func markRow(r Row) []string {
	cells := make([]string, len(r.Cells))
	for n, c := range r.Cells {
		cells[n] = mark(c)
		if c != "" && (r.Strong || r.Key && n == 0) {
			cells[n] = "**" + cells[n] + "**"
		}
	}
	if r.Note != "" {
		cells[0] += "<br>*" + mark(r.Note) + "*"
	}
	return cells
}

// mark escapes what Markdown would take for markup; line breaks become blanks:
// a text must not begin a block of its own.
func mark(text string) string {
	var b strings.Builder
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, nbsp, "\x00")), " ")
	digits := true // only digits so far: a full stop would make a list
	for i, r := range strings.ReplaceAll(text, "\x00", nbsp) {
		begins := i == 0 && strings.ContainsRune("-+=", r) || digits && i > 0 && (r == '.' || r == ')')
		digits = digits && r >= '0' && r <= '9'
		if begins || strings.ContainsRune("\\`*_{}[]<>#|~&!", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
