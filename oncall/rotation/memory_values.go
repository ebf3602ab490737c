package rotation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
)

var (
	_ Values = (*Memory)(nil)
	_ Bus    = (*Memory)(nil)
)

// ErrBadKey says that the key of a value is not "kind/name": a fault of the caller.
var ErrBadKey = errors.New("bad key of a value")

// splitKey takes a value's key apart.
func splitKey(key string) (kind, name string, err error) {
	kind, name, ok := strings.Cut(key, "/")
	if !ok || kind == "" || name == "" || strings.Contains(name, "/") {
		return "", "", fmt.Errorf("%w: %q is not kind/name", ErrBadKey, key)
	}
	return kind, name, nil
}

// value is one that expires.
type value struct {
	body  []byte
	until time.Time
	own   bool // put by this node
}

// Put keeps a value.
func (m *Memory) Put(ctx context.Context, key string, body []byte, ttl time.Duration) error {
	kind, name, err := splitKey(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if m.values[kind] == nil {
		m.values[kind] = map[string]value{}
	}
	maps.DeleteFunc(m.values[kind], func(_ string, v value) bool { return !now.Before(v.until) })
	m.values[kind][name] = value{bytes.Clone(body), now.Add(ttl), true}
	return nil
}

// Get returns a live value.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	kind, name, err := splitKey(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[kind][name]
	if !ok || !m.now().Before(v.until) {
		return nil, nil
	}
	return append([]byte{}, v.body...), nil
}

// All returns the live values of a kind.
func (m *Memory) All(ctx context.Context, kind string) (map[string][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	live := map[string][]byte{}
	for name, v := range m.values[kind] {
		if now.Before(v.until) {
			live[name] = append([]byte{}, v.body...)
		}
	}
	return live, nil
}

// Delete ends a value.
func (m *Memory) Delete(ctx context.Context, key string) error {
	kind, name, err := splitKey(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values[kind], name)
	return nil
}

// Publish hands the message to the listeners of this node.
func (m *Memory) Publish(ctx context.Context, topic Topic, message []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.hub.send(topic, bytes.Clone(notNil(message)))
	return nil
}

// Listen hears what this node publishes.
func (m *Memory) Listen(topic Topic, hear func([]byte)) (stop func()) {
	return m.hub.listen(topic, hear)
}

// notNil keeps an empty message apart from the sign of a gap.
func notNil(message []byte) []byte {
	if message == nil {
		return []byte{}
	}
	return message
}
