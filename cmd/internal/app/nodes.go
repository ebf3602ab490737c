package app

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
)

// meetNodes lets screens of this node see what happens on the others, and theirs what happens here; and tells us of new
// directories.
func (a *App) meetNodes(ctx context.Context, l *lifecycle) {
	if !a.several() {
		return
	}
	feed := a.desk.Feed()
	topics := map[rotation.Topic]func([]byte){rotation.TopicEvents: feed.Hear, rotation.TopicDirectory: a.keeper.Hear}
	if a.registrar != nil {
		topics[rotation.TopicPhones] = a.registrar.Hear
	}
	for topic, hear := range topics {
		stop := a.rotation.Listen(topic, hear)
		l.onStop("hear "+string(topic), func() error { stop(); return nil })
	}
	l.start(ctx, "events for other nodes", func(ctx context.Context) error {
		return feed.Relay(ctx, func(ctx context.Context, message []byte) error {
			return a.rotation.Publish(ctx, rotation.TopicEvents, message)
		})
	})
}

// redisHead is how long the first call waits for the other nodes: a start takes longer anyway.
const redisHead = 500 * time.Millisecond

// meetRedis waits until the nodes decide together whom to ring, but not for long: without Redis this node decides alone.
func (a *App) meetRedis(ctx context.Context) {
	if !a.cfg.Redis.Enabled() {
		return
	}
	limit := time.After(redisHead)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for a.rotation.Status().Mode != rotation.ModeRedis {
		select {
		case <-ctx.Done():
			return
		case <-limit:
			return
		case <-look.C:
		}
	}
}
