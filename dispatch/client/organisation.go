package client

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Contact is one person of an organisation.
type Contact struct {
	ID        string    `yaml:"id" json:"id"`
	Name      string    `yaml:"name" json:"name"`
	Role      string    `yaml:"role" json:"role,omitempty"`           // in the client's words, such as director
	Language  string    `yaml:"language" json:"language,omitempty"`   // "ru" or "en"; empty = the organisation's
	Numbers   []string  `yaml:"numbers" json:"numbers,omitempty"`     // in any written form
	Addresses []Address `yaml:"addresses" json:"addresses,omitempty"` // of other channels
	VIP       bool      `yaml:"vip" json:"vip,omitempty"`
	// Duty marks whom the client wants to be told of what its machines report, in the order of the card.
	Duty bool   `yaml:"duty" json:"duty,omitempty"`
	Note string `yaml:"note" json:"note,omitempty"`
}

// Asset is a thing of the client that we care for.
type Asset struct {
	ID    string   `yaml:"id" json:"id"`
	Name  string   `yaml:"name" json:"name"`
	Kind  string   `yaml:"kind" json:"kind,omitempty"`   // server, 1c, crm, mail, network, telephony, line, storage, workplace …
	Hosts []string `yaml:"hosts" json:"hosts,omitempty"` // names and addresses in the network, as monitoring calls them
	// Accesses say how one gets there. No secret is among them, only where it is kept.
	Accesses []Access `yaml:"accesses" json:"accesses,omitempty"`
	Note     string   `yaml:"note" json:"note,omitempty"`
}

// Access is a way to an asset.
type Access struct {
	ID     string `yaml:"id" json:"id"`
	Way    string `yaml:"way" json:"way"`                 // vpn, rdp, anydesk, ssh, console …
	Where  string `yaml:"where" json:"where,omitempty"`   // VPN profile, RDP host, AnyDesk ID
	Login  string `yaml:"login" json:"login,omitempty"`   // account name
	Secret string `yaml:"secret" json:"secret,omitempty"` // reference to where the secret is kept, such as vault:romashka/rdp
}

// Organisation is one client: its people, shared numbers and addresses, contract and assets.
type Organisation struct {
	ID        string    `yaml:"id" json:"id"`
	Name      string    `yaml:"name" json:"name"`
	Spoken    string    `yaml:"spoken" json:"spoken,omitempty"`       // name as a prompt or TTS should say it; empty = Name
	Language  string    `yaml:"language" json:"language,omitempty"`   // "ru" or "en"; empty = the line's
	Zone      string    `yaml:"zone" json:"zone,omitempty"`           // IANA name; empty = the company's
	Numbers   []string  `yaml:"numbers" json:"numbers,omitempty"`     // trunk numbers that belong to no single person
	Addresses []Address `yaml:"addresses" json:"addresses,omitempty"` // of other channels, likewise
	Domains   []string  `yaml:"domains" json:"domains,omitempty"`     // mail from there is the organisation's, whoever wrote it
	VIP       bool      `yaml:"vip" json:"vip,omitempty"`
	Note      string    `yaml:"note" json:"note,omitempty"`
	LegalHold bool      `yaml:"legal_hold" json:"legal_hold,omitempty"` // nothing of theirs is deleted, whatever the contract says
	Contacts  []Contact `yaml:"contacts" json:"contacts,omitempty"`
	Contract  Contract  `yaml:"contract" json:"contract"`
	Assets    []Asset   `yaml:"assets" json:"assets,omitempty"`
	// MergedInto names the organisation that this one was a duplicate of: its card is empty, and whatever names it means the other.
	MergedInto string `yaml:"-" json:"merged_into,omitempty"`
}

// Asset returns the asset with this id.
func (o Organisation) Asset(id string) (Asset, bool) {
	for _, a := range o.Assets {
		if a.ID == id {
			return a, true
		}
	}
	return Asset{}, false
}

// Contact returns the contact with this id.
func (o Organisation) Contact(id string) (Contact, bool) {
	for _, c := range o.Contacts {
		if c.ID == id {
			return c, true
		}
	}
	return Contact{}, false
}

// Veiled stands for where a secret is kept, on a card that is shown: being shown
// that is an act of its own. A card that is put with it keeps what it had.
const Veiled = "veiled:kept"

// Veil returns the card without where its secrets are kept.
func (o Organisation) Veil() Organisation {
	o = o.Clone()
	for i := range o.Assets {
		for j := range o.Assets[i].Accesses {
			if access := &o.Assets[i].Accesses[j]; access.Secret != "" {
				access.Secret = Veiled
			}
		}
	}
	return o
}

// unveil puts back what Veil has taken out, from the card as it was.
func (o Organisation) unveil(was Organisation) Organisation {
	o = o.Clone()
	for i := range o.Assets {
		for j := range o.Assets[i].Accesses {
			if access := &o.Assets[i].Accesses[j]; access.Secret == Veiled {
				access.Secret = was.secret(o.Assets[i].ID, access.ID)
			}
		}
	}
	return o
}

// secret is where the secret of an access is kept.
func (o Organisation) secret(asset, access string) string {
	a, _ := o.Asset(asset)
	for _, is := range a.Accesses {
		if is.ID == access {
			return is.Secret
		}
	}
	return ""
}

// Clone returns a copy that shares nothing with the organisation.
func (o Organisation) Clone() Organisation {
	o.Numbers, o.Addresses, o.Domains = slices.Clone(o.Numbers), slices.Clone(o.Addresses), slices.Clone(o.Domains)
	o.Contract = o.Contract.clone()
	o.Contacts = slices.Clone(o.Contacts)
	for i := range o.Contacts {
		c := &o.Contacts[i]
		c.Numbers, c.Addresses = slices.Clone(c.Numbers), slices.Clone(c.Addresses)
	}
	o.Assets = slices.Clone(o.Assets)
	for i := range o.Assets {
		a := &o.Assets[i]
		a.Hosts, a.Accesses = slices.Clone(a.Hosts), slices.Clone(a.Accesses)
	}
	return o
}

// Encode writes an organisation down as it is kept. Equal organisations give equal bytes.
func Encode(o Organisation) ([]byte, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("write down organisation %s: %w", o.ID, err)
	}
	return body, nil
}

// Decode reads what Encode wrote. What this version does not know is an error:
// half of what a newer one wrote must not pass for the whole.
func Decode(body []byte) (Organisation, error) {
	var o Organisation
	if err := strictly(body, &o); err != nil {
		return o, fmt.Errorf("read an organisation (was it edited by a newer version?): %w", err)
	}
	return o, nil
}
