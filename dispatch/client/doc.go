// Package client knows whom we serve: organisations, their contacts, their
// contracts, and how a telephone number is brought to one form and matched to
// them. It is pure: no I/O and no clock.
//
// It must not know tickets, calls or the store.
//
// Terms. A Number is E.164 with its plus sign ("+78121234567"), or a short
// internal extension ("101"). A number is a hint: it may open a ticket, it
// proves nothing and reveals nothing. A match is Known when exactly one
// organisation lists the number and Maybe when several do.
//
// A Book is immutable after NewBook and may be read by any goroutine.
package client
