// Package pressure is the gauge of what the process uses up: memory, descriptors and disk.
//
// It knows the limits of the machine around the process (control group, GOMEMLIMIT, RLIMIT_NOFILE,
// settings) and what is used of them. It must not know calls: who is refused at which mark is decided
// in sip/b2bua, which reads [Gauge.Now].
//
// Memory in use is what a collection would leave: the live heap of the last one, stacks, the runtime's
// own, and what lies outside the runtime (SQLite's pages). Garbage is not counted, since the runtime
// gives it back when its limit comes near: [Gauge.TuneRuntime] tells the runtime that limit.
// Goroutines and free disk space are figures only: no call is refused for them.
//
// Units: bytes, descriptors; a share is 0 to 1, above 1 when a limit is exceeded.
//
// Concurrency: all methods may be called from any goroutine; Now costs two loads of a pointer. A disk that hangs holds up nothing else.
package pressure
