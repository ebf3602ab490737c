package prompt

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
)

// ManifestFile is the name of the list of clips in a voice's folder.
const ManifestFile = "manifest.json"

// Manifest is the list of clips of one voice.
type Manifest struct {
	Voice    string         `json:"voice"`
	Language Language       `json:"language"`
	Origin   string         `json:"origin"` // where the sound comes from, with its version
	Author   string         `json:"author"`
	Changes  string         `json:"changes"` // what was done to it
	Clips    []ManifestClip `json:"clips"`
}

// ManifestClip is one file of a voice.
type ManifestClip struct {
	ID      string `json:"id"`
	File    string `json:"file"`
	Text    string `json:"text"`
	SHA256  string `json:"sha256"`
	Licence string `json:"licence"`
}

// readManifest reads the list of a voice from its folder.
func readManifest(files fs.FS, dir string) (Manifest, error) {
	name := path.Join(dir, ManifestFile)
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return Manifest{}, fmt.Errorf("read the list of prompts: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return Manifest{}, fmt.Errorf("read the list of prompts %s: %w", name, err)
	}
	return m, nil
}
