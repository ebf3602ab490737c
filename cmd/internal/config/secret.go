package config

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/channels/email/send"
	"github.com/butlerspb/vahta/channels/monitor"
	"github.com/butlerspb/vahta/channels/sms/smpp"
	"github.com/butlerspb/vahta/channels/webhook"
	"github.com/butlerspb/vahta/sip/trunk"
)

// secrets lets every secret of the file be written as "file:/path": its value is then the first line of that file
// (systemd credentials, container secrets), so that the configuration itself may be shown around.
func secrets() []yaml.DecodeOption {
	return []yaml.DecodeOption{
		yaml.CustomUnmarshaler(func(s *webhook.Secret, b []byte) error { return secret(s, b) }),
		yaml.CustomUnmarshaler(func(s *send.Secret, b []byte) error { return secret(s, b) }),
		yaml.CustomUnmarshaler(func(s *monitor.Secret, b []byte) error { return secret(s, b) }),
		yaml.CustomUnmarshaler(func(s *smpp.Secret, b []byte) error { return secret(s, b) }),
		yaml.CustomUnmarshaler(func(s *trunk.Secret, b []byte) error { return secret(s, b) }),
		yaml.CustomUnmarshaler(func(s *Address, b []byte) error { return secret(s, b) }),
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

// open warns of operators' passwords that are written in the file itself.
func (l *Loaded) open() (warnings []error) {
	for i, op := range l.Config.Trunks.Operators {
		if op.Auth.Password == "" {
			continue
		}
		path, err := yaml.PathString(fmt.Sprintf("$.trunks.operators[%d].auth.password", i))
		if err != nil {
			continue
		}
		node, err := path.FilterFile(l.ast)
		if err != nil || node.GetToken() == nil || strings.HasPrefix(node.GetToken().Value, "file:") {
			continue
		}
		warnings = append(warnings, fmt.Errorf("trunks.operators[%d].auth.password: stands in the open in this file; write it into a file of its own "+
			"that only vahta may read, and file:/path here", i))
	}
	return warnings
}

// files warns of certificates and keys that are not there.
func (c *Config) files() (warnings []error) {
	missing := func(setting, file string) {
		if file == "" {
			return
		}
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			warnings = append(warnings, fmt.Errorf("%s: there is no file %s; create it or correct this setting", setting, file))
		}
	}
	for i, l := range c.SIP.Listen {
		at := fmt.Sprintf("sip.listen[%d].tls.", i)
		missing(at+"cert", l.TLS.Cert)
		missing(at+"key", l.TLS.Key)
		missing(at+"client_ca", l.TLS.ClientCA)
	}
	for i, op := range c.Trunks.Operators {
		at := fmt.Sprintf("trunks.operators[%d].tls.", i)
		missing(at+"ca", op.TLS.CA)
		missing(at+"cert", op.TLS.Cert)
		missing(at+"key", op.TLS.Key)
	}
	return warnings
}

// Reveal returns the secret that is written as text, or in the file that file:/path names.
func Reveal(text string) (string, error) { return reveal(text) }

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
