// Command vahta is a 24/7 emergency line: it answers the hotline, opens the
// ticket, rings the engineer on duty and the next one until a human accepts,
// joins the two, and leaves a record of every step.
//
// # The way of a call
//
// Follow these names to read the program once from the outside in:
//
//	main → app.Run → wire.Edge (a datagram) → dialog.Stack (an INVITE) →
//	b2bua.Engine (a Call, one goroutine) → hotline (the script) →
//	dispatch.Dispatcher (ticket and plan) → rotation (a claim) →
//	b2bua.Leg (the engineer's phone) → accept key → bridge → outcome
//
// # The map
//
// Each row is a package, what it knows, and the packages of ours that it may
// import. A package that is pure does no I/O and reads no clock: time comes in
// as a parameter. A test holds this table against the imports.
//
//	package               pure  may import                                                    knows
//	oncall                pure  -                                                             people, devices, schedules, layers; who is on duty at t, and the chain
//	oncall/escalation     pure  oncall                                                        whom to page, when, until when
//	oncall/chart          pure  oncall                                                        a span of a rota drawn: as a table of text, as an SVG page
//	oncall/edit           pure  oncall                                                        what people change in a rota, and what becomes of it
//	oncall/ical           pure  oncall oncall/edit                                          rotas as calendars (RFC 5545) and tables, out and in
//	oncall/prodcal        pure  oncall                                                      production calendars: the years that ship, and how one is written
//	oncall/rotation       -     oncall                                                        live claims with tokens, whose turn it is
//	dispatch/sla          pure  -                                                             clocks: run, due, met, breached
//	dispatch/client       pure  dispatch/sla                                                  organisations, contacts, numbers; matching a number to them
//	dispatch/kb           pure  -                                                             articles, and how texts are found by words
//	dispatch/ticket       pure  dispatch/sla dispatch/client                                  ticket, stages, events, number
//	dispatch/triage       pure  dispatch/ticket dispatch/sla dispatch/client                  check lists, runbooks, and by which words clients tell of which trouble
//	dispatch/route        pure  dispatch/ticket dispatch/sla dispatch/client                  from an alarm's labels to whose trouble it is and how urgent
//	dispatch/report       pure  dispatch/sla dispatch/client dispatch/ticket                     the report of a ticket: what it says, and its Markdown, HTML and PDF
//	dispatch              -     oncall oncall/escalation oncall/edit dispatch/*                         the dispatcher: load, decide, commit; directory, plan, feed
//	dispatch/store        -     dispatch dispatch/* oncall oncall/edit                                    the system of record in SQL
//	dispatch/journal      -     dispatch dispatch/* oncall/edit                               what the store does not take now: a local file, its replay, reserved numbers
//	dispatch/ticker       -     dispatch dispatch/*                                           claims due timers and wakes the dispatcher
//	dispatch/outbox       -     dispatch dispatch/*                                           durable delivery of notices
//	dispatch/watchdog     -     dispatch dispatch/*                                           looks whether the work that wakes people is done in time
//	dispatch/casework     -     dispatch dispatch/*                                           what an engineer does with a ticket: orders, and all there is to see
//	dispatch/rota         -     oncall oncall/edit dispatch dispatch/*                                    people and schedules as they are looked at and edited
//	dispatch/clientele    -     oncall/edit dispatch dispatch/*                                    clients as they are looked at and edited; who is on no card
//	dispatch/library      -     dispatch dispatch/*                                           tickets and articles found by words; articles as they are written
//	dispatch/shift        -     oncall dispatch dispatch/*                                    who is told of which turn, confirmations, hand-over notes, proofs of devices
//	dispatch/reports      -     dispatch dispatch/*                                            the life of a report, and a ticket's page for its client
//	dispatch/vault        -     dispatch dispatch/ticket                                       what was said and sent: recordings and files encrypted on the disk, how long they are kept
//	dispatch/privacy      -     oncall/edit dispatch dispatch/*                                           what is kept of one person: taken out as an archive, erased
//	sip/sdp               pure  -                                                             SDP, the offer/answer rules, the keys of SRTP in it
//	sip/digest            pure  -                                                             digest authentication: challenges, answers, nonces
//	sip/wire              -     -                                                             the edge over sipgo: listeners, filter, limits, order, transactions
//	sip/media             -     sip/sdp                                                       RTP and SRTP: ports, latch, relay, G.711, digits, prompts, recorder, RTCP
//	sip/dialog            -     sip/wire sip/sdp                                              one SIP dialog; the INVITE machines
//	sip/locate            -     -                                                             from a name to servers: NAPTR, SRV, addresses; kept fresh before anybody asks
//	sip/trunk             -     sip/wire sip/dialog sip/digest sip/locate                     operators: admission, identity, health, registration, routes, messages
//	sip/registrar         -     sip/wire sip/digest                                           engineers' phones: accounts, bindings, NAT, set-up by link
//	sip/guard             -     -                                                             what may leave through an operator, who is no longer heard, security events
//	sip/b2bua             -     sip/wire sip/sdp sip/media sip/dialog sip/trunk sip/guard               the call: legs, ringing, bridge, hold; owns the call's goroutine
//	sip/selftest          -     sip/media sip/trunk sip/guard sip/b2bua                       the line calls itself: when, who is the test and who a caller, what it proves
//	sip/phone             -     sip/wire sip/sdp sip/media sip/dialog sip/digest              a scripted phone
//	sip/siptest           -     sip/wire sip/sdp sip/media sip/dialog sip/phone               packet faults and outside peers, for tests only
//	sip/hotline           -     sip/* sip/hotline/prompt dispatch dispatch/* oncall oncall/escalation oncall/rotation  the hotline's script, voice pages, prompts
//	sip/hotline/prompt    -     sip/media                                                     what the hotline says: texts, number words, voices
//	channels/email/letter  pure  dispatch/ticket                                              a mail as it was meant: writer, text, files, whether a human wrote it, what it reports
//	channels/email        -     channels/email/* dispatch dispatch/ticket                     the settings of mail, and what mails mean for the dispatcher
//	channels/email/accept  -     -                                                            mails from our mail server, by LMTP or SMTP
//	channels/email/ids    -     -                                                             the ids of our mails: they name their ticket and prove it
//	channels/email/loop   -     channels/email/letter dispatch                                whether an automatic mail may go out
//	channels/email/mailtest  -     -                                                          Debian's Postfix, for tests only
//	channels/email/send   -     channels/email/letter channels/email/ids channels/email/loop dispatch dispatch/ticket  mails to clients, written and handed to submission servers
//	channels/portal       -     dispatch dispatch/* oncall oncall/edit oncall/ical                the API of tickets, clients, knowledge, reports, signals and the rota, calendars by secret address, who is on duty on a page; tokens
//	channels/webhook      -     dispatch dispatch/*                                           signed events to other systems
//	channels/monitor      -     channels/monitor/alarm oncall dispatch dispatch/*                        alarms of monitoring systems, taken in
//	channels/monitor/alarm  pure  dispatch/route dispatch/ticket dispatch/sla dispatch/client       what monitoring systems send, read into one form
//	channels/sms/text     pure  -                                                             short messages as text: alphabets, cutting into parts, joining of parts
//	channels/sms/word     pure  -                                                             what is written back: stop, start, the code of a page with what is done about it
//	channels/sms/smpp/pdu  pure  -                                                            SMPP 3.4 on the wire, and what a delivery receipt says
//	channels/sms          -     channels/sms/text channels/sms/smpp channels/sms/smpp/pdu dispatch dispatch/ticket  short messages: clients' texts become signals, what is told to them goes out
//	channels/sms/smpp     -     channels/sms/text channels/sms/smpp/pdu                       a client of message centres: binds, window, pace, what was sent for certain
//	deploy                pure  -                                                             the files that ship with the binary
//	cmd/internal/desk     -     oncall oncall/edit dispatch dispatch/* channels/portal sip/registrar sip/guard sip/selftest                             what the commands ask of a running server, or of the record
//	cmd/internal/phrase   -     dispatch                                                      what the rooms refuse, said in Russian
//	cmd/internal/pressure  -    -                                                             what the process uses up of the machine: memory, descriptors, disk
//	cmd/internal/config   -     *                                                             one file into the configurations of all packages
//	cmd/internal/app      -     *                                                             builds all parts in order, runs, drains, stops
//	cmd/vahta             -     *                                                             the commands
//	cmd/conformance       -     -                                                             what of SIP is offered: a page made of the tests' results
//	cmd/proof             -     *                                                             the failure drills: real processes, faults from outside, an oracle
package main
