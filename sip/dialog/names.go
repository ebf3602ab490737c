package dialog

import "strconv"

// String returns the name.
func (a Action) String() string {
	return name("action", []string{
		"illegal", "send-invite", "send-again", "arm-silence", "stop-silence", "send-cancel", "arm-cancel",
		"stop-cancel", "forget", "send-ack", "sweep-answer", "send-prack", "send-progress", "send-ok", "resend-ok",
		"arm-resend", "arm-ack", "stop-ack", "send-refusal", "send-terminated", "send-bye",
		"send-bye-no-ack", "answer-bye", "tell-trying", "tell-progress", "tell-answered",
		"tell-confirmed", "tell-unconfirmed", "tell-failed", "tell-cancelled", "tell-ended",
		"send-reliable", "resend-reliable", "queue-reliable", "next-reliable", "arm-reliable", "arm-prack",
		"stop-prack", "accept-prack", "hold-answer", "release-answer", "refuse-unacked",
		"arm-session", "stop-session", "send-refresh", "send-expired", "send-offer",
		"arm-glare", "stop-glare", "tell-early-offer", "send-prack-answer", "tell-offer", "tell-offer-done", "tell-offer-busy", "tell-offer-gone",
		"send-answer", "refuse-offer", "cancel-offer", "reply491", "reply500", "reply481",
	}, uint8(a))
}

// String returns the name.
func (u UACState) String() string {
	return name("uacstate", []string{
		"Idle", "Calling", "Proceeding", "Cancelling", "Accepted", "Confirmed", "Ending",
		"Terminated",
	}, uint8(u))
}

// String returns the name.
func (u UACEvent) String() string {
	return name("uacevent", []string{
		"dial", "trying", "ringing", "answer", "answer-offer", "answer-again", "fork", "refused", "again", "lost",
		"silent", "cancel", "cancel-timeout", "ack", "bye", "peer-bye", "bye-done", "dialog-lost",
	}, uint8(u))
}

// String returns the name.
func (u UASState) String() string {
	return name("uasstate", []string{
		"Proceeding", "Accepted", "Confirmed", "Closing", "Ending", "Terminated",
	}, uint8(u))
}

// String returns the name.
func (u UASEvent) String() string {
	return name("uasevent", []string{
		"progress", "answer", "reject", "answer-failed", "peer-cancel", "ack", "resend", "ack-timeout",
		"ack-timeout-media", "bye", "peer-bye", "bye-done", "dialog-lost",
	}, uint8(u))
}

// String returns the name.
func (o OfferState) String() string {
	return name("offerstate", []string{
		"Ours", "Theirs", "EarlyOurs", "Prack", "Early", "EarlyTheir", "Stable", "Local", "Glare", "Remote", "Update",
		"Unacked", "Closed",
	}, uint8(o))
}

// String returns the name.
func (o OfferEvent) String() string {
	return name("offerevent", []string{
		"early-answer", "early-offer", "open", "close", "own", "own-done", "own-glare", "own-brief", "retry", "peer-invite",
		"peer-update", "peer-cancel", "answer", "refuse", "ack",
	}, uint8(o))
}

// String returns the name.
func (s ReliableState) String() string {
	return name("reliablestate", []string{"Idle", "Unacked", "UnackedSDP", "Held", "Done"}, uint8(s))
}

// String returns the name.
func (e ReliableEvent) String() string {
	return name("reliableevent", []string{
		"send", "send-sdp", "prack", "stray", "resend", "timeout", "answer", "close",
	}, uint8(e))
}

// String returns the name.
func (s SessionState) String() string {
	return name("sessionstate", []string{"Off", "Ours", "Refreshing", "Theirs"}, uint8(s))
}

// String returns the name.
func (e SessionEvent) String() string {
	return name("sessionevent", []string{
		"agreed-ours", "agreed-theirs", "agreed-none", "wake", "put", "alive", "raise", "close",
	}, uint8(e))
}

// name picks a name by number; a number without one says so.
func name(kind string, names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return kind + "(" + strconv.Itoa(int(i)) + ")"
}
