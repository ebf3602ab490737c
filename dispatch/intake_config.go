package dispatch

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// IntakeConfig says how signals that are no calls become tickets.
type IntakeConfig struct {
	// Emergency are the channels whose signals may be emergencies although they do
	// not say so: what people write there without a hint, and what cannot be read,
	// is Critical and pages.
	Emergency []Channel `yaml:"emergency"`
	// A source that opens more tickets than this within the window is in a storm:
	// its further signals share one ticket until it calms down.
	StormAlarms int           `yaml:"storm_alarms"` // tickets of one client's machines
	StormPeople int           `yaml:"storm_people"` // tickets of one address, or of all strangers of a channel
	StormWindow time.Duration `yaml:"storm_window"`
}

// Defaults of IntakeConfig.
const (
	stormAlarms = 3  // what one outage brings before anybody has looked
	stormPeople = 30 // more than people write by hand
	stormWindow = 5 * time.Minute
)

func defaultIntake() IntakeConfig {
	return IntakeConfig{
		Emergency: []Channel{ChannelSMS, ChannelChat, ChannelPortal}, StormAlarms: stormAlarms, StormPeople: stormPeople, StormWindow: stormWindow,
	}
}

// Validate reports all faults, each with its field.
func (c IntakeConfig) Validate() error {
	var faults []error
	for i, ch := range c.Emergency {
		if !slices.Contains(messageChannels(), ch) {
			faults = append(faults, fmt.Errorf("emergency[%d]: %q is none of %v", i, ch, messageChannels()))
		}
	}
	if c.StormAlarms < 1 {
		faults = append(faults, fmt.Errorf("storm_alarms: %d, want at least 1", c.StormAlarms))
	}
	if c.StormPeople < 1 {
		faults = append(faults, fmt.Errorf("storm_people: %d, want at least 1", c.StormPeople))
	}
	if c.StormWindow <= 0 {
		faults = append(faults, fmt.Errorf("storm_window: %v, want more than zero", c.StormWindow))
	}
	return errors.Join(faults...)
}

// messageChannels are the channels that bring messages.
func messageChannels() []Channel {
	return []Channel{ChannelAPI, ChannelCLI, ChannelEmail, ChannelChat, ChannelSMS, ChannelPortal, ChannelMonitor}
}
