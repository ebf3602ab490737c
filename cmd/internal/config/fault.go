package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Error is a refused configuration: every fault found, each with its place in the file.
type Error struct {
	File   string
	Faults []Fault
}

// Fault is one thing that is wrong.
type Fault struct {
	Line   int    // 0 = not found in the file (a missing setting, an environment variable)
	Path   string // dotted path of the setting, "" when the file is not even YAML
	Text   string // what is wrong and what to do
	Source string // the lines around it with a caret, "" when Line is 0
}

// Error shows every fault with its line and a caret under it.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d fault(s)", e.File, len(e.Faults))
	for _, f := range e.Faults {
		b.WriteString("\n\n")
		if f.Line > 0 {
			fmt.Fprintf(&b, "line %d: ", f.Line)
		}
		if f.Path != "" {
			b.WriteString(f.Path + ": ")
		}
		b.WriteString(f.Text)
		if f.Source != "" {
			b.WriteString("\n" + f.Source)
		}
	}
	return b.String()
}

// syntaxFault turns the decoder's error into a fault.
func syntaxFault(err error) Fault {
	var y yaml.Error
	if !errors.As(err, &y) {
		return Fault{Text: err.Error()}
	}
	f := Fault{Text: y.GetMessage()}
	if tok := y.GetToken(); tok != nil {
		f.Line = tok.Position.Line
		f.Source = sourceOf(y.FormatError(false, true))
	}
	return f
}

// sourceOf drops the decoder's own headline, which Fault already tells.
func sourceOf(formatted string) string {
	_, source, _ := strings.Cut(formatted, "\n")
	return strings.TrimRight(source, "\n")
}

// pathText matches the field path that the packages put before their complaint, such as people[0].devices[1].uri.
var pathText = regexp.MustCompile(`^([a-z_]+(?:\[[^\]]+\]|\.[a-z_]+)*): (.*)$`)

// locate turns the joined errors of Validate into faults with their places in the file.
func locate(err error, section string, file *ast.File, source []byte) []Fault {
	var faults []Fault
	for _, one := range leaves(err) {
		f := Fault{Text: one.Error(), Path: section}
		if m := pathText.FindStringSubmatch(one.Error()); m != nil {
			f.Path, f.Text = strings.TrimPrefix(section+"."+strings.TrimPrefix(m[1], section+"."), "."), m[2]
		}
		f.Line, f.Source = place(f.Path, file, source)
		faults = append(faults, f)
	}
	return faults
}

// prefixText is the path that a wrapper puts before all it wraps, such as "numbering: ".
var prefixText = regexp.MustCompile(`^([a-z_]+(?:\[[^\]]+\]|\.[a-z_]+)*): $`)

// leaves flattens errors.Join; an error that only wraps one joined error is opened too, and a path it adds is kept.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range j.Unwrap() {
			all = append(all, leaves(e)...)
		}
		return all
	}
	if inner := errors.Unwrap(err); inner != nil {
		if _, ok := inner.(interface{ Unwrap() []error }); ok {
			all := leaves(inner)
			if m := prefixText.FindStringSubmatch(strings.TrimSuffix(err.Error(), inner.Error())); m != nil {
				for i := range all {
					all[i] = fmt.Errorf("%s.%w", m[1], all[i])
				}
			}
			return all
		}
	}
	return []error{err}
}

// place finds the line of a dotted path, or of the nearest part of it that the file has.
func place(path string, file *ast.File, source []byte) (int, string) {
	for path != "" {
		if p, err := yaml.PathString("$." + indexed(path, file)); err == nil {
			if node, err := p.FilterFile(file); err == nil && node != nil {
				return annotate(p, node, source)
			}
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return 0, ""
		}
		path = path[:cut]
	}
	return 0, ""
}

func annotate(p *yaml.Path, node ast.Node, source []byte) (int, string) {
	text, err := p.AnnotateSource(source, false)
	if err != nil {
		return node.GetToken().Position.Line, ""
	}
	return node.GetToken().Position.Line, strings.Trim(string(text), "\n")
}

var byID = regexp.MustCompile(`^(.*?)\[([^\]]*[^0-9\]][^\]]*)\](.*)$`)

// indexed replaces list[id] by list[position], for complaints that name an entry by its id.
func indexed(path string, file *ast.File) string {
	m := byID.FindStringSubmatch(path)
	if m == nil {
		return path
	}
	p, err := yaml.PathString("$." + m[1])
	if err != nil {
		return m[1]
	}
	node, err := p.FilterFile(file)
	if err != nil {
		return m[1]
	}
	var entries []map[string]any
	if yaml.NodeToValue(node, &entries) != nil {
		return m[1]
	}
	for i, e := range entries {
		if e["id"] == m[2] || e["name"] == m[2] {
			return indexed(m[1]+"["+strconv.Itoa(i)+"]"+m[3], file)
		}
	}
	return m[1]
}
