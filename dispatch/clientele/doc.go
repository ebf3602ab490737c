// Package clientele is where the cards of clients are looked at and edited: load,
// decide (package client), commit, tell all nodes. Command line and API share it.
//
// Cards are records beside people and schedules, of one version and with one log:
// what dispatch/rota is for a rota this is for clients. A look comes from memory
// and answers while the record is away; an edit needs the record, and fails with
// dispatch.ErrAway while it can not be reached.
//
// A provisional contact is a caller or writer whom no card lists. Nothing is
// written for one: the tickets know the number or the address, and Strangers
// gathers them, so that no flood of unknown callers reaches the record. Adopt puts
// one on a card.
//
// It must not know SQL, transport or screens. All methods may be called by any
// goroutine.
package clientele
