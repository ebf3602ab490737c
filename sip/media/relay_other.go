//go:build !(linux && (amd64 || arm64 || riscv64 || loong64 || ppc64le))

package media

import "net/netip"

const epollAvailable = false

func newRelay(_ Engine, sh *shard) Relay { return newPortable(sh) }

// rawAddr has no use here: the portable Relay takes netip.AddrPort.
type rawAddr struct{}

func encodeAddr(netip.AddrPort) rawAddr { return rawAddr{} }
