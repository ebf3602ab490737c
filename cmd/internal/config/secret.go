package config

import (
	"encoding"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/channels/webhook"
	"github.com/butlerspb/vahta/sip/trunk"
)

// secrets lets every secret of the file be written as "file:/path": its value is then the first line of that file
// (systemd credentials, container secrets), so that the configuration itself may be shown around.
func secrets() []yaml.DecodeOption {
	return []yaml.DecodeOption{
		yaml.CustomUnmarshaler(func(s *webhook.Secret, b []byte) error { return secret(s, b) }),
		yaml.CustomUnmarshaler(func(s *trunk.Secret, b []byte) error { return secret(s, b) }),
	}
}

func secret(into encoding.TextUnmarshaler, b []byte) error {
	var text string
	if err := yaml.Unmarshal(b, &text); err != nil {
		return err
	}
	value, err := reveal(text)
	if err != nil {
		return err
	}
	return into.UnmarshalText([]byte(value))
}

// reveal returns the secret that is written as text.
func reveal(text string) (string, error) {
	path, isFile := strings.CutPrefix(text, "file:")
	if !isFile {
		return text, nil
	}
	content, err := os.ReadFile(path) //nolint:gosec // the path comes from the operator's own configuration
	if err != nil {
		return "", fmt.Errorf("read secret: %w; create the file, readable only by the user that runs vahta", err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	if first = strings.TrimSpace(first); first == "" {
		return "", fmt.Errorf("read secret: %s is empty", path)
	}
	return first, nil
}
