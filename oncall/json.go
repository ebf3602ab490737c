package oncall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// The JSON of a roster is the YAML of its configuration file: the same names, zero values left out, durations as "20s". The
// structs that hold durations see to it here; all other types write themselves as text. What people and schedules are made of
// refuses fields that nobody knows, whatever the decoder does: half of what a newer program wrote must not pass for the whole.

// length is a time.Duration in its written form.
type length time.Duration

// MarshalText writes for example "20s".
func (l length) MarshalText() ([]byte, error) { return []byte(time.Duration(l).String()), nil }

// UnmarshalJSON reads what MarshalText writes, and a number of nanoseconds as older records have it.
func (l *length) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return json.Unmarshal(data, (*int64)(l))
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("parse duration %q: write it as 20s or 1h30m", text)
	}
	*l = length(d)
	return nil
}

// strictly reads JSON that has no other fields than the value. encoding/json does not hand its strictness on to types that read
// themselves.
func strictly(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(to)
}

// In each pair of methods the field at the outer level stands for the one of the same name in the embedded struct.

type plainDevice Device

// MarshalJSON writes the ring time as "20s".
func (d Device) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainDevice
		RingTime length `json:"ring_time,omitempty"`
	}{plainDevice(d), length(d.RingTime)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Device) UnmarshalJSON(data []byte) error {
	return strictly(data, &struct {
		*plainDevice
		RingTime *length `json:"ring_time"`
	}{(*plainDevice)(d), (*length)(&d.RingTime)})
}

type plainStaticNumber StaticNumber

// MarshalJSON writes the ring time as "20s".
func (s StaticNumber) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainStaticNumber
		RingTime length `json:"ring_time,omitempty"`
	}{plainStaticNumber(s), length(s.RingTime)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *StaticNumber) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &struct {
		*plainStaticNumber
		RingTime *length `json:"ring_time"`
	}{(*plainStaticNumber)(s), (*length)(&s.RingTime)})
}

type plainNotifyRule NotifyRule

// MarshalJSON writes the delay as "5m0s".
func (n NotifyRule) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainNotifyRule
		After length `json:"after,omitempty"`
	}{plainNotifyRule(n), length(n.After)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *NotifyRule) UnmarshalJSON(data []byte) error {
	return strictly(data, &struct {
		*plainNotifyRule
		After *length `json:"after"`
	}{(*plainNotifyRule)(n), (*length)(&n.After)})
}

type plainFailover Failover

// MarshalJSON writes the ring time as "20s".
func (f Failover) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainFailover
		RingTime length `json:"ring_time,omitempty"`
	}{plainFailover(f), length(f.RingTime)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Failover) UnmarshalJSON(data []byte) error {
	return strictly(data, &struct {
		*plainFailover
		RingTime *length `json:"ring_time"`
	}{(*plainFailover)(f), (*length)(&f.RingTime)})
}

type plainWindow Window

// MarshalJSON writes what is cut off on short days as "1h0m0s".
func (w Window) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainWindow
		Shorten length `json:"shorten,omitempty"`
	}{plainWindow(w), length(w.Shorten)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (w *Window) UnmarshalJSON(data []byte) error {
	return strictly(data, &struct {
		*plainWindow
		Shorten *length `json:"shorten"`
	}{(*plainWindow)(w), (*length)(&w.Shorten)})
}

type plainTier Tier

// MarshalJSON writes the ring time as "20s".
func (t Tier) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainTier
		RingTime length `json:"ring_time,omitempty"`
	}{plainTier(t), length(t.RingTime)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Tier) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &struct {
		*plainTier
		RingTime *length `json:"ring_time"`
	}{(*plainTier)(t), (*length)(&t.RingTime)})
}
