package config

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// blame finds the settings whose own text can not be read. The decoder tells no line for those: a duration, a zone, a
// date of ours that refuses its text. Each is decoded alone, and the refusals keep their places.
func blame(file *ast.File, source []byte) []Fault {
	var faults []Fault
	for _, doc := range file.Docs {
		descend(reflect.TypeFor[Config](), doc.Body, "", func(typ reflect.Type, node ast.Node, path string) {
			err := yaml.NodeToValue(node, reflect.New(typ).Interface(), secrets())
			if err == nil {
				return
			}
			f := Fault{Path: path, Text: err.Error()}
			f.Line, f.Source = place(path, file, source)
			faults = append(faults, f)
		})
	}
	return faults
}

// descend calls leaf for every setting of the type that the node holds.
func descend(typ reflect.Type, node ast.Node, path string, leaf func(reflect.Type, ast.Node, string)) {
	if node == nil {
		return
	}
	reads := reflect.PointerTo(typ).Implements(textUnmarshaler)
	switch {
	case typ.Kind() == reflect.Struct && !reads:
		for _, v := range entries(node) {
			name := v.Key.String()
			if field, ok := fieldOf(typ, name); ok {
				descend(field, v.Value, strings.TrimPrefix(path+"."+name, "."), leaf)
			}
		}
	case typ.Kind() == reflect.Slice && !reads:
		if list, ok := node.(*ast.SequenceNode); ok {
			for i, v := range list.Values {
				descend(typ.Elem(), v, path+"["+strconv.Itoa(i)+"]", leaf)
			}
		}
	default:
		leaf(typ, node, path)
	}
}

func entries(node ast.Node) []*ast.MappingValueNode {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// fieldOf returns the type of the setting with that name.
func fieldOf(typ reflect.Type, name string) (reflect.Type, bool) {
	for f := range typ.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if tag == name {
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
