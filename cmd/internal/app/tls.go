package app

import (
	"fmt"
	"maps"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// certificateNotice is how long before its end a certificate is spoken of.
const certificateNotice = 21 * 24 * time.Hour

// trustOperators tells the edge how TLS connections to operators are opened. An operator whose files are not good is told
// of and stays without TLS: it must not keep the others from being reached.
func (a *App) trustOperators() {
	profiles := a.trunks.TLSProfiles()
	if a.edge.SetProfiles(profiles) == nil {
		return
	}
	good := maps.Clone(profiles)
	for name, p := range profiles {
		if err := a.edge.SetProfiles(map[string]wire.TLSProfile{name: p}); err != nil {
			a.log.Error("operator can not be reached by TLS until its files are good", "service", "trunk", "trunk", name, "err", err.Error())
			delete(good, name)
		}
	}
	if err := a.edge.SetProfiles(good); err != nil {
		a.log.Error("operators can not be reached by TLS", "service", "trunk", "err", err.Error())
	}
}

// reloadCertificates reads all certificate files again.
func (a *App) reloadCertificates() {
	if err := a.edge.ReloadTLS(); err != nil {
		a.log.Warn("certificates not taken", "service", "wire", "err", err.Error())
	}
	a.trustOperators()
}

// examineCertificates says which certificates have ended or are about to.
func examineCertificates(list []wire.CertInfo, now time.Time) []Finding {
	var fs []Finding
	for _, c := range list {
		f := Finding{What: "certificate", OK: c.Problem == "", Text: fmt.Sprintf("%s: %s is good until %s", c.Name, c.File, c.NotAfter.Format(time.DateOnly))}
		switch left := c.NotAfter.Sub(now); {
		case c.Problem != "":
			f.Text = fmt.Sprintf("%s: %s: %s; renew the file, it is read again by itself", c.Name, c.File, c.Problem)
		case left < certificateNotice:
			f.OK, f.Text = false, fmt.Sprintf("%s: %s ends on %s, in %d day(s); renew it", c.Name, c.File, c.NotAfter.Format(time.DateOnly), int(left.Hours()/24))
		}
		fs = append(fs, f)
	}
	return fs
}
