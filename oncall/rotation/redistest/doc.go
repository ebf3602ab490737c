// Package redistest starts real Redis servers and sentinels for tests and drills, and does to them what happens to
// servers: they stop, hang, are killed, forget, come back older.
//
// Every server has a folder and a port of its own and dies with the process that started it. Launch and LaunchSentinels
// are for programs; Start and StartSentinels do the same within a test, which fails when redis-server is not installed.
//
// Methods of one Server are not to be called at the same time, apart from Addr, URL and Client.
package redistest
