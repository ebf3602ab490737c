package rotation

import (
	"context"
	"crypto/tls"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Sizes of the pool. One operation takes well below a millisecond; more connections would only be more to break.
const (
	poolSize = 16
	idleMin  = 2
	retries  = 1 // for a connection that the server has closed meanwhile
	backoff  = 5 * time.Millisecond
)

// quiet keeps the library from writing to stderr: what goes wrong comes back as an error and is told once.
type quiet struct{}

// Printf does nothing.
func (quiet) Printf(context.Context, string, ...any) {}

var silence = sync.OnceFunc(func() { redis.SetLogger(quiet{}) }) //nolint:gochecknoglobals // the library's logger is one per process

// connect makes the client; it dials nothing yet.
func connect(c Config) (redis.UniversalClient, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	silence()
	t, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	var secure *tls.Config
	if t.tls {
		if secure, err = c.TLS.config(); err != nil {
			return nil, err
		}
	}
	credentials := func(context.Context) (string, string, error) {
		secret, err := password(c.PasswordFile)
		return t.user, secret, err
	}
	if c.PasswordFile == "" {
		credentials = nil
	}
	o := redis.Options{
		Addr: t.addrs[0], Network: "tcp", DB: t.db, TLSConfig: secure,
		CredentialsProviderContext: credentials,
		DialTimeout:                c.budget(), ReadTimeout: c.budget(), WriteTimeout: c.budget(), PoolTimeout: c.budget(),
		ContextTimeoutEnabled: true,
		MaxRetries:            retries, MinRetryBackoff: backoff, MaxRetryBackoff: backoff, DialerRetries: 1,
		PoolSize: poolSize, MinIdleConns: idleMin, MaxActiveConns: poolSize, PipelinePoolSize: -1,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	switch {
	case t.kind == sentinel:
		return failover(c, t, o)
	case t.kind == cluster:
		return clustered(t, o), nil
	case t.socket:
		o.Network = "unix"
	}
	return redis.NewClient(&o), nil
}

func failover(c Config, t target, o redis.Options) (redis.UniversalClient, error) {
	secret, err := password(c.SentinelPasswordFile)
	if err != nil {
		return nil, err
	}
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: t.master, SentinelAddrs: t.addrs, SentinelPassword: secret, DB: o.DB, TLSConfig: o.TLSConfig,
		CredentialsProviderContext: o.CredentialsProviderContext,
		DialTimeout:                o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, PoolTimeout: o.PoolTimeout,
		ContextTimeoutEnabled: true,
		MaxRetries:            o.MaxRetries, MinRetryBackoff: o.MinRetryBackoff, MaxRetryBackoff: o.MaxRetryBackoff, DialerRetries: 1,
		PoolSize: o.PoolSize, MinIdleConns: o.MinIdleConns, MaxActiveConns: o.MaxActiveConns, PipelinePoolSize: -1,
		DisableIdentity: true,
	}), nil
}

func clustered(t target, o redis.Options) redis.UniversalClient {
	return redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: t.addrs, TLSConfig: o.TLSConfig, CredentialsProviderContext: o.CredentialsProviderContext,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, PoolTimeout: o.PoolTimeout,
		ContextTimeoutEnabled: true, MaxRedirects: retries + 1,
		MaxRetries: o.MaxRetries, MinRetryBackoff: o.MinRetryBackoff, MaxRetryBackoff: o.MaxRetryBackoff, DialerRetries: 1,
		PoolSize: o.PoolSize, MinIdleConns: o.MinIdleConns, MaxActiveConns: o.MaxActiveConns, PipelinePoolSize: -1,
		DisableIdentity:          true,
		MaintNotificationsConfig: o.MaintNotificationsConfig,
	})
}
