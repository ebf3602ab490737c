// Package escalation pages people about an incident until somebody takes it: it alone decides whom to page, when, and when
// to stop. A live call that hunts for an engineer is not its work; paging begins where the call ended without a human.
//
// It is pure: the machine is a function of policy, people, state, event and now. Its shell rings telephones, keeps State with
// the incident and sends Wake at State.Due; both may happen in different processes, before and after a restart.
//
// # Terms
//
//   - Policy: steps, walked in rounds with a pause between two rounds. A State keeps the policy that was in force when its
//     paging began; whom a target stands for is asked anew at each page, so a hand-off in the middle is honoured.
//   - Step: targets, and when their turn comes. A step with At is timed: it begins that long after the round did, whatever
//     became of the steps before it, and pages whom it names even if they were paged before. A step without At follows the
//     step before it, once that is through and its Delay has passed, and leaves out whom the steps since the last timed one
//     have paged.
//   - Stretch: a timed step (or the first) with those that follow it. Stretches run side by side.
//   - Target: a name that stands for people: see Policy. Targets of a step are walked one after another, or at once with
//     Together; within a target people are paged one after another, unless the line's tier rings all of its people at once.
//   - Page: one attempt to make one person, or one emergency number, acknowledge. Only a key is an acknowledgement: a
//     mailbox that answers has pressed none. Nobody has two pages under way.
//   - Refused: a page that ended busy, declined, passed on, unreachable or failed. Silent: one that rang out, or was answered
//     without a key. After a refusal the next one is paged at once and no Delay is waited; when a stretch ends in a refusal,
//     whoever is still unpaged in the next stretch is paged early, and when all have refused, the next stretch is tried
//     after the pause. A stretch that has nobody makes way for the next one that has somebody. Stretches keep their own
//     times besides.
//   - Last resort: everyone and the emergency numbers. A round whose steps have paged nobody of them, because they name
//     neither, or found neither, ends with whoever is left of the chain, of everyone, and the numbers.
//   - Holding: somebody has acknowledged. Steps with AfterAck still go out at their times, once, and with RepageAfter the
//     incident is watched: when nobody acts on it for that long, paging begins anew with the one who holds it.
//
// # What the caller does
//
//  1. Step with Start; afterwards Step with every event, in order, one at a time per incident.
//  2. Keep the returned State before acting on the actions.
//  3. Send Wake when State.Due has come, also after a restart. An early or repeated Wake does nothing.
//  4. Right before dialling, look whether the page is still in State.Pages.
//
// Values may be used by any number of goroutines as long as nobody changes them.
package escalation
