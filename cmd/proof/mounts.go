package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// mountsVar tells the program that it has been begun again, and what its mount
// table is: mountsOwn, or why it could not get one. The network is then its
// own, too.
const (
	mountsVar = "PROOF_MOUNTS"
	mountsOwn = "own"
)

// withMounts begins this program again with a mount table and a network of its
// own: disks that the drills mount nobody else sees, ports that they use nobody
// else misses, and all vanish with the program. Without the right to do so the
// program goes on, and the drills that mount do not hold.
func withMounts(ctx context.Context) int {
	code, err := again(ctx, unix.CLONE_NEWNS|unix.CLONE_NEWNET, mountsOwn)
	if err != nil {
		code, err = again(ctx, 0, err.Error())
	}
	if err != nil {
		return 1
	}
	return code
}

// loopback brings up 127.0.0.1 in a new network.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// again runs this program once more and returns its exit code. An error means
// that it was never begun.
func again(ctx context.Context, flags uintptr, mounts string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	cmd := exec.CommandContext(ctx, self, os.Args[1:]...) //nolint:gosec // ourselves
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), mountsVar+"="+mounts)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: flags}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	if err := cmd.Wait(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return max(1, exit.ExitCode()), nil
		}
		return 1, nil
	}
	return 0, nil
}
