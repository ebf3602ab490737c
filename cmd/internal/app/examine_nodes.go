package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/oncall/rotation"
)

// examineNodes looks at what several nodes share: Redis and the record.
func examineNodes(ctx context.Context, c config.Config) []Finding {
	var fs []Finding
	if c.Redis.Enabled() {
		fs = append(fs, examineRedis(ctx, c.Redis))
	}
	switch {
	case c.Store.URL != "":
		fs = append(fs, examineDatabase(ctx, c.Database()))
	case c.Shared():
		fs = append(fs, examineRecord(filepath.Dir(c.Database())))
	}
	if c.Redis.Enabled() != c.Shared() {
		fs = append(fs, Finding{"nodes", false, "redis.url and a shared store.path go together: see `vahta config check`"})
	}
	return fs
}

// examineRedis reads one value that nobody keeps: that takes the address, the password and the way there and back.
func examineRedis(ctx context.Context, c rotation.Config) Finding {
	f := Finding{What: "redis"}
	patient := c
	patient.Budget = time.Second // to tell a slow one from none
	r, err := rotation.NewRedis(patient, rotation.Deps{})
	if err != nil {
		f.Text = err.Error()
		return f
	}
	defer r.Close() //nolint:errcheck // nothing was written
	ctx, cancel := context.WithTimeout(ctx, probeBudget)
	defer cancel()
	key := rotation.KindNode + "/doctor"
	_, err = r.Get(ctx, key) // connects
	began := time.Now()
	if err == nil {
		_, err = r.Get(ctx, key)
	}
	took := time.Since(began).Round(10 * time.Microsecond)
	switch {
	case err != nil && refusesUs(err):
		f.Text = fmt.Sprintf("%v; it runs and does not let us in: check redis.password_file. Until then each node decides alone", err)
	case err != nil:
		f.Text = fmt.Sprintf("%v; start it, or check redis.url, the password file and the firewall: until then each node decides alone", err)
	case took > c.Budget:
		f.Text = fmt.Sprintf("answers after %s, and redis.budget is %s: each node would decide alone; find out what slows it", took, c.Budget)
	default:
		f.OK, f.Text = true, fmt.Sprintf("answers after %s", took)
	}
	return f
}

// refusesUs reports whether Redis has answered that the password is missing, wrong, or not enough.
func refusesUs(err error) bool {
	text := err.Error()
	return strings.Contains(text, "WRONGPASS") || strings.Contains(text, "NOAUTH") || strings.Contains(text, "NOPERM")
}

// File systems that several machines mount, by their magic in statfs(2). SQLite's log needs memory that all its users share.
const (
	magicNFS  = 0x6969
	magicCIFS = 0xff534d42
	magicSMB2 = 0xfe534d42
	magicCeph = 0x00c36400
	magicV9FS = 0x01021997
)

// examineRecord looks at the folder of a shared database.
func examineRecord(folder string) Finding {
	f := examineFolder("record", folder)
	var fs unix.Statfs_t
	if err := unix.Statfs(folder, &fs); err != nil || !f.OK {
		return f
	}
	switch uint32(fs.Type) {
	case magicNFS, magicCIFS, magicSMB2, magicCeph, magicV9FS:
		f.OK, f.Text = false, folder+" is a network file system: nodes can share an SQLite file only on one machine; move store.path to a local disk"
	default:
		f.Text += "; shared by nodes of this machine only"
	}
	return f
}
