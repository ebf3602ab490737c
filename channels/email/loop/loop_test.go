package loop_test

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/channels/email/loop"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

func TestQuiet(t *testing.T) {
	t.Parallel()
	r := letter.NewReader(letter.Config{Instance: "help@desk.example"})
	own := []string{"help@desk.example"}
	for name, c := range map[string]struct {
		head  string
		quiet bool
	}{
		"a person":                {"From: anna@client.example\r\n", false},
		"a person says so":        {"From: anna@client.example\r\nAuto-Submitted: no\r\n", false},
		"a disk":                  {"From: nas@client.example\r\nAuto-Submitted: auto-generated\r\n", true},
		"out of office":           {"From: anna@client.example\r\nAuto-Submitted: auto-replied\r\n", true},
		"out of office, old form": {"From: anna@client.example\r\nX-Autoreply: yes\r\n", true},
		"a list":                  {"From: anna@client.example\r\nList-Id: <all.client.example>\r\n", true},
		"Exchange asks":           {"From: anna@client.example\r\nX-Auto-Response-Suppress: All\r\n", true},
		"a bounce":                {"From: MAILER-DAEMON@client.example\r\n", true},
		"nobody answers there":    {"From: no-reply@client.example\r\n", true},
		"another desk, automatic": {"From: help@other.example\r\nAuto-Submitted: auto-replied\r\nX-Vahta-Instance: help@other.example\r\n", true},
		"we ourselves":            {"From: Help@desk.example\r\n", true},
		"we with a tag":           {"From: help+VH-26-000001@desk.example\r\n", true},
		"our own mail came back":  {"From: anna@client.example\r\nX-Vahta-Instance: help@desk.example\r\n", true},
		"answers would go to us":  {"From: anna@client.example\r\nReply-To: help@desk.example\r\n", true},
		"nobody":                  {"", true},
	} {
		l := r.Read([]byte(c.head+"Subject: x\r\n\r\nText\r\n"), letter.Envelope{})
		if why := loop.Quiet(l, own); (why != "") != c.quiet {
			t.Errorf("%s: %q, want quiet %v", name, why, c.quiet)
		}
	}
}

func TestDecideBoundsAnySpan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		most, span := rapid.IntRange(1, 5).Draw(r, "most"), time.Hour
		now := time.Unix(1_800_000_000, 0)
		var sent []loop.Sent
		for i := range rapid.IntRange(1, 60).Draw(r, "mails") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(r, "pause")) * time.Minute)
			notice := strconv.Itoa(i)
			wait := loop.Decide(sent, notice, most, span, now)
			if wait == 0 {
				sent = append(sent, loop.Sent{Notice: notice, At: now})
				if loop.Decide(sent, notice, most, span, now) != 0 {
					r.Fatal("a retry is taken for a second mail")
				}
			} else if loop.Decide(sent, notice, most, span, now.Add(wait)) != 0 {
				r.Fatal("it must wait after it has waited")
			}
		}
		for i := most; i < len(sent); i++ {
			if sent[i].At.Sub(sent[i-most].At) < span {
				r.Fatalf("%d mails within %v", most+1, sent[i].At.Sub(sent[i-most].At))
			}
		}
	})
}

func notice(id, to string) dispatch.Notice {
	return dispatch.Notice{ID: id, Channel: dispatch.ChannelEmail, To: to, Ref: dispatch.Ref{ID: "t-" + id}}
}

func TestAnAddressGetsOneAnswerPerHour(t *testing.T) {
	t.Parallel()
	memory := store.NewMemory() // shared by the nodes, and there after a restart
	guard := func() *loop.Guard {
		g, err := loop.NewGuard(loop.Default(), memory)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	start := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	answers := 0
	for i := range 240 { // four hours of a machine that writes each minute and looks human
		v, err := guard().Ask(t.Context(), notice(strconv.Itoa(i), "Robot+"+strconv.Itoa(i)+"@Client.example"), true, start.Add(time.Duration(i)*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if !v.Spare {
			answers++
		}
	}
	if answers != 4 {
		t.Errorf("%d answers in four hours", answers)
	}
	if v, err := guard().Ask(t.Context(), notice("other", "anna@client.example"), true, start); err != nil || v.Spare {
		t.Errorf("another address pays for it: %+v, %v", v, err)
	}
	if v, err := guard().Ask(t.Context(), notice("status", "robot@client.example"), false, start.Add(4*time.Hour)); err != nil || v.Spare || v.Wait != 0 {
		t.Errorf("word of the work is held back: %+v, %v", v, err)
	}
}

func TestAllTogetherGetThirtyPerMinute(t *testing.T) {
	t.Parallel()
	g, err := loop.NewGuard(loop.Default(), store.NewMemory())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	out := 0
	for i := range 100 {
		v, err := g.Ask(t.Context(), notice(strconv.Itoa(i), strconv.Itoa(i)+"@client.example"), true, now)
		if err != nil || v.Spare {
			t.Fatalf("%+v, %v", v, err)
		}
		if v.Wait == 0 {
			out++
		} else if v, err = g.Ask(t.Context(), notice(strconv.Itoa(i), strconv.Itoa(i)+"@client.example"), true, now.Add(v.Wait)); i == 30 && (err != nil || v.Spare || v.Wait > 0) {
			t.Fatalf("what has waited does not go out: %+v, %v", v, err)
		}
	}
	if out != 30 {
		t.Errorf("%d mails in the first moment", out)
	}
}

func TestLimitsAreChecked(t *testing.T) {
	t.Parallel()
	for _, l := range []loop.Limits{{}, {Every: time.Hour}, {Every: time.Second, PerMinute: 30}, {Every: time.Hour, PerMinute: 6000}} {
		if _, err := loop.NewGuard(l, store.NewMemory()); err == nil {
			t.Errorf("%+v is taken", l)
		}
	}
}
