package siptest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// insideInterface is the phone's interface in its namespace.
const insideInterface = "lan0"

// NAT is a home network behind a box that masquerades: a namespace with one
// phone, a namespace that is the box, and a link to the test's own network. The
// box gives each new flow another port, forgets a UDP flow that has been quiet
// for the mapping time, and drops what it knows no flow for, as boxes do.
type NAT struct {
	// Outside is our own address on the link: what a phone behind the box can reach.
	Outside netip.Addr
	// Box is the address that the phone is seen from.
	Box netip.Addr

	tb       testing.TB
	box, lan string // namespaces
	inside   netip.Addr
}

var _ Network = (*NAT)(nil)

// StartNAT makes one for the time of the test. It needs root, ip and nft;
// without root the test is skipped, and says so.
func StartNAT(tb testing.TB, mapping time.Duration) *NAT {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("NOT TESTED: a NAT of network namespaces needs root; run this test as root")
	}
	for program, debian := range map[string]string{"ip": "iproute2", "nft": "nftables"} {
		if _, err := exec.LookPath(program); err != nil {
			tb.Fatalf("%s is not installed; run: apt-get install -y %s", program, debian)
		}
	}
	id := fmt.Sprintf("%x", rand.Uint32()&0xffffff)
	a, b := byte(64+rand.IntN(64)), byte(rand.IntN(256))
	n := &NAT{
		tb: tb, box: "box" + id, lan: "lan" + id,
		Outside: netip.AddrFrom4([4]byte{10, a, b, 1}), Box: netip.AddrFrom4([4]byte{10, a, b, 2}), inside: netip.AddrFrom4([4]byte{192, 168, 77, 2}),
	}
	out := "out" + id
	tb.Cleanup(func() {
		for _, name := range []string{n.lan, n.box} {
			if err := exec.Command("ip", "netns", "del", name).Run(); err != nil {
				tb.Logf("remove namespace %s: %v", name, err)
			}
		}
	})
	n.run("ip netns add %s", n.box)
	n.run("ip netns add %s", n.lan)
	n.run("ip link add %s type veth peer name wan0 netns %s", out, n.box)
	n.run("ip -n %s link add home0 type veth peer name %s netns %s", n.box, insideInterface, n.lan)
	n.run("ip addr add %s/24 dev %s", n.Outside, out)
	n.run("ip link set %s up", out)
	for ns, links := range map[string]map[string]string{n.box: {"wan0": n.Box.String() + "/24", "home0": "192.168.77.1/24"}, n.lan: {insideInterface: n.inside.String() + "/24"}} {
		n.run("ip -n %s link set lo up", ns)
		for link, addr := range links {
			n.run("ip -n %s addr add %s dev %s", ns, addr, link)
			n.run("ip -n %s link set %s up", ns, link)
		}
	}
	n.run("ip -n %s route add default via 192.168.77.1", n.lan)
	seconds := max(1, int(mapping/time.Second))
	n.run("ip netns exec %s sysctl -qw net.ipv4.ip_forward=1", n.box)
	n.feed(n.box, `table ip nat {
	chain out {
		type nat hook postrouting priority 100;
		oifname "wan0" meta l4proto { tcp, udp } masquerade to :20000-60000 random
	}
}
table ip filter {
	chain in {
		type filter hook input priority 0;
		iifname "wan0" ct state new drop
	}
	chain through {
		type filter hook forward priority 0;
		iifname "wan0" ct state new drop
	}
}
`)
	n.run("ip netns exec %s sysctl -qw net.netfilter.nf_conntrack_udp_timeout=%d net.netfilter.nf_conntrack_udp_timeout_stream=%d", n.box, seconds, seconds)
	return n
}

// Name is the namespace of the phone.
func (n *NAT) Name() string { return n.lan }

// Addr is the phone's private address.
func (n *NAT) Addr() netip.Addr { return n.inside }

// Cut unplugs the phone: nothing passes, and nobody is told.
func (n *NAT) Cut() {
	n.tb.Helper()
	n.feed(n.box, `table ip broken {
	chain everything {
		type filter hook prerouting priority -300;
		drop
	}
}
`)
}

// Mend plugs it in again.
func (n *NAT) Mend() {
	n.tb.Helper()
	n.run("ip netns exec %s nft delete table ip broken", n.box)
}

// Dial opens a connection from within the phone's namespace.
func (n *NAT) Dial(network, address string) (conn net.Conn, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer func() { _ = home.Close() }()
	away, err := os.Open(filepath.Join("/run/netns", n.lan))
	if err != nil {
		return nil, err
	}
	defer func() { _ = away.Close() }()
	if err := unix.Setns(int(away.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	// The thread goes back and lives on: programs that it has started die with it (Pdeathsig).
	defer func() {
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
			panic(fmt.Sprintf("a thread is left in another network: %v", back))
		}
	}()
	return net.Dial(network, address)
}

// run runs a command that must succeed.
func (n *NAT) run(format string, args ...any) {
	n.tb.Helper()
	words := strings.Fields(fmt.Sprintf(format, args...))
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		n.tb.Fatalf("make a NAT: %s: %v\n%s", strings.Join(words, " "), err, out)
	}
}

// feed gives rules to nft in a namespace.
func (n *NAT) feed(ns, rules string) {
	n.tb.Helper()
	cmd := exec.Command("ip", "netns", "exec", ns, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		n.tb.Fatalf("give nft its rules: %v\n%s", err, out)
	}
}
