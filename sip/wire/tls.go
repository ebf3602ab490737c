package wire

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ListenTLS are the files of a TLS listener, PEM. They are read again when they change, and by Edge.ReloadTLS.
type ListenTLS struct {
	// Cert and Key are what the listener shows. Without them nothing is accepted: the listener only lends its address to
	// the connections that are opened from it.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	// ClientCA, if set, is who must have signed the certificate that every peer then has to show.
	ClientCA string `yaml:"client_ca"`
}

func (l ListenTLS) validate() error {
	if (l.Cert == "") != (l.Key == "") {
		return errors.New("cert and key belong together: name both, or none for a listener that opens connections and accepts none")
	}
	if l.ClientCA != "" && l.Cert == "" {
		return errors.New("client_ca: a listener without cert accepts no connection; name cert and key")
	}
	return nil
}

// TLSProfile says how TLS connections to one operator are opened. Files are PEM and are read again like those of ListenTLS.
type TLSProfile struct {
	// CA is who must have signed the operator's certificate; empty = whom the system trusts.
	CA string `yaml:"ca"`
	// Cert and Key are what we show when asked; empty = nothing.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	// ServerName is asked for (SNI) and must stand in the certificate; empty = the address that is connected to.
	ServerName string `yaml:"server_name"`
	// MinVersion is "1.2" or "1.3"; empty = 1.2.
	MinVersion string `yaml:"min_version"`
	// Insecure accepts any certificate: for a scripted phone that tries a line out. No configuration can set it.
	Insecure bool `yaml:"-"`
}

// Validate reports what is wrong with a profile, without reading its files.
func (p TLSProfile) Validate() error {
	var faults []error
	if (p.Cert == "") != (p.Key == "") {
		faults = append(faults, errors.New("cert and key belong together: name both or none"))
	}
	if _, err := p.version(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// CertInfo is what is known of one certificate file that this edge uses.
type CertInfo struct {
	// Name says what it is for: "listener 0.0.0.0:5061", "profile mtt", with " ca" for a file of trusted signers.
	Name string `json:"name"`
	File string `json:"file"`
	// Subject and NotAfter are those of the certificate in force; of several in a file, of the one that ends first.
	Subject  string    `json:"subject,omitempty"`
	NotAfter time.Time `json:"not_after,omitzero"`
	// Problem says why the file as it is now is not in force, or that it has expired; empty = all is well.
	Problem string `json:"problem,omitempty"`
}

func (p TLSProfile) version() (uint16, error) {
	switch p.MinVersion {
	case "", "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, fmt.Errorf("min_version: %q is unknown; use 1.2 or 1.3", printable(p.MinVersion))
}

// config is what does not come from files.
func (p TLSProfile) config() *tls.Config {
	version, _ := p.version() // judged by Validate
	return &tls.Config{
		MinVersion: version, ServerName: p.ServerName,
		// A hello with post-quantum keys does not fit one packet, which old SIP servers and middle boxes do not expect.
		CurvePreferences:   []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384},
		InsecureSkipVerify: p.Insecure, //nolint:gosec // for a scripted phone only
	}
}

// lookEvery is how often certificate files are looked at.
const lookEvery = time.Minute

// SetProfiles sets the profiles that Flow.Profile may name, at any time. Connections that are open stay open. The error
// names every file that cannot be used. All other profiles are in force then; one whose file is bad keeps what was in force
// under its name, or cannot be used until the file is good, which is looked at like those of all others.
func (e *Edge) SetProfiles(profiles map[string]TLSProfile) error {
	e.setting.Lock()
	defer e.setting.Unlock()
	made := make(map[string]*credentials, len(profiles))
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		p := profiles[name]
		if err := p.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("profile %s: %w", name, err))
			continue
		}
		c := newCredentials("profile "+name, p.Cert, p.Key, p.CA)
		c.base = p.config()
		if err := c.refresh(true); err != nil {
			faults = append(faults, err)
			c.inherit(e.credentials(name))
		}
		made[name] = c
	}
	e.profiles.Store(&made)
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("set TLS profiles: %w", err)
	}
	return nil
}

// credentials returns what stands behind a profile, nil without one.
func (e *Edge) credentials(profile string) *credentials {
	if set := e.profiles.Load(); set != nil {
		return (*set)[profile]
	}
	return nil
}

// profile returns the configuration for connections of a profile.
func (e *Edge) profile(name string) (*tls.Config, error) {
	c := e.credentials(name)
	switch {
	case c != nil:
		return c.client()
	case name != "":
		return nil, fmt.Errorf("there is no TLS profile %q", printable(name))
	}
	return TLSProfile{}.config(), nil
}

// certified returns all that files stand behind, in a stable order.
func (e *Edge) certified() []*credentials {
	var all []*credentials
	for _, s := range e.streams {
		if s.own != nil {
			all = append(all, s.own)
		}
	}
	if set := e.profiles.Load(); set != nil {
		for _, name := range slices.Sorted(maps.Keys(*set)) {
			all = append(all, (*set)[name])
		}
	}
	return all
}

// ReloadTLS reads all certificate files again. A file that cannot be used leaves the certificate before it in force; the
// error names each.
func (e *Edge) ReloadTLS() error { return e.refreshTLS(true) }

func (e *Edge) refreshTLS(anyway bool) error {
	var faults []error
	for _, c := range e.certified() {
		if err := c.refresh(anyway); err != nil {
			faults = append(faults, fmt.Errorf("%w; the certificate before it stays in force", err))
		}
	}
	return errors.Join(faults...)
}

// watchTLS looks at the files from time to time.
func (e *Edge) watchTLS(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			e.lookTLS()
		}
	}
}

func (e *Edge) lookTLS() {
	defer e.guard("", nil)
	if err := e.refreshTLS(false); err != nil {
		e.log.Warn("changed certificate not taken", "err", err)
	}
}

// Certificates returns what is known of every certificate file in use, in a stable order.
func (e *Edge) Certificates() []CertInfo {
	var out []CertInfo
	now := time.Now()
	for _, c := range e.certified() {
		infos := c.report(now)
		slices.SortFunc(infos, func(a, b CertInfo) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.File, b.File)) })
		out = append(out, infos...)
	}
	return out
}
