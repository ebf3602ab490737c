package dialog

import "github.com/butlerspb/vahta/sip/wire"

type Stack struct{}

func NewStack(e *wire.Edge, cfg Config, deps Deps) *Stack                  { return &Stack{} }
func (st *Stack) OnInvite(f func(*Incoming))                               {}
func (st *Stack) OnOutOfDialog(method wire.Method, f func(*wire.ServerTx)) {}
func (st *Stack) HandleRequest(tx *wire.ServerTx)                          {}
func (st *Stack) HandleAck(req *wire.Request)                              {}
func (st *Stack) HandleStray(resp *wire.Response)                          {}
func (st *Stack) Invite(o Outgoing, exec Executor, on func(Event)) (*Dialog, error) {
	return &Dialog{}, nil
}

type Incoming struct{}

func (in *Incoming) Request() *wire.Request                             { return nil }
func (in *Incoming) Flow() wire.Flow                                    { return wire.Flow{} }
func (in *Incoming) Accept(exec Executor, on func(Event)) *Dialog       { return nil }
func (in *Incoming) Reject(status int, reason string, h ...wire.Header) {}

type ID struct{ CallID, LocalTag, RemoteTag string }
type Dialog struct{}

func (d *Dialog) ID() ID                                             { return ID{} }
func (d *Dialog) State() State                                       { return State{} }
func (d *Dialog) Progress(status int, sdp []byte, h ...wire.Header)  {}
func (d *Dialog) Answer(sdp []byte, h ...wire.Header)                {}
func (d *Dialog) Reject(status int, reason string, h ...wire.Header) {}
func (d *Dialog) Cancel(h ...wire.Header)                            {}
func (d *Dialog) Bye(h ...wire.Header)                               {}
func (d *Dialog) ReInvite(sdp []byte)                                {}
func (d *Dialog) Info(contentType string, body []byte)               {}
func (d *Dialog) AnswerOffer(sdp []byte)                             {}
func (d *Dialog) RefuseOffer(status int)                             {}
func (d *Dialog) MediaFlows(yes bool)                                {}
func ReasonQ850(cause int, text string) wire.Header                  { return wire.Header{} }
func ReasonSIP(status int, text string) wire.Header                  { return wire.Header{} }
