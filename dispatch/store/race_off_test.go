//go:build !race

package store

// raced says that the race detector watches.
const raced = false
