package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/deploy"
)

// An operator's password may stand in a file of its own, and shows nowhere.
func TestOperatorPasswords(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mtt")
	if err := os.WriteFile(file, []byte("0123hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{"file:" + file, "0123hush"} {
		source := strings.Replace(string(deploy.Sample), `auth: {user: "", password: "", realm: ""}`, `auth: {user: "login", password: "`+written+`", realm: ""}`, 1)
		l, err := Parse("vahta.yaml", []byte(source), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(l.Config.Trunks.Operators[0].Auth.Password); got != "0123hush" {
			t.Errorf("%s: the password is %q", written, got)
		}
		text, err := l.Print(true)
		if err != nil || strings.Contains(text, "hush") || !strings.Contains(text, "password: ***") && !strings.Contains(text, `password: "***"`) {
			t.Errorf("%s is printed: %v\n%s", written, err, text)
		}
	}
	source := strings.Replace(string(deploy.Sample), `auth: {user: "", password: "", realm: ""}`, `auth: {user: "login", password: "file:/no/such/file", realm: ""}`, 1)
	if _, err := Parse("vahta.yaml", []byte(source), nil); err == nil || !strings.Contains(err.Error(), "trunks.operators[0].auth.password") || !strings.Contains(err.Error(), "create the file") {
		t.Errorf("a missing file: %v", err)
	}
}
