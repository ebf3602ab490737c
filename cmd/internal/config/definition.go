package config

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// definition is a directory's source as the nodes pass it on: JSON, settings by their Go names, times in nanoseconds,
// civil times as they are written. Its hash is the directory's version, so the form must not depend on chance.
type definition struct {
	Roster    oncall.Roster         `json:"roster"`
	Lines     []dispatch.Line       `json:"lines"`
	Clients   []client.Organisation `json:"clients"`
	Policy    escalation.Policy     `json:"policy"`
	Numbering client.Numbering      `json:"numbering"`
}

// EncodeSource writes a directory's source so that DecodeSource gives it back. Equal sources give equal bytes. Settings at
// their zero value are left out: a setting that a later version adds changes no version of a directory that does not use it.
func EncodeSource(src dispatch.Source) ([]byte, error) {
	whole, err := json.Marshal(definition(src))
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
// that is in force than one that is understood by halves.
func DecodeSource(body []byte) (dispatch.Source, error) {
	var d definition
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return dispatch.Source{}, fmt.Errorf("decode directory (was it put in force by a newer version?): %w", err)
	}
	return dispatch.Source(d), nil
}
