package registrar

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"time"
)

// lpConfig is Linphone's remote provisioning file (lpconfig.xsd): sections of its own settings file.
type lpConfig struct {
	XMLName  xml.Name    `xml:"http://www.linphone.org/xsds/lpconfig.xsd config"`
	Sections []lpSection `xml:"section"`
}

type lpSection struct {
	Name    string    `xml:"name,attr"`
	Entries []lpEntry `xml:"entry"`
}

type lpEntry struct {
	Name      string `xml:"name,attr"`
	Overwrite bool   `xml:"overwrite,attr"`
	Value     string `xml:",chardata"`
}

// section makes a section of names and values in turn. Each value replaces what the phone had.
func section(name string, pairs ...string) lpSection {
	s := lpSection{Name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		s.Entries = append(s.Entries, lpEntry{Name: pairs[i], Overwrite: true, Value: pairs[i+1]})
	}
	return s
}

// linphoneKeepAlive is how often the phone itself keeps its NAT open, in ms.
const linphoneKeepAlive = "25000"

// linphone writes the settings as Linphone reads them. The address of the file
// itself is taken out of the phone's settings: it is good for one reading only.
func (s Settings) linphone() ([]byte, error) {
	encryption, mandatory := "none", "0"
	switch s.SRTP {
	case "required":
		encryption, mandatory = "srtp", "1"
	case "offered":
		encryption = "srtp"
	}
	host := s.Domain
	if u, err := domainURI(host); err == nil {
		host = u.Host
	}
	c := lpConfig{Sections: []lpSection{
		section("misc", "config-uri", "", "transient_provisioning", "1"),
		section("sip", "default_proxy", "0", "media_encryption", encryption, "media_encryption_mandatory", mandatory,
			"keepalive_period", linphoneKeepAlive, "use_rport", "1"),
		section("auth_info_0", "username", s.User, "passwd", s.Password, "realm", s.Realm, "domain", host),
		section("proxy_0", "reg_proxy", "<"+s.Proxy+">", "reg_route", "<"+s.Proxy+">", "reg_identity", s.Identity,
			"reg_expires", strconv.Itoa(int(s.Expires/time.Second)), "reg_sendregister", "1", "publish", "0",
			"push_notification_allowed", "0"),
	}}
	body, err := xml.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write Linphone's settings: %w", err)
	}
	return []byte(xml.Header + string(body) + "\n"), nil
}
