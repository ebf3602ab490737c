package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Loaded is a configuration and where its settings came from.
type Loaded struct {
	Config Config
	File   string
	// FromEnv are the settings that the environment gave: dotted path to variable.
	FromEnv map[string]string

	ast    *ast.File
	source []byte
}

// Load reads the file, lays VAHTA_* variables over it and checks the whole. The error is an *Error with every fault found,
// or says that the file can not be read.
func Load(path string, env []string) (*Loaded, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w; `vahta config sample` prints one to start from", err)
	}
	return Parse(path, source, env)
}

// Parse is Load on bytes that are already in memory.
func Parse(name string, source []byte, env []string) (*Loaded, error) {
	l := &Loaded{Config: Default(), File: name}
	faults := l.decode(source)
	if len(faults) > 0 {
		return nil, &Error{File: name, Faults: faults}
	}
	var err error
	if l.FromEnv, err = environ(&l.Config, env); err != nil {
		return nil, &Error{File: name, Faults: []Fault{{Text: err.Error()}}}
	}
	l.Config.derive()
	if faults := l.faults(); len(faults) > 0 {
		return nil, &Error{File: name, Faults: faults}
	}
	return l, nil
}

// decode lays the file over the defaults. A file without a setting leaves them as they are.
func (l *Loaded) decode(source []byte) []Fault {
	source = bytes.TrimPrefix(source, []byte("\xef\xbb\xbf")) // a byte order mark, as Windows editors write it
	if !utf8.Valid(source) || bytes.IndexByte(source, 0) >= 0 {
		return []Fault{{Text: "is not UTF-8 text (it looks like UTF-16 or a binary file); save it as UTF-8"}}
	}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		return []Fault{syntaxFault(err)}
	}
	l.ast, l.source = file, source
	var docs []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil {
			docs = append(docs, d)
		}
	}
	switch len(docs) {
	case 0:
		return nil
	case 1:
	default:
		return []Fault{{
			Line: docs[1].Body.GetToken().Position.Line,
			Text: "a second document begins here; a configuration is one: remove the line --- before it",
		}}
	}
	in := inspector{file: file, source: source}
	body := in.value(reflect.TypeFor[Config](), docs[0].Body, "")
	if len(in.faults) > 0 {
		return in.faults
	}
	decoder := yaml.NewDecoder(bytes.NewReader(nil), append(secrets(), yaml.Strict())...)
	if err := decoder.DecodeFromNode(body, &l.Config); err != nil {
		return []Fault{syntaxFault(err)}
	}
	return nil
}

// faults validates section by section, so that each complaint gets its full path and line.
func (l *Loaded) faults() []Fault {
	var all []Fault
	sections := l.Config.sections()
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		if err := sections[name](); err != nil {
			all = append(all, locate(err, name, l.ast, l.source)...)
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(f Fault) bool {
		told := seen[f.Path+"\n"+f.Text]
		seen[f.Path+"\n"+f.Text] = true
		return told
	})
}

// Print writes the effective configuration as YAML. With sources, settings that the environment gave are listed above it.
// Secrets show as ***.
func (l *Loaded) Print(sources bool) (string, error) {
	out, err := yaml.MarshalWithOptions(l.Config, yaml.IndentSequence(true))
	if err != nil {
		return "", fmt.Errorf("print configuration: %w", err)
	}
	text := veil(string(out))
	if !sources {
		return text, nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# file: %s; what it leaves out has its default\n", l.File)
	for _, path := range slices.Sorted(maps.Keys(l.FromEnv)) {
		fmt.Fprintf(&b, "# %s: from environment variable %s\n", path, l.FromEnv[path])
	}
	b.WriteString(text)
	return b.String(), nil
}

var errRequired = errors.New("is required")
