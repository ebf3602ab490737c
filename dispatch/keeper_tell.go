package dispatch

import (
	"context"
	"encoding/json"
)

// news is what nodes tell each other.
type news struct {
	Version

	Rota RotaVersion `json:"rota"`
}

// Hear takes a message of another node's Publish. It never blocks; nil says
// that messages may have been missed.
func (k *Keeper) Hear(message []byte) {
	var n news
	if json.Unmarshal(message, &n) == nil && n.Hash == k.dir.Version().Hash && n.Rota.Same(k.dir.Load().Rota) {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// tell publishes what this node works with.
func (k *Keeper) tell(ctx context.Context, v Version, rota RotaVersion) {
	if k.deps.Publish == nil {
		return
	}
	message, err := json.Marshal(news{v, rota})
	if err == nil {
		err = k.deps.Publish(ctx, message)
	}
	if err != nil {
		k.log.Warn("other nodes could not be told of the new directory and find out within seconds", "err", err)
	}
}

// Follow is Refresh for whoever has just edited the rota: other nodes are told
// at once.
func (k *Keeper) Follow(ctx context.Context) error {
	if err := k.Refresh(ctx); err != nil {
		return err
	}
	k.tell(ctx, k.dir.Version(), k.dir.Load().Rota)
	return nil
}
