package oncall

import (
	"archive/zip"
	"bytes"
	_ "embed" // the time zone database
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// The zones come from the binary and not from the machine: nodes of one version of the program read a rota alike, and which
// database they use can be said. See tzdata/update.sh for how it is made.
var (
	//go:embed tzdata/zoneinfo.zip
	zoneArchive []byte
	//go:embed tzdata/VERSION
	zoneVersion string
)

// TZData returns the version of the time zone database, such as "2026f".
func TZData() string { return strings.TrimSpace(zoneVersion) }

// locations are the zones read so far, by name. One zone has one location, so that evaluators share its table.
var locations sync.Map //nolint:gochecknoglobals // remembers constants

// zoneIndex finds the file of a zone in the archive.
var zoneIndex = sync.OnceValues(func() (map[string]*zip.File, error) { //nolint:gochecknoglobals // remembers a constant
	archive, err := zip.NewReader(bytes.NewReader(zoneArchive), int64(len(zoneArchive)))
	if err != nil {
		return nil, err
	}
	index := make(map[string]*zip.File, len(archive.File))
	for _, f := range archive.File {
		index[f.Name] = f
	}
	return index, nil
})

// location reads a zone of the database.
func location(name string) (*time.Location, error) {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location), nil
	}
	loc, err := readLocation(name)
	if err != nil {
		return nil, err
	}
	known, _ := locations.LoadOrStore(name, loc)
	return known.(*time.Location), nil
}

func readLocation(name string) (*time.Location, error) {
	if name == "UTC" {
		return time.UTC, nil
	}
	index, err := zoneIndex()
	if err != nil {
		return nil, fmt.Errorf("open the time zone database: %w", err)
	}
	file := index[name]
	if file == nil {
		return nil, fmt.Errorf("the time zone database %s does not have it", TZData())
	}
	content, err := file.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(name, data)
}
