package store

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// IsURL reports whether a place is the address of a server rather than the path of a file.
func IsURL(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// At returns the settings for the record at a place: the path of a file, or the URL of a PostgreSQL database.
func At(place string) Config {
	c := Default()
	if IsURL(place) {
		c.URL = place
	} else {
		c.Path = place
	}
	return c
}

// There reports whether there is something at a place that can be opened. A server is asked when it is opened.
func There(place string) bool {
	if IsURL(place) {
		return true
	}
	_, err := os.Stat(place)
	return err == nil || !os.IsNotExist(err)
}

// Show names a place without its password.
func Show(place string) string {
	if !IsURL(place) {
		return place
	}
	c, err := parseURL(place)
	if err != nil {
		return "a PostgreSQL database"
	}
	return nameOf(c)
}

// Made tells when the tables of a PostgreSQL database were made, "" = it has
// none. It stays through upgrades, copies by pg_dump and a change of servers;
// tables that were made anew, in an emptied database, have another one.
func Made(ctx context.Context, address string) (string, error) {
	c, err := parseURL(address)
	if err != nil {
		return "", err
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return "", fmt.Errorf("connect to database %s: %w", nameOf(c), hideSecret(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left on it
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&there); err != nil || !there {
		return "", err
	}
	var at *time.Time
	if err := conn.QueryRow(ctx, "SELECT min(tstamp) FROM goose_db_version").Scan(&at); err != nil || at == nil {
		return "", err
	}
	return at.Format("2006-01-02 15:04:05.000000"), nil
}

// Server is what a PostgreSQL server says of itself.
type Server struct {
	Name    string        // of the database, as it is shown
	Version string        // such as 15.18
	Took    time.Duration // a question and its answer
	Skew    time.Duration // by how much its clock is ahead of ours, as far as Took lets us see
	Unsafe  []string      // settings under which it loses what it has taken, such as fsync=off
	Max     int           // connections that it allows
}

// Ask asks a server for itself. It changes nothing.
func Ask(ctx context.Context, address string) (Server, error) {
	c, err := parseURL(address)
	if err != nil {
		return Server{}, err
	}
	s := Server{Name: nameOf(c)}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return s, fmt.Errorf("connect to database %s: %w", s.Name, hideSecret(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left on it
	var connections string
	settings := map[string]*string{"server_version": &s.Version, "fsync": new(string), "synchronous_commit": new(string), "full_page_writes": new(string), "max_connections": &connections}
	for name, value := range settings {
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(value); err != nil {
			return s, fmt.Errorf("ask database %s for %s: %w", s.Name, name, err)
		}
	}
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if *settings[name] == "off" {
			s.Unsafe = append(s.Unsafe, name+"=off")
		}
	}
	s.Max, _ = strconv.Atoi(connections) // it is one
	var theirs time.Time
	began := time.Now()
	if err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
		return s, fmt.Errorf("ask database %s for its clock: %w", s.Name, err)
	}
	s.Took = time.Since(began)
	s.Skew = theirs.Sub(began.Add(s.Took / 2))
	return s, nil
}
