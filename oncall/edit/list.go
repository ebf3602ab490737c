package edit

import (
	"slices"
)

// find returns the thing of an ID, nil when there is none. The thing is to be read only.
func find[T any](list []T, id string, idOf func(*T) string) *T {
	for i := range list {
		if idOf(&list[i]) == id {
			return &list[i]
		}
	}
	return nil
}

// put returns a copy of the list in which thing replaces the one of its ID, or stands where the order of IDs wants it.
func put[T any](list []T, thing T, idOf func(*T) string) []T {
	id := idOf(&thing)
	for i := range list {
		if idOf(&list[i]) == id {
			list = slices.Clone(list)
			list[i] = thing
			return list
		}
	}
	at := slices.IndexFunc(list, func(other T) bool { return idOf(&other) > id })
	if at < 0 {
		at = len(list)
	}
	return slices.Insert(slices.Clip(slices.Clone(list)), at, thing)
}

// drop returns a copy of the list without the thing of an ID.
func drop[T any](list []T, id string, idOf func(*T) string) []T {
	return slices.DeleteFunc(slices.Clone(list), func(other T) bool { return idOf(&other) == id })
}
