package registrar

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// localCopy is the file that a node keeps.
type localCopy struct {
	Sum  string          `json:"sum"` // SHA-256 of Body
	Body json.RawMessage `json:"body"`
}

// kept is what the file holds.
type kept struct {
	Accounts []Account `json:"accounts"`
	Bindings []Binding `json:"bindings"`
}

// saveEvery is the least time between two writings of the file.
const saveEvery = time.Second

// keep shares and saves what has changed until ctx ends, and then once more.
func (r *Registrar) keep(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-r.flush:
			r.safely("share the bindings", func() { r.shareDirty(ctx) })
			r.safely("save the bindings", r.save)
			pause(ctx, saveEvery)
		}
	}
	r.safely("save the bindings", r.save)
	if r.deps.Values != nil { // nobody else can use our flows
		r.safely("withdraw the bindings", func() { r.withdraw(context.WithoutCancel(ctx)) })
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (r *Registrar) shareDirty(ctx context.Context) {
	r.mu.Lock()
	dirty := r.dirty
	r.dirty = map[string]struct{}{}
	r.mu.Unlock()
	if r.deps.Values == nil {
		return
	}
	for account := range dirty {
		if err := r.share(ctx, account); err != nil {
			r.log.Warn("the other nodes do not know where a phone is", "account", account, "err", err.Error())
		}
	}
}

func (r *Registrar) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, shareWait)
	defer cancel()
	r.mu.Lock()
	accounts := make([]string, 0, len(r.own))
	for account := range r.own {
		accounts = append(accounts, account)
	}
	r.mu.Unlock()
	for _, account := range accounts {
		if r.deps.Values.Delete(ctx, r.key(account)) != nil {
			return // they run out
		}
	}
}

// save writes the file if it is behind.
func (r *Registrar) save() {
	r.mu.Lock()
	if !r.unsaved || r.deps.File == "" {
		r.mu.Unlock()
		return
	}
	r.unsaved = false
	var k kept
	for _, a := range r.accounts {
		k.Accounts = append(k.Accounts, a)
	}
	for _, list := range r.own {
		k.Bindings = append(k.Bindings, list...)
	}
	r.mu.Unlock()
	if err := writeCopy(r.deps.File, k); err != nil {
		r.log.Warn("the phones could not be noted; after a restart they are known again when they register", "path", r.deps.File, "err", err.Error())
		r.mu.Lock()
		r.unsaved = true
		r.mu.Unlock()
	}
}

// loadFile reads the file. Connections have not survived the restart; UDP phones can be rung at once.
func (r *Registrar) loadFile() {
	if r.deps.File == "" {
		return
	}
	k, err := readCopy(r.deps.File)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		r.log.Warn("the note of the phones cannot be read; they are known again when they register", "path", r.deps.File, "err", err.Error())
		return
	}
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accounts = index(k.Accounts)
	for _, b := range k.Bindings {
		if b.live(now) && b.Transport == wire.UDP && b.Node == r.deps.Node && r.accounts.valid(&b, r.cfg.Realm) {
			r.put(b.Account, append(r.own[b.Account], b), true)
		}
	}
}

var errDamaged = errors.New("the file is damaged: its checksum does not fit")

func readCopy(path string) (k kept, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return k, err
	}
	var c localCopy
	if err := json.Unmarshal(raw, &c); err != nil {
		return k, errors.Join(errDamaged, err)
	}
	if sum := sha256.Sum256(c.Body); hex.EncodeToString(sum[:]) != c.Sum {
		return k, errDamaged
	}
	return k, json.Unmarshal(c.Body, &k)
}

// writeCopy replaces the file at once: after a crash there is the old one or
// the new one. What it holds is as good as the phones' passwords: it is closed to everybody but its owner.
func writeCopy(path string, k kept) (err error) {
	body, err := json.Marshal(k)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	raw, err := json.Marshal(localCopy{hex.EncodeToString(sum[:]), body})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
