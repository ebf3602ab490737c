package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/butlerspb/vahta/dispatch"
)

// Config are the settings of the vault.
type Config struct {
	// Enabled says that recordings are encrypted when their calls end. Attachments always are.
	Enabled bool `yaml:"enabled"`
	// Key is the file of the master key; a relative one lies in the data folder.
	Key string `yaml:"key"`
	// Files is the folder of attachments; a relative one lies in the data folder.
	Files string `yaml:"files"`
	// Largest bounds one attachment, in bytes.
	Largest int64 `yaml:"largest"`
	// Every is how often the folders are looked through.
	Every time.Duration `yaml:"every"`
}

// Default returns the settings of what the file leaves out.
func Default() Config {
	return Config{Enabled: true, Key: "vault.key", Files: "files", Largest: 64 << 20, Every: time.Hour}
}

// Validate reports all faults.
func (c Config) Validate() error {
	var faults []error
	if c.Key == "" {
		faults = append(faults, errors.New("key: name a file; vahta makes it at the first start"))
	}
	if c.Files == "" {
		faults = append(faults, errors.New("files: name a folder that vahta may write to"))
	}
	if c.Largest <= 0 {
		faults = append(faults, fmt.Errorf("largest: %d bytes, want more than zero", c.Largest))
	}
	if c.Every < time.Minute {
		faults = append(faults, fmt.Errorf("every: %v, want at least 1m", c.Every))
	}
	return errors.Join(faults...)
}

// Errors of a vault that callers branch on.
var (
	// ErrLocked says that the master key is not at hand.
	ErrLocked = errors.New("the vault is locked")
	// ErrDestroyed says that the key by which something was sealed is gone for good.
	ErrDestroyed = errors.New("the key was destroyed: what it sealed can not be read any more")
	// ErrTooLarge says that an attachment is larger than the setting allows.
	ErrTooLarge = errors.New("the file is too large")
)

// Keys is where the keys of organisations are kept.
type Keys = dispatch.SealKeys

// Deps are what a vault works with.
type Deps struct {
	Keys       Keys
	Files      dispatch.Attachments // the index; nil = no attachments are kept
	Archive    Archive              // of calls and tickets; nil = nothing is sealed or removed by itself
	Audit      Audit                // nil = nothing is removed by itself
	Terms      Terms                // how long things are kept; nil = for good
	Recordings string               // folder; empty = none are made
	Node       string
	Now        func() time.Time // nil = time.Now
	Log        *slog.Logger     // nil = silent
}

// Vault seals and opens.
type Vault struct {
	// set at New
	cfg  Config
	deps Deps
	now  func() time.Time
	log  *slog.Logger

	work sync.Mutex // held while files are sealed or removed: one at a time

	mu     sync.Mutex
	master *age.X25519Identity // nil = locked; guarded by mu
	reason error               // why it is locked; guarded by mu
	keys   map[string]sealKey  // by organisation; guarded by mu
	ready  bool                // keys were read; guarded by mu

	waiting map[dispatch.SignalID]bool // signals whose files wait for a ticket; guarded by mu
}

// sealKey is the key of an organisation, unsealed.
type sealKey struct {
	recipient *age.X25519Recipient
	identity  *age.X25519Identity // nil = destroyed, or sealed to another master key
	destroyed bool
}

// New returns a vault; Open must follow.
func New(cfg Config, deps Deps) (*Vault, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up vault: %w", err)
	}
	if deps.Keys == nil {
		return nil, errors.New("set up vault: a record of keys is required")
	}
	v := &Vault{cfg: cfg, deps: deps, now: deps.Now, log: deps.Log, keys: map[string]sealKey{}, waiting: map[dispatch.SignalID]bool{}, reason: errors.New("it was not opened yet")}
	if v.now == nil {
		v.now = time.Now
	}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	return v, nil
}

// Open reads the master key, or makes it when nothing was ever sealed. A vault
// that stays locked says why; it can be opened again.
func (v *Vault) Open(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	err := v.open(ctx)
	v.reason = err
	if err != nil {
		v.master = nil
		return fmt.Errorf("open vault: %w", err)
	}
	return nil
}

func (v *Vault) open(ctx context.Context) error {
	kept, err := v.deps.Keys.ListSealKeys(ctx)
	if err != nil {
		return err
	}
	master, err := readKey(v.cfg.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(kept) > 0:
		return fmt.Errorf("the key file %s is gone, and %d key(s) are sealed by it: put the copy back; a new key could not open what there is", v.cfg.Key, len(kept))
	case errors.Is(err, fs.ErrNotExist):
		if master, err = makeKey(v.cfg.Key); err != nil {
			return err
		}
		v.log.Warn("a master key for recordings and files was made: keep a copy of it elsewhere, without it they can not be read", "file", v.cfg.Key)
	case err != nil:
		return err
	}
	for _, k := range kept {
		if k.Master != master.Recipient().String() && k.Destroyed.IsZero() {
			return fmt.Errorf("the key file %s is not the one by which recordings are sealed (of %q): put the right one back", v.cfg.Key, k.Org)
		}
	}
	v.master, v.ready = master, true
	for _, k := range kept {
		if v.keys[k.Org], err = v.unseal(k); err != nil {
			return err
		}
	}
	return nil
}

// readKey reads a master key.
func readKey(path string) (*age.X25519Identity, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		master, err := age.ParseX25519Identity(line)
		if err != nil {
			return nil, fmt.Errorf("read key file %s: it holds no key (%w); put the copy back", path, err)
		}
		return master, nil
	}
	return nil, fmt.Errorf("read key file %s: it is empty; put the copy back", path)
}

// makeKey makes a master key. A file that is there is never overwritten.
func makeKey(path string) (*age.X25519Identity, error) {
	master, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	text := "# The master key of the vault. Without it recordings and files can not be read: keep a copy elsewhere.\n# public key: " +
		master.Recipient().String() + "\n" + master.String() + "\n"
	if err := writeNew(path, []byte(text)); errors.Is(err, fs.ErrExist) {
		return readKey(path) // another process was faster
	} else if err != nil {
		return nil, fmt.Errorf("make key file: %w", err)
	}
	return master, nil
}

// writeNew makes a file appear whole, or not at all.
func writeNew(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when all went well
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil { // unlike a rename it replaces nothing
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// unseal opens the secret half of an organisation's key; mu is held.
func (v *Vault) unseal(k dispatch.SealKey) (sealKey, error) {
	recipient, err := age.ParseX25519Recipient(k.Recipient)
	if err != nil {
		return sealKey{}, fmt.Errorf("key of %q: %w", k.Org, err)
	}
	if !k.Destroyed.IsZero() {
		return sealKey{recipient: recipient, destroyed: true}, nil
	}
	r, err := age.Decrypt(bytes.NewReader(k.Sealed), v.master)
	if err != nil {
		return sealKey{}, fmt.Errorf("key of %q: %w", k.Org, err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return sealKey{}, fmt.Errorf("key of %q: %w", k.Org, err)
	}
	identity, err := age.ParseX25519Identity(string(text))
	if err != nil {
		return sealKey{}, fmt.Errorf("key of %q: %w", k.Org, err)
	}
	if identity.Recipient().String() != k.Recipient {
		return sealKey{}, fmt.Errorf("key of %q: its halves do not fit; the record was altered", k.Org)
	}
	return sealKey{recipient: recipient, identity: identity}, nil
}

// key returns the key of an organisation, and makes it when there is none.
func (v *Vault) key(ctx context.Context, org string) (sealKey, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.master == nil {
		return sealKey{}, fmt.Errorf("%w: %w", ErrLocked, v.reason)
	}
	if k, ok := v.keys[org]; ok && !k.destroyed {
		return k, nil
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return sealKey{}, fmt.Errorf("make key of %q: %w", org, err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, v.master.Recipient())
	if err == nil {
		_, err = io.WriteString(w, identity.String())
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return sealKey{}, fmt.Errorf("make key of %q: %w", org, err)
	}
	kept, err := v.deps.Keys.AddSealKey(ctx, dispatch.SealKey{
		Org: org, Recipient: identity.Recipient().String(), Sealed: sealed.Bytes(), Master: v.master.Recipient().String(), Made: v.now().UTC(),
	})
	if err != nil {
		return sealKey{}, fmt.Errorf("make key of %q: %w", org, err)
	}
	if kept.Master != v.master.Recipient().String() {
		return sealKey{}, fmt.Errorf("%w: the key of %q is sealed by another master key: all nodes need the same key file", ErrLocked, org)
	}
	k, err := v.unseal(kept)
	if err == nil {
		v.keys[org] = k
	}
	return k, err
}

// identities returns the keys that may open something: that of the organisation
// first, for the one to whom a ticket belongs may have become known later.
func (v *Vault) identities(ctx context.Context, org string) ([]age.Identity, error) {
	kept, err := v.deps.Keys.ListSealKeys(ctx) // other nodes make keys too
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.master == nil {
		return nil, fmt.Errorf("%w: %w", ErrLocked, v.reason)
	}
	if err == nil {
		for _, k := range kept {
			if known, ok := v.keys[k.Org]; !ok || known.recipient.String() != k.Recipient || known.destroyed != !k.Destroyed.IsZero() {
				if v.keys[k.Org], err = v.unseal(k); err != nil {
					return nil, err
				}
			}
		}
	}
	var list []age.Identity
	if k, ok := v.keys[org]; ok && k.identity != nil {
		list = append(list, k.identity)
	}
	for other, k := range v.keys {
		if other != org && k.identity != nil {
			list = append(list, k.identity)
		}
	}
	if len(list) == 0 {
		return nil, ErrDestroyed
	}
	return list, nil
}

// Destroy makes everything that is sealed by the key of an organisation
// unreadable for good.
func (v *Vault) Destroy(ctx context.Context, org string) error {
	if err := v.deps.Keys.DestroySealKey(ctx, org, v.now().UTC()); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if k, ok := v.keys[org]; ok {
		v.keys[org] = sealKey{recipient: k.recipient, destroyed: true}
	}
	return nil
}

// Locked says why the vault is locked; nil = it is not.
func (v *Vault) Locked() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.master != nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrLocked, v.reason)
}
