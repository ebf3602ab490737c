package rotation

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Messages begin with what they are and who sent them.
const (
	ofMessage  = 'm'
	ofGap      = 'g' // the sender could not send some before
	senderSize = 16
)

// Times of the connection that hears the others.
const (
	quietTime = time.Second            // after so long without a word the server is asked, and once more it is given up
	redial    = 250 * time.Millisecond // between two tries to connect
)

func newSender() string { return rand.Text()[:senderSize] }

// Publish hands the message to the listeners of this node at once and to the other nodes through Redis.
func (r *Redis) Publish(ctx context.Context, topic Topic, message []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.hub.send(topic, bytes.Clone(notNil(message)))
	return r.publish(ctx, topic, ofMessage, message)
}

// publish sends to the other nodes.
func (r *Redis) publish(ctx context.Context, topic Topic, what byte, message []byte) error {
	framed := append([]byte{what}, r.sender...)
	if err := r.client.Publish(ctx, topicPrefix+string(topic), append(framed, message...)).Err(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// Listen hears what all nodes publish.
func (r *Redis) Listen(topic Topic, hear func([]byte)) (stop func()) {
	return r.hub.listen(topic, hear)
}

// Run hears the other nodes until ctx ends.
func (r *Redis) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		guarded(r.log, "hear the other nodes", func() { _ = r.hear(ctx) }) // what was missed is told when it is back
		select {
		case <-ctx.Done():
		case <-time.After(redial):
		}
	}
	return nil
}

// hear listens over one connection until it breaks.
func (r *Redis) hear(ctx context.Context) error {
	sub := r.client.PSubscribe(ctx)
	done := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer func() {
		done()
		_ = sub.Close()
	}()
	if err := sub.PSubscribe(ctx, topicPrefix+"*"); err != nil {
		return err
	}
	asked := false
	for {
		what, err := sub.ReceiveTimeout(ctx, quietTime)
		if err != nil {
			var late net.Error
			if !errors.As(err, &late) || !late.Timeout() || asked {
				return err
			}
			if asked = true; sub.Ping(ctx) != nil {
				return err
			}
			continue
		}
		asked = false
		switch m := what.(type) {
		case *redis.Subscription:
			r.hub.gap() // whatever was said before, we did not hear it
		case *redis.Message:
			r.heard(m)
		}
	}
}

// heard hands on what another node has sent.
func (r *Redis) heard(m *redis.Message) {
	if len(m.Payload) < 1+senderSize || m.Payload[1:1+senderSize] == r.sender {
		return
	}
	topic := Topic(strings.TrimPrefix(m.Channel, topicPrefix))
	if topic == topicEpoch {
		r.raised()
		return
	}
	if m.Payload[0] == ofGap {
		r.hub.send(topic, nil)
		return
	}
	r.hub.send(topic, []byte(m.Payload[1+senderSize:]))
}
