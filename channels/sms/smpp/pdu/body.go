package pdu

import "fmt"

// Sizes of C-octet strings with their NUL, in octets (§5.2).
const (
	sizeSystemID   = 16
	sizePassword   = 65 // §5.2.2 says 9; operators give out longer ones
	sizeSystemType = 13
	sizeRange      = 41
	sizeService    = 6
	sizeAddress    = 21
	sizeAddressX   = 65 // of data_sm (§4.7.1) and alert_notification
	sizeTime       = 17
	sizeMessageID  = 65
	// MaxText is the longest short_message in octets (§5.2.22).
	MaxText = 254
)

// Body is what stands between the header and the optional parameters.
type Body interface {
	read(r *reader)
	write(w *writer)
}

func newBody(c Command) Body {
	switch c {
	case BindTransceiver, BindReceiver, BindTransmitter:
		return &Bind{}
	case BindTransceiverResp, BindReceiverResp, BindTransmitterResp:
		return &BindResp{}
	case SubmitSM, DeliverSM:
		return &Message{}
	case SubmitSMResp, DeliverSMResp, DataSMResp:
		return &MessageResp{}
	case DataSM:
		return &Data{}
	case AlertNotification:
		return &Alert{}
	case Unbind, UnbindResp, EnquireLink, EnquireLinkResp, GenericNack:
		return nil
	case QuerySM, ReplaceSM, CancelSM, Outbind, SubmitMulti:
	}
	return &Opaque{}
}

// Opaque is the body of a command that is not read here, with its optional
// parameters.
type Opaque struct{ Data []byte }

func (o *Opaque) read(r *reader) { o.Data = r.octets(len(r.b)) }
func (o *Opaque) write(w *writer) {
	if w.err == nil {
		w.b = append(w.b, o.Data...)
	}
}

// Version34 is the interface_version of this document (§5.2.4).
const Version34 = 0x34

// Bind asks for a session (§4.1.5).
type Bind struct {
	SystemID   string
	Password   string
	SystemType string
	Version    uint8
	TON, NPI   uint8
	Range      string // address_range: the numbers that are served
}

func (m *Bind) read(r *reader) {
	m.SystemID = r.cstring("system_id")
	m.Password = r.cstring("password")
	m.SystemType = r.cstring("system_type")
	m.Version = r.octet()
	m.TON, m.NPI = r.octet(), r.octet()
	m.Range = r.cstring("address_range")
}

func (m *Bind) write(w *writer) {
	w.cstring("system_id", m.SystemID, sizeSystemID)
	w.cstring("password", m.Password, sizePassword)
	w.cstring("system_type", m.SystemType, sizeSystemType)
	w.octet(m.Version)
	w.octet(m.TON)
	w.octet(m.NPI)
	w.cstring("address_range", m.Range, sizeRange)
}

// BindResp answers a Bind (§4.1.6).
type BindResp struct{ SystemID string }

func (m *BindResp) read(r *reader)  { m.SystemID = r.last() }
func (m *BindResp) write(w *writer) { w.cstring("system_id", m.SystemID, sizeAddressX) }

// MessageResp answers submit_sm, deliver_sm and data_sm (§4.4.2, §4.6.2, §4.7.2).
type MessageResp struct{ ID string }

func (m *MessageResp) read(r *reader)  { m.ID = r.last() }
func (m *MessageResp) write(w *writer) { w.cstring("message_id", m.ID, sizeMessageID) }

// Address is a number, a short code or a name with its kinds (§5.2.5, §5.2.6).
type Address struct {
	TON, NPI uint8
	Number   string
}

func (a *Address) read(r *reader, field string) {
	a.TON, a.NPI = r.octet(), r.octet()
	a.Number = r.cstring(field)
}

func (a *Address) write(w *writer, field string, size int) {
	w.octet(a.TON)
	w.octet(a.NPI)
	w.cstring(field, a.Number, size)
}

// Message is the body of submit_sm (§4.4.1) and deliver_sm (§4.6.1).
type Message struct {
	Service    string
	From, To   Address
	ESM        ESM
	Protocol   uint8
	Priority   uint8
	Schedule   string // time of delivery; empty = at once
	Validity   string // until when it is tried; empty = as the operator likes
	Registered uint8  // bit 0: a receipt in any case
	Replace    uint8
	Coding     uint8 // data_coding (§5.2.19)
	DefaultID  uint8
	Text       []byte // short_message; a longer text is in TagPayload
}

func (m *Message) read(r *reader) {
	m.Service = r.cstring("service_type")
	m.From.read(r, "source_addr")
	m.To.read(r, "destination_addr")
	m.ESM = ESM(r.octet())
	m.Protocol, m.Priority = r.octet(), r.octet()
	m.Schedule = r.cstring("schedule_delivery_time")
	m.Validity = r.cstring("validity_period")
	m.Registered, m.Replace, m.Coding, m.DefaultID = r.octet(), r.octet(), r.octet(), r.octet()
	m.Text = r.octets(int(r.octet()))
}

func (m *Message) write(w *writer) {
	w.cstring("service_type", m.Service, sizeService)
	m.From.write(w, "source_addr", sizeAddress)
	m.To.write(w, "destination_addr", sizeAddress)
	w.octet(uint8(m.ESM))
	w.octet(m.Protocol)
	w.octet(m.Priority)
	w.cstring("schedule_delivery_time", m.Schedule, sizeTime)
	w.cstring("validity_period", m.Validity, sizeTime)
	w.octet(m.Registered)
	w.octet(m.Replace)
	w.octet(m.Coding)
	w.octet(m.DefaultID)
	if len(m.Text) > MaxText && w.err == nil {
		w.err = fmt.Errorf("short_message has %d octets, at most %d: use message_payload", len(m.Text), MaxText)
		return
	}
	w.octet(uint8(len(m.Text)))
	if w.err == nil {
		w.b = append(w.b, m.Text...)
	}
}

// Data is the body of data_sm (§4.7.1); its text is in TagPayload.
type Data struct {
	Service    string
	From, To   Address
	ESM        ESM
	Registered uint8
	Coding     uint8
}

func (m *Data) read(r *reader) {
	m.Service = r.cstring("service_type")
	m.From.read(r, "source_addr")
	m.To.read(r, "destination_addr")
	m.ESM = ESM(r.octet())
	m.Registered, m.Coding = r.octet(), r.octet()
}

func (m *Data) write(w *writer) {
	w.cstring("service_type", m.Service, sizeService)
	m.From.write(w, "source_addr", sizeAddressX)
	m.To.write(w, "destination_addr", sizeAddressX)
	w.octet(uint8(m.ESM))
	w.octet(m.Registered)
	w.octet(m.Coding)
}

// Alert says that a subscriber can be reached again (§4.12.1).
type Alert struct{ From, To Address }

func (m *Alert) read(r *reader) {
	m.From.read(r, "source_addr")
	m.To.read(r, "esme_addr")
}

func (m *Alert) write(w *writer) {
	m.From.write(w, "source_addr", sizeAddressX)
	m.To.write(w, "esme_addr", sizeAddressX)
}

// ESM is an esm_class (§5.2.12): mode in bits 0-1, type in bits 2-5, features
// of GSM in bits 6-7.
type ESM uint8

// The parts of an ESM that are looked at here.
const (
	ESMReceipt      ESM = 0x04 // type: the message centre's delivery receipt
	ESMAckDelivery  ESM = 0x08 // type: the phone has taken it
	ESMAckManual    ESM = 0x10 // type: its user has
	ESMIntermediate ESM = 0x20 // type: it is on its way
	ESMHeader       ESM = 0x40 // UDHI: the text begins with a user data header

	esmType ESM = 0x3C
)

// Header reports whether the text begins with a user data header.
func (e ESM) Header() bool { return e&ESMHeader != 0 }

// IsReceipt reports whether the text tells of another message: a receipt of the
// message centre, for good or on the way.
func (e ESM) IsReceipt() bool {
	t := e & esmType
	return t == ESMReceipt || t == ESMIntermediate
}
