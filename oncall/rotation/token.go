package rotation

import (
	"fmt"
	"strconv"
)

// EpochShift is how many low bits of a token are its counter; its epoch stands above them. The record (dispatch/store)
// reads tokens in the same way.
const EpochShift = 40

const counterMask = 1<<EpochShift - 1

// epochOf returns the epoch that a token was made in.
func epochOf(token uint64) uint64 { return token >> EpochShift }

// In Redis a token is 21 digits, 8 of the epoch and 13 of the counter: Lua's numbers are too short for it, and texts of one
// length sort as numbers do.
const (
	epochDigits = 8
	tokenDigits = 21
)

func formatToken(token uint64) string {
	return fmt.Sprintf("%08d%013d", epochOf(token), token&counterMask)
}

func parseToken(text string) (uint64, error) {
	if len(text) != tokenDigits {
		return 0, fmt.Errorf("token %q has not %d digits", text, tokenDigits)
	}
	epoch, err := strconv.ParseUint(text[:epochDigits], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("token %q: %w", text, err)
	}
	counter, err := strconv.ParseUint(text[epochDigits:], 10, EpochShift)
	if err != nil {
		return 0, fmt.Errorf("token %q: %w", text, err)
	}
	return epoch<<EpochShift | counter, nil
}
