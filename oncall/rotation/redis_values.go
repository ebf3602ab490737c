package rotation

import (
	"context"
	"fmt"
	"time"
)

// leased is a value and how long it still lives.
type leased struct {
	body []byte
	left time.Duration
}

// Put keeps a value.
func (r *Redis) Put(ctx context.Context, key string, body []byte, ttl time.Duration) error {
	return r.put(ctx, key, body, ttl, false)
}

func (r *Redis) put(ctx context.Context, key string, body []byte, ttl time.Duration, ifNone bool) error {
	kind, name, err := splitKey(key)
	if err != nil {
		return err
	}
	if err := r.scripts.put.Run(ctx, r.client, []string{keyValues(kind)}, name, body, ms(ttl), flag(ifNone)).Err(); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	return nil
}

// Get returns a live value.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, error) {
	kind, name, err := splitKey(key)
	if err != nil {
		return nil, err
	}
	values, err := r.get(ctx, kind, name)
	if v, ok := values[name]; ok {
		return v.body, err
	}
	return nil, err
}

// All returns the live values of a kind.
func (r *Redis) All(ctx context.Context, kind string) (map[string][]byte, error) {
	values, err := r.get(ctx, kind)
	if err != nil {
		return nil, err
	}
	bodies := make(map[string][]byte, len(values))
	for name, v := range values {
		bodies[name] = v.body
	}
	return bodies, nil
}

// get reads the value of a name, or all of the kind.
func (r *Redis) get(ctx context.Context, kind string, name ...any) (map[string]leased, error) {
	flat, err := r.scripts.get.Run(ctx, r.client, []string{keyValues(kind)}, name...).Slice()
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	values := make(map[string]leased, len(flat)/3)
	for i := 0; i+2 < len(flat); i += 3 {
		name, _ := flat[i].(string)
		body, _ := flat[i+1].(string)
		left, _ := flat[i+2].(int64)
		values[name] = leased{[]byte(body), time.Duration(left) * time.Millisecond}
	}
	return values, nil
}

// Delete ends a value.
func (r *Redis) Delete(ctx context.Context, key string) error {
	kind, name, err := splitKey(key)
	if err != nil {
		return err
	}
	if err := r.client.HDel(ctx, keyValues(kind), name).Err(); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}
