package privacy

import "github.com/butlerspb/vahta/dispatch/ticket"

// wordsOfKind are the fields of each kind of line that hold words: what somebody has written or said. All other fields are ids,
// enums, stamps and staff, and keep what they have; parties and callers are looked at as such (eraser.object).
var wordsOfKind = map[ticket.Kind][]string{ //nolint:gochecknoglobals // a constant table
	ticket.KindOpened:      {"text"},
	ticket.KindNoted:       {"text"},
	ticket.KindMoved:       {"reason", "without_report"},
	ticket.KindPrioritised: {"reason"},
	ticket.KindReported:    {"text"},
	ticket.KindSignalled:   {"text"},
	ticket.KindMessaged:    {"subject", "text"},
	ticket.KindUnsent:      {"cause"},
	ticket.KindContacted:   {"with", "note"},
	ticket.KindTriaged:     {"services", "summary"},
	ticket.KindClassified:  {"reason"},
	ticket.KindAnswered:    {"answer", "asked"},
	ticket.KindStepped:     {"did", "note"},
	ticket.KindAssigned:    {"reason"},
	ticket.KindHandedOver:  {"note"},
	ticket.KindPlanned:     {"hypothesis", "actions", "fallback", "reason"},
	ticket.KindPlanTold:    {"with"},
	ticket.KindUpdated:     {"text"},
	ticket.KindStabilised:  {"statement", "check", "loss", "risks"},
	ticket.KindConfirmed:   {"with"},
	ticket.KindPaused:      {"note"},
	ticket.KindReopened:    {"reason"},
	ticket.KindUnmerged:    {"reason"},
	ticket.KindTasked:      {"text"},
	ticket.KindTaskDone:    {"note"},
	ticket.KindConnected:   {"purpose"},
	ticket.KindDisconnect:  {"note"},
	ticket.KindRevealed:    {"reason"},
	ticket.KindTimed:       {"note"},
	ticket.KindTimeSettled: {"note"},
	ticket.KindRootCaused:  {"cause", "whys", "factors", "not_caught", "evidence", "fixed"},
	ticket.KindExplained:   {"text"},
	ticket.KindCurated:     {"text"},
	ticket.KindRated:       {"comment"},
	ticket.KindRecomputed:  {"reason"},
}

// wordsOfTicket are those of the state; those of a list in it stand behind a dot.
var wordsOfTicket = []string{"pauses.note"} //nolint:gochecknoglobals // a constant table
