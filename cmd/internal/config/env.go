package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Prefix starts the name of each environment variable that Vahta reads.
const Prefix = "VAHTA_"

// environ lays the VAHTA_* variables over the settings in v (a pointer to a struct). A variable is named by the path of
// its setting: log.level is VAHTA_LOG_LEVEL. Lists are written only in the file. It returns the paths it set.
func environ(v any, env []string) (map[string]string, error) {
	leaves := map[string]leaf{}
	collect(reflect.ValueOf(v).Elem(), nil, leaves)
	set := map[string]string{}
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, Prefix) || name == Prefix+"CONFIG" {
			continue
		}
		l, ok := leaves[name]
		if !ok {
			return nil, fmt.Errorf("environment variable %s: no setting has that name; %s", name, nearest(name, leaves))
		}
		if err := assign(l.value, value); err != nil {
			return nil, fmt.Errorf("environment variable %s (setting %s): %w", name, l.path, err)
		}
		set[l.path] = name
	}
	return set, nil
}

type leaf struct {
	path  string
	value reflect.Value
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]() //nolint:gochecknoglobals // a type, not state

func collect(v reflect.Value, path []string, into map[string]leaf) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		inline := strings.Contains(f.Tag.Get("yaml"), ",inline")
		if !f.IsExported() || tag == "-" || tag == "" && !inline {
			continue
		}
		p := path
		if !inline {
			p = append(slices.Clone(path), tag)
		}
		fv := v.Field(i)
		switch {
		case fv.Addr().Type().Implements(textUnmarshaler), isScalar(fv.Kind()):
			dotted := strings.Join(p, ".")
			name := Prefix + strings.ToUpper(strings.ReplaceAll(dotted, ".", "_"))
			into[name] = leaf{dotted, fv}
		case fv.Kind() == reflect.Struct:
			collect(fv, p, into)
		}
	}
}

func isScalar(k reflect.Kind) bool {
	return k == reflect.String || k == reflect.Bool || k >= reflect.Int && k <= reflect.Uint64 || k == reflect.Float32 || k == reflect.Float64
}

func assign(v reflect.Value, s string) error {
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		return u.UnmarshalText([]byte(s))
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(s)
		if _, digits := strconv.Atoi(s); err != nil && digits == nil {
			return fmt.Errorf("%s has no unit; write %ss for seconds, or %sm for minutes", s, s, s)
		} else if err != nil {
			return fmt.Errorf("%q is no duration; write for example 15s or 2m", s)
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(s)
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		v.SetBool(b)
	case v.CanInt():
		n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, v.Type().Bits())
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("%s is too large", s)
		} else if err != nil {
			return fmt.Errorf("%q is no whole number; write it in digits, such as 3", s)
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(strings.ReplaceAll(s, "_", ""), 10, v.Type().Bits())
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("%s is outside 0 to %d", s, uint64(1)<<v.Type().Bits()-1)
		} else if err != nil {
			return fmt.Errorf("%q is no whole number from 0 up; write it in digits, such as 3", s)
		}
		v.SetUint(n)
	case v.CanFloat():
		n, err := strconv.ParseFloat(s, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is no number", s)
		}
		v.SetFloat(n)
	}
	return nil
}

// nearest names the variable that was probably meant.
func nearest(name string, leaves map[string]leaf) string {
	best, dist := "", 4
	for known := range leaves {
		if d := distance(name, known); d < dist || d == dist && known < best {
			best, dist = known, d
		}
	}
	if best == "" {
		return "`vahta config print` lists the settings"
	}
	return "did you mean " + best + "?"
}

// distance is the Levenshtein distance of two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			prev, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, prev+cost)
		}
	}
	return row[len(b)]
}
