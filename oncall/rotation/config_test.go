package rotation_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, empty := filepath.Join(dir, "secret"), filepath.Join(dir, "empty")
	for path, text := range map[string]string{secret: "hush\n", empty: "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ text, want string }{
		{``, ""},
		{`url: redis://localhost`, ""},
		{`url: redis://localhost:6380`, ""},
		{`url: "redis://[::1]:6380/3"`, ""},
		{`url: redis://[::1]`, ""},
		{`url: rediss://redis.example.ru?db=2`, ""},
		{`url: unix:///run/redis.sock?db=1`, ""},
		{`url: redis+sentinel://a,b:26380,c/vahta?db=2`, ""},
		{`url: rediss+cluster://a:6379,b,c`, ""},
		{`{url: redis://vahta@a, password_file: SECRET}`, ""},
		{`{url: redis+sentinel://a/m, sentinel_password_file: SECRET}`, ""},
		{`{budget: 2s}`, "redis.budget"},
		{`{budget: -1ms}`, "redis.budget"},
		{`url: localhost:6379`, "redis.url"},
		{`url: http://localhost`, "redis.url"},
		{`url: redis+magic://a`, "redis.url"},
		{`url: unix+cluster:///a`, "redis.url"},
		{`url: unix://`, "redis.url"},
		{`url: redis://`, "redis.url"},
		{`url: redis://a,b`, "redis+sentinel://"},
		{`url: redis://a/x`, "number of a database"},
		{`url: redis://a/-1`, "number of a database"},
		{`url: redis://a?x=1`, "only db"},
		{`url: redis://a:b:c`, "host:port"},
		{`url: redis+sentinel://a,b`, "name the master"},
		{`url: redis+cluster://a?db=1`, "database 0"},
		{`url: redis+cluster://a/1`, "redis.url"},
		{`url: redis://user:hush@a`, "password_file"},
		{`url: redis://vahta@a`, "redis.password_file"},
		{`{url: redis://a, password_file: /none/such}`, "redis.password_file"},
		{`{url: redis://a, password_file: EMPTY}`, "is empty"},
		{`{url: redis://a, sentinel_password_file: SECRET}`, "no sentinels"},
		{`{url: redis://a, tls: {ca_file: SECRET}}`, "write rediss"},
		{`{url: rediss://a, tls: {ca_file: SECRET}}`, "no certificate"},
		{`{url: rediss://a, tls: {ca_file: /none/such}}`, "ca_file"},
		{`{url: rediss://a, tls: {cert_file: SECRET}}`, "go together"},
		{`{url: rediss://a, tls: {cert_file: SECRET, key_file: SECRET}}`, "cert_file"},
	} {
		text, want := c.text, c.want
		cfg := rotation.Default()
		if err := yaml.UnmarshalWithOptions([]byte(strings.NewReplacer("SECRET", secret, "EMPTY", empty).Replace(text)), &cfg, yaml.Strict()); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		err := cfg.Validate()
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", text, err, want)
		case err != nil && strings.Contains(err.Error(), "hush"):
			t.Errorf("%s: the error tells the secret: %v", text, err)
		}
		if _, again := rotation.New(cfg, rotation.Deps{}); (again == nil) != (err == nil) {
			t.Errorf("%s: New says %v", text, again)
		}
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "redis.sock")
	server := redistest.Start(t, redistest.Options{Args: []string{"--unixsocket", socket}})
	if err := server.Client().Do(t.Context(), "ACL", "SETUSER", "vahta", "on", ">hush", "~{vahta}:*", "&{vahta}:*", "+@all", "-@dangerous", "+info").Err(); err != nil {
		t.Fatal(err)
	}
	if err := server.Client().Do(t.Context(), "ACL", "SETUSER", "default", "resetkeys").Err(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := newSwitch(t, rotation.Config{URL: "unix://vahta@" + socket + "?db=5", PasswordFile: file, Budget: time.Second}, rotation.Deps{}, rotation.ModeMemory)
	eventually(t, "the refusal is told", func() bool { return strings.Contains(s.Status().Why, "WRONGPASS") })
	if err := os.WriteFile(file, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	waitMode(t, s, rotation.ModeRedis) // the file is read again
	if c := claim(t, s, "call", "anna"); c.Local {
		t.Errorf("claim %+v is local", c)
	}
}
