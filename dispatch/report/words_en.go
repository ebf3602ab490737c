package report

import "maps"

// wordsEN are the words of a report in English.
func wordsEN() map[string]string {
	words := linesEN()
	maps.Copy(words, map[string]string{
		"decimal": ".", "unit.s": "s", "unit.min": "min", "unit.h": "h", "unit.d": "d", "unit.bytes": "bytes", "unit.kib": "KB", "unit.mib": "MB",
		"month.1": "January", "month.2": "February", "month.3": "March", "month.4": "April", "month.5": "May", "month.6": "June",
		"month.7": "July", "month.8": "August", "month.9": "September", "month.10": "October", "month.11": "November", "month.12": "December",
		"weekday.0": "Sunday", "weekday.1": "Monday", "weekday.2": "Tuesday", "weekday.3": "Wednesday", "weekday.4": "Thursday",
		"weekday.5": "Friday", "weekday.6": "Saturday", "zone.Europe/Moscow": "Moscow time", "zone.UTC": "universal time",
		"zone.Europe/Kaliningrad": "Kaliningrad time", "zone.Asia/Yekaterinburg": "Yekaterinburg time", "zone.Europe/Samara": "Samara time",
		"span.open":       "from {from}, still lasting",
		"count.times.one": "time", "count.times.few": "times", "count.times.many": "times",
		"count.fewer.one": "business day", "count.fewer.few": "business days", "count.fewer.many": "business days",
		"count.places.one": "place", "count.places.few": "places", "count.places.many": "places",

		"title": "Incident report", "title.request": "Report on a piece of work", "title.warning": "Report on a warning",
		"draft": "Draft", "edition": "Version {n} of {date}", "page": "{n} of {all}", "private": "Confidential. Client: {client}",
		"private.nobody": "Confidential", "running": "{title} {number}", "zone": "Times in this report: {zone}",

		"tile.contact": "First contact", "tile.plan": "Plan of action", "tile.restore": "Restored", "tile.outage": "Outage",
		"tile.promised": "promised {limit}", "tile.at": "at {time}", "tile.late": "promised {limit}", "tile.after": "after the first signal",
		"tile.running": "still lasting", "tile.none": "none", "tile.since": "from {from}",

		"head.client": "Client", "head.contract": "Contract", "head.category": "Category", "head.priority": "Priority", "head.services": "Services affected",
		"head.assets": "Equipment and systems", "head.outage": "Outage", "head.known": "First signal", "head.engineer": "Engineer in charge",
		"head.team": "Also took part", "head.repeats": "Came back after it was restored",

		"section.summary": "Summary", "section.timeline": "Chronology", "section.actions": "What was done", "section.result": "Result",
		"section.cause": "Root cause", "section.advice": "Recommendations", "section.promises": "Promises kept", "section.annex": "Annex", "section.seal": "Authenticity of this document",

		"col.time": "Time", "col.source": "Source", "col.event": "Event", "col.who": "Who", "col.action": "Action", "col.way": "Access", "col.result": "Result",
		"col.clock": "Promise", "col.limit": "Limit", "col.actual": "Actual", "col.verdict": "Verdict", "col.from": "From", "col.to": "To", "col.reason": "Reason",
		"col.number": "Number", "col.talk": "Talk", "col.message": "Message", "col.to_whom": "To", "col.state": "Delivery", "col.question": "Question",
		"col.answer": "Answer", "col.file": "File", "col.size": "Size", "col.hash": "SHA-256", "col.effort": "Working time", "col.person": "Specialist",
		"line.own": "{time} by the log",
		"total":    "Total",

		"result.restored": "Service was restored {at}.", "result.not_restored": "At the date of this report service is not fully restored.", "result.statement": "What works again",
		"result.check": "How it was checked", "result.loss": "Loss of data", "result.loss.none": "none found", "result.risks": "Remaining risks",
		"result.confirmed": "Confirmed by the client", "result.confirmed.yes": "{at}", "result.confirmed.by": "{at}, {who}", "result.confirmed.no": "not received",

		"cause.none": "The analysis of the root cause is not finished. Its result will be in the next version of this report.", "cause.pending": "The analysis goes on; below is what is known at the date of this report.",
		"cause.cause": "Cause", "cause.class": "Kind of cause", "cause.whys": "Chain of whys", "cause.factors": "What contributed", "cause.caught": "Why it was not noticed earlier",
		"cause.evidence": "What this is based on", "cause.fixed": "What was fixed for good",
		"class.hardware": "hardware failure", "class.software": "software fault", "class.capacity": "lack of capacity", "class.change": "a change to the system",
		"class.human": "human action", "class.attack": "an attack", "class.supplier": "a supplier's failure", "class.unknown": "not established",

		"advice.intro": "What should be done so that it does not happen again. We track each recommendation until it is carried out.", "advice.none": "There are no recommendations.",
		"advice.priority": "priority: {value}", "advice.owner": "owner: {value}", "advice.due": "due: {value}", "advice.effort": "estimate: {value}", "advice.done": "done",
		"advice.from": "from report {value}", "advice.earlier": "Of earlier reports, not carried out yet", "owner.client": "client",

		"clock.first_contact": "First contact with an engineer", "clock.plan": "Plan of action told", "clock.stabilisation": "Service restored",
		"clock.next_update": "Status updates", "clock.root_cause": "Root cause found", "clock.report": "Report sent", "clock.of": "{clock}: {who}",
		"clock.itself": "this report", "verdict.met": "met", "verdict.breached": "missed", "verdict.running": "running", "verdict.idle": "not begun",
		"verdict.met_by_policy": "met by contract", "verdict.met_by_attempts": "met: contact was tried", "limit.none": "not promised", "limit.less": "in less than {limit}", "limit.by": "by {at}",
		"clock.why": "Explanation: {text}", "clock.unexplained": "No explanation of the miss was given.",
		"pauses": "When the clocks stood still", "pause.client": "waited for the client's answer", "pause.third_party": "waited for the client's supplier",
		"pause.no_access": "no access, by the client's fault", "pause.agreed_window": "agreed maintenance window", "pause.open": "still lasts",
		"promise": "Time of restoration", "promise.first": "First time named", "promise.last": "Last time named", "promise.kept": "{at}: kept",
		"promise.missed": "{at}: missed", "promise.open": "{at}",

		"annex.calls": "Telephone calls", "annex.messages": "Messages to the client", "annex.answers": "Answers of the triage", "annex.files": "Files",
		"call.in": "incoming", "call.back": "call-back", "state.waits": "on its way", "state.sent": "delivered", "state.failed": "not delivered",
		"purpose.receipt": "receipt", "purpose.reply": "reply", "purpose.plan": "plan of action", "purpose.update": "update", "purpose.status": "status",
		"purpose.report": "report", "purpose.question": "question",

		"seal.hash": "Checksum of the report (SHA-256)", "seal.log": "Log of the ticket", "seal.log.value": "line {seq}, {hash}", "seal.approved": "Approved", "seal.approved.no": "not approved: a draft",
		"seal.sent": "Sent", "seal.opened": "Opened by the client", "seal.by": "{at}, {who}", "seal.redacted": "Hidden by the security rules", "seal.made": "Made",

		"yes": "yes", "no": "no",
		"redacted":          "[hidden]",
		"priority.critical": "critical", "priority.high": "high", "priority.normal": "normal", "priority.low": "low",
		"category.service_down": "key service down", "category.security": "security threat", "category.data_loss": "data loss", "category.network_down": "network down",
		"channel.call": "call", "channel.voice": "call", "channel.email": "e-mail", "channel.telegram": "Telegram", "channel.sms": "SMS", "channel.portal": "portal", "channel.api": "API",
		"channel.monitor": "monitoring", "channel.zabbix": "monitoring", "channel.webhook": "webhook", "channel.cli": "engineer", "channel.desk": "engineer",
		"source.vahta": "system", "source.engineer": "engineer", "source.client": "client", "source.machine": "monitoring",
		"way.vpn": "VPN", "way.rdp": "RDP", "way.anydesk": "AnyDesk", "way.ssh": "SSH", "way.console": "console", "way.onsite": "on site",
		"step.done": "done", "step.skipped": "skipped", "step.failed": "failed",
	})
	return words
}

// linesEN are those of the chronology and the summary.
func linesEN() map[string]string {
	return map[string]string{
		"line.call": "Call to the hotline from {number}", "line.call.name": "Call to the hotline: {name}", "line.signal": "Message: {text}", "line.signal.empty": "A message without a text",
		"line.report": "Another report: {text}", "line.report.empty": "Another report", "line.joined": "The client called again",
		"line.message": "The client wrote: {text}", "line.message.empty": "The client wrote", "line.alarm": "Alarm: {text}", "line.alarm.empty": "Alarm",
		"line.recovery": "Monitoring reports a recovery: {text}", "line.recovery.empty": "Monitoring reports a recovery",
		"line.attempted": "Ringing {person}: {outcome}", "line.accepted": "The engineer on duty answered the call", "line.ended": "End of the conversation, {talk}",
		"line.ended.abandoned": "The client hung up before anybody answered", "line.ended.exhausted": "Nobody on duty answered the call", "line.ended.failed": "The call was cut",
		"line.ended.broken": "The call was cut", "line.ended.refused": "The call was not admitted",
		"line.contacted": "The engineer reached the client", "line.contacted.with": "The engineer reached the client ({with})", "line.talk": ", talked {talk}",
		"line.tried": "Tried to reach the client ({channel}): {result}", "tried.no_answer": "no answer", "tried.busy": "busy", "tried.voicemail": "voicemail", "tried.bounced": "the mail came back",
		"tried.failed": "failed", "line.recalled": "The client was called back and answered", "line.recall_tried": "The client was called back ({n}), no answer", "line.page": "People on duty are paged: {reason}",
		"line.acknowledged": "The engineer on duty took the ticket", "line.plan": "Plan of action sent to the client: {text}", "line.plan.empty": "Plan of action sent to the client",
		"line.plan_told": "Plan of action told by telephone. Presumably {hypothesis}. Plan: {actions}; should that fail: {fallback}. Expected time of stabilisation: {eta}",
		"line.reply":     "Answer to the client: {text}", "line.reply.empty": "Answer to the client", "line.question": "Question to the client: {text}", "line.question.empty": "Question to the client",
		"line.report_sent": "Report sent to the client", "line.receipt": "Automatic receipt", "line.message_sent": "Message delivered: {text}", "line.message_sent.empty": "Message delivered",
		"line.unsent": "Message not delivered ({channel})", "line.confirmed": "The client confirmed that everything works", "line.triaged": "First assessment: {text}",
		"line.connected": "Connected ({way}): {asset}", "line.client_side": "the client's systems", "line.remote": "remote work", "line.specialist_asked": "Specialist asked for: {skill}",
		"line.specialist": "A specialist joined: {skill}", "line.handed_over": "{person} took over the ticket", "line.assigned": "Ticket assigned: {person}", "line.revealed": "Access shown: {asset}",
		"line.stage.diagnosis": "Diagnosis began", "line.stage.hot": "Restoration began", "line.stage.root_cause": "Search for the root cause began", "line.stage.closed": "Ticket closed", "line.unreported": "; without a report, because: {why}",
		"line.stage.cancelled": "Ticket cancelled", "line.priority": "Priority changed: {priority}", "line.update": "Status for the client: {text}", "line.update.empty": "Status for the client", "line.update_untold": "Word to the client (the message did not arrive): {text}", "line.update_untold.empty": "Word to the client (the message did not arrive)",
		"line.restored": "Service restored: {text}", "line.restored.empty": "Service restored", "line.paused": "Work paused: {reason}", "line.resumed": "Work went on",
		"line.reopened": "The trouble came back", "line.cause": "Root cause found: {text}", "line.cause.empty": "Root cause found", "line.cause_corrected": "corrected {at}", "line.cause_draft": "The record of the root cause was extended",
		"line.t0": "Time of the first signal corrected: {at}", "line.warned": "Deadline warning: {clock}, {level}", "line.absorbed": "Ticket {number} was joined",
		"summary.signal": "{at}, a signal came in: {title}", "summary.contact": "The engineer on duty reached the client after {after}", "summary.plan": "The plan of action was told after {after}",
		"summary.restored": "Service was restored {at}, after an outage of {outage}", "summary.open": "Service is not restored yet", "summary.cause": "Root cause: {cause}",
		"summary.advice": "So that it does not happen again we give {n}", "count.advice.one": "recommendation", "count.advice.few": "recommendations", "count.advice.many": "recommendations",
		"result.abandoned": "hung up waiting", "result.exhausted": "nobody answered", "result.failed": "failed", "result.broken": "cut", "result.refused": "not admitted",
		"clock.lag": "Of this the signal waited {lag} for our reception.", "clock.tried": "First attempt to reach the client: {at}.", "clock.periods": "The longest silence; periods between messages: {n}, longer than promised: {missed}.",
		"promise.late": "Changes of the time that were told after it had passed", "verdict.void": "void",
	}
}
