// Package alarm reads what monitoring systems send, each in its own form, into one: an [Alarm].
//
// # Sources
//
//   - [Zabbix]: our media type (named parameters, all of them strings), the flat names that other receivers have made common, and the
//     formatted form alert_uid, title, state, message. Zabbix tells times in its server's own zone and leaves macros that it does not
//     know as they are, {EVENT.TAGSJSON}, or writes *UNKNOWN*: both mean that nothing was said.
//   - [Grafana]: unified alerting, webhook version 1.
//   - [Alertmanager]: webhook version 4, and what resembles it. A group is one trouble, or each of its alerts ([Split]).
//   - [Generic]: any JSON, by a [Mapping] of paths.
//
// # Terms
//
// Key names the trouble at its source: all words about one trouble have one key. Event names the word itself: the same word sent twice
// has the same event, so that retries and pairs of senders are taken once. A trouble that comes back is a new word. State is what the
// word says: the trouble is there (Firing), over (Resolved), told more of (Updated), or somebody has pressed a test button (Test).
//
// Readers are pure, refuse nothing that a human could still make sense of, and never invent: what is missing stays empty. They fail
// only on what is no JSON object, or says nothing at all. Texts are as the source wrote them; whoever shows them escapes them.
package alarm
