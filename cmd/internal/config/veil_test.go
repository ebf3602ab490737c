package config

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/deploy"
)

// What opens a door is in no address that is shown; all else is.
func TestAddressesAreVeiled(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://hooks.example/in":                                   "https://hooks.example/in",
		"https://desk:tr0ub4dor@hooks.example/in":                    "https://desk:xxxxx@hooks.example/in",
		"https://hooks.example/in?room=7&token=tr0ub4dor":            "https://hooks.example/in?room=7&token=xxxxx",
		"https://hooks.example/in?sslmode=require&Api-Key=a":         "https://hooks.example/in?sslmode=require&Api-Key=xxxxx",
		"https://hooks.example/in?x=0a1b2c3d4e5f60718293":            "https://hooks.example/in?x=xxxxx",
		"https://zammad.example/api/v1/cti/short1":                   "https://zammad.example/api/v1/cti/xxxxx",
		"https://hc.example/ping/0191e2a4-5b6c-7d8e-9f01-23456789ab": "https://hc.example/ping/xxxxx",
		"https://0a1b2c3d4e5f60718293@sentry.example/4":              "https://xxxxx@sentry.example/4",
		"https://a.example:zz/%zz":                                   "https://xxxxx",
		"smtp://mail.example:587 and https://u:p@b.example/":         "smtp://mail.example:587 and https://u:xxxxx@b.example/",
		"https://recordings.example/monday-morning-reports/2026":     "https://recordings.example/monday-morning-reports/2026",
	} {
		if got := veil(address); got != want {
			t.Errorf("%s\n shown as %s\n want     %s", address, got, want)
		}
	}
}

// The address of a CTI has its token in the path; the printed configuration has not.
func TestPrintHidesTokensInAddresses(t *testing.T) {
	t.Parallel()
	const secret = "9f3c1b7a5d2e4f60a1b2c3d4"
	hooks := "\nwebhooks:\n  endpoints:\n    - {name: zammad, url: \"https://zammad.example/api/v1/cti/" + secret + "\", form: zammad}\n"
	l, err := Parse("x.yaml", append(withListen(deploy.Demo), []byte(hooks)...), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := l.Print(true)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, secret) || !strings.Contains(text, "https://zammad.example/api/v1/cti/xxxxx") {
		t.Errorf("printed:\n%s", text)
	}
	if got := l.Config.Webhooks.Endpoints[0].URL; !strings.HasSuffix(got, secret) {
		t.Errorf("the program itself has %s", got)
	}
}
