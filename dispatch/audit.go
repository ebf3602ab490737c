package dispatch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// AuditAct is what was done that no ticket's log and no edit of the rota tells.
type AuditAct string

// The acts.
const (
	ActLogin       AuditAct = "login"
	ActLoginFailed AuditAct = "login_failed"
	ActReveal      AuditAct = "reveal" // where a secret is kept was shown
	ActListen      AuditAct = "listen" // a recording was opened
	ActOpenFile    AuditAct = "open_file"
	ActExport      AuditAct = "export"
	ActImport      AuditAct = "import"
	ActErase       AuditAct = "erase"
	ActExpire      AuditAct = "expire" // the end of retention
	ActLegalHold   AuditAct = "legal_hold"
	ActConfig      AuditAct = "config" // the program was started with other settings
	ActTokenAdd    AuditAct = "token_add"
	ActTokenRevoke AuditAct = "token_revoke"
	ActRecompute   AuditAct = "recompute" // clocks were judged anew, or a pause was set back
	ActDownload    AuditAct = "download"  // a report or an attachment left by the desk
)

// AuditEntry is one line of the audit. Lines are chained: Hash covers the line and Prev. Seq, Prev and Hash are set when it is stored.
type AuditEntry struct {
	Seq     int64     `json:"seq"` // from 1, without gaps
	At      time.Time `json:"at"`
	By      string    `json:"by"`                // a person's id; else "token NAME", "user NAME" (of the machine), or "vahta"
	Channel Channel   `json:"channel,omitempty"` // cli, api, portal
	From    string    `json:"from,omitempty"`    // network address
	Act     AuditAct  `json:"act"`
	Object  string    `json:"object,omitempty"` // what it was done to, such as "recording 2026/11/22/….wav"
	Ticket  string    `json:"ticket,omitempty"` // number
	Reason  string    `json:"reason,omitempty"`
	Detail  string    `json:"detail,omitempty"` // what changed, what was taken out; for people
	Node    string    `json:"node,omitempty"`
	Prev    string    `json:"prev"`
	Hash    string    `json:"hash"`
}

// Chain returns the line as the store keeps it after a line with the hash prev.
func (e AuditEntry) Chain(seq int64, prev string) AuditEntry {
	e.Seq, e.Prev = seq, prev
	sum := sha256.New()
	fmt.Fprintf(sum, "%d,%d", e.Seq, e.At.UnixMicro())
	for _, part := range []string{prev, e.By, string(e.Channel), e.From, string(e.Act), e.Object, e.Ticket, e.Reason, e.Detail, e.Node} {
		fmt.Fprintf(sum, ",%d:%s", len(part), part)
	}
	e.Hash = hex.EncodeToString(sum.Sum(nil))
	return e
}

// VerifyAudit checks the chain of the whole audit, oldest line first, and returns its head. A chain can not tell that its last
// lines are missing: whoever wants to know keeps a head elsewhere and looks for it later.
func VerifyAudit(log []AuditEntry) (head AuditEntry, err error) {
	for i, e := range log {
		if e != e.Chain(int64(i)+1, head.Hash) {
			return head, fmt.Errorf("verify the audit: line %d (stored as %d) was altered, or a line before it is missing", i+1, e.Seq)
		}
		head = e
	}
	return head, nil
}

// AuditFilter chooses lines of the audit, newest first; zero fields do not limit.
type AuditFilter struct {
	Act    AuditAct  `json:"act,omitempty"`
	By     string    `json:"by,omitempty"`
	Ticket string    `json:"ticket,omitempty"` // number
	Since  time.Time `json:"since,omitzero"`
	Before int64     `json:"before,omitempty"` // seq
	Limit  int       `json:"limit,omitempty"`  // 0 = 100
}

// Audit keeps who did what that must be known later. It fails with ErrAway while the record is away: what must not happen without
// a trace is refused then, so it is written before the act.
type Audit interface {
	// WriteAudit appends a line and returns it as it is stored.
	WriteAudit(ctx context.Context, e AuditEntry) (AuditEntry, error)
	AuditTrail(ctx context.Context, f AuditFilter) ([]AuditEntry, error)
}
