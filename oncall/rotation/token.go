package rotation

import (
	"fmt"
	"strconv"
)

// epochShift parts a token: the epoch above, the counter below.
const epochShift = 40

const counterMask = 1<<epochShift - 1

// epochOf returns the epoch that a token was made in.
func epochOf(token uint64) uint64 { return token >> epochShift }

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
	counter, err := strconv.ParseUint(text[epochDigits:], 10, epochShift)
	if err != nil {
		return 0, fmt.Errorf("token %q: %w", text, err)
	}
	return epoch<<epochShift | counter, nil
}
