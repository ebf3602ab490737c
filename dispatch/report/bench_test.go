package report

import (
	"testing"
	"time"
)

// BenchmarkReport is an incident's report from its log to each of its forms.
func BenchmarkReport(b *testing.B) {
	src := source(b, monday())
	m := Build(src)
	d := Layout(m, Seal{})
	made := time.Date(2026, time.March, 3, 14, 0, 0, 0, time.UTC)
	for name, render := range map[string]func() error{
		"build":    func() error { Layout(Build(src), Seal{}); return nil },
		"markdown": func() error { Markdown(d); return nil },
		"html":     func() error { _, err := HTML(d); return err },
		"pdf":      func() error { _, err := PDF(d, made); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := render(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
