package app

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/butlerspb/vahta/channels/sms"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/triage"
)

// Signals names the channels whose signals this build reads, to a dispatcher.
func Signals(d *dispatch.Dispatcher, c config.Config) {
	alarms(d, c)
	d.Register(dispatch.ChannelSMS, dispatch.Decoding{Decode: sms.Decode})
	for _, ch := range []dispatch.Channel{dispatch.ChannelAPI, dispatch.ChannelCLI} {
		d.Register(ch, dispatch.Decoding{Decode: dispatch.DecodeJSON})
	}
}

// suggest reads a category out of a client's words.
func suggest(c *triage.Catalogue) func(string) (ticket.Category, string) {
	return func(text string) (ticket.Category, string) {
		found := c.Suggest(text)
		if len(found) == 0 {
			return ticket.Uncategorised, ""
		}
		title, why := found[0].Topic.Title, found[0].Why
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
			return found[0].Topic.Category, fmt.Sprintf("Слова похожи на: %s (%s).", title.In("ru"), why)
		}
		return found[0].Topic.Category, fmt.Sprintf("The words suggest: %s (%s).", title.In("en"), why)
	}
}

// SignalsOnRecord answers the commands about signals when no server runs.
func SignalsOnRecord(c config.Config) func(context.Context, *store.SQL) (desk.Signals, error) {
	return func(ctx context.Context, db *store.SQL) (desk.Signals, error) {
		_, directory, err := keeperOnRecord(ctx, c, db, nil)
		if err != nil {
			return nil, err
		}
		deps := dispatch.Deps{Store: db, Archive: db, Signals: db, Directory: directory, Node: c.Node}
		if catalogue, _ := Catalogue(c); catalogue != nil {
			deps.Suggest = suggest(catalogue)
		}
		dc, err := toClientsOnRecord(ctx, c, db)
		if err != nil {
			return nil, err
		}
		d, err := dispatch.New(dc, deps)
		if err != nil {
			return nil, err
		}
		Signals(d, c)
		known := mailIDs(c)
		if err := known.Load(ctx, db); err != nil {
			return nil, err
		}
		mails(d, c, known)
		v, err := vaultOnRecord(c, db, directory)
		if err != nil {
			return nil, err
		}
		_ = v.Open(ctx) // what is wrong is told by the files that are not kept
		return v.Filing(d), nil
	}
}
