package ticket

import (
	"cmp"
	"fmt"
	"slices"
)

// blank says what a body of the desk lacks to mean anything; empty = nothing.
// It looks at the body alone.
func blank(b Body) string {
	switch b := b.(type) {
	case Messaged:
		return need("message", b.Message, "text", b.Text)
	case Sent:
		return need("message", b.Message)
	case Unsent:
		return need("message", b.Message)
	case Signalled:
		return need("signal", b.Signal)
	case Answered:
		return need("check list", b.List, "question", b.Question)
	case Stepped:
		return cmp.Or(need("runbook", b.Runbook, "step", b.Step), oneOf("result", b.Result, "done", "skipped", "failed"))
	case Assigned:
		return need("person", b.To)
	case HandedOver:
		return need("person", b.To, "note", b.Note)
	case TookPart:
		return need("person", b.Person)
	case Updated:
		return need("text", b.Text)
	case Restored:
		return need("statement", b.Statement, "check", b.Check)
	case Paused:
		return cmp.Or(need("pause", b.Pause), oneOf("reason", string(b.Reason),
			string(WaitsForClient), string(WaitsForVendor), string(WaitsForAccess), string(WaitsForWindow)))
	case Reported:
		return need("channel", b.From.Channel)
	case Absorbed:
		return need("source", b.Source)
	case Split:
		return need("target", b.Target, "signal", b.Signal)
	}
	return blankRecord(b)
}

// blankRecord looks at the record of the work.
func blankRecord(b Body) string {
	switch b := b.(type) {
	case Planned:
		if b.Hypothesis == "" && len(b.Actions) == 0 && b.Fallback == "" && b.ETA.IsZero() {
			return "the plan is empty"
		}
	case PlanTold:
		if b.Version < 1 {
			return "it does not say which version of the plan was told"
		}
	case Triaged:
		return cmp.Or(level("impact", b.Impact), level("urgency", b.Urgency))
	case Classified:
		if !b.Class.Valid() {
			return fmt.Sprintf("unknown class %q", b.Class)
		}
	case Unmerged:
		if b.Stage.Final() || b.Stage >= stages {
			return "it does not say at which stage the ticket stood"
		}
	case Linked:
		return cmp.Or(need("ticket", b.Ticket), oneOf("relation", string(b.Relation), string(ChildOf), string(ParentOf),
			string(FollowUpOf), string(RepeatOf), string(SplitFrom), string(SeeAlso)))
	case Unlinked:
		return need("ticket", b.Ticket)
	case Tasked:
		return need("task", b.Task, "text", b.Text)
	case TaskDone:
		return cmp.Or(need("task", b.Task), oneOf("result", b.Result, "done", "refused", "dropped"))
	case Connected:
		return need("session", b.Session, "way", b.Way)
	case Disconnected:
		return need("session", b.Session)
	case Revealed:
		return need("asset", b.Asset, "access", b.Access, "reason", b.Reason)
	case Timed:
		if b.To.Before(b.From) {
			return "the time ends before it begins"
		}
		return need("entry", b.Entry, "person", b.Person)
	case TimeSettled:
		if b.Time < 0 {
			return "time is not negative"
		}
		return need("entry", b.Entry)
	case RootCaused:
		return need("cause", b.Cause)
	}
	return blankReport(b)
}

// blankReport looks at what makes the client's report.
func blankReport(b Body) string {
	switch b := b.(type) {
	case Explained:
		return need("clock", string(b.Clock), "text", b.Text)
	case Curated:
		if b.Seq < 1 {
			return "it names no line of the log"
		}
	case Drafted:
		if b.Version < 1 {
			return "it does not say which version of the report it is"
		}
		return need("hash", b.Hash)
	case Approved:
		if b.Version < 1 {
			return "it does not say which version of the report it is"
		}
	case Rated:
		if b.Score < 1 || b.Score > 5 {
			return "a rating is from 1 to 5"
		}
	case Recomputed:
		return need("reason", b.Reason)
	}
	return ""
}

// need takes pairs of a name and a text that must not be empty.
func need(pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return "it has no " + pairs[i]
		}
	}
	return ""
}

func oneOf(name, value string, values ...string) string {
	if slices.Contains(values, value) {
		return ""
	}
	return fmt.Sprintf("unknown %s %q", name, value)
}

func level(name string, l Level) string {
	return oneOf(name, string(l), string(NoLevel), string(LowLvl), string(MidLvl), string(HighLvl))
}
