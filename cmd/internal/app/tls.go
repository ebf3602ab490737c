package app

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/sip/wire"
)

// certificateNotice is how long before its end a certificate is spoken of.
const certificateNotice = 21 * 24 * time.Hour

// trustOperators tells the edge how TLS connections to operators are opened. An operator whose files are not good is told
// of; the others are reached, and so is that one once its files are good.
func (a *App) trustOperators() {
	if err := a.edge.SetProfiles(a.trunks.TLSProfiles()); err != nil {
		a.log.Error("an operator can not be reached by TLS until its files are good", "service", "trunk", "err", err.Error())
	}
}

// reloadCertificates reads all certificate files again.
func (a *App) reloadCertificates() {
	if err := a.edge.ReloadTLS(); err != nil {
		a.log.Warn("certificates not taken", "service", "wire", "err", err.Error())
	}
}

// examineCertificates reads the files that the server would read and says which are no good, have ended or are about to.
func examineCertificates(c config.Config, now time.Time) []Finding {
	edge, err := wire.New(c.SIP, wire.Deps{})
	if err != nil {
		return []Finding{{"certificate", false, err.Error()}}
	}
	profiles := make(map[string]wire.TLSProfile)
	for _, o := range c.Trunks.Operators {
		if o.TLS != (wire.TLSProfile{}) {
			profiles[o.Name] = o.TLS
		}
	}
	_ = edge.SetProfiles(profiles) // what is wrong stands in the list as well
	_ = edge.ReloadTLS()           // likewise
	return judgeCertificates(edge.Certificates(), now)
}

func judgeCertificates(list []wire.CertInfo, now time.Time) []Finding {
	var fs []Finding
	for _, c := range list {
		f := Finding{What: "certificate", OK: c.Problem == "", Text: fmt.Sprintf("%s: %s is good until %s", c.Name, c.File, c.NotAfter.Format(time.DateOnly))}
		switch left := c.NotAfter.Sub(now); {
		case c.Problem != "":
			f.Text = fmt.Sprintf("%s: %s: %s; renew the file, it is read again by itself", c.Name, c.File, c.Problem)
			if _, err := os.Stat(c.File); errors.Is(err, os.ErrNotExist) {
				f.Text = fmt.Sprintf("%s: there is no file %s; create it or correct the tls setting", c.Name, c.File)
			}
		case left < certificateNotice:
			f.OK, f.Text = false, fmt.Sprintf("%s: %s ends on %s, in %d day(s); renew it", c.Name, c.File, c.NotAfter.Format(time.DateOnly), int(left.Hours()/24))
		}
		fs = append(fs, f)
	}
	return fs
}
