// Package email is the channel of mail: its settings stand here, its parts in the rooms below.
//
//   - letter reads a mail: any bytes in, words, files and signs of machines out
//   - ids makes the Message-IDs of our mails, which name their ticket and prove it
//   - loop keeps automatic answers from going in circles
//   - send writes mails and hands them to submission servers
package email

import (
	"fmt"

	"github.com/butlerspb/vahta/channels/email/send"
)

// Config is the section mail of the configuration.
type Config struct {
	Out send.Config `yaml:"out"` // how mails leave
}

// Default returns a configuration without mail.
func Default() Config { return Config{Out: send.Default()} }

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	if err := c.Out.Validate(); err != nil {
		return fmt.Errorf("out.%w", err)
	}
	return nil
}
