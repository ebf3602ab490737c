package app

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
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
	for _, channel := range []dispatch.Channel{dispatch.ChannelEmail, dispatch.ChannelChat, dispatch.ChannelSMS} {
		if world.Notifiers[channel] != nil {
			cfg.Dispatch.Written = append(cfg.Dispatch.Written, channel)
		}
	}
	return build(ctx, cfg, log, world)
}

// notifiers are all ways by which notices leave.
func (a *App) notifiers(hooks dispatch.Notifier) map[dispatch.Channel]dispatch.Notifier {
	all := map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: a.hotline, dispatch.ChannelWebhook: hooks}
	maps.Copy(all, a.outside.Notifiers)
	return all
}
