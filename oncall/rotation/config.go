package rotation

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config says where the Redis is that the nodes share. The zero value has none: the node is alone.
type Config struct {
	// URL is one of
	//   redis://user@host:6379/0, unix:///run/redis/redis.sock?db=0 for one server,
	//   redis+sentinel://host1:26379,host2,host3/master?db=0 for Sentinel,
	//   redis+cluster://host1:6379,host2,host3 for a Cluster.
	// rediss:// in place of redis:// means TLS. It holds no password. Empty: no Redis.
	URL string `yaml:"url"`
	// Budget is how long one operation may take before the node goes on alone; 0 = DefaultBudget.
	Budget time.Duration `yaml:"budget"`
	// PasswordFile holds the password in its first line. It is read for each new connection.
	PasswordFile string `yaml:"password_file"`
	// SentinelPasswordFile is the same for the sentinels themselves; empty: they ask for none.
	SentinelPasswordFile string `yaml:"sentinel_password_file"`
	// TLS is for rediss only.
	TLS TLS `yaml:"tls"`
}

// TLS says whom to trust and who we are. The zero value trusts the system's authorities.
type TLS struct {
	CAFile   string `yaml:"ca_file"`   // PEM of the authority; empty: the system's
	CertFile string `yaml:"cert_file"` // PEM of our certificate; empty: none
	KeyFile  string `yaml:"key_file"`  // PEM of its key
	Name     string `yaml:"name"`      // expected in the server's certificate; empty: the host of the URL
}

// DefaultBudget is the time an operation may take. A caller hears nothing of it.
const DefaultBudget = 100 * time.Millisecond

// maxBudget keeps a slow Redis from being heard by callers.
const maxBudget = time.Second

// Default has no Redis.
func Default() Config { return Config{Budget: DefaultBudget} }

// budget returns the time an operation may take.
func (c Config) budget() time.Duration {
	if c.Budget == 0 {
		return DefaultBudget
	}
	return c.Budget
}

// Enabled reports whether there is a Redis to share.
func (c Config) Enabled() bool { return c.URL != "" }

// Validate tells all faults, each with its path.
func (c Config) Validate() error {
	var faults []error
	if c.Budget != 0 && (c.Budget < time.Millisecond || c.Budget > maxBudget) {
		faults = append(faults, fmt.Errorf("redis.budget: %s, want 1ms to %s", c.Budget, maxBudget))
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		faults = append(faults, errors.New("redis.tls: cert_file and key_file go together"))
	}
	if !c.Enabled() {
		return errors.Join(faults...)
	}
	target, err := parseURL(c.URL)
	if err != nil {
		return errors.Join(append(faults, fmt.Errorf("redis.url: %w", err))...)
	}
	if c.TLS != (TLS{}) && !target.tls {
		faults = append(faults, errors.New("redis.tls: the URL asks for no TLS; write rediss in place of redis"))
	}
	if target.user != "" && c.PasswordFile == "" {
		faults = append(faults, errors.New("redis.password_file: the URL names a user, his password is missing"))
	}
	if c.SentinelPasswordFile != "" && target.kind != sentinel {
		faults = append(faults, errors.New("redis.sentinel_password_file: the URL names no sentinels"))
	}
	for name, path := range map[string]string{"password_file": c.PasswordFile, "sentinel_password_file": c.SentinelPasswordFile} {
		if _, err := password(path); err != nil {
			faults = append(faults, fmt.Errorf("redis.%s: %w", name, err))
		}
	}
	if _, err := c.TLS.config(); err != nil {
		faults = append(faults, fmt.Errorf("redis.tls: %w", err))
	}
	return errors.Join(faults...)
}

// kind is how the servers work together.
type kind int

const (
	single kind = iota
	sentinel
	cluster
)

// target is a URL taken apart.
type target struct {
	kind   kind
	addrs  []string // host:port, or the path of a socket
	socket bool
	tls    bool
	user   string
	master string // name of the master that sentinels watch
	db     int
}

// default ports, as the servers of Redis have them.
const (
	serverPort   = "6379"
	sentinelPort = "26379"
)

var errURL = errors.New("want redis://host:6379/0, unix:///path, redis+sentinel://host1,host2,host3/master or redis+cluster://host1,host2,host3; rediss for TLS")

func parseURL(text string) (target, error) {
	scheme, _, ok := strings.Cut(text, "://")
	if !ok {
		return target{}, errURL
	}
	var t target
	port := serverPort
	base, way, _ := strings.Cut(scheme, "+")
	switch {
	case base == "unix" && way == "":
		t.socket = true
	case base != "redis" && base != "rediss":
		return target{}, errURL
	case way == "sentinel":
		t.kind, port = sentinel, sentinelPort
	case way == "cluster":
		t.kind = cluster
	case way != "":
		return target{}, errURL
	}
	t.tls = base == "rediss"
	// a list of hosts is no host for net/url: take it out first
	rest := strings.TrimPrefix(text, scheme+"://")
	hosts, path, _ := strings.Cut(rest, "/")
	hosts, query, _ := strings.Cut(hosts, "?")
	if query != "" {
		path += "?" + query
	}
	if user, after, ok := strings.Cut(hosts, "@"); ok {
		if strings.Contains(user, ":") {
			return target{}, errors.New("a password does not belong into the URL; put it into a file and name that in password_file")
		}
		name, err := url.PathUnescape(user)
		if err != nil {
			return target{}, errURL
		}
		t.user, hosts = name, after
	}
	return t, t.place(hosts, path, port)
}

// place reads the hosts, and what stands behind them.
func (t *target) place(hosts, path, port string) error {
	u, err := url.Parse("x:///" + path)
	if err != nil {
		return errURL
	}
	db := u.Query().Get("db")
	for key := range u.Query() {
		if key != "db" {
			return fmt.Errorf("%q is not known in a URL; only db is", key)
		}
	}
	tail := strings.Trim(u.Path, "/")
	switch {
	case t.socket:
		t.addrs = []string{u.Path}
	case t.kind == sentinel:
		t.master = tail
	case t.kind == single && db == "":
		db = tail
	case tail != "":
		return errURL
	}
	if t.db, err = strconv.Atoi(db); db != "" && (err != nil || t.db < 0) {
		return fmt.Errorf("%q is no number of a database", db)
	}
	if t.kind == cluster && t.db != 0 {
		return errors.New("a Cluster has database 0 only")
	}
	if t.kind == sentinel && t.master == "" {
		return errors.New("name the master that the sentinels watch: redis+sentinel://host1,host2,host3/master")
	}
	if t.socket {
		if hosts != "" || tail == "" {
			return errors.New("want unix:///path/of/the.sock")
		}
		return nil
	}
	for host := range strings.SplitSeq(hosts, ",") {
		addr, err := hostPort(host, port)
		if err != nil {
			return err
		}
		t.addrs = append(t.addrs, addr)
	}
	if t.kind == single && len(t.addrs) != 1 {
		return errors.New("several hosts: write redis+sentinel:// or redis+cluster://")
	}
	return nil
}

// hostPort adds the port that is not written.
func hostPort(host, port string) (string, error) {
	u, err := url.Parse("x://" + host)
	if err != nil || u.Hostname() == "" || u.Host != host {
		return "", fmt.Errorf("%q is no host or host:port", host)
	}
	if u.Port() != "" {
		return host, nil
	}
	return strings.TrimSuffix(host, ":") + ":" + port, nil
}

// password returns the first line of a file; "" for no file.
func password(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read password: %w; create the file, readable only by the user that runs vahta", err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	if first = strings.TrimSpace(first); first == "" {
		return "", fmt.Errorf("read password: %s is empty", path)
	}
	return first, nil
}

// config returns the settings of crypto/tls.
func (t TLS) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.Name}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: there is no certificate in %s", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("cert_file: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
