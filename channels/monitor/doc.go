// Package monitor takes in the alarms of monitoring systems: Zabbix, Grafana, Alertmanager, and any program that sends JSON.
//
// # The way of an alarm
//
// A source sends to /in/KIND with its token, as "Authorization: Bearer", or as the last part of the path where a sender can not set a
// header. The token is looked at before the body is read. What came is stored byte for byte as a signal; only then the source hears
// 2xx. Reading, routing and the ticket come after, and may be repeated: see package alarm for what the sources say, package route for
// whose trouble it is.
//
// # Answers
//
// Each status means what its sender makes of it. Alertmanager repeats after 5xx and gives up for ever after 4xx; Grafana comes back
// with its next group; Zabbix repeats as often as its media type says. So:
//
//	200  stored; Zabbix also hears the ticket's number, which it keeps as a tag of the problem
//	401  token, signature or time of the signature is wrong, or the address is not one of the source's
//	413  longer than any sender's batch
//	503  it could not be stored: come again
//
// What is in a body is never a reason to refuse it: what can not be read becomes a ticket for a human.
//
// A recovery is noted in the ticket and closes nothing. A warning opens a ticket that wakes nobody.
//
// The package knows no tickets and no SQL; it hands signals to the dispatcher. A Server may be used by any number of goroutines.
package monitor
