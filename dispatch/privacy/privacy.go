package privacy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/vault"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Record is what is read and erased; a journal and both stores are one.
type Record interface {
	dispatch.Archive
	dispatch.Attachments
	dispatch.Audit
	dispatch.Erasing
}

// Cards edits the clients' cards; a *clientele.Clientele is one.
type Cards interface {
	Commit(ctx context.Context, change client.Change, by edit.Author, base map[string]int64) (clientele.Committed, error)
}

// Deps are what a Privacy works with.
type Deps struct {
	Record    Record
	Signals   dispatch.Signals // nil = none are kept but calls
	Rotas     dispatch.Rotas   // the log of edits
	Directory *dispatch.Directory
	Cards     Cards
	Vault     *vault.Vault
	Node      string
	Now       func() time.Time // nil = time.Now
}

// Privacy answers for what is kept of one person.
type Privacy struct{ deps deps }

// deps are Deps with the sides of the record by what they are for.
type deps struct {
	Deps
	Archive dispatch.Archive
	Files   dispatch.Attachments
}

// New checks its parts.
func New(d Deps) (*Privacy, error) {
	if d.Record == nil || d.Directory == nil || d.Cards == nil || d.Vault == nil {
		return nil, errors.New("set up privacy: a record, a directory, cards and a vault are required")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Privacy{deps{d, d.Record, d.Record}}, nil
}

// Demand names a person, who asks, and why.
type Demand struct {
	Person string      `json:"person"` // CLIENT/CONTACT, a telephone number, or CHANNEL:ADDRESS
	By     edit.Author `json:"by"`
	Why    string      `json:"why"` // the audit keeps it: it must not name the person

	Language string `json:"language,omitempty"` // of refusals: "ru", or English
}

// RefusedError says why a demand is not met now.
type RefusedError struct {
	Why string
	ru  string
}

// Error implements error.
func (e *RefusedError) Error() string { return e.Why }

// refuse says the same in English and in Russian, with the same arguments.
func refuse(en, ru string, args ...any) error {
	return &RefusedError{fmt.Sprintf(en, args...), fmt.Sprintf(ru, args...)}
}

// told is an error in the language of who asked: what is said to people stands alone, without how the program came to it.
func told(err error, language string) error {
	if language != "ru" {
		return err
	}
	if no, ok := errors.AsType[*RefusedError](err); ok {
		return &RefusedError{no.ru, no.ru}
	}
	if none, ok := errors.AsType[*UnknownError](err); ok {
		return &UnknownError{none.ru, none.ru}
	}
	return err
}

func (d Demand) check(who *subject) error {
	if d.By.Person == "" || d.Why == "" {
		return refuse("say who asks and why, with --by and --why: the audit needs both", "скажите, кто просит и зачем (--by и --why): это нужно аудиту")
	}
	if who.needles().in(d.Why) {
		return refuse("the reason names the person, and the audit keeps it for good: word it without name, number and address",
			"причина называет человека, а аудит хранит её навсегда: напишите её без имени, номера и адреса")
	}
	return nil
}

// entry is a line of the audit for a demand.
func (p *Privacy) entry(d Demand, act dispatch.AuditAct, number, object, detail string) dispatch.AuditEntry {
	return dispatch.AuditEntry{
		At: p.deps.Now().UTC(), By: d.By.Person, Channel: dispatch.Channel(d.By.Channel), Act: act, Object: object, Ticket: number, Reason: d.Why,
		Detail: detail, Node: p.deps.Node,
	}
}

// tell writes into the audit what is about to be done.
func (p *Privacy) tell(ctx context.Context, d Demand, act dispatch.AuditAct, number, object, detail string) error {
	if _, err := p.deps.Record.WriteAudit(ctx, p.entry(d, act, number, object, detail)); err != nil {
		return fmt.Errorf("the audit can not be written, so nothing is done: %w", err)
	}
	return nil
}

func (h Holdings) brief() string {
	return fmt.Sprintf("%d tickets, %d recordings, %d files, on a card: %t", len(h.Tickets), len(h.Recordings), len(h.Files), h.Card != nil)
}
