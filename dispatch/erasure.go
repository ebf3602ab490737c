package dispatch

import (
	"context"
	"fmt"
	"strings"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// ActRedact says that words were taken out of lines of a chained log. Its Detail has a Reseal for each line.
const ActRedact AuditAct = "redact"

// TicketErasure takes words out of what is kept of one ticket, or of calls that have none. All of it or nothing.
type TicketErasure struct {
	// Ticket is the state as it is to be, with the Version that was read: the store fails with ErrConflict when it has moved on.
	// nil = only calls.
	Ticket *ticket.Ticket
	// Events are lines of its log as they were read, with the bodies that they are to have.
	Events  []ticket.Event
	Signals []Signal     // by their names: Raw goes, Call is as it is to be
	Calls   []CallRecord // calls that have ended, with the caller, name and detail that they are to have
	Audit   AuditEntry   // who does it, and why; the store adds the object and what was resealed
}

// EditsErasure takes words out of the log of edits of the rota and the cards.
type EditsErasure struct {
	Entries []RotaEntry // as they were read, with the edit, the reason and the records that they are to have
	Audit   AuditEntry  // as above
}

// Erasing takes words out of the record for good. Lines keep their places, stamps and hashes in the chain; the audit, which is
// chained itself, says which lines have other words than those that were hashed, and what the hash of these is (Reseal). So a
// check of the chains tells an erasure from a line that was altered.
type Erasing interface {
	// EraseTicket also takes out what went out about the ticket and what finds it by words.
	EraseTicket(ctx context.Context, e TicketErasure) error
	EraseEdits(ctx context.Context, e EditsErasure) error
}

// EditsLog names the log of edits in the audit.
const EditsLog = "edits"

// TicketLog names the log of a ticket in the audit.
func TicketLog(id string) string { return "log of " + id }

// Reseal is what the audit keeps of a line whose words were taken out.
type Reseal struct {
	Seq int64
	Was string // the hash in the chain
	Is  string // the hash that the line would have as it stands now
}

// WithReseals returns the line of the audit that an erasure leaves.
func (e AuditEntry) WithReseals(log string, list []Reseal) AuditEntry {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = fmt.Sprintf("%d:%s:%s", r.Seq, r.Was, r.Is)
	}
	e.Act, e.Object, e.Detail = ActRedact, log, strings.Join(words, " ")
	return e
}

// Reseals are those of all logs.
type Reseals map[resealed]string

type resealed struct {
	log string
	seq int64
	was string
}

// ReadReseals reads them out of the audit, oldest line first: the last erasure of a line counts.
func ReadReseals(log []AuditEntry) Reseals {
	all := Reseals{}
	for _, e := range log {
		if e.Act != ActRedact {
			continue
		}
		for word := range strings.FieldsSeq(e.Detail) {
			var seq int64
			var hashes string
			if n, err := fmt.Sscanf(word, "%d:%s", &seq, &hashes); n != 2 || err != nil {
				continue
			}
			if was, is, ok := strings.Cut(hashes, ":"); ok {
				all[resealed{e.Object, seq, was}] = is
			}
		}
	}
	return all
}

// Allows reports whether a line of a log may stand with another hash than the chain has of it.
func (r Reseals) Allows(log string, seq int64, was, is string) bool {
	return is != "" && r[resealed{log, seq, was}] == is
}
