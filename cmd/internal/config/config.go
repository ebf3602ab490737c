package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/channels/email"
	"github.com/butlerspb/vahta/channels/monitor"
	"github.com/butlerspb/vahta/channels/portal"
	"github.com/butlerspb/vahta/channels/sms"
	"github.com/butlerspb/vahta/channels/webhook"
	"github.com/butlerspb/vahta/cmd/internal/pressure"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/shift"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/vault"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/hotline"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/registrar"
	"github.com/butlerspb/vahta/sip/selftest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Config is the whole file.
type Config struct {
	// Data is the folder of this node alone: journal, recordings, control socket, and the database unless Store names another place.
	Data string `yaml:"data"`
	// Node is this node's name among those that share a record; empty = the host's name in lower case.
	Node  string `yaml:"node"`
	Store Store  `yaml:"store"`
	// Redis is where the nodes that share a record meet; without a URL this node is alone.
	Redis rotation.Config `yaml:"redis"`
	Log   Log             `yaml:"log"`
	HTTP  HTTP            `yaml:"http"`
	// Journal keeps what the record does not take.
	Journal journal.Config `yaml:"journal"`
	// Limits are what the process may use of the machine.
	Limits pressure.Config `yaml:"limits"`
	// Drain bounds how long calls in progress may go on after SIGTERM.
	Drain time.Duration `yaml:"drain"`

	SIP    wire.Config      `yaml:"sip"`
	Media  media.PoolConfig `yaml:"media"`
	Calls  b2bua.Config     `yaml:"calls"`
	Trunks trunk.Config     `yaml:"trunks"`
	// Phones are the engineers' phones that register here.
	Phones registrar.Config `yaml:"phones"`
	// Toll are the rules against toll fraud. Country and zone default to the company's.
	Toll guard.Config `yaml:"toll"`
	// SelfTest says how often the line calls itself.
	SelfTest selftest.Config `yaml:"self_test"`

	// Lines are the hotlines.
	Lines []dispatch.Line `yaml:"lines"`
	// People, schedules and static numbers stand at the top level of the file.
	oncall.Roster `yaml:",inline"`
	// Rest are the limits of rest that edits of the rota are held against.
	Rest       oncall.RestRules      `yaml:"rest"`
	Clients    []client.Organisation `yaml:"clients"`
	Dispatch   dispatch.Config       `yaml:"dispatch"`
	Hotline    hotline.Config        `yaml:"hotline"`
	Escalation escalation.Policy     `yaml:"escalation"`
	Webhooks   webhook.Config        `yaml:"webhooks"`
	// Monitor are the monitoring systems that may send alarms.
	Monitor monitor.Config `yaml:"monitor"`
	// Mail says how mails leave.
	Mail email.Config `yaml:"mail"`
	// SMS are the accounts for short messages.
	SMS sms.Config `yaml:"sms"`
	// Shifts says how people are told of their turns.
	Shifts shift.Config `yaml:"shifts"`
	// Portal is the API of the rota, its calendars and pages.
	Portal portal.Config `yaml:"portal"`
	// Reports says who writes the reports and pages that clients see.
	Reports reports.Config `yaml:"reports"`
	// Vault encrypts recordings and attachments.
	Vault vault.Config `yaml:"vault"`
	// Triage says which check lists and runbooks there are besides those that ship.
	Triage Triage `yaml:"triage"`
}

// Triage says which check lists and runbooks there are besides those that ship.
type Triage struct {
	// File holds the company's own topics, check lists and runbooks; "" = none. What has the id of one that ships replaces it.
	File string `yaml:"file"`
}

// Store says where the record is kept.
type Store struct {
	// URL is a PostgreSQL database, which nodes of several machines may share; empty = the file at Path.
	URL Address `yaml:"url"`
	// Path is the database file; a relative one lies in the data folder. One outside of it may be shared with other nodes.
	Path string `yaml:"path"`
}

// Database is the name of the database file when the configuration does not say.
const Database = "vahta.db"

// Log says what is logged and how.
type Log struct {
	Level  slog.Level `yaml:"level"`
	Format string     `yaml:"format"` // "text" or "json"
}

// HTTP is the listener of health and metrics.
type HTTP struct {
	Listen string `yaml:"listen"` // host:port; "" = none
}

// Default returns the settings of everything that the file leaves out.
func Default() Config {
	c := Config{
		Data:       "data",
		Node:       hostNode(),
		Store:      Store{Path: Database},
		Redis:      rotation.Default(),
		Journal:    journal.Default(),
		Limits:     pressure.Default(),
		Log:        Log{Level: slog.LevelInfo, Format: "text"},
		HTTP:       HTTP{Listen: "127.0.0.1:8080"},
		Drain:      time.Minute,
		SIP:        wire.Default(),
		Media:      media.Default(),
		Calls:      b2bua.Default(),
		Trunks:     trunk.Default(),
		Phones:     registrar.Default(),
		Toll:       guard.Default(),
		SelfTest:   selftest.Default(),
		Rest:       oncall.DefaultRestRules(),
		Dispatch:   dispatch.Default(),
		Hotline:    hotline.Default(),
		Escalation: escalation.Default(),
		Webhooks:   webhook.Default(),
		Mail:       email.Default(),
		SMS:        sms.Default(),
		Shifts:     shift.Default(),
		Portal:     portal.Default(),
		Reports:    reports.Default(),
		Vault:      vault.Default(),
	}
	c.Hotline.Recordings = "recordings"
	return c
}

// derive fills settings that follow from others or from the machine: relative paths lie in the data folder.
func (c *Config) derive() {
	if c.Node == "" {
		c.Node = hostNode()
	}
	if r := c.Hotline.Recordings; r != "" && !filepath.IsAbs(r) {
		c.Hotline.Recordings = filepath.Join(c.Data, r)
	}
}

// Source returns the part that the directory is made of.
func (c *Config) Source() dispatch.Source {
	return dispatch.Source{Roster: c.Roster, Lines: c.Lines, Clients: c.Clients, Policy: c.Escalation, Numbering: c.Dispatch.Numbering, Zone: c.Dispatch.Zone}
}

// sections maps each part of the file to its check. The empty name is for checks that tell full paths themselves.
func (c *Config) sections() map[string]func() error {
	return map[string]func() error{
		"journal":   c.Journal.Validate,
		"limits":    c.Limits.Validate,
		"sip":       c.SIP.Validate,
		"media":     c.Media.Validate,
		"calls":     c.Calls.Validate,
		"trunks":    c.Trunks.Validate,
		"phones":    c.Phones.Validate,
		"toll":      c.Toll.Validate,
		"self_test": c.SelfTest.Validate,
		"rest":      c.Rest.Validate,
		"dispatch":  c.Dispatch.Validate,
		"hotline":   c.Hotline.Validate,
		"webhooks":  c.Webhooks.Validate,
		"monitor":   c.Monitor.Validate,
		"mail":      c.Mail.Validate,
		"sms":       c.SMS.Validate,
		"portal":    c.Portal.Validate,
		"reports":   c.Reports.Validate,
		"vault":     c.Vault.Validate,
		"shifts":    c.Shifts.Validate,
		"":          c.validate, // with the directory: lines, people, schedules, clients, escalation
	}
}

// validate checks what no package owns, and the directory as a whole.
func (c *Config) validate() error {
	var faults []error
	if c.Data == "" {
		faults = append(faults, fmt.Errorf("data: %w; name a folder that vahta may write to", errRequired))
	}
	if c.Store.URL != "" {
		if err := store.At(c.Database()).Validate(); err != nil {
			faults = append(faults, errors.New("store."+err.Error()))
		} else if !store.IsURL(c.Database()) {
			faults = append(faults, errors.New("store.url: want postgres://user:password@host:5432/database"))
		}
	} else if c.Store.Path == "" {
		faults = append(faults, fmt.Errorf("store.path: %w; leave the setting out for %s in the data folder", errRequired, Database))
	}
	if !nodeName.MatchString(c.Node) {
		faults = append(faults, fmt.Errorf("node: %q is no name; write up to 63 letters, digits, dots, dashes or underscores", c.Node))
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		faults = append(faults, fmt.Errorf("log.format: %q is neither text nor json", c.Log.Format))
	}
	if c.Drain < 0 {
		faults = append(faults, fmt.Errorf("drain: %s is negative", c.Drain))
	}
	if _, _, err := net.SplitHostPort(c.HTTP.Listen); c.HTTP.Listen != "" && err != nil {
		faults = append(faults, fmt.Errorf("http.listen: %q is not host:port, such as 127.0.0.1:8080", c.HTTP.Listen))
	}
	if _, err := dispatch.NewSnapshot(c.Source()); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(append(faults, c.Redis.Validate(), c.listeners(), c.folders(), c.greetings(), c.selfTests())...)
}

// greetings checks that each greeting that a line names can be said.
func (c *Config) greetings() error {
	var faults []error
	var lib *prompt.Library
	for i, l := range c.Lines {
		if l.Greeting == "" {
			continue
		}
		if lib == nil {
			var err error
			if lib, err = prompt.New(c.Hotline.Prompts, nil); err != nil {
				return err
			}
		}
		if language := prompt.ParseLanguage(l.Language); !lib.Has(language, prompt.Key(l.Greeting)) {
			faults = append(faults, fmt.Errorf("lines[%d].greeting: there is no recording %q; put it into %s/%s.wav, or leave the setting empty",
				i, l.Greeting, filepath.Join(c.Hotline.Prompts.Folder, string(language)), l.Greeting))
		}
	}
	return errors.Join(faults...)
}
