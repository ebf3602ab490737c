package portal

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Config are the settings of the portal.
type Config struct {
	// Enabled turns the API, the calendars and the page on.
	Enabled bool `yaml:"enabled"`
	// Listen is an address of its own, host:port; empty: beside the probes at http.listen.
	Listen string `yaml:"listen"`
	// PublicURL is where others reach it, for addresses that are shown: "https://duty.example.com".
	PublicURL string `yaml:"public_url"`
	// Origins are web sites that may show who is on duty: their scripts may ask for it, and they may frame the page.
	Origins []string `yaml:"origins"`
}

// Default returns the settings of what the file leaves out.
func Default() Config { return Config{Enabled: true} }

// Validate reports all faults.
func (c Config) Validate() error {
	var faults []error
	if _, _, err := net.SplitHostPort(c.Listen); c.Listen != "" && err != nil {
		faults = append(faults, fmt.Errorf("listen: %q is not host:port, such as 127.0.0.1:8081", c.Listen))
	}
	if c.PublicURL != "" && !origin(strings.TrimSuffix(c.PublicURL, "/"), true) {
		faults = append(faults, fmt.Errorf("public_url: %q is no address such as https://duty.example.com", c.PublicURL))
	}
	for i, o := range c.Origins {
		if !origin(o, false) {
			faults = append(faults, fmt.Errorf("origins[%d]: %q is no origin such as https://intranet.example.com (scheme, host, port; no path)", i, o))
		}
	}
	return errors.Join(faults...)
}

// origin reports whether s is scheme and host, with a path if it may have one.
func origin(s string, path bool) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		(path || u.Path == "") && !strings.ContainsAny(u.Host, "*; ,'\"")
}

// URL returns the address of a path as others reach it, or the path alone when that is not set.
func (c Config) URL(path string) string { return strings.TrimSuffix(c.PublicURL, "/") + path }
