package monitor

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/channels/monitor/alarm"
	"github.com/butlerspb/vahta/dispatch/route"
	"github.com/butlerspb/vahta/oncall"
)

// Kind is what a source is.
type Kind string

// The kinds of sources.
const (
	Zabbix       Kind = "zabbix"
	Grafana      Kind = "grafana"
	Alertmanager Kind = "alertmanager"
	Generic      Kind = "generic"
)

// Secret is a token or a key. It prints as ***.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// LogValue hides the secret from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// UnmarshalText takes the secret from a configuration file.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = Secret(strings.TrimSpace(string(b)))
	return nil
}

// Source is one monitoring system that may send.
type Source struct {
	ID     string         `yaml:"id"` // its name in tickets and figures
	Kind   Kind           `yaml:"kind"`
	Tokens []Secret       `yaml:"tokens"` // one, or two while it is changed over
	From   []netip.Prefix `yaml:"from"`   // networks that it sends from; none = any
	// Key is that of Grafana's HMAC signature, and SignedAt the header that it writes the time of the signature to. Empty = it does not sign.
	Key      Secret        `yaml:"key"`
	SignedAt string        `yaml:"signed_at"`
	Zone     oncall.Zone   `yaml:"zone"` // of Zabbix's server, which tells times without saying so
	Each     bool          `yaml:"each"` // a ticket for each alert of a group; else for the group
	Org      string        `yaml:"org"`  // the client that it watches, where nothing else says
	Line     string        `yaml:"line"` // the hotline whose people are called, where nothing else says
	Mapping  alarm.Mapping `yaml:"mapping"`
	// Table judges its alarms, then that of all sources does.
	Table route.Table `yaml:"routes"`
}

// Config are the sources.
type Config struct {
	Sources []Source    `yaml:"sources"`
	Table   route.Table `yaml:"routes"` // for all sources
}

const (
	minToken  = 16
	maxTokens = 2
)

var sourceName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	ids, tokens := map[string]bool{}, map[Secret]bool{}
	for i, s := range c.Sources {
		fault := func(field, format string, args ...any) {
			faults = append(faults, fmt.Errorf("sources[%d].%s: %w", i, field, fmt.Errorf(format, args...)))
		}
		if !sourceName.MatchString(s.ID) || ids[s.ID] {
			fault("id", "%q is no name or is used twice; write lower-case letters, digits, dashes", s.ID)
		}
		ids[s.ID] = true
		if !slices.Contains([]Kind{Zabbix, Grafana, Alertmanager, Generic}, s.Kind) {
			fault("kind", "%q, want zabbix, grafana, alertmanager or generic", s.Kind)
		}
		s.validateTokens(tokens, fault)
		if s.SignedAt != "" && s.Key == "" {
			fault("signed_at", "needs the key of the signature")
		}
		if s.Kind == Generic {
			if err := s.Mapping.Validate(); err != nil {
				fault("mapping", "%w", err)
			}
		}
		if err := s.Table.Validate(); err != nil {
			fault("routes", "%w", err)
		}
	}
	if err := c.Table.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("routes: %w", err))
	}
	return errors.Join(faults...)
}

// validateTokens looks at the tokens; used are those of the sources before.
func (s Source) validateTokens(used map[Secret]bool, fault func(field, format string, args ...any)) {
	if len(s.Tokens) == 0 || len(s.Tokens) > maxTokens {
		fault("tokens", "%d of them, want one, or two while it is changed over", len(s.Tokens))
	}
	for _, t := range s.Tokens {
		if len(t) < minToken || strings.ContainsAny(string(t), "/ ?#%") || used[t] {
			fault("tokens", "one is shorter than %d characters, has characters that no path takes, or is used twice; make one by: openssl rand -hex 24", minToken)
		}
		used[t] = true
	}
}

// tolerance is how far the time of a signature may be from our clock.
const tolerance = 5 * time.Minute
