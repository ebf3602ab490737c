package rotation_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// pattern makes an expression of a documented shape.
func pattern(shape string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(shape)
	return regexp.MustCompile("(?s)^" + regexp.MustCompile(`<[^>]*>`).ReplaceAllString(quoted, ".+") + "$")
}

// TestKeysAreDocumented does everything there is to do and compares what is then in Redis with the list.
func TestKeysAreDocumented(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	s, _ := newSwitch(t, patient(server.URL()), rotation.Deps{}, rotation.ModeRedis)
	ctx := t.Context()
	c := claim(t, s, "call", "anna")
	accept(t, s, c)
	if err := s.Renew(ctx, c); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPresence(ctx, "anna", rotation.Away); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(ctx, rotation.KindBinding+"/anna", []byte("here"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(ctx, rotation.TopicEvents, []byte("x")); err != nil {
		t.Fatal(err)
	}
	keys, err := server.Client().Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, key := range keys {
		known := false
		for _, doc := range rotation.Keys() {
			if !pattern(doc.Shape).MatchString(key) {
				continue
			}
			known, seen[doc.Shape] = true, true
			kind, err := server.Client().Type(ctx, key).Result()
			if want := strings.ReplaceAll(doc.Type, "sorted set", "zset"); err != nil || kind != want {
				t.Errorf("%s is a %s, %v, the list says %s", key, kind, err, doc.Type)
			}
			left, err := server.Client().PTTL(ctx, key).Result()
			if err != nil || (left < 0) != (doc.TTL == "none") {
				t.Errorf("%s lives for %s, %v, the list says %s", key, left, err, doc.TTL)
			}
		}
		if !known {
			t.Errorf("key %q is not documented in keys.go", key)
		}
		if !strings.HasPrefix(key, "{vahta}:") {
			t.Errorf("key %q is not in the slot of all others", key)
		}
	}
	for _, doc := range rotation.Keys() {
		if !seen[doc.Shape] && doc.Type != "channel" {
			t.Errorf("%s is documented and not used", doc.Shape)
		}
		if doc.Holds == "" || doc.Writer == "" {
			t.Errorf("%s: say what it holds and who writes it", doc.Shape)
		}
	}
}

func TestKeysAreInTheManual(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"../../docs/en/redis.md", "../../docs/ru/redis.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range rotation.Keys() {
			family, _, _ := strings.Cut(doc.Shape, "<")
			if !strings.Contains(string(text), "`"+family) {
				t.Errorf("%s says nothing of %s", page, doc.Shape)
			}
		}
	}
}
