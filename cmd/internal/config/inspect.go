package config

import (
	"encoding"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/butlerspb/vahta/channels/monitor"
	"github.com/butlerspb/vahta/channels/webhook"
	"github.com/butlerspb/vahta/sip/trunk"
)

// inspector holds the file against the shape of Config before it is decoded, so that every fault of it is told at once,
// with its line and in plain words. What an anchor stands for is left to the decoder.
type inspector struct {
	file   *ast.File
	source []byte
	faults []Fault
}

func (in *inspector) fault(path, format string, args ...any) {
	f := Fault{Path: path, Text: fmt.Sprintf(format, args...)}
	f.Line, f.Source = place(path, in.file, in.source)
	in.faults = append(in.faults, f)
}

// value inspects a node that a setting of the type is read from, and returns the node to decode.
func (in *inspector) value(typ reflect.Type, node ast.Node, path string) ast.Node {
	switch n := node.(type) {
	case nil, *ast.NullNode, *ast.AliasNode, *ast.TagNode:
		return node
	case *ast.AnchorNode:
		n.Value = in.value(typ, n.Value, path)
		return n
	}
	reads := reflect.PointerTo(typ).Implements(textUnmarshaler)
	switch {
	case reads || isScalar(typ.Kind()):
		return in.scalar(typ, node, path)
	case typ.Kind() == reflect.Struct:
		in.mapping(typ, node, path)
	case typ.Kind() == reflect.Slice:
		in.list(typ, node, path)
	case typ.Kind() == reflect.Map:
		in.table(typ, node, path)
	}
	return node
}

func (in *inspector) mapping(typ reflect.Type, node ast.Node, path string) {
	list, ok := entries(node)
	if !ok {
		in.fault(path, "has settings of its own; write them below it, indented")
		return
	}
	for _, v := range list {
		if _, merges := v.Key.(*ast.MergeKeyNode); merges {
			continue
		}
		name := v.Key.GetToken().Value
		at := strings.TrimPrefix(path+"."+name, ".")
		if field, ok := fieldOf(typ, name); ok {
			v.Value = in.value(field, v.Value, at)
			continue
		}
		f := Fault{Path: at, Text: "there is no such setting here; " + near(typ, name), Line: v.Key.GetToken().Position.Line}
		if line, text := place(at, in.file, in.source); line == f.Line {
			f.Source = text
		}
		in.faults = append(in.faults, f)
	}
}

func (in *inspector) list(typ reflect.Type, node ast.Node, path string) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		in.fault(path, "is a list; write each entry on a line of its own after a dash, or [a, b]")
		return
	}
	for i, v := range list.Values {
		list.Values[i] = in.value(typ.Elem(), v, path+"["+strconv.Itoa(i)+"]")
	}
}

func (in *inspector) table(typ reflect.Type, node ast.Node, path string) {
	list, ok := entries(node)
	if !ok {
		in.fault(path, "is a table of names and values; write {name: value}")
		return
	}
	for _, v := range list {
		v.Value = in.value(typ.Elem(), v.Value, path+"."+v.Key.GetToken().Value)
	}
}

// scalar reads the setting's own text. A number that stands for a text (a telephone number without quotes) stays as it is
// written: the decoder would drop its plus sign and leading zeros.
func (in *inspector) scalar(typ reflect.Type, node ast.Node, path string) ast.Node {
	if _, ok := node.(ast.ScalarNode); !ok {
		in.fault(path, "is one value, not a list or a table")
		return node
	}
	var text string
	if err := yaml.NodeToValue(node, &text); err != nil {
		in.fault(path, "can not be read as a text")
		return node
	}
	plain := false
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		text, plain = node.GetToken().Value, true
	}
	if err := readable(typ, text); err != nil {
		in.fault(path, "%s", err)
		return node
	}
	keeps := typ.Kind() == reflect.String || reflect.PointerTo(typ).Implements(textUnmarshaler)
	if plain && keeps || typ == reflect.TypeFor[time.Duration]() {
		return ast.String(node.GetToken().Clone())
	}
	return node
}

// readable says in plain words why a text is no value of the type.
func readable(typ reflect.Type, text string) error {
	v := reflect.New(typ)
	switch target := v.Interface().(type) {
	case *webhook.Secret, *monitor.Secret, *trunk.Secret, *Address:
		value, err := reveal(text)
		if err != nil {
			return err
		}
		return target.(encoding.TextUnmarshaler).UnmarshalText([]byte(value)) //nolint:forcetypeassert // all are
	case *netip.Addr:
		if _, err := netip.ParseAddr(text); text != "" && err != nil {
			return fmt.Errorf("%q is no IP address; write for example 192.0.2.10", text)
		}
		return nil
	case *slog.Level:
		if err := target.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("%q is no level; write debug, info, warn or error", text)
		}
		return nil
	}
	return assign(v.Elem(), text)
}

func entries(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// fieldOf returns the type of the setting with that name.
func fieldOf(typ reflect.Type, name string) (reflect.Type, bool) {
	for f := range typ.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if tag == name && tag != "-" && tag != "" {
			return f.Type, true
		}
		if options == "inline" {
			if inner, ok := fieldOf(f.Type, name); ok {
				return inner, true
			}
		}
	}
	return nil, false
}

// near names the setting that was probably meant.
func near(typ reflect.Type, name string) string {
	best, dist := "", 4
	for _, known := range fields(typ) {
		if d := distance(name, known); d < dist && d < len(known) {
			best, dist = known, d
		}
	}
	if best == "" {
		return "there are " + strings.Join(fields(typ), ", ")
	}
	return "did you mean " + best + "?"
}

func fields(typ reflect.Type) (names []string) {
	for f := range typ.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			names = append(names, fields(f.Type)...)
		case tag != "" && tag != "-":
			names = append(names, tag)
		}
	}
	return names
}
