//go:build race

package registrar

// raced says that the race detector watches, which makes everything ten times slower.
const raced = true
