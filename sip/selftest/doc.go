// Package selftest proves that the line is alive: a call leaves through an
// operator, comes back to our own number and is answered by the test's own
// script; sound must pass both ways.
//
// It knows operators, numbers, legs and codes. It must not know tickets, rotas,
// Redis or configuration files: what they do for a test is in [Deps].
//
// # Terms
//
//   - test: one such call, a [Test] while it is under way and a [Report] after it;
//   - line: one operator with the number that is dialled through it, [Line];
//   - code: digits made anew for each test. The dialling side sends them as sound,
//     once more as keys; the answering side, when it has heard them, sends its reply;
//   - sighting: what the answering side saw of a test, [Sighting]; it may be another node;
//   - stranger: a call that came to the tested number meanwhile and is not the test.
//
// # Who is a test and who is a caller
//
// A caller must never be taken for a test. A call is looked at only when it
// comes by an operator, shows the caller that this operator shows for our own
// number, and a test that expects this caller is under way. Even then only the
// code makes it the test. It is answered at once and hears ringing until then;
// without the code it is given to the ordinary script after [listenFor] with the
// time of its first INVITE, at once when another call has brought the code or
// when the server stops. One that hangs up before that is given to it as well,
// unless the test has just hung up an answered call and no other could be meant.
//
//	phase      event             action                                    next
//	-          begin             ring, answer, ringing tone, told: seen    listening
//	listening  the code          told: heard, reply as sound               replying
//	listening  time              to the ordinary script                    over
//	listening  another had it    to the ordinary script                    over
//	listening  he hung up        ask whether it was the test               asking
//	listening  the server stops  to the ordinary script                    over
//	asking     it was            end                                       over
//	asking     it was not        to the ordinary script                    over
//	replying   time              reply as keys, once; then end             replying, over
//	replying   he hung up        end                                       over
//
// The dialling side:
//
//	phase      event             action                                    next
//	-          begin             dial                                      dialling
//	dialling   answer            wait a moment                             pressing
//	dialling   a stranger comes  hang up unless the test is seen soon      dialling
//	dialling   failure           -                                         leaving
//	dialling   time              hang up                                   leaving
//	pressing   time              code as sound, then as keys, then hang up pressing, leaving
//	pressing   it was heard      wait for the reply                        pressing
//	pressing   the reply         hang up                                   over: judge
//	pressing   far end hangs up  -                                         leaving
//	leaving    time              judge: what others saw has come in        over
//	any        the server stops  judge: no verdict                         over
//
// A stranger who hangs up when the test does was the test: the operator shows
// another caller than we expect ([Unrecognised]). Such a line is not tested by
// itself any more, since each test would ring an engineer.
//
// # When
//
// [due] decides which line is next; tests run one after another. A test is
// passed over while the server drains or is loaded, while the operator has no
// room for two more calls, and when calls of people have been answered through
// the operator both ways within the interval: they prove more than a test.
// Failures in a row, [Config.FailAfter] of them, raise one alarm for the outage; the first
// good test takes it back. From the first failure on the operator is doubted, so that
// calls prefer others.
//
// # Several nodes
//
// Each node proves its own way out. The call may come back to any node:
// [Shared] carries tests and sightings between them, and whose alarm is open.
//
// # Concurrency
//
// [Caller] and [Answerer] with their steps, [judge], [due], [passOver] and
// [History.after] are pure: time comes in as now. [Tester] owns one goroutine that
// runs tests; the parts of a call run in the call's own goroutine.
//
// RFC 3261 (calls), RFC 4733 and ITU-T Q.23 (keys).
package selftest
