package send

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	sound := func() Config {
		c := Default()
		c.From = "Help <Help@Desk.example>"
		c.Accounts = []Account{{Name: "main", Host: "mail.example", User: "u", Password: "p"}}
		return c
	}
	if err := sound().Validate(); err != nil || sound().Address() != "help@desk.example" {
		t.Fatal(err, sound().Address())
	}
	if err := Default().Validate(); err != nil || Default().Enabled() {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Config){
		"from:":                    func(c *Config) { c.From = "nobody" },
		"accounts: want":           func(c *Config) { c.Accounts = nil },
		"from: want":               func(c *Config) { c.From = "" },
		"automatic.per_minute":     func(c *Config) { c.Limits.PerMinute = 0 },
		"largest_files":            func(c *Config) { c.LargestFile = -1 },
		"accounts[0].name":         func(c *Config) { c.Accounts[0].Name = "" },
		"accounts[1].name":         func(c *Config) { c.Accounts = append(c.Accounts, c.Accounts[0]) },
		"accounts[0].host":         func(c *Config) { c.Accounts[0].Host = "mail.example:25" },
		"accounts[0].port":         func(c *Config) { c.Accounts[0].Port = 70000 },
		"accounts[0].tls: none":    func(c *Config) { c.Accounts[0].TLS = SecurityNone },
		"accounts[0].tls: \"ssl\"": func(c *Config) { c.Accounts[0].TLS = "ssl" },
		"accounts[0].from":         func(c *Config) { c.Accounts[0].From = "x" },
		"accounts[0].timeout":      func(c *Config) { c.Accounts[0].Timeout = time.Minute },
		"accounts[0].user":         func(c *Config) { c.Accounts[0].User = "" },
		"accounts[0].password":     func(c *Config) { c.Accounts[0].Password = "" },
		"accounts[0].oauth.token_url": func(c *Config) {
			c.Accounts[0].OAuth = OAuth{TokenURL: "http://id.example", ClientID: "v", RefreshToken: "r"}
		},
		"accounts[0].oauth: there": func(c *Config) {
			c.Accounts[0].OAuth = OAuth{TokenURL: "https://id.example", ClientID: "v", RefreshToken: "r"}
		},
		"accounts[0].oauth: want": func(c *Config) { c.Accounts[0].OAuth = OAuth{TokenURL: "https://id.example"} },
	} {
		c := sound()
		if spoil(&c); c.Validate() == nil || !strings.Contains(c.Validate().Error(), field) {
			t.Errorf("%s: %v", field, c.Validate())
		}
	}
	if s := fmt.Sprintf("%v %+v %#v", sound(), sound(), sound()); strings.Contains(s, `"p"`) || strings.Contains(s, "Password:p") {
		t.Errorf("a password is shown: %s", s)
	}
}
