// Package guard decides what may leave through an operator and who is no longer
// heard: the rules against toll fraud, the bans, and the security events that
// both leave behind.
//
// It knows numbers, purposes, accounts of phones, minutes and money. It must not
// know SIP, sockets, tickets or rotas: who asks says for what, and whether a
// number stands on the roster or on a client's card is asked of [Deps].
//
// # Toll
//
// Every INVITE to an operator needs a [Permit] ([Guard.Begin]); there is no other
// way out. A purpose decides what may be dialled:
//
//   - [Page]: numbers of the roster and of last resort, nothing else.
//   - [CallBack]: numbers of the client's card, or allowed prefixes.
//   - [Own], a call that an engineer places: numbers of the roster, or allowed
//     prefixes.
//   - [Proof]: our own numbers.
//
// Premium and satellite numbers are refused for every purpose, numbers abroad
// unless they are on roster or card or [Config.Abroad] is set and a prefix allows
// them. What is no number in international form is only dialled when the roster
// has it.
//
// A day (of [Config.Zone]) has a budget of minutes and of money. A part of it
// is kept for paging: other purposes are refused once the rest is spent, and a
// running call is ended when its share is. Paging goes on even when all is
// spent, since the roster names whom it may ring: that is an alarm, not a
// refusal. A call counts from its answer, by minutes begun; one that rings
// counts as one minute, so that many at once cannot outrun the budget. The figures
// survive a restart in a small file; each node has its own budget.
//
// The stop ([Guard.Stop]) refuses everything but paging, or everything.
//
// # Bans
//
// An address is banned for failures of authentication only after it has proved
// that it receives what we send to it: it used a nonce of ours. So a forged source
// bans nobody. Peers of the configuration are never banned. The table is bounded.
//
// # Concurrency and units
//
// All methods may be called by any goroutine. None but [Guard.Stop] and
// [Guard.Close] waits for the small file, which is written beside them. Money is in the unit of
// [Price.PerMinute], durations are time.Duration. [policy] and [bans] are pure:
// time comes in as now.
package guard
