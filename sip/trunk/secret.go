package trunk

import "strings"

// Secret is a password of ours at an operator. It prints as ***, also when the configuration is written out.
type Secret string

// String hides the secret.
func (Secret) String() string { return hidden }

// GoString hides the secret.
func (Secret) GoString() string { return hidden }

// MarshalText hides the secret; an empty one stays empty.
func (s Secret) MarshalText() ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	return []byte(hidden), nil
}

// UnmarshalText takes the secret as it is written.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = Secret(strings.TrimSpace(string(b)))
	return nil
}

const hidden = "***"
