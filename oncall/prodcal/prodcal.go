// Package prodcal knows production calendars: the Russian ones that ship with the program, and how an administrator writes
// one. It is pure and stateless: the files are embedded, nothing is read from disk or network, and there is no clock.
//
// A production calendar says of each date of a year whether people work: public holidays (Labour Code of Russia, art. 112),
// days off that the Government moves by a decree each autumn, workdays that are an hour shorter (art. 95). A file holds one
// year and lists only the dates whose class is not that of their weekday, with the decree as its source. A year without a
// decree is not here: the weekdays speak until somebody adds it.
//
// A weekend day that is worked and is shorter at that, such as 2 November 2024, is Short: that class says both.
package prodcal

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/butlerspb/vahta/oncall"
)

// Russian is the ID of the calendar of Russia.
const Russian = "ru"

//go:embed ru/*.yaml
var files embed.FS

// Years returns the years that ship with the program, oldest first.
func Years() ([]oncall.CalendarYear, error) {
	entries, err := files.ReadDir(Russian)
	if err != nil {
		return nil, fmt.Errorf("read production calendars: %w", err)
	}
	years := make([]oncall.CalendarYear, 0, len(entries))
	for _, entry := range entries { // sorted by name
		text, err := files.ReadFile(Russian + "/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read production calendar: %w", err)
		}
		year, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		years = append(years, year)
	}
	return years, nil
}

// Parse reads one year as it is written in a file. It refuses what is unknown, what does not exist and what says nothing,
// every fault with its date and a remedy.
func Parse(text []byte) (oncall.CalendarYear, error) {
	var year oncall.CalendarYear
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := decoder.Decode(&year); err != nil {
		return oncall.CalendarYear{}, fmt.Errorf("read production calendar: %w", err)
	}
	if err := check(year); err != nil {
		return oncall.CalendarYear{}, fmt.Errorf("read production calendar %s %d: %w", year.Calendar, year.Year, err)
	}
	return year, nil
}

// check returns every fault of a year, joined.
func check(year oncall.CalendarYear) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if year.Calendar == "" {
		fault("calendar: missing; name it, such as %q", Russian)
	}
	if year.Year < 1970 || year.Year > 2100 {
		fault("year: %d is no year of a rota; write four digits", year.Year)
	}
	if year.Source == "" {
		fault("source: missing; name the decree, so that others can check the dates")
	}
	if _, err := time.Parse(time.DateOnly, year.Date); err != nil {
		fault("date: %q is no date; write when the source was published, such as 2025-09-24", year.Date)
	}
	if len(year.Days) == 0 {
		fault("days: none; a year without holidays would be taken for a complete one")
	}
	dates := make([]string, 0, len(year.Days))
	for date := range year.Days {
		dates = append(dates, date)
	}
	slices.Sort(dates)
	for _, date := range dates {
		if err := year.CheckDay(date); err != nil {
			fault("days %q: %w", date, err)
		}
	}
	return errors.Join(faults...)
}
