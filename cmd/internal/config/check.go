package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/wire"
)

// nodeName is what a node may be called: it stands in the record, in logs and in file names.
var nodeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// hostNode names this machine's node.
func hostNode() string {
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	host = strings.ToLower(host)
	return host[:min(len(host), 63)]
}

// Database returns the place of the record: the path of the database file, or the URL of a PostgreSQL database, which may
// hold a password (store.Show names it without).
func (c *Config) Database() string {
	if c.Store.URL != "" {
		return string(c.Store.URL)
	}
	if filepath.IsAbs(c.Store.Path) {
		return c.Store.Path
	}
	return filepath.Join(c.Data, c.Store.Path)
}

// Shared reports whether other nodes may use the record too: a file that lies outside the data folder, a server when there
// is a Redis to meet at.
func (c *Config) Shared() bool {
	if c.Store.URL != "" {
		return c.Redis.Enabled()
	}
	rel, err := filepath.Rel(filepath.Clean(c.Data), c.Database())
	return err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// listeners checks what sections of the file want from the same sockets.
func (c *Config) listeners() error {
	var faults []error
	taken := map[wire.Listen]int{}
	for i, l := range c.SIP.Listen {
		addr, err := netip.ParseAddrPort(l.Addr)
		if err != nil || addr.Port() == 0 {
			continue // the section's own check tells, or the system chooses a free port
		}
		if l.Transport == wire.TLS && l.TLS.Cert == "" {
			continue // it binds nothing
		}
		socket := wire.Listen{Transport: l.Transport, Addr: addr.String()}
		if l.Transport == wire.TLS {
			socket.Transport = wire.TCP // they would meet on one port
		}
		if first, twice := taken[socket]; twice {
			faults = append(faults, fmt.Errorf("sip.listen[%d].addr: %s over %s is taken by listen[%d]; remove one", i, addr, l.Transport, first))
		}
		taken[socket] = i
		if l.Transport == wire.UDP && c.Media.MinPort <= addr.Port() && addr.Port() <= c.Media.MaxPort && overlap(addr.Addr(), c.Media.Bind) {
			faults = append(faults, fmt.Errorf("sip.listen[%d].addr: port %d lies among the RTP ports, media.min_port %d to media.max_port %d; move one of them",
				i, addr.Port(), c.Media.MinPort, c.Media.MaxPort))
		}
	}
	return errors.Join(faults...)
}

// overlap reports whether sockets bound to the addresses meet on one port.
func overlap(a, b netip.Addr) bool {
	return a == b || a.IsUnspecified() || b.IsUnspecified()
}

// folders checks that named folders are there.
func (c *Config) folders() error {
	folder := c.Hotline.Prompts.Folder
	if folder == "" {
		return nil
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("hotline.prompts.folder: there is no folder %q; make it, or leave the setting empty", folder)
	}
	return nil
}

// alone says what is lost when nodes share only a half of what they need to be one.
func (c *Config) alone() (warnings []error) {
	switch {
	case c.Shared() && !c.Redis.Enabled():
		warnings = append(warnings, errors.New("store.path: lies outside the data folder, where other nodes may use it; without redis.url nodes that share it "+
			"may ring one person for two calls while it does not answer, and hear late of each other's changes; set redis.url, or let one node use the file"))
	case c.Redis.Enabled() && !c.Shared():
		warnings = append(warnings, errors.New("redis.url: this node's record lies in its own data folder, so other nodes cannot share it; "+
			"let store.path name a file outside of it, or leave redis.url empty"))
	}
	return warnings
}

// phones says what keeps phones that register from being rung, or their secrets from being kept.
func (c *Config) phones() (warnings []error) {
	for i, p := range c.People {
		for j, d := range p.Devices {
			if d.Account != "" && !c.Phones.Enabled {
				warnings = append(warnings, fmt.Errorf("people[%d].devices[%d].account: phones.enabled is false, so no phone registers and this one is never rung; "+
					"set phones.enabled, or write the phone's uri", i, j))
			}
		}
	}
	for _, w := range c.Phones.Warnings() {
		warnings = append(warnings, fmt.Errorf("phones.%w", w))
	}
	served := slices.ContainsFunc(c.SIP.Listen, func(l wire.Listen) bool { return string(l.Transport) == c.Phones.Transport })
	if c.Phones.Enabled && !served {
		warnings = append(warnings, fmt.Errorf("phones.transport: phones are told to use %s, and there is no such listener; add one to sip.listen, or choose another transport", c.Phones.Transport))
	}
	return warnings
}

// Warnings returns what is allowed but may leave a client waiting at or after now; most of it depends on the rota of
// that week, so it never refuses a file.
func (l *Loaded) Warnings(now time.Time) []Fault {
	s, err := dispatch.NewSnapshot(l.Config.Source())
	if err != nil {
		return nil // Parse refused such a file
	}
	var reach []error
	if l.Config.Source().HasPeople() { // else the record knows whom a line reaches
		reach = s.Warnings(now)
	}
	return locate(errors.Join(slices.Concat(reach, l.Config.alone(), l.Config.phones(), l.Config.files(), l.open())...), "", l.ast, l.source)
}

// Notes returns what is no fault and yet often taken for something else.
func (l *Loaded) Notes() []string {
	c := &l.Config
	if !c.Source().HasPeople() {
		return []string{"the file has no people and schedules: they are in the record, and `vahta oncall` and `vahta person` edit them there"}
	}
	return []string{fmt.Sprintf("the %d person(s) and %d schedule(s) of the file begin an empty record, once; from then on the record decides, "+
		"edits of them in the file have no effect, and `vahta oncall import` brings them in", len(c.People), len(c.Schedules))}
}

// selfTests checks that tests come back to us and can be told from callers.
func (c *Config) selfTests() error {
	if c.SelfTest.Every <= 0 {
		return nil
	}
	if c.Shared() && !c.Redis.Enabled() {
		return errors.New("self_test.every: several nodes share the record, and without redis.url none can tell a test of another from a caller; set redis.url, or 0s")
	}
	directory, err := dispatch.NewSnapshot(c.Source())
	if err != nil {
		return nil //nolint:nilerr // told already
	}
	var faults []error
	for i, op := range c.Trunks.Operators {
		number := op.SelfTest.Number
		if number == "" {
			number = op.Number
		}
		if number == "" || op.SelfTest.Off {
			continue
		}
		if _, ok := directory.LineFor(number); !ok {
			faults = append(faults, fmt.Errorf("trunks.operators[%d].self_test.number: no line has the number %s, so a test would never come back; add it to the dids of a line, or set self_test.off", i, number))
		}
	}
	return errors.Join(faults...)
}
