// Package email is the channel of mail: its settings stand here, and what mails mean for the dispatcher; its parts in the rooms below.
//
//   - accept takes mails in from our mail server, by LMTP or SMTP
//   - letter reads a mail: any bytes in, words, files and signs of machines out
//   - ids makes the Message-IDs of our mails, which name their ticket and prove it
//   - loop keeps automatic answers from going in circles
//   - send writes mails and hands them to submission servers
package email

import (
	"errors"
	"fmt"

	"github.com/butlerspb/vahta/channels/email/accept"
	"github.com/butlerspb/vahta/channels/email/send"
)

// Config is the section mail of the configuration.
type Config struct {
	In  accept.Config `yaml:"in"`  // which mails are taken in
	Out send.Config   `yaml:"out"` // how mails leave
}

// Default returns a configuration without mail.
func Default() Config { return Config{In: accept.Default(), Out: send.Default()} }

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	if err := c.In.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("in.%w", err))
	}
	if err := c.Out.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("out.%w", err))
	}
	return errors.Join(faults...)
}
