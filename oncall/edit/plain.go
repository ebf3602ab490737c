package edit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode"
)

// plain refuses control characters in any text of an edit: they would stand in files that nobody can read back, and be sent to
// terminals and phones. Lines and tabs are no harm.
func plain(e Edit, by Author) *Refusal {
	if text := by.Person; controls(text) {
		return refuse("control", "author", strconv.Quote(text))
	}
	body, err := json.Marshal(e)
	if err != nil {
		return refuse("faulty", "", err.Error(), "correct it")
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return refuse("faulty", "", err.Error(), "correct it")
	}
	return plainValue(value, "")
}

// plainValue looks into a JSON value; path is its place in the edit.
func plainValue(value any, path string) *Refusal {
	switch v := value.(type) {
	case string:
		if controls(v) {
			return refuse("control", path, strconv.Quote(v))
		}
	case []any:
		for i, item := range v {
			if refusal := plainValue(item, fmt.Sprintf("%s[%d]", path, i)); refusal != nil {
				return refusal
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			field := name
			if path != "" {
				field = path + "." + name
			}
			if controls(name) {
				return refuse("control", path, strconv.Quote(name))
			}
			if refusal := plainValue(v[name], field); refusal != nil {
				return refusal
			}
		}
	}
	return nil
}

func controls(text string) bool {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return true
		}
	}
	return false
}
