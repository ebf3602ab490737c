package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// Endpoint is one receiver of events.
type Endpoint struct {
	Name    string        `yaml:"name"`
	URL     string        `yaml:"url"`
	Secrets []Secret      `yaml:"secrets"` // one, or two while they are changed over
	Events  []string      `yaml:"events"`  // event types; empty = all
	Timeout time.Duration `yaml:"timeout"` // of one request; 0 = 10 s
	// Form is "" for Vahta's own events, or "zammad" for calls alone, in the form of its generic CTI.
	Form dispatch.EventForm `yaml:"form"`
}

// Config are the receivers.
type Config struct {
	Endpoints []Endpoint `yaml:"endpoints"`
	Heartbeat Heartbeat  `yaml:"heartbeat"`
}

// Heartbeat is a place outside that is called as a sign of life and calls for
// help when the signs stay away, such as healthchecks.io.
type Heartbeat struct {
	URL    Secret `yaml:"url"`    // it often holds a token; empty = nobody is told
	Method string `yaml:"method"` // GET, POST or HEAD; empty = GET
}

// validate reports all faults, each with its field.
func (h Heartbeat) validate() error {
	var faults []error
	if u, err := url.Parse(string(h.URL)); h.URL != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
		faults = append(faults, errors.New("heartbeat.url: want http:// or https:// and a host, or nothing"))
	}
	if !slices.Contains([]string{"", http.MethodGet, http.MethodPost, http.MethodHead}, h.Method) {
		faults = append(faults, fmt.Errorf("heartbeat.method: %q, want GET, POST or HEAD", h.Method))
	}
	return errors.Join(faults...)
}

const (
	defaultTimeout = 10 * time.Second
	maxTimeout     = 30 * time.Second
	maxSecrets     = 2
)

// Default returns a configuration without receivers.
func Default() Config { return Config{Heartbeat: Heartbeat{Method: http.MethodGet}} }

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	seen := map[string]bool{}
	for i, e := range c.Endpoints {
		fault := func(field, format string, args ...any) {
			faults = append(faults, fmt.Errorf("endpoints[%d].%s: %w", i, field, fmt.Errorf(format, args...)))
		}
		if e.Name == "" || seen[e.Name] || strings.ContainsAny(e.Name, ". \t") {
			fault("name", "%q is empty, used twice, or has dots or spaces", e.Name)
		}
		seen[e.Name] = true
		if u, err := url.Parse(e.URL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			fault("url", "want http:// or https:// and a host")
		}
		e.validateEvents(fault)
		e.validateSecrets(fault)
		if e.Timeout < 0 || e.Timeout > maxTimeout {
			fault("timeout", "%v, want up to %v", e.Timeout, maxTimeout)
		}
	}
	return errors.Join(append(faults, c.Heartbeat.validate())...)
}

func (e Endpoint) validateEvents(fault func(field, format string, args ...any)) {
	if e.Form != dispatch.FormOwn && e.Form != dispatch.FormCTI {
		fault("form", "%q, want nothing or %s", e.Form, dispatch.FormCTI)
	}
	if e.Form == dispatch.FormCTI && len(e.Events) > 0 {
		fault("events", "the form %s has newCall, answer and hangup and no others; remove them", e.Form)
	}
	for j, kind := range e.Events {
		if !slices.Contains(dispatch.EventTypes(), kind) {
			fault(fmt.Sprintf("events[%d]", j), "no event %q; there are: %s", kind, strings.Join(dispatch.EventTypes(), ", "))
		}
	}
}

func (e Endpoint) validateSecrets(fault func(field, format string, args ...any)) {
	if len(e.Secrets) == 0 && e.Form == dispatch.FormOwn || len(e.Secrets) > maxSecrets {
		fault("secrets", "%d, want one, or two while they are changed over", len(e.Secrets))
	}
	for j, s := range e.Secrets {
		if _, err := s.key(); err != nil {
			fault(fmt.Sprintf("secrets[%d]", j), "%w", err)
		}
	}
}

// Subscribers returns the receivers as the dispatcher's configuration wants
// them.
func (c Config) Subscribers() []dispatch.Subscriber {
	list := make([]dispatch.Subscriber, 0, len(c.Endpoints))
	for _, e := range c.Endpoints {
		list = append(list, dispatch.Subscriber{Channel: dispatch.ChannelWebhook, To: e.Name, Kinds: e.Events, Form: e.Form})
	}
	return list
}
