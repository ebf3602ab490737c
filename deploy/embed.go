// Package deploy holds the files that ship with the binary: the commented sample configuration and the demo company.
// It knows nothing and imports nothing of ours.
package deploy

import _ "embed"

// Sample is the commented configuration to start from; every setting is in it with its default.
//
//go:embed vahta.yaml
var Sample []byte

// Demo is the configuration of the demo company, complete but for its addresses.
//
//go:embed demo.yaml
var Demo []byte
