package dispatch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/butlerspb/vahta/oncall/edit"
)

// localCopy is the file that a node keeps of the directory: what is in force,
// and which configuration the node had when it was written.
type localCopy struct {
	Version    Version `json:"version"`
	Configured string  `json:"configured"` // hash of the configuration's own definition
	Body       []byte  `json:"body"`       // as Encode made it
	// Rota is nil in a file of an earlier version, whose body has people and
	// schedules.
	Rota *rotaCopy `json:"rota,omitempty"`
	Sum  string    `json:"sum"` // SHA-256 of all above
}

// rotaCopy is the rota in force.
type rotaCopy struct {
	Version RotaVersion  `json:"version"`
	Seed    string       `json:"seed"` // hash of the configuration's own people and schedules
	Records []recordCopy `json:"records"`
}

// recordCopy is a record with its body byte by byte.
type recordCopy struct {
	Kind     edit.Kind `json:"kind"`
	ID       string    `json:"id"`
	Revision int64     `json:"revision"`
	Body     []byte    `json:"body"`
}

// copyOf makes the local copy of what is in force.
func copyOf(h held, configured, seed string) localCopy {
	rota := &rotaCopy{Version: h.rota.version, Seed: seed}
	for _, r := range h.rota.records {
		rota.Records = append(rota.Records, recordCopy{r.Kind, r.ID, r.Revision, r.Body})
	}
	return localCopy{Version: h.def.version, Configured: configured, Body: h.def.body, Rota: rota}
}

// state reads the copy's rota.
func (c *rotaCopy) state() (rotaState, error) {
	records := make([]edit.Record, len(c.Records))
	for i, r := range c.Records {
		records[i] = edit.Record{Key: edit.Key{Kind: r.Kind, ID: r.ID}, Revision: r.Revision, Body: r.Body}
	}
	return rotaOf(c.Version, records)
}

// errDamaged says that a local copy is not what was written.
var errDamaged = errors.New("the file is damaged: its checksum does not fit")

func (c localCopy) sum() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n%q\n%s\n", c.Version.Hash, c.Version.MadeAt.UnixMicro(), c.Version.Node, c.Configured)
	h.Write(c.Body)
	if c.Rota == nil {
		return hex.EncodeToString(h.Sum(nil))
	}
	v := c.Rota.Version
	fmt.Fprintf(h, "\n%d\n%d\n%q\n%q\n", v.Revision, v.EditedAt.UnixMicro(), v.Hash, c.Rota.Seed)
	for _, r := range c.Rota.Records {
		fmt.Fprintf(h, "%q\n%q\n%d\n%d\n", r.Kind, r.ID, r.Revision, len(r.Body))
		h.Write(r.Body)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// fallBack is what this node works with until the store has answered: its local
// copy, or the configuration where that has changed since.
func (k *Keeper) fallBack(own definition, seed rotaState) (at held, from, rotaFrom string) {
	at, from, rotaFrom = held{def: own, rota: seed}, fromConf, fromConf
	defer func() { at.snapshot, _ = at.compose() }()
	if k.deps.File == "" {
		return at, from, rotaFrom
	}
	c, err := readCopy(k.deps.File)
	if errors.Is(err, os.ErrNotExist) {
		return at, from, rotaFrom
	}
	var def definition
	if err == nil {
		def, err = k.read(c.Version, c.Body)
	}
	if err != nil {
		k.log.Error("the local copy of the directory is not used; the configuration file is", "file", k.deps.File, "err", err)
		k.keepAside()
	} else if c.Configured == own.version.Hash || c.Rota == nil {
		at.def, from = def, fromFile
	}
	rota, err := k.copiedRota(c, def)
	if len(def.clients) > 0 {
		rota = rota.lend(def.clients)
	}
	rota = rota.lend(seed.clients)
	if err != nil {
		k.log.Error("the local copy of the rota is not used; the configuration file is", "file", k.deps.File, "err", err)
		k.keepAside()
	} else if rota.version.Revision > 0 || c.Rota == nil && len(rota.records) > 0 || c.Rota != nil && c.Rota.Seed == HashRota(seed.records) {
		at.rota, rotaFrom = rota, fromFile
	}
	return at, from, rotaFrom
}

// keepAside puts a local copy that this node can not read where the next one does not replace it: a newer version may be able
// to, and it may have edits that no record has.
func (k *Keeper) keepAside() {
	if k.deps.Observe {
		return // it is the server's
	}
	aside := k.deps.File + ".unread"
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) || n > maxAside {
			break
		}
		aside = fmt.Sprintf("%s.unread%d", k.deps.File, n)
	}
	switch err := os.Rename(k.deps.File, aside); {
	case errors.Is(err, os.ErrNotExist): // it was put aside already
	case err != nil:
		k.log.Error("the local copy that can not be read could not be put aside", "file", k.deps.File, "err", err)
	default:
		k.log.Error("the local copy that can not be read is kept; start the version that has written it to use it", "kept", aside)
	}
}

// maxAside is how many unreadable copies are kept; the last is replaced.
const maxAside = 8

// copiedRota is the rota of a local copy; of one that an earlier version has
// written, the people and schedules in its definition.
func (k *Keeper) copiedRota(c localCopy, def definition) (rotaState, error) {
	if c.Rota == nil {
		return seedOf(def.people, def.clients)
	}
	return c.Rota.state()
}

// readCopy reads a local copy; errors.Is(err, os.ErrNotExist) when there is none.
func readCopy(path string) (c localCopy, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return localCopy{}, fmt.Errorf("%w (%w)", errDamaged, err)
	}
	if c.Sum != c.sum() || hashOf(c.Body) != c.Version.Hash {
		return localCopy{}, errDamaged
	}
	return c, nil
}

// writeCopy replaces a local copy at once: after a crash there is the old one
// or the new one.
func writeCopy(path string, c localCopy) (err error) {
	c.Sum = c.sum()
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*") // mode 0600
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
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// hashOf names a body.
func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
