// Package sla knows the clocks of a ticket: when each starts, when it is due,
// whether it was met. Clocks are pure functions of facts and of now; facts
// arrive as plain values taken from the ticket's event log, so the same log
// always gives the same verdict. It pages nobody and knows neither tickets nor
// channels.
//
// # Terms
//
// A report is one requester's story; an incident has at least one. T0 of a
// report is the stamp of its first signal, T0 of the incident the earliest of
// its reports'. A cycle begins with the first signal and with each reopening.
//
//	K1 first_contact  per report and cycle: from its T0 until a human engineer reached the requester
//	K2 plan           from T0 until a complete plan was told to the client
//	K3 stabilisation  from T0 until the main function works again
//	K4 next_update    from the told plan until stabilisation, again after each public word
//	K5 root_cause     per cycle: from stabilisation until the root cause is on record
//	K6 report         per cycle: from the root cause until the report was sent
//
// A clock is met if it stopped strictly before it was due. Elapsed time is
// rounded up to whole seconds and never into compliance. Instants are compared
// as instants; on a round-the-clock limit no calendar takes part, so midnight
// and clock changes cost nothing.
//
// # Rules
//
// K1, K2 and K4 never pause. A pause belongs to the ticket: pauses unite, never
// sum, and survive every change of priority and policy. A limit in business
// hours or days counts in the policy's Calendar, where a pause outside its hours
// subtracts nothing.
//
// A higher priority brings the deadline forward to the change plus the new
// limit, and where the facts were there in the first signal, to T0 plus the new
// limit. A lower one counts from T0 and never takes a breach back. What was
// decided stays decided when tickets merge.
//
// All functions may be called concurrently.
package sla
