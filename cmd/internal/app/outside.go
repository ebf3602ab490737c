package app

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Outside is the world around the process, as far as it can be another one than the real: a scenario tells a night in seconds.
type Outside struct {
	Today func() time.Time // clock of people, schedules and cards: what they look at and edit; nil = Now
	// Now is the clock of calls, tickets, timers and messages; nil = the wall clock. Sound and signalling always go by the wall
	// clock.
	Now func() time.Time
	// Notifiers write to clients on channels beside those of this build.
	Notifiers map[dispatch.Channel]dispatch.Notifier

	wall bool // Now is the wall clock
}

// moved is a clock that is not the wall clock; nil = it is.
func (o Outside) moved() func() time.Time {
	if o.wall {
		return nil
	}
	return o.Now
}

// NewIn is New in another world.
func NewIn(ctx context.Context, cfg config.Config, log *slog.Logger, world Outside) (*App, error) {
	if world.Now == nil {
		world.Now, world.wall = time.Now, true
	}
	if world.Today == nil {
		world.Today = world.Now
	}
	return build(ctx, cfg, log, world)
}

// notifiers are all ways by which notices leave.
func (a *App) notifiers(hooks dispatch.Notifier) map[dispatch.Channel]dispatch.Notifier {
	all := map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: a.hotline, dispatch.ChannelWebhook: hooks}
	if a.mailOut != nil {
		all[dispatch.ChannelEmail] = a.mailOut
	}
	if a.sms != nil {
		all[dispatch.ChannelSMS] = a.sms
	}
	maps.Copy(all, a.outside.Notifiers)
	return all
}

// toClients are the dispatcher's settings with the ways by which clients can be written to: what of ways is for clients, and the
// pages of tickets where clients can open them. links are those pages; nil = messages have no link.
func toClients(c config.Config, links *reports.Links, ways map[dispatch.Channel]dispatch.Notifier) dispatch.Config {
	dc := c.Dispatch
	dc.Written = nil
	for _, channel := range []dispatch.Channel{dispatch.ChannelEmail, dispatch.ChannelChat, dispatch.ChannelSMS} {
		if ways[channel] != nil || written(c, channel) {
			dc.Written = append(dc.Written, channel)
		}
	}
	if c.Portal.Enabled && c.Portal.PublicURL != "" {
		dc.Written = append(dc.Written, dispatch.ChannelPortal)
	}
	if links != nil {
		dc.PageURL = links.URL
	}
	return dc
}

// written reports whether clients can be written to by a channel of this build as the configuration has it.
func written(c config.Config, channel dispatch.Channel) bool {
	switch channel { //nolint:exhaustive // the others write to nobody
	case dispatch.ChannelEmail:
		return c.Mail.Out.Enabled()
	case dispatch.ChannelSMS:
		return c.SMS.Enabled()
	default:
		return false
	}
}

// ToClients are the dispatcher's settings for commands when no server runs: with the ways to clients that a server of the
// configuration has.
func ToClients(c config.Config) dispatch.Config { return toClients(c, nil, nil) }

// toClientsOnRecord is ToClients with the links to the pages, whose secret is in the record.
func toClientsOnRecord(ctx context.Context, c config.Config, db *store.SQL) (dispatch.Config, error) {
	links := pageLinks(c)
	if err := links.Load(ctx, db); err != nil {
		return dispatch.Config{}, err
	}
	return toClients(c, links, nil), nil
}
