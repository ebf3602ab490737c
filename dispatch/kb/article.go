package kb

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Article is one version of a text of the knowledge base. Versions are never
// changed; a change makes the next one.
type Article struct {
	ID         string    `json:"id"`
	Version    int       `json:"version"` // from 1
	Title      string    `json:"title"`
	Body       string    `json:"body"`                 // Markdown
	Language   string    `json:"language,omitempty"`   // ru or en
	Categories []string  `json:"categories,omitempty"` // of tickets, that it is offered for
	Assets     []string  `json:"assets,omitempty"`     // organisation/asset, or a kind of asset such as 1c
	Org        string    `json:"org,omitempty"`        // whom alone it is about; empty = anybody
	Public     bool      `json:"public,omitempty"`     // clients may read it
	Ticket     string    `json:"ticket,omitempty"`     // number of the ticket that it was made from
	Author     string    `json:"author"`
	At         time.Time `json:"at"`
	Reason     string    `json:"reason,omitempty"`  // of this version
	Retired    bool      `json:"retired,omitempty"` // it is kept, and found no more
}

// Bounds of an article.
const (
	maxTitle = 200       // runes
	maxBody  = 512 << 10 // bytes
	maxID    = 80
)

// Validate reports all faults of an article.
func (a Article) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	if a.ID == "" || len(a.ID) > maxID || strings.ContainsFunc(a.ID, bad) {
		fault("id: %q; take small Latin letters, digits and hyphens, such as 1c-does-not-start", a.ID)
	}
	if title := strings.TrimSpace(a.Title); title == "" || len([]rune(title)) > maxTitle || strings.Contains(title, "\n") {
		fault("title: one line of 1 to %d letters is required", maxTitle)
	}
	if strings.TrimSpace(a.Body) == "" || len(a.Body) > maxBody {
		fault("body: 1 byte to %d KiB of Markdown are required", maxBody>>10)
	}
	if a.Language != "" && a.Language != "ru" && a.Language != "en" {
		fault("language: %q, want ru or en", a.Language)
	}
	if a.Author == "" {
		fault("author: required")
	}
	return errors.Join(faults...)
}

// Text is what an article is found by, besides its title.
func (a Article) Text() string {
	return strings.Join(slices.Concat([]string{a.ID, a.Body, a.Ticket}, a.Categories, a.Assets), "\n")
}

// Offered reports whether an article is meant for a ticket of a category about
// assets: it is linked to one of them, and not about another organisation.
func (a Article) Offered(category, org string, assets []string) bool {
	if a.Retired || a.Org != "" && a.Org != org {
		return false
	}
	if category != "" && slices.Contains(a.Categories, category) {
		return true
	}
	return slices.ContainsFunc(assets, func(asset string) bool { return slices.Contains(a.Assets, asset) })
}
