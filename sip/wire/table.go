package wire

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// table holds the transactions and the CANCELs that wait for their INVITE.
type table struct {
	// guarded by mu
	mu     sync.Mutex
	server map[string]*ServerTx
	client map[string]*ClientTx
	parked map[string]*parked // by the key of the INVITE that is to come
}

// parked is a CANCEL that overtook its INVITE.
type parked struct {
	cancel *ServerTx
	timer  *time.Timer
}

func newTable() *table {
	return &table{
		server: make(map[string]*ServerTx),
		client: make(map[string]*ClientTx),
		parked: make(map[string]*parked),
	}
}

func (t *table) findServer(key string) *ServerTx {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server[key]
}

func (t *table) addServer(tx *ServerTx) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.server[tx.key] = tx
}

func (t *table) dropServer(tx *ServerTx) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server[tx.key] == tx {
		delete(t.server, tx.key)
	}
}

func (t *table) findClient(key string) *ClientTx {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.client[key]
}

func (t *table) addClient(tx *ClientTx) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.client[tx.key] = tx
}

func (t *table) dropClient(tx *ClientTx) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.client[tx.key] == tx {
		delete(t.client, tx.key)
	}
}

// clients returns the client transactions that match. The predicate runs
// without the table's lock, so it may take a transaction's.
func (t *table) clients(match func(*ClientTx) bool) []*ClientTx {
	t.mu.Lock()
	all := slices.Collect(maps.Values(t.client))
	t.mu.Unlock()
	return slices.DeleteFunc(all, func(tx *ClientTx) bool { return !match(tx) })
}

// servers returns the server transactions that match, like clients.
func (t *table) servers(match func(*ServerTx) bool) []*ServerTx {
	t.mu.Lock()
	all := slices.Collect(maps.Values(t.server))
	t.mu.Unlock()
	return slices.DeleteFunc(all, func(tx *ServerTx) bool { return !match(tx) })
}

func (t *table) park(inviteKey string, p *parked) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parked[inviteKey] = p
}

// unpark takes a parked CANCEL out; nil when there is none.
func (t *table) unpark(inviteKey string) *parked {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, ok := t.parked[inviteKey]
	if !ok {
		return nil
	}
	delete(t.parked, inviteKey)
	p.timer.Stop()
	return p
}

func (t *table) size() (server, client int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.server), len(t.client)
}
