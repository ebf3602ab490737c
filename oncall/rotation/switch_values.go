package rotation

import (
	"bytes"
	"context"
	"time"
)

// Put keeps a value; without Redis it is shared later, if it still lives.
func (s *Switch) Put(ctx context.Context, key string, body []byte, ttl time.Duration) error {
	if err := s.memory.Put(ctx, key, body, ttl); err != nil || s.redis == nil {
		return err
	}
	return s.change(ctx, "put", key, func(ctx context.Context) error { return s.redis.Put(ctx, key, body, ttl) })
}

// Delete ends a value.
func (s *Switch) Delete(ctx context.Context, key string) error {
	if err := s.memory.Delete(ctx, key); err != nil || s.redis == nil {
		return err
	}
	return s.change(ctx, "delete", key, func(ctx context.Context) error { return s.redis.Delete(ctx, key) })
}

// change writes to Redis, or remembers to.
func (s *Switch) change(ctx context.Context, op, key string, do func(ctx context.Context) error) error {
	answered, err := s.ask(ctx, op, do)
	s.mu.Lock()
	defer s.mu.Unlock()
	if answered && err == nil {
		delete(s.dirty, key)
		return nil
	}
	s.dirty[key] = struct{}{}
	return err
}

// Get returns a live value; without Redis what this node has put or read last.
func (s *Switch) Get(ctx context.Context, key string) ([]byte, error) {
	kind, name, err := splitKey(key)
	if err != nil {
		return nil, err
	}
	if s.redis != nil {
		values, answered, err := s.fetch(ctx, kind, name)
		if err != nil {
			return nil, err
		}
		if answered {
			v, ok := values[name]
			if !ok {
				return nil, nil
			}
			return notNil(v.body), nil
		}
		ctx = context.WithoutCancel(ctx)
	}
	return s.memory.Get(ctx, key)
}

// All returns the live values of a kind.
func (s *Switch) All(ctx context.Context, kind string) (map[string][]byte, error) {
	if s.redis != nil {
		values, answered, err := s.fetch(ctx, kind)
		if err != nil {
			return nil, err
		}
		if answered {
			bodies := make(map[string][]byte, len(values))
			for name, v := range values {
				bodies[name] = v.body
			}
			return bodies, nil
		}
		ctx = context.WithoutCancel(ctx)
	}
	return s.memory.All(ctx, kind)
}

// fetch reads from Redis and keeps what it reads.
func (s *Switch) fetch(ctx context.Context, kind string, name ...any) (values map[string]leased, answered bool, err error) {
	answered, err = s.ask(ctx, "get", func(ctx context.Context) (err error) {
		values, err = s.redis.get(ctx, kind, name...)
		return err
	})
	if answered && err == nil {
		for name, v := range values {
			s.memory.keep(kind, name, leased{bytes.Clone(v.body), v.left})
		}
	}
	return values, answered, err
}

// Publish hands the message to the listeners of this node at once, and to the other nodes if Redis answers. If not, they
// are told later that they have missed some.
func (s *Switch) Publish(ctx context.Context, topic Topic, message []byte) error {
	if err := s.memory.Publish(ctx, topic, message); err != nil || s.redis == nil {
		return err
	}
	answered, err := s.ask(ctx, "publish", func(ctx context.Context) error { return s.redis.publish(ctx, topic, ofMessage, message) })
	if !answered {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.missed[topic] = struct{}{}
	}
	return err
}

// Listen hears what all nodes publish.
func (s *Switch) Listen(topic Topic, hear func([]byte)) (stop func()) {
	return s.memory.Listen(topic, hear)
}
