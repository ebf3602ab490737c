package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// TestDoctorLooksAtWhatNodesShare: a Redis that answers, one that does not, a record that has no folder yet.
func TestDoctorLooksAtWhatNodesShare(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t, redistest.Options{})
	cfg := base(t, startPhone(t, "client", "udp", accepting()))
	cfg.Trunks.Operators = nil
	found := func(what string) (app.Finding, bool) {
		for _, f := range app.Examine(t.Context(), cfg) {
			if f.What == what {
				return f, true
			}
		}
		return app.Finding{}, false
	}
	if f, told := found("redis"); told {
		t.Errorf("a node alone is told of Redis: %+v", f)
	}
	cfg.Redis.URL, cfg.Redis.Budget = redis.URL(), time.Second
	if f, _ := found("nodes"); f.OK || !strings.Contains(f.Text, "go together") {
		t.Errorf("Redis without a shared record: %+v", f)
	}
	cfg.Store.Path = t.TempDir() + "/vahta.db"
	if f, told := found("nodes"); told {
		t.Errorf("both are shared: %+v", f)
	}
	if f, _ := found("redis"); !f.OK || !strings.Contains(f.Text, "answers after") {
		t.Errorf("a Redis that answers: %+v", f)
	}
	if f, _ := found("record"); !f.OK || !strings.Contains(f.Text, "this machine only") {
		t.Errorf("a shared folder: %+v", f)
	}
	if err := redis.Client().ConfigSet(t.Context(), "requirepass", "hush").Err(); err != nil {
		t.Fatal(err)
	}
	if f, _ := found("redis"); f.OK || !strings.Contains(f.Text, "redis.password_file") {
		t.Errorf("a Redis that wants a password: %+v", f)
	}
	redis.Kill()
	if f, _ := found("redis"); f.OK || !strings.Contains(f.Text, "each node decides alone") {
		t.Errorf("a dead Redis: %+v", f)
	}
	cfg.Store.Path = "/nowhere/record/vahta.db"
	if f, _ := found("record"); f.OK {
		t.Errorf("a folder that nobody can make: %+v", f)
	}
}
