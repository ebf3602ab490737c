package wire

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestQuietLogIsLimitedAndMasked(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	var out syncBuffer
	log := slog.New(newQuiet(slog.NewTextHandler(&out, nil), func() time.Time { return now }))
	for i := range 1000 {
		log.Error("failed to parse", "data", fmt.Sprintf("INVITE sip:+7812555%04d@h %s", i, strings.Repeat("x", 1000)))
		log.Info("not for production")
	}
	if n := strings.Count(out.String(), "failed to parse"); n != quietBurst {
		t.Errorf("%d lines in a second, want %d", n, quietBurst)
	}
	if strings.Contains(out.String(), "7812555") || strings.Contains(out.String(), "not for") || len(out.String()) > 2000 {
		t.Errorf("the log holds %q", out.String())
	}
	now = now.Add(quietPeriod)
	log.Error("failed to parse")
	if want := fmt.Sprintf("suppressed=%d", 1000-quietBurst); !strings.Contains(out.String(), want) {
		t.Errorf("%s is missing", want)
	}
	for i := range 10 * quietKeys {
		log.Error(fmt.Sprint("text ", i)) //nolint:sloglint // many texts are the point
	}
	if n := strings.Count(out.String(), "msg=\"text "); n > quietKeys+quietBurst {
		t.Errorf("%d lines of different texts", n)
	}
}
