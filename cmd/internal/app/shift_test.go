package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/webhook"
	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/shift"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// evening is a zone in which it is between seven and eight in the evening.
func evening(tb testing.TB) oncall.Zone {
	tb.Helper()
	offset := 19 - time.Now().UTC().Hour() // hours east
	if offset > 12 {
		offset -= 24
	}
	zone, err := oncall.LoadZone(fmt.Sprintf("Etc/GMT%+d", -offset)) // POSIX signs: west is positive
	if err != nil {
		tb.Fatal(err)
	}
	return zone
}

// shiftRig is a server on whose rota Ivan's only turn begins at start; Clara keeps the rota. It returns what subscribers hear.
func shiftRig(t *testing.T, zone oncall.Zone, start time.Time, ivan, clara *phone.Phone) (*rig, *siptest.Log[shift.EventJSON]) {
	t.Helper()
	heard := &siptest.Log[shift.EventJSON]{}
	crm := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e shift.EventJSON
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		heard.Add(e)
	}))
	t.Cleanup(crm.Close)
	soft := func(id string, p *phone.Phone, roles ...oncall.Role) oncall.Person {
		return oncall.Person{ID: id, Name: id, Language: "en", Roles: roles, Devices: []oncall.Device{{Kind: oncall.Softphone, URI: p.URI()}}}
	}
	r := newRig(t, func(c *config.Config) {
		c.People = append(c.People, soft("ivan", ivan), soft("clara", clara, oncall.Scheduler))
		c.Schedules = []oncall.Schedule{{ID: "duty", Name: "Duty", Zone: zone, Tracks: []oncall.Track{{ID: "primary"}}}}
		c.Overrides = []oncall.Override{{
			ID: "one", Schedule: "duty", Track: "primary", By: "clara", At: time.Now().Add(-time.Hour).Truncate(time.Second),
			Changes: []oncall.Change{{From: oncall.InstantPoint(start), To: oncall.InstantPoint(start.Add(8 * time.Hour)), Add: "ivan"}},
		}}
		c.Shifts.Before = time.Minute
		c.Webhooks = webhook.Config{Endpoints: []webhook.Endpoint{{Name: "crm", URL: crm.URL, Secrets: []webhook.Secret{"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}}}
	})
	return r, heard
}

// shifts is what the commands see of the running server.
func (r *rig) shifts() desk.Shifts {
	r.Helper()
	s, done, err := desk.OpenShifts(r.Context(), r.cfg.Data, r.cfg.Database(), app.ShiftsOnRecord(r.cfg, nil))
	r.must(err)
	r.Cleanup(func() { r.must(done()) })
	return s
}

func (r *rig) ready(person string) shift.Ready {
	r.Helper()
	list, err := r.shifts().Readiness(r.Context())
	r.must(err)
	for _, one := range list {
		if one.Person == person {
			return one
		}
	}
	r.Fatalf("%s is not in the report: %+v", person, list)
	return shift.Ready{}
}

func heardOf(t *testing.T, heard *siptest.Log[shift.EventJSON], kind string) {
	t.Helper()
	until(t, kind+" is heard", func() bool {
		return heard.Count(func(e shift.EventJSON) bool { return e.Type == kind && e.Shift.Person == "ivan" }) > 0
	})
}

// TestShiftConfirmedByKey: in the evening the phone rings, key 1 is pressed; the commands and the subscribers know.
func TestShiftConfirmedByKey(t *testing.T) {
	t.Parallel()
	ivan := startPhone(t, "ivan", "udp", phone.Accepting(20*time.Millisecond, "1", 200*time.Millisecond))
	clara := startPhone(t, "clara", "udp", phone.Refusing(486))
	zone := evening(t)
	tomorrow := oncall.CivilAt(time.Now(), zone).AddDays(1).At(9 * 3600)
	r, heard := shiftRig(t, zone, zone.Resolve(tomorrow, oncall.First), ivan, clara)
	wait(t, incoming(t, ivan, 1), phone.Ended)
	heardOf(t, heard, dispatch.EventShiftReminder)
	heardOf(t, heard, dispatch.EventShiftConfirmed)
	until(t, "the key is a proof", func() bool {
		one := r.ready("ivan")
		return one.Confirmed && one.Light == shift.Green && len(one.Devices) == 1 && !one.Devices[0].Key.IsZero()
	})
	if n := len(clara.Sessions()); n != 0 {
		t.Errorf("the scheduler was rung %d times", n)
	}
	r.empty()
}

// TestShiftUnconfirmed: the engineer's phone is busy, his turn begins: the scheduler's phone rings.
func TestShiftUnconfirmed(t *testing.T) {
	t.Parallel()
	ivan := startPhone(t, "ivan", "udp", phone.Refusing(486))
	clara := startPhone(t, "clara", "udp", phone.Accepting(20*time.Millisecond, "1", 200*time.Millisecond))
	// Soon, yet not before a busy machine has built the product: who is not called before his turn begins is not called about it.
	r, heard := shiftRig(t, evening(t), time.Now().Add(25*time.Second).Truncate(time.Second), ivan, clara)
	wait(t, incoming(t, ivan, 1), phone.Ended)
	wait(t, incoming(t, clara, 1), phone.Ended)
	heardOf(t, heard, dispatch.EventShiftUnconfirmed)
	if one := r.ready("ivan"); one.Confirmed || one.Light != shift.Red || !one.OnDuty {
		t.Errorf("the report says %+v", one)
	}
	r.must(func() error { _, err := r.shifts().Confirm(t.Context(), "ivan", "clara", "cli"); return err }())
	heardOf(t, heard, dispatch.EventShiftConfirmed)
	if one := r.ready("ivan"); !one.Confirmed {
		t.Errorf("after the command the report says %+v", one)
	}
	note, err := r.shifts().Handover(t.Context(), "duty", time.Now())
	r.must(err)
	if len(note.Tracks) != 1 || len(note.Tracks[0].Stays) != 1 || note.Tracks[0].Stays[0].ID != "ivan" {
		t.Errorf("the note says %+v", note)
	}
	r.empty()
}

// TestTestCall: a key proves a phone, a mailbox does not.
func TestTestCall(t *testing.T) {
	t.Parallel()
	ivan := startPhone(t, "ivan", "udp", phone.Accepting(20*time.Millisecond, "1", 200*time.Millisecond))
	clara := startPhone(t, "clara", "udp", phone.Answering(20*time.Millisecond, phone.Talk{Tone: 300}))
	r, _ := shiftRig(t, evening(t), time.Now().Add(100*time.Hour).Truncate(time.Second), ivan, clara)
	for person, want := range map[string]dispatch.AttemptOutcome{"ivan": dispatch.AttemptAcknowledged, "clara": dispatch.AttemptNoKey} {
		got, err := r.shifts().Test(within(t), person)
		r.must(err)
		if len(got) != 1 || got[0].Outcome != want || got[0].Proven != (person == "ivan") {
			t.Errorf("%s: %+v", person, got)
		}
	}
	if i, c := r.ready("ivan"), r.ready("clara"); i.Light != shift.Green || c.Light != shift.Red || c.Devices[0].Seen.IsZero() {
		t.Errorf("the report says %+v, %+v", i, c)
	}
	r.empty()
}
