package rotation_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall/rotation"
)

// TestInvariant23Claims plays three nodes that share a store of claims and an arbiter: nodes are parted from the store and
// join it again, it loses everything, nodes stand still or die. Whatever happens, nobody whose calls are renewed
// talks in two of them, and whoever another one followed never bridges.
func TestInvariant23Claims(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		h := &house{t: t, arbiter: store.NewMemory(), now: time.Unix(1_800_000_000, 0).UTC()}
		h.shared = rotation.NewMemory(h.clock)
		for i := range 3 {
			h.nodes = append(h.nodes, &member{name: fmt.Sprint("n", i), own: rotation.NewMemory(h.clock)})
		}
		rt.Repeat(map[string]func(*rapid.T){
			"claim": h.claim, "bridge": h.bridge, "end": h.end,
			"part or join": func(rt *rapid.T) {
				n := h.node(rt)
				n.parted = !n.parted
			},
			"stand still or go on": func(rt *rapid.T) {
				n := h.node(rt)
				n.stands = !n.stands
			},
			"the store forgets": func(*rapid.T) { h.shared = rotation.NewMemory(h.clock) },
			"a node dies":       h.die,
			"time goes on":      h.wait,
			"":                  h.check,
		})
	})
}

// house is the model: all nodes, and what calls believe.
type house struct {
	t       *testing.T
	now     time.Time
	shared  *rotation.Memory
	arbiter dispatch.Arbiter
	nodes   []*member
	rights  []*right
	calls   int
}

type member struct {
	name   string
	own    *rotation.Memory
	parted bool
	stands bool // renews nothing, as a process that is stopped
	epoch  uint64
}

// right is what a call has of a person.
type right struct {
	dispatch.Assignment
	node     *member
	from     *rotation.Memory
	claim    rotation.Claim
	followed bool // somebody else was let in later
	bridged  bool
	lapsed   bool // not renewed in time: others may get the person, and who talks goes on talking
}

func (h *house) clock() time.Time { return h.now }

func (h *house) node(rt *rapid.T) *member { return rapid.SampledFrom(h.nodes).Draw(rt, "node") }

// rotation is what a node asks: the shared store, or its own memory while they are parted.
func (h *house) rotation(n *member) *rotation.Memory {
	if n.parted {
		return n.own
	}
	return h.shared
}

func (h *house) claim(rt *rapid.T) {
	n := h.node(rt)
	h.calls++
	call, from := fmt.Sprint("c", h.calls), h.rotation(n)
	people := rapid.Permutation([]string{"anna", "boris"}).Draw(rt, "candidates")
	claim, ok, err := from.Claim(h.t.Context(), rotation.ClaimRequest{Call: call, Attempt: "1", Candidates: people})
	if err != nil {
		rt.Fatal(err)
	}
	if !ok {
		return
	}
	r := &right{node: n, from: from, claim: claim, Assignment: dispatch.Assignment{
		Person: claim.Person, Call: call, Attempt: "1", Node: n.name, Token: n.epoch<<rotation.EpochShift | claim.Token, Until: h.now.Add(30 * time.Second),
	}}
	if err = h.arbiter.Assign(h.t.Context(), r.Assignment, h.now); errors.Is(err, dispatch.ErrStale) {
		if n.epoch, err = h.arbiter.RaiseEpoch(h.t.Context()); err != nil {
			rt.Fatal(err)
		}
		r.Token = n.epoch<<rotation.EpochShift | claim.Token
		err = h.arbiter.Assign(h.t.Context(), r.Assignment, h.now)
	}
	if err != nil {
		if !errors.Is(err, dispatch.ErrAssigned) {
			rt.Fatalf("with a new epoch: %v", err)
		}
		_ = from.Release(h.t.Context(), claim)
		return
	}
	for _, other := range h.rights {
		other.followed = other.followed || other.Person == r.Person
	}
	h.rights = append(h.rights, r)
}

// some chooses one of the rights, nil when there are none.
func (h *house) some(rt *rapid.T) *right {
	if len(h.rights) == 0 {
		return nil
	}
	return rapid.SampledFrom(h.rights).Draw(rt, "call")
}

func (h *house) bridge(rt *rapid.T) {
	r := h.some(rt)
	if r == nil || r.bridged {
		return
	}
	asked := r.Assignment
	asked.Until = h.now.Add(30 * time.Second)
	err := h.arbiter.Confirm(h.t.Context(), asked, h.now)
	if err == nil && !r.Until.After(h.now) { // it had run out, and nobody else had asked
		r.Until, r.lapsed = asked.Until, false
	}
	if err == nil && r.followed {
		rt.Fatalf("%s of %s bridges %s, whom another call got after it", r.Call, r.Node, r.Person)
	}
	r.bridged = err == nil
}

func (h *house) end(rt *rapid.T) {
	if r := h.some(rt); r != nil {
		if err := h.arbiter.Unassign(h.t.Context(), r.Assignment); err != nil {
			rt.Fatal(err)
		}
		_ = r.from.Release(h.t.Context(), r.claim)
		h.rights = slices.DeleteFunc(h.rights, func(other *right) bool { return other == r })
	}
}

// die ends a node with its calls; nobody releases what they had.
func (h *house) die(rt *rapid.T) {
	n := h.node(rt)
	n.own, n.epoch = rotation.NewMemory(h.clock), 0
	h.rights = slices.DeleteFunc(h.rights, func(r *right) bool { return r.node == n })
}

// wait lets time pass; the nodes that live renew what their calls have.
func (h *house) wait(rt *rapid.T) {
	h.now = h.now.Add(time.Duration(rapid.IntRange(5, 25).Draw(rt, "seconds")) * time.Second)
	var list []dispatch.Assignment
	for _, r := range h.rights {
		if r.node.stands {
			r.lapsed = r.lapsed || !r.Until.After(h.now)
			continue
		}
		_ = r.from.Renew(h.t.Context(), r.claim)
		r.Until = h.now.Add(30 * time.Second)
		list = append(list, r.Assignment)
	}
	if err := h.arbiter.Extend(h.t.Context(), list); err != nil {
		rt.Fatal(err)
	}
}

func (h *house) check(rt *rapid.T) {
	talks := map[string]string{}
	for _, r := range h.rights {
		if !r.bridged || r.lapsed {
			continue
		}
		if other := talks[r.Person]; other != "" {
			rt.Fatalf("%s talks in %s and in %s", r.Person, other, r.Call)
		}
		talks[r.Person] = r.Call
	}
}
