// Package pgtest starts real PostgreSQL servers for tests and drills, and does to them what happens to servers: they
// hang, are killed in the middle of a commit, start again, refuse.
//
// Every server has a folder, a socket and a port of its own and dies with the process that started it. PostgreSQL
// refuses to run as root, so under root it runs as the user postgres, else nobody. Launch is for programs; Start does
// the same within a test, which fails when PostgreSQL is not installed. Shared gives all tests of a package one server,
// each a database of its own.
//
// Methods of one Server may be called by any goroutine, apart from Kill, Restart and Close, which belong to one.
package pgtest
