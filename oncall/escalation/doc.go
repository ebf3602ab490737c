// Package escalation pages people about an incident until somebody takes it: it alone decides whom to page, when, and when
// to stop. A live call that hunts for an engineer is not its work; paging begins where the call ended without a human.
//
// It is pure: the machine is a function of policy, state, event and now. Its shell rings telephones, keeps State with the
// incident and sends Wake at State.Due; both may happen in different processes, before and after a restart.
//
// # Terms
//
//   - Policy: steps, each with a delay and targets, walked again and again with a pause between rounds.
//   - Target: the name of a tier of oncall's chain, or Chain for all of it. The tiers are asked for anew at each page, so a
//     hand-off in the middle of an incident is honoured; nobody is paged twice in one round.
//   - Page: one attempt to make one person, or one emergency number, acknowledge. Only a key is an acknowledgement: a
//     mailbox that answers has pressed none.
//
// # What the caller does
//
//  1. Step with Start; afterwards Step with every event, in order, one at a time per incident.
//  2. Keep the returned State before acting on the actions.
//  3. Send Wake when State.Due has come, also after a restart. An early or repeated Wake does nothing.
//  4. Right before dialling, look whether the incident has been acknowledged meanwhile.
//
// Values may be used by any number of goroutines as long as nobody changes them.
package escalation
