package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"
)

// Sealed is what the name of a sealed file ends with.
const Sealed = ".age"

// Seal encrypts a file by the key of an organisation: path becomes path.age. To
// seal what is sealed already is no fault. The clear file goes only when the
// sealed one was opened again and is the same.
func (v *Vault) Seal(ctx context.Context, path, org string) error {
	v.work.Lock()
	defer v.work.Unlock()
	if err := v.seal(ctx, path, org); err != nil {
		return fmt.Errorf("seal %s: %w", filepath.Base(path), err)
	}
	return nil
}

func (v *Vault) seal(ctx context.Context, path, org string) error {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(path + Sealed); err == nil {
			return nil
		}
	}
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	k, err := v.key(ctx, org)
	if err != nil {
		return err
	}
	tmp := path + Sealed + ".part"
	sum, err := encrypt(tmp, in, k.recipient)
	if err == nil {
		err = verify(tmp, k.identity, sum)
	}
	if err != nil {
		return errors.Join(err, remove(tmp))
	}
	if err := os.Rename(tmp, path+Sealed); err != nil {
		return errors.Join(err, remove(tmp))
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return os.Remove(path)
}

// remove removes a file that may not be there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// encrypt writes a sealed file and returns the hash of what is in it.
func encrypt(path string, in io.Reader, to age.Recipient) (sum []byte, err error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w, err := age.Encrypt(out, to)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, h), in); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return h.Sum(nil), out.Sync()
}

// verify opens a sealed file and compares what is in it.
func verify(path string, by age.Identity, sum []byte) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	r, err := age.Decrypt(f, by)
	if err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return err
	}
	if !bytes.Equal(h.Sum(nil), sum) {
		return errors.New("what was sealed is not what it was made from; the disk may be failing")
	}
	return nil
}

// Reader reads a file out of the vault.
type Reader struct {
	io.Reader
	close func() error
}

// Close implements io.Closer.
func (r *Reader) Close() error { return r.close() }

// Read opens a file, sealed or not yet: path is its name in the clear. org is
// whose key is tried first.
func (v *Vault) Read(ctx context.Context, path, org string) (*Reader, error) {
	r, err := v.read(ctx, path, org)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	return r, nil
}

func (v *Vault) read(ctx context.Context, path, org string) (*Reader, error) {
	f, err := os.Open(path + Sealed)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = os.Open(path); err == nil {
			return &Reader{f, f.Close}, nil
		}
		if errors.Is(err, fs.ErrNotExist) { // it may just have been sealed
			f, err = os.Open(path + Sealed)
		}
	}
	if err != nil {
		return nil, err
	}
	ids, err := v.identities(ctx, org)
	if err == nil {
		var r io.Reader
		if r, err = age.Decrypt(f, ids...); err == nil {
			return &Reader{r, f.Close}, nil
		}
		if _, none := errors.AsType[*age.NoIdentityMatchError](err); none {
			err = ErrDestroyed
		}
	}
	return nil, errors.Join(err, f.Close())
}

// Remove removes a file, sealed or not, and all that is left of it.
func (v *Vault) Remove(path string) error {
	v.work.Lock()
	defer v.work.Unlock()
	if err := errors.Join(remove(path), remove(path+Sealed), remove(path+Sealed+".part")); err != nil {
		return fmt.Errorf("remove %s: %w", filepath.Base(path), err)
	}
	return nil
}
