// Package smpp is a client of message centres (SMSC) by SMPP 3.4: it binds as a
// transceiver, sends texts, takes texts and receipts, and stays bound for ever.
// What is on the wire is package pdu's, what a text is cut into package text's.
//
// # Parts
//
//   - Client shares what there is to send among its binds: one connection each,
//     one goroutine each that owns it (bind.go).
//   - machine decides, and does no I/O: it gets what happened and the time, and
//     returns what to do (machine.go); State.Step is its table (fsm.go), pace
//     its rate (pace.go). Transcripts in testdata show both.
//
// # What is promised
//
//   - A message goes out once for each Submit. When the link breaks, or nothing
//     answers, between the write and the response, its outcome is Unsure: it may
//     have been sent. The client never sends such a one again; the caller decides,
//     and a repeat has the same references, so that a phone, and an operator that
//     looks, can drop it. An answer that comes later is told to Deps.Late.
//   - Throttled messages (ESME_RTHROTTLED, ESME_RMSGQFUL) were not taken: they
//     are sent again, slower, until the caller's context ends. The rate is halved
//     once for all that were on their way, and comes back in a minute.
//   - What comes in is acknowledged after Deps.Receive has stored it; else the
//     centre hears ESME_RX_T_APPN and sends it again. Bodies that can not be read
//     are handed over too: nothing is dropped. The same may come twice.
//   - A peer that says nothing is asked (enquire_link), and given up when it does
//     not answer; a connection that only looks alive is found so.
//   - A lost link is dialled again for ever, later and later, with jitter.
//   - When Run's context ends, nothing new is sent, responses are awaited, unbind
//     is answered, and the connection closed: in that order, and not for longer
//     than Config.DrainTimeout and UnbindTimeout.
//
// Numbers and texts are in no log line and no error. A Client may be used by any
// goroutine while Run runs.
package smpp
