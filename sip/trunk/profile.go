package trunk

import (
	"maps"
	"slices"
)

// profile is how a known operator does things: defaults for what its entry in the configuration leaves out.
type profile struct {
	op Operator
}

// Profiles lists the names of the known profiles.
func Profiles() []string { return slices.Sorted(maps.Keys(profiles())) }

func profiles() map[string]profile { return map[string]profile{} }

// fill puts what the profile says into what the operator left out.
func (p profile) fill(o *Operator) { _ = o }
