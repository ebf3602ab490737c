package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/store"
)

// How a server of the record should be.
const (
	skewAtMost = 2 * time.Second       // leases of nodes are seconds long
	tripAtMost = 20 * time.Millisecond // a change asks several questions within a caller's 200 ms
	wantedConn = 8                     // connections of a node: reading, writing, its name, a command
)

// examineDatabase asks the PostgreSQL server of the record for itself; it changes nothing there.
func examineDatabase(ctx context.Context, address string) Finding {
	f := Finding{What: "database"}
	ctx, cancel := context.WithTimeout(ctx, probeBudget)
	defer cancel()
	s, err := store.Ask(ctx, address)
	if err != nil {
		f.Text = fmt.Sprintf("%v; start the server, or check store.url, pg_hba.conf and the firewall: until then tickets are in the journal of this node alone", err)
		return f
	}
	var faults []string
	if len(s.Unsafe) > 0 {
		faults = append(faults, strings.Join(s.Unsafe, ", ")+": a power cut loses what was taken; set it on")
	}
	if s.Skew.Abs() > skewAtMost {
		faults = append(faults, fmt.Sprintf("its clock and ours are %s apart; keep both by NTP", s.Skew.Abs().Round(time.Millisecond)))
	}
	if s.Took > tripAtMost {
		faults = append(faults, fmt.Sprintf("an answer takes %s, and a caller's ticket needs several of them within 200 ms; bring it nearer", s.Took.Round(time.Millisecond)))
	}
	if s.Max < wantedConn {
		faults = append(faults, fmt.Sprintf("max_connections is %d, a node takes up to %d", s.Max, wantedConn))
	}
	f.OK = len(faults) == 0
	f.Text = fmt.Sprintf("PostgreSQL %s at %s answers after %s", s.Version, s.Name, s.Took.Round(10*time.Microsecond))
	if !f.OK {
		f.Text += "; " + strings.Join(faults, "; ")
	}
	return f
}
