package dialog

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/sip/wire"
)

// TestRFC4028Table2 is table 2 of the RFC with our choices.
func TestRFC4028Table2(t *testing.T) {
	t.Parallel()
	policy := Default().SessionTimer
	ours, theirs := Session{State: SessionOurs, Interval: 5 * time.Minute}, Session{State: SessionTheirs, Interval: 5 * time.Minute}
	tests := []struct {
		name    string
		policy  SessionTimer
		headers string
		now     Session
		first   bool
		want    string // Session-Expires; Require
	}{
		{"nobody asks, nobody supports", policy, "", Session{}, true, ""},
		{"supported only", policy, "Supported: timer", Session{}, true, "1800;refresher=uas timer"},
		{"asked", policy, "Supported: timer|Session-Expires: 600", Session{}, true, "600;refresher=uas timer"},
		{"too long for us", policy, "Supported: timer|Session-Expires: 7200", Session{}, true, "1800;refresher=uas timer"},
		{"Min-SE above ours", policy, "Supported: timer|Session-Expires: 7200|Min-SE: 3600", Session{}, true, "3600;refresher=uas timer"},
		{"they want to", policy, "Supported: timer|Session-Expires: 600;refresher=uac", Session{}, true, "600;refresher=uac timer"},
		{"we are to", policy, "Supported: timer|Session-Expires: 600 ; Refresher = UAS", Session{}, true, "600;refresher=uas timer"},
		{"a proxy asks", policy, "Session-Expires: 600", Session{}, true, "600;refresher=uas"},
		{"a proxy asks, and the far end seems to refresh", policy, "Session-Expires: 600;refresher=uac", Session{}, true, "600;refresher=uas"},
		{"a proxy asks for next to nothing", policy, "Session-Expires: 1", Session{}, true, "20;refresher=uas"},
		{"nonsense", policy, "Supported: timer|Session-Expires: soon", Session{}, true, "1800;refresher=uas timer"},
		{"off", SessionTimer{Off: true, Expires: policy.Expires}, "Supported: timer|Session-Expires: 600", Session{}, true, ""},
		{"off but required", SessionTimer{Off: true, Expires: policy.Expires}, "Require: timer|Session-Expires: 600", Session{}, true, "600;refresher=uas timer"},
		{"hold without a word, ours", policy, "Supported: timer", ours, false, "300;refresher=uas timer"},
		{"hold without a word, theirs", policy, "Supported: timer", theirs, false, "300;refresher=uac timer"},
		{"hold by who forgot to support, theirs", policy, "", theirs, false, "300;refresher=uas"},
		{"hold, no timer so far", policy, "Supported: timer", Session{}, false, ""},
		{"they take over", policy, "Supported: timer|Session-Expires: 300;refresher=uac", ours, false, "300;refresher=uac timer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := wire.NewRequest(wire.INVITE, uri(t, "sip:a@example.com"))
			for line := range strings.SplitSeq(tt.headers, "|") {
				if k, v, ok := strings.Cut(line, ": "); ok {
					_ = req.Add(k, v)
				}
			}
			var got []string
			for _, h := range tt.policy.grant(askedBy(req), tt.now, tt.first).headers(askedBy(req)) {
				got = append(got, h.Value)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzSessionExpires(f *testing.F) {
	for _, s := range []string{"90", "1800;refresher=uac", " 4294967295 ; a=b; Refresher = UAS ", "4294967296", "-1", "1.5", ";refresher=uac", "0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s, ok := ParseSessionExpires(value)
		if !ok {
			return
		}
		if again, ok := ParseSessionExpires(s.String()); !ok || again != s || s.Interval <= 0 {
			t.Errorf("%q: %v, again %v", value, s, again)
		}
		req := wire.NewRequest(wire.INVITE, wire.URI{Scheme: "sip", Host: "example.com"})
		if req.Add("Session-Expires", value) != nil || req.Add("Min-SE", value) != nil {
			return
		}
		for _, now := range []Session{{}, {State: SessionTheirs, Interval: time.Minute}} {
			if g := Default().SessionTimer.grant(askedBy(req), now, true); g.Interval != 0 && (g.Interval < leastInterval || g.Refresher == "") {
				t.Errorf("%q: granted %v", value, g)
			}
		}
	})
}
