package pdu

import "fmt"

// Command is a command_id (§5.1.2.1). Responses have the top bit set.
type Command uint32

// The commands of SMPP 3.4.
const (
	GenericNack       Command = 0x80000000
	BindReceiver      Command = 0x00000001
	BindTransmitter   Command = 0x00000002
	QuerySM           Command = 0x00000003
	SubmitSM          Command = 0x00000004
	DeliverSM         Command = 0x00000005
	Unbind            Command = 0x00000006
	ReplaceSM         Command = 0x00000007
	CancelSM          Command = 0x00000008
	BindTransceiver   Command = 0x00000009
	Outbind           Command = 0x0000000B
	EnquireLink       Command = 0x00000015
	SubmitMulti       Command = 0x00000021
	AlertNotification Command = 0x00000102
	DataSM            Command = 0x00000103

	BindReceiverResp    = BindReceiver | response
	BindTransmitterResp = BindTransmitter | response
	SubmitSMResp        = SubmitSM | response
	DeliverSMResp       = DeliverSM | response
	UnbindResp          = Unbind | response
	BindTransceiverResp = BindTransceiver | response
	EnquireLinkResp     = EnquireLink | response
	DataSMResp          = DataSM | response

	response Command = 0x80000000
)

// IsResponse reports whether the command answers another one.
func (c Command) IsResponse() bool { return c&response != 0 }

// Response is the command that answers c.
func (c Command) Response() Command { return c | response }

// Delivers reports whether the command brings a message or a receipt from the
// message centre.
func (c Command) Delivers() bool { return c == DeliverSM || c == DataSM }

// String returns the name that the document uses.
func (c Command) String() string {
	if c == GenericNack {
		return "generic_nack"
	}
	name := c.request()
	if name == "" {
		return fmt.Sprintf("command(%#08x)", uint32(c))
	}
	if c.IsResponse() {
		return name + "_resp"
	}
	return name
}

func (c Command) request() string {
	switch c &^ response {
	case BindReceiver:
		return "bind_receiver"
	case BindTransmitter:
		return "bind_transmitter"
	case QuerySM:
		return "query_sm"
	case SubmitSM:
		return "submit_sm"
	case DeliverSM:
		return "deliver_sm"
	case Unbind:
		return "unbind"
	case ReplaceSM:
		return "replace_sm"
	case CancelSM:
		return "cancel_sm"
	case BindTransceiver:
		return "bind_transceiver"
	case Outbind:
		return "outbind"
	case EnquireLink:
		return "enquire_link"
	case SubmitMulti:
		return "submit_multi"
	case AlertNotification:
		return "alert_notification"
	case DataSM:
		return "data_sm"
	case GenericNack, BindReceiverResp, BindTransmitterResp, SubmitSMResp, DeliverSMResp, UnbindResp, BindTransceiverResp, EnquireLinkResp, DataSMResp:
	}
	return ""
}

// Status is a command_status (§5.1.3). Zero is success.
type Status uint32

// The statuses that are looked at here; an operator may send any other.
const (
	OK              Status = 0x00
	InvalidLength   Status = 0x01 // ESME_RINVMSGLEN
	InvalidCmdLen   Status = 0x02 // ESME_RINVCMDLEN
	InvalidCommand  Status = 0x03 // ESME_RINVCMDID
	WrongBindState  Status = 0x04 // ESME_RINVBNDSTS
	AlreadyBound    Status = 0x05 // ESME_RALYBND
	SystemError     Status = 0x08 // ESME_RSYSERR
	InvalidSource   Status = 0x0A // ESME_RINVSRCADR
	InvalidDest     Status = 0x0B // ESME_RINVDSTADR
	BindFailed      Status = 0x0D // ESME_RBINDFAIL
	WrongPassword   Status = 0x0E // ESME_RINVPASWD
	WrongSystemID   Status = 0x0F // ESME_RINVSYSID
	QueueFull       Status = 0x14 // ESME_RMSGQFUL
	SubmitFailed    Status = 0x45 // ESME_RSUBMITFAIL
	Throttled       Status = 0x58 // ESME_RTHROTTLED
	TemporaryHere   Status = 0x64 // ESME_RX_T_APPN: the receiver fails now, try again
	PermanentHere   Status = 0x65 // ESME_RX_P_APPN
	RejectedHere    Status = 0x66 // ESME_RX_R_APPN
	UnknownError    Status = 0xFF // ESME_RUNKNOWNERR
	DeliveryFailure Status = 0xFE // ESME_RDELIVERYFAILURE
)

// Busy reports whether the far side asks for fewer messages: the message itself
// is well, and a later try may pass.
func (s Status) Busy() bool { return s == Throttled || s == QueueFull }

// Temporary reports whether the same message may pass later. What is not known
// to be a fault of the message is temporary.
func (s Status) Temporary() bool {
	switch s {
	case SystemError, WrongBindState, AlreadyBound, BindFailed, WrongPassword, WrongSystemID, QueueFull, SubmitFailed,
		Throttled, TemporaryHere, UnknownError, DeliveryFailure, OK:
		return true
	case InvalidLength, InvalidCmdLen, InvalidCommand, InvalidSource, InvalidDest, PermanentHere, RejectedHere:
		return false
	}
	return s >= 0x400 // of the operator's own (§5.1.3): what it means is his secret
}

// String names the status as operators' hot lines do.
func (s Status) String() string {
	switch s {
	case OK:
		return "ESME_ROK"
	case InvalidLength:
		return "ESME_RINVMSGLEN"
	case InvalidCmdLen:
		return "ESME_RINVCMDLEN"
	case InvalidCommand:
		return "ESME_RINVCMDID"
	case WrongBindState:
		return "ESME_RINVBNDSTS"
	case AlreadyBound:
		return "ESME_RALYBND"
	case SystemError:
		return "ESME_RSYSERR"
	case InvalidSource:
		return "ESME_RINVSRCADR"
	case InvalidDest:
		return "ESME_RINVDSTADR"
	case BindFailed:
		return "ESME_RBINDFAIL"
	case WrongPassword:
		return "ESME_RINVPASWD"
	case WrongSystemID:
		return "ESME_RINVSYSID"
	case QueueFull:
		return "ESME_RMSGQFUL"
	case SubmitFailed:
		return "ESME_RSUBMITFAIL"
	case Throttled:
		return "ESME_RTHROTTLED"
	case TemporaryHere:
		return "ESME_RX_T_APPN"
	case PermanentHere:
		return "ESME_RX_P_APPN"
	case RejectedHere:
		return "ESME_RX_R_APPN"
	case UnknownError:
		return "ESME_RUNKNOWNERR"
	case DeliveryFailure:
		return "ESME_RDELIVERYFAILURE"
	}
	return fmt.Sprintf("status(%#x)", uint32(s))
}
