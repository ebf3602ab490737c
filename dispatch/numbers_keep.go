package dispatch

import (
	"context"
	"fmt"
	"slices"
)

// Block is a run of ticket numbers that a node has reserved.
type Block struct {
	Year  int    `json:"year"`
	First uint32 `json:"first"`
	End   uint32 `json:"end"`   // first number after the block
	Begun bool   `json:"begun"` // numbers of it may have been given out
}

// BlockKeeper remembers the reserved blocks of this node through a restart,
// without the store: tickets opened while the store is away have numbers.
type BlockKeeper interface {
	// Keep makes the list durable, replacing the last one.
	Keep(ctx context.Context, blocks []Block) error
	// Kept returns the last list.
	Kept() []Block
}

// Numbered tells which numbers of a block are in use.
type Numbered interface {
	// LastNumber returns the highest number of the year within [first, end)
	// that a ticket has; 0 when none has.
	LastNumber(ctx context.Context, year int, first, end uint32) (uint32, error)
}

// lay keeps the rest of the blocks as not begun; the token is held. No number
// of them is given before they are begun again, so what was read here stays true.
func (n *numbers) lay(ctx context.Context) error {
	n.mu.Lock()
	known := n.restored
	n.blocks = slices.DeleteFunc(slices.Clone(n.blocks), func(b block) bool { return b.next >= b.End })
	for i := range n.blocks {
		n.blocks[i].First, n.blocks[i].Begun = n.blocks[i].next, false
	}
	list := slices.Clone(n.blocks)
	n.mu.Unlock()
	if !known { // what is kept has not been read, nor touched
		return nil
	}
	return n.keep(ctx, list)
}

// put keeps the list without what is used up and puts it into use; the token is held.
func (n *numbers) put(ctx context.Context, list []block) error {
	newest := 0
	for _, b := range list {
		if b.Begun {
			newest = max(newest, b.Year)
		}
	}
	n.follow(list) // numbers were given meanwhile
	kept := slices.DeleteFunc(slices.Clone(list), func(b block) bool { return b.Begun && b.next >= b.End || b.Year < newest-1 })
	if err := n.keep(ctx, kept); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.followLocked(kept)
	n.blocks = kept
	return nil
}

// follow brings the next numbers of the begun blocks into the list.
func (n *numbers) follow(list []block) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.followLocked(list)
}

func (n *numbers) followLocked(list []block) {
	for _, b := range n.blocks {
		if at := slices.IndexFunc(list, func(k block) bool { return k.Year == b.Year && k.End == b.End }); at >= 0 && b.Begun {
			list[at].next = b.next
		}
	}
}

func (n *numbers) keep(ctx context.Context, list []block) error {
	if n.keeper == nil {
		return nil
	}
	plain := make([]Block, 0, len(list))
	for _, b := range list {
		plain = append(plain, b.Block)
	}
	if err := n.keeper.Keep(ctx, plain); err != nil {
		return fmt.Errorf("keep blocks of ticket numbers: %w", err)
	}
	return nil
}

// restore takes over the blocks of the last run, once; the token is held. A
// begun block goes on behind its last number; when the store cannot tell which
// one that is, the rest of the block is skipped.
func (n *numbers) restore(ctx context.Context) error {
	n.mu.Lock()
	known := n.restored
	n.mu.Unlock()
	if known || n.keeper == nil {
		return nil
	}
	var list []block
	for _, k := range n.keeper.Kept() {
		b := block{k, k.First}
		if b.Begun {
			last, err := n.last(ctx, b.Year, b.First, b.End)
			if err != nil {
				continue
			}
			if last > 0 {
				b.next = last + 1
				list = slices.DeleteFunc(list, func(earlier block) bool { return earlier.Year == b.Year }) // numbers only rise
			}
		}
		list = append(list, b)
	}
	if err := n.keep(ctx, list); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocks, n.restored = list, true
	return nil
}
