package config

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/oncall"
)

// ParseRota reads people, schedules and all that belongs to a rota from a file of the configuration's form. Other settings in it
// must be known and are left alone, so a whole configuration can be given too. The rota is not validated: it may lean on people
// and calendars that are already in the record.
func ParseRota(name string, source []byte) (oncall.Roster, error) {
	l := &Loaded{Config: Config{}, File: name}
	if faults := l.decode(source); len(faults) > 0 {
		return oncall.Roster{}, &Error{File: name, Faults: faults}
	}
	return l.Config.Roster, nil
}

// PrintYAML writes a part of a rota, or anything that has its written form as JSON, the way a configuration file has it: what is
// zero is left out.
func PrintYAML(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write as YAML: %w", err)
	}
	var tree yaml.MapSlice
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.UseOrderedMap()).Decode(&tree); err != nil {
		return "", fmt.Errorf("write as YAML: %w", err)
	}
	out, err := yaml.MarshalWithOptions(tree, yaml.IndentSequence(true))
	if err != nil {
		return "", fmt.Errorf("write as YAML: %w", err)
	}
	return string(out), nil
}
