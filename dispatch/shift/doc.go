// Package shift cares for shifts: it tells people that their turn begins, the
// evening before and a quarter of an hour before, takes their word for it, tells
// a scheduler when nobody has confirmed a turn that begins, and hands open work
// over from those who go to those who come. It also knows which devices of whom
// have been seen to work, and makes the readiness report of it.
//
// It knows the rota, confirmations, proofs and open tickets. It must not know
// SIP, any channel or SQL: it commits notices, and whoever delivers them asks
// StillNeeded right before each send and reports with RecordDelivery.
//
// # Terms
//
//   - Turn: the longest span without a break in which a person is on a track
//     (oncall.Turn). Who goes on is told nothing; windows by the hour make one
//     call, not many.
//   - Item: one thing to tell about turns, with the time it is due and the time
//     from which it helps nobody any more. Items follow from the rota alone
//     (Agenda), so all nodes have the same, with the same IDs.
//   - Confirmation: the person's word that he knows of the turn. A correction
//     that the person wrote himself, a takeover above all, is his word as well.
//   - Proof: a device was seen to work: a key was pressed on it, or it has
//     registered.
//
// # What is told, and when
//
//	evening      19:00 on the day before, by the person's clock (else the schedule's); helps until 22:00
//	soon         15 min before the start; helps until the start
//	unconfirmed  at the start, to the schedulers, when nobody has confirmed it; helps for two hours
//	handover     when the people on a track change
//
// Each of them happens once over all nodes: a Change and its notices have IDs
// that follow from the item, and the record takes an ID once. While the record
// is away nothing is told: no key could be kept, and two nodes would ring the
// same phone. When it is back, what is late is told once if it still helps.
// Between a commit and its send the rota may change: right before each call it
// is asked whether the turn is still his and still unconfirmed. A reminder that
// found nobody is tried again after a pause while it helps. Whoever has said
// that he can not come is not asked again: if the rota still has him at the
// start, the schedulers are told once more. An alarm that a scheduler does not
// hear goes to the next tier (Tiers), and so on to everybody. What can not be
// told, or handed over with its tickets, keeps nothing else from being told.
//
// # Concurrency
//
// Agenda, Handover, Readiness and the decisions are pure: no clock, no I/O, now
// is a parameter. A Carer may be used by any number of goroutines; Run owns all
// of its own. Instants are UTC.
package shift
