//go:build race

package media

// underRace says that the race detector makes pools forget, at random, what they hold.
const underRace = true
