package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// definition is a directory's source as the nodes pass it on, without people, schedules and clients, which are records of their
// own: JSON, settings by their Go names, times in nanoseconds, but static numbers as they are written everywhere. Its hash is the
// directory's version, so the form must not depend on chance.
type definition struct {
	Static    []oncall.StaticNumber `json:"static"`
	Lines     []dispatch.Line       `json:"lines"`
	Clients   []client.Organisation `json:"clients"` // of the time when they had no records
	Policy    escalation.Policy     `json:"policy"`
	Numbering client.Numbering      `json:"numbering"`
	Zone      string                `json:"zone"`
}

func (d definition) source() dispatch.Source {
	return dispatch.Source{
		Roster: oncall.Roster{Static: d.Static}, Lines: d.Lines, Clients: d.Clients, Policy: d.Policy, Numbering: d.Numbering,
		Zone: d.Zone,
	}
}

// EncodeSource writes a directory's source, but for its people, schedules and clients, so that DecodeSource gives it back. Equal sources give equal bytes. Settings at
// their zero value are left out: a setting that a later version adds changes no version of a directory that does not use it.
func EncodeSource(src dispatch.Source) ([]byte, error) {
	whole, err := json.Marshal(definition{Static: src.Roster.Static, Lines: src.Lines, Policy: src.Policy, Numbering: src.Numbering, Zone: src.Zone})
	if err != nil {
		return nil, fmt.Errorf("encode directory: %w", err)
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(whole))
	decoder.UseNumber() // nanoseconds must not pass through a float
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("encode directory: %w", err)
	}
	body, err := json.Marshal(prune(tree)) // objects are written with their keys sorted
	if err != nil {
		return nil, fmt.Errorf("encode directory: %w", err)
	}
	return body, nil
}

// prune removes what is zero from objects; elements of lists keep their places. It returns nil for what is zero itself.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if inner = prune(inner); inner == nil {
				delete(v, name)
			} else {
				v[name] = inner
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i, inner := range v {
			if kept := prune(inner); kept != nil {
				v[i] = kept
			}
		}
		if len(v) == 0 {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	case json.Number:
		if v == "0" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}

// DecodeSource reads what EncodeSource wrote. A setting that this version does not know is an error: better the directory
// that is in force than one that is understood by halves. From a definition of the time when it had people and schedules, or
// clients, it reads these too.
func DecodeSource(body []byte) (dispatch.Source, error) {
	var old struct {
		Roster json.RawMessage `json:"roster"`
	}
	if err := json.Unmarshal(body, &old); err == nil && old.Roster != nil {
		return decodeWithRoster(body)
	}
	var d definition
	if err := strictly(body, &d); err != nil {
		return dispatch.Source{}, err
	}
	return d.source(), nil
}

func strictly(body []byte, to any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		return fmt.Errorf("decode directory (was it put in force by a newer version?): %w", err)
	}
	return nil
}

// decodeWithRoster reads a definition with people and schedules. Their settings, and those of static numbers, have Go's names
// in it, and otherwise the form of today.
func decodeWithRoster(body []byte) (dispatch.Source, error) {
	var tree map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return dispatch.Source{}, fmt.Errorf("decode directory: %w", err)
	}
	tree["roster"] = renamed(tree["roster"])
	lines, _ := tree["lines"].([]any)
	for _, l := range lines {
		if line, ok := l.(map[string]any); ok && line["Static"] != nil {
			line["Static"] = renamed(line["Static"])
		}
	}
	body, err := json.Marshal(tree)
	if err != nil {
		return dispatch.Source{}, fmt.Errorf("decode directory: %w", err)
	}
	var d struct {
		definition

		Roster oncall.Roster `json:"roster"`
	}
	if err := strictly(body, &d); err != nil {
		return dispatch.Source{}, err
	}
	src := d.source()
	src.Roster = d.Roster
	return src, nil
}

// renamed puts the names of today in the place of Go's: "ring_time" of "RingTime", "id" of "ID". Languages have small letters
// already.
func renamed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			out[snake(name)] = renamed(inner)
		}
		return out
	case []any:
		for i := range v {
			v[i] = renamed(v[i])
		}
	}
	return v
}

func snake(name string) string {
	var b strings.Builder
	small := false
	for _, r := range name {
		if unicode.IsUpper(r) && small {
			b.WriteByte('_')
		}
		small = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
