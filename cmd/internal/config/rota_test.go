package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const rotaFile = `
people:
  - {id: anna, name: Анна Смирнова, devices: [{kind: mobile, number: "+7 921 000-00-01", ring_time: 25s}], notify: [{after: 1m, channel: voice}]}
  - {id: boris, name: "Борис: Орлов", disabled: true}
schedules:
  - id: duty
    name: "on"
    zone: Europe/Moscow
    calendar: ru
    tracks:
      - id: primary
        layers:
          - id: days
            members: [anna, gap, anna + boris]
            handoff: {unit: day, every: 2, anchor: "2026-01-05 09:00"}
            windows: [{days: mon-fri, from: "09:00", to: "21:00", exclude: [holiday], shorten: 1h}]
    failover: [{track: primary, ring_time: 20s}]
absences:
  - {id: ab-1, person: anna, from: 2026-07-01, to: 2026-07-15 09:00, at: 2026-05-01T10:00:00Z}
`

// What is exported is read back as it was.
func TestRotaIsWrittenAndReadBack(t *testing.T) {
	t.Parallel()
	first, err := ParseRota("rota.yaml", []byte(rotaFile))
	if err != nil {
		t.Fatal(err)
	}
	text, err := PrintYAML(first)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ParseRota("exported.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	again, err := PrintYAML(second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, again); diff != "" {
		t.Errorf("read back and written again:\n%s", diff)
	}
	for _, want := range []string{"ring_time: 25s", "every: 2", `2026-01-05 09:00`, "anna + boris", "shorten: 1h"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "trusted") || strings.Contains(text, "T00:00") {
		t.Errorf("zero values are written:\n%s", text)
	}
}

// A slip of the pen is named with its line.
func TestRotaFileIsStrict(t *testing.T) {
	t.Parallel()
	_, err := ParseRota("duty.yaml", []byte("schedules:\n  - id: duty\n    trakcs: []\n"))
	if err == nil || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "trakcs") {
		t.Errorf("got %v, want the line of the unknown setting", err)
	}
}
