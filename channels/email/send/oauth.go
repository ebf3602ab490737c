package send

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// errToken says that no token was given to us.
var errToken = errors.New("no OAuth token")

// tokens gets access tokens (RFC 6749 4.4 and 6) and keeps one until shortly before its end.
type tokens struct {
	cfg    OAuth
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	token string    // guarded by mu
	until time.Time // guarded by mu
}

// margin is how long before its end a token is not used any more.
const margin = time.Minute

// get returns a token that is still good; the mutex makes callers of one moment share one.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && t.now().Before(t.until) {
		return t.token, nil
	}
	form := url.Values{"client_id": {t.cfg.ClientID}, "grant_type": {"client_credentials"}}
	if t.cfg.RefreshToken != "" {
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", string(t.cfg.RefreshToken))
	}
	if t.cfg.ClientSecret != "" {
		form.Set("client_secret", string(t.cfg.ClientSecret))
	}
	if t.cfg.Scope != "" {
		form.Set("scope", t.cfg.Scope)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.cfg.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errToken, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := t.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address
		}
		return "", fmt.Errorf("%w: %w", errToken, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"` // seconds
		Fault   string `json:"error"`
	}
	const enough = 1 << 20
	err = json.NewDecoder(io.LimitReader(resp.Body, enough)).Decode(&answer)
	if resp.StatusCode != http.StatusOK || err != nil || answer.Token == "" {
		return "", fmt.Errorf("%w: the server answered %d %s", errToken, resp.StatusCode, oneLine(answer.Fault, 100))
	}
	t.token, t.until = answer.Token, t.now().Add(max(time.Duration(answer.Expires)*time.Second-margin, 0))
	return t.token, nil
}

// drop forgets a token that was refused.
func (t *tokens) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
}
