//go:build !race

package registrar

const raced = false
