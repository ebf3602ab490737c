package dispatch

import (
	"context"
	"encoding/json"
	"time"

	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// TextKind says what a text belongs to.
type TextKind string

// The kinds of texts that are found.
const (
	TextTicket  TextKind = "ticket"
	TextArticle TextKind = "article"
)

// String returns the kind's key.
func (k TextKind) String() string { return string(k) }

// TextKey names a text: a ticket or an article by its id.
type TextKey struct {
	Kind TextKind `json:"kind"`
	Ref  string   `json:"ref"`
}

// Indexed is a text by what it can be found by.
type Indexed struct {
	TextKey

	Org   string    // whose it is; empty = nobody's in particular
	At    time.Time // of its newest part
	Upto  int       // seq of the newest line of a ticket's log, or the version of an article
	Title []string  // terms of its title
	Terms []string  // those of the rest; a ticket keeps those it had
	Gone  bool      // it is found no more
}

// Unindexed is a ticket whose log has lines that are not in the index.
type Unindexed struct {
	Ticket string
	Number string
	Org    string
	Title  []string   // what the index has; nil = the ticket is not in it
	Lines  []TextLine // the new ones, in order
}

// TextLine is a line of a log as it is kept.
type TextLine struct {
	Seq  int
	At   time.Time
	Kind ticket.Kind
	Body json.RawMessage
}

// TextQuestion asks for texts that have all of some terms.
type TextQuestion struct {
	Terms []string // none finds nothing
	Kinds []TextKind
	// Orgs are those whose texts are wanted; articles that are nobody's are too. None = all texts.
	Orgs  []string
	Limit int // the newest texts; 0 = 100
}

// FoundText is a text that was found.
type FoundText struct {
	TextKey

	Org   string    `json:"org,omitempty"`
	At    time.Time `json:"at"`
	Title []string  `json:"-"` // terms
}

// Texts is the index of what can be found. It is kept beside the logs, follows
// them, and can be made anew of them at any time.
type Texts interface {
	// Unindexed lists tickets with lines that are not in the index, of each at most linesAtOnce.
	Unindexed(ctx context.Context, tickets int) ([]Unindexed, error)
	// Index takes texts in. A repeat changes nothing.
	Index(ctx context.Context, list []Indexed) error
	// FindTexts returns the texts that have all terms, the newest first.
	FindTexts(ctx context.Context, q TextQuestion) ([]FoundText, error)
	// Reindex empties the index of tickets, so that all of them are Unindexed.
	Reindex(ctx context.Context) error
}

// LinesAtOnce is how many lines of one ticket Unindexed returns; the others
// follow when these are indexed.
const LinesAtOnce = 500

// Articles keeps the knowledge base. Versions are never changed.
type Articles interface {
	// SaveArticle adds the next version of an article and what it is found by.
	// ErrConflict: a is not the version after the last one.
	SaveArticle(ctx context.Context, a kb.Article, text Indexed) error
	// Article returns a version, 0 = the last one; ErrNotFound.
	Article(ctx context.Context, id string, version int) (kb.Article, error)
	// ArticleVersions lists the versions of an article without their bodies, the last one first.
	ArticleVersions(ctx context.Context, id string) ([]kb.Article, error)
	// ListArticles lists the last version of every article without its body, by id.
	ListArticles(ctx context.Context) ([]kb.Article, error)
}
