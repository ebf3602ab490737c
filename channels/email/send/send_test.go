package send

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/channels/email/ids"
	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/channels/email/loop"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const address = "help@desk.example"

// drawer keeps a secret, as the record does.
type drawer struct{}

func (drawer) Secret(context.Context, string, []byte) ([]byte, error) {
	return bytes.Repeat([]byte("k"), 32), nil
}

func plainAccount(name string, port int) Account {
	return Account{Name: name, Host: "127.0.0.1", Port: port, TLS: SecurityNone, Timeout: time.Second}
}

func notifier(t *testing.T, accounts ...Account) *Notifier {
	t.Helper()
	cfg := Default()
	cfg.From, cfg.Accounts = "Дежурная служба <"+address+">", accounts
	n, err := New(cfg, Deps{IDs: ids.New("desk.example"), Secrets: drawer{}, Memory: store.NewMemory()})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func word(human bool, purpose ticket.Purpose) dispatch.Notice {
	id := uuid.NewString()
	return dispatch.Notice{
		ID: "msg-" + id, Kind: dispatch.NoticeClient, Channel: dispatch.ChannelEmail, To: "anna@client.example",
		Ref: dispatch.Ref{ID: id, Number: "VH-26-000042"}, Language: "ru", Attempt: 1,
		Message: dispatch.ClientMessage{
			ID: "m1", Name: "Анна", Subject: "[VH-26-000042] Ответ инженера", Text: "Сервер <1С> снова работает.\n.\nПроверьте, пожалуйста.",
			Link: "https://desk.example/t/abc", Human: human, Purpose: purpose,
		},
	}
}

// send hands a notice over and returns the name that it was given.
func send(t *testing.T, n *Notifier, notice dispatch.Notice) (stamp string, result dispatch.Result, err error) {
	t.Helper()
	notice.Stamp = func(s string) { stamp = s }
	result, err = n.Notify(t.Context(), notice)
	return stamp, result, err
}

func TestAMailIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	s, port := listen(t, map[string]string{})
	n := notifier(t, plainAccount("main", port))
	n.deps.Thread = func(context.Context, dispatch.Ref) (Thread, error) {
		return Thread{Answered: "theirs@client.example", Earlier: []string{"first@client.example", "bad id", "theirs@client.example"}}, nil
	}
	notice := word(true, ticket.ForReply)
	report := bytes.Repeat([]byte("%PDF отчёт\n"), 1000)
	notice.Message.Enclosed = []dispatch.Enclosure{{Name: "Отчёт VH-26-000042.pdf", Type: "application/pdf", Report: 1}, {Name: "дамп.bin", Hash: "h"}}
	n.cfg.LargestFile = int64(len(report))
	notice.Open = func(_ context.Context, e dispatch.Enclosure) (io.ReadCloser, error) {
		if e.Report == 1 {
			return io.NopCloser(bytes.NewReader(report)), nil
		}
		return io.NopCloser(strings.NewReader("too much")), nil
	}
	stamp, result, err := send(t, n, notice)
	if err != nil || result != dispatch.ResultDelivered {
		t.Fatal(result, err)
	}
	mails, heard := s.got()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	for _, want := range []string{"MAIL FROM:<" + address + "> BODY=8BITMIME RET=HDRS", "RCPT TO:<anna@client.example> NOTIFY=FAILURE,DELAY"} {
		if !slices.Contains(heard, want) {
			t.Errorf("%q was not said: %q", want, heard)
		}
	}
	l := letter.NewReader(letter.Config{Instance: address}).Read([]byte(mails[0]), letter.Envelope{})
	if len(l.Faults) > 0 {
		t.Errorf("faults: %+v", l.Faults)
	}
	root := n.deps.IDs.Root(notice.Ref.ID)
	if l.ID != stamp || !slices.Equal(l.InReplyTo, []string{"theirs@client.example"}) ||
		!slices.Equal(l.References, []string{root, "first@client.example", "theirs@client.example"}) {
		t.Errorf("id %q (stamp %q), answers %q, refers to %q", l.ID, stamp, l.InReplyTo, l.References)
	}
	if l.From[0] != (letter.Address{Name: "Дежурная служба", Mail: address}) || l.To[0] != (letter.Address{Name: "Анна", Mail: "anna@client.example"}) {
		t.Errorf("from %+v to %+v", l.From, l.To)
	}
	if l.Subject != notice.Message.Subject || !strings.HasPrefix(l.Text, notice.Message.Text) || !strings.Contains(l.Text, notice.Message.Link) {
		t.Errorf("subject %q, text %q", l.Subject, l.Text)
	}
	if !strings.Contains(l.Text, "спросите у инженера: дамп.bin") || strings.Contains(l.Text, "автоматически") {
		t.Errorf("text %q", l.Text)
	}
	if !strings.Contains(l.HTML, "&lt;1С&gt;") || !strings.Contains(l.HTML, `href="https://desk.example/t/abc"`) {
		t.Errorf("html %q", l.HTML)
	}
	if len(l.Attachments) != 1 || l.Attachments[0].Name != "Отчёт VH-26-000042.pdf" || !bytes.Equal(l.Attachments[0].Content, report) {
		t.Errorf("%d attachments", len(l.Attachments))
	}
	if l.Automatic.Class != letter.Loopback { // to ourselves it is a loop, to others a person's word
		t.Errorf("to ourselves it is %v", l.Automatic.Class)
	}
	if l := letter.NewReader(letter.Config{}).Read([]byte(mails[0]), letter.Envelope{}); l.Automatic.Quiet {
		t.Errorf("a person's word says that it is automatic: %s", l.Automatic.Sign)
	}
}

func TestVahtasOwnWordSaysSo(t *testing.T) {
	t.Parallel()
	s, port := listen(t, map[string]string{})
	n := notifier(t, plainAccount("main", port))
	page := word(false, "")
	page.Kind, page.Language, page.Texts = dispatch.NoticePage, "en", map[string]string{"en": "VH-26-000042 Romashka: 1C is down\nAnswer 4217 ok"}
	for kind, notice := range map[letter.Class]dispatch.Notice{letter.AutoReply: word(false, ticket.ForReceipt), letter.Generated: page} {
		if _, result, err := send(t, n, notice); err != nil || result != dispatch.ResultDelivered {
			t.Fatal(result, err)
		}
		mails, _ := s.got()
		l := letter.NewReader(letter.Config{}).Read([]byte(mails[len(mails)-1]), letter.Envelope{})
		if l.Automatic.Class != kind || loop.Quiet(l, nil) == "" {
			t.Errorf("%v: %+v", kind, l.Automatic)
		}
		if !strings.Contains(strings.ToLower(mails[len(mails)-1]), "x-auto-response-suppress: all\r\n") {
			t.Errorf("%v: Exchange may answer", kind)
		}
		if kind == letter.Generated && (l.Subject != "VH-26-000042 Romashka: 1C is down" || !strings.Contains(l.Text, "Answer 4217 ok")) {
			t.Errorf("page: %q %q", l.Subject, l.Text)
		}
	}
}

func TestARetryHasTheSameID(t *testing.T) {
	t.Parallel()
	s, port := listen(t, map[string]string{"mail": "451 4.3.0 later"})
	n := notifier(t, plainAccount("main", port))
	notice := word(true, ticket.ForReply)
	if _, _, err := send(t, n, notice); err == nil || errors.Is(err, dispatch.ErrPermanent) {
		t.Fatal(err)
	}
	s.set("mail", "250 2.0.0 taken")
	first, _, err := send(t, n, notice)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := send(t, n, notice) // the record of the first was lost
	if err != nil || first != second {
		t.Fatal(first, second, err)
	}
	if named, ok := n.deps.IDs.Ticket(first); !ok || named != notice.Ref.ID {
		t.Fatalf("the id names %s", named)
	}
}

func TestWhatAServerSaysIsJudged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step, reply string
		want        outcome
		gone        bool
	}{
		"greylisting":              {"RCPT", "450 4.2.0 greylisted", later, false},
		"busy":                     {"greeting", "421 4.3.2 too many", unwelcome, false},
		"no welcome":               {"greeting", "554 go away", unwelcome, false},
		"hangs":                    {"greeting", "hang", unreached, false},
		"hangs at the recipient":   {"RCPT", "hang", unreached, false},
		"hangs up":                 {"MAIL", "close", unreached, false},
		"wrong password":           {"AUTH", "535 5.7.8 no", unwelcome, false},
		"not our address":          {"MAIL", "553 5.7.1 sender is not owned", unwelcome, false},
		"no such user":             {"RCPT", "550 5.1.1 no such user", never, true},
		"mailbox is closed":        {"RCPT", "550 5.2.1 disabled", never, true},
		"policy":                   {"RCPT", "554 5.7.1 relay access denied", refused, true},
		"too large":                {"MAIL", "552 5.3.4 too large", never, true},
		"spam":                     {"mail", "550 5.7.1 spam", refused, true},
		"full, later":              {"mail", "452 4.3.1 no space", later, false},
		"quiet when it has it all": {"mail", "hang", unsure, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, port := listen(t, map[string]string{c.step: c.reply})
			a := plainAccount("main", port)
			a.User, a.Password = "u", "hush-hush"
			n := notifier(t, a)
			d := draftOf(word(true, ticket.ForReply))
			d.from, d.to, d.thread.ID = n.from, n.from, "x@y"
			got, err := n.accounts[0].send(t.Context(), d)
			if got != c.want {
				t.Errorf("%v (%v), want %v", got, err, c.want)
			}
			_, result, err := send(t, n, word(true, ticket.ForReply))
			if errors.Is(err, dispatch.ErrPermanent) != c.gone || result != dispatch.ResultFailed {
				t.Errorf("%s, %v", result, err)
			}
			if strings.Contains(err.Error(), "anna") || strings.Contains(err.Error(), "hush") {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestAnotherAccountTakesIt(t *testing.T) {
	t.Parallel()
	bad, badPort := listen(t, map[string]string{"MAIL": "553 5.7.1 no"})
	good, goodPort := listen(t, map[string]string{})
	second := plainAccount("second", goodPort)
	second.From = "Vahta <relay@provider.example>"
	n := notifier(t, plainAccount("first", badPort), second)
	for range 3 {
		if _, _, err := send(t, n, word(true, ticket.ForReply)); err != nil {
			t.Fatal(err)
		}
	}
	mails, _ := good.got()
	if len(mails) != 3 {
		t.Fatalf("%d mails", len(mails))
	}
	l := letter.NewReader(letter.Config{}).Read([]byte(mails[0]), letter.Envelope{})
	if l.From[0].Mail != "relay@provider.example" || l.ReplyTo[0].Mail != address {
		t.Errorf("from %v, answers to %v", l.From, l.ReplyTo)
	}
	tried := 0
	_, heard := bad.got()
	for _, line := range heard {
		if strings.HasPrefix(line, "MAIL") {
			tried++
		}
	}
	if tried != 1 {
		t.Errorf("the account that refuses us was tried %d times", tried)
	}
	if _, fault := n.Pulse(); fault != nil {
		t.Errorf("mail goes out, and the pulse says %v", fault)
	}
	good.set("mail", "hang") // it may have the mail: nobody else gets it now
	bad.set("MAIL", "250 fine")
	n.accounts[0], n.accounts[1] = n.accounts[1], n.accounts[0]
	n.accounts[1].leave(taken, nil) // it does not rest any more
	if _, _, err := send(t, n, word(true, ticket.ForReply)); err == nil || errors.Is(err, dispatch.ErrPermanent) {
		t.Fatal(err)
	}
	if mails, _ := bad.got(); len(mails) != 0 {
		t.Error("a mail that may be on its way went out once more")
	}
}

func TestTheTokenIsAskedAgainWhenItIsRefused(t *testing.T) {
	t.Parallel()
	asked := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("refresh_token") != "again" || r.FormValue("grant_type") != "refresh_token" || r.FormValue("client_id") != "vahta" {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		asked++
		_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":3600}`, asked)
	}))
	t.Cleanup(web.Close)
	s, port := listen(t, map[string]string{})
	a := plainAccount("main", port)
	a.User, a.OAuth = address, OAuth{TokenURL: web.URL, ClientID: "vahta", RefreshToken: "again"}
	n := notifier(t, a)
	t.Cleanup(n.accounts[0].tokens.client.CloseIdleConnections)
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	n.accounts[0].now = func() time.Time { return now }
	for _, step := range []struct {
		reply string
		fails bool
		token string
	}{{"235 ok", false, "token-1"}, {"235 ok", false, "token-1"}, {"535 5.7.8 expired", true, "token-1"}, {"235 ok", false, "token-2"}} {
		s.set("AUTH", step.reply)
		now = now.Add(rest)
		if _, _, err := send(t, n, word(true, ticket.ForReply)); (err != nil) != step.fails || errors.Is(err, dispatch.ErrPermanent) {
			t.Fatalf("%+v: %v", step, err)
		}
		_, heard := s.got()
		i := len(heard) - 1
		for ; i >= 0 && !strings.HasPrefix(heard[i], "AUTH XOAUTH2"); i-- {
		}
		if i < 0 || xoauth2(heard[i]) != step.token {
			t.Fatalf("%+v: %q", step, heard)
		}
	}
	web.Config.Handler = http.NotFoundHandler()
	n.accounts[0].tokens.drop("token-2")
	if _, _, err := send(t, n, word(true, ticket.ForReply)); !errors.Is(err, errToken) && (err == nil || !strings.Contains(err.Error(), "OAuth")) {
		t.Fatal(err)
	}
}

func TestAutomaticMailIsHeldBack(t *testing.T) {
	t.Parallel()
	s, port := listen(t, map[string]string{})
	n := notifier(t, plainAccount("main", port))
	first := word(false, ticket.ForReceipt)
	if _, result, err := send(t, n, first); err != nil || result != dispatch.ResultDelivered {
		t.Fatal(result, err)
	}
	if _, result, err := send(t, n, first); err != nil || result != dispatch.ResultDelivered { // the record of it was lost
		t.Fatal(result, err)
	}
	if _, result, err := send(t, n, word(false, ticket.ForReceipt)); result != dispatch.ResultLimited || !errors.Is(err, dispatch.ErrPermanent) {
		t.Fatal(result, err)
	}
	for range 28 { // of the work, and of people: held by the limit of all, and by none
		if _, _, err := send(t, n, word(false, ticket.ForStatus)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := send(t, n, word(true, ticket.ForReply)); err != nil {
			t.Fatal(err)
		}
	}
	if mails, _ := s.got(); len(mails) != 2+56 {
		t.Fatalf("%d mails", len(mails))
	}
	_, _, err := send(t, n, word(false, ticket.ForStatus))
	_, _, full := send(t, n, word(false, ticket.ForStatus))
	if err != nil || full == nil || errors.Is(full, dispatch.ErrPermanent) {
		t.Fatal(err, full)
	}
	if wait, ok := errors.AsType[*failure](full); !ok || wait.RetryAfter() <= 0 {
		t.Fatalf("%v does not say when to come again", full)
	}
}

func TestNoMailToWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	s, port := listen(t, map[string]string{})
	n := notifier(t, plainAccount("main", port))
	for _, to := range []string{"", "anna", "anna@client.example\r\nBcc: all@client.example", "a@b.example, c@d.example", "<a@b.example>; c@d.example"} {
		notice := word(true, ticket.ForReply)
		notice.To = to
		if _, _, err := send(t, n, notice); !errors.Is(err, dispatch.ErrPermanent) {
			t.Errorf("%q: %v", to, err)
		}
	}
	notice := word(true, ticket.ForReply)
	notice.Message.Subject, notice.Message.Name = "a\r\nBcc: all@client.example", "x\r\nBcc: all@client.example"
	if _, _, err := send(t, n, notice); err != nil {
		t.Fatal(err)
	}
	mails, heard := s.got()
	if len(mails) != 1 || strings.Contains(mails[0], "\r\nBcc") || slices.ContainsFunc(heard, func(l string) bool { return strings.Contains(l, "<all@") }) {
		t.Errorf("a header was slipped in: %q", mails)
	}
}

// A try ends with its time and its line, whatever the server and the library do.
func TestATryEnds(t *testing.T) {
	t.Parallel()
	for how, script := range map[string]map[string]string{
		"each answer is slow":     {"greeting": "slow 220 test", "MAIL": "slow 250 fine", "RCPT": "slow 250 fine", "DATA": "slow 354 go on"},
		"the password is refused": {"AUTH": "535 5.7.8 no"},
		"the mail is refused":     {"mail": "550 5.7.1 no"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{script: script}
			n := notifier(t, Account{Name: "main", Host: "127.0.0.1", TLS: SecurityNone, User: "u", Password: "p"})
			n.accounts[0].dial = s.dial
			began := time.Now()
			if _, _, err := send(t, n, word(true, ticket.ForReply)); err == nil {
				t.Errorf("%s: it was taken", how)
			}
			if took := time.Since(began); took > defaultTimeout {
				t.Errorf("%s: it took %v", how, took)
			}
			<-time.After(5 * time.Second) // the server has seen it, too
			synctest.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.open != 0 {
				t.Errorf("%s: %d lines are left open", how, s.open)
			}
		})
	}
}

// An hour without a server: each try ends soon and says that it was not for good, a server that hangs is asked seldom, and what is
// back is found within seconds.
func TestAnHourWithoutAServer(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"down", "hang", "close", "421 4.3.2 restarting"} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{script: map[string]string{}}
			n := notifier(t, Account{Name: "main", Host: "127.0.0.1", TLS: SecurityNone})
			n.accounts[0].dial = s.dial
			notice := word(true, ticket.ForReply)
			if s.script["greeting"] = how; how == "down" {
				s.down = true
			}
			start, tries := time.Now(), 0
			for ; time.Since(start) < time.Hour; tries++ {
				began := time.Now()
				if _, _, err := send(t, n, notice); err == nil || errors.Is(err, dispatch.ErrPermanent) {
					t.Fatalf("%s: %v", how, err)
				}
				if took := time.Since(began); took > defaultTimeout {
					t.Fatalf("%s: a try took %v", how, took)
				}
				time.Sleep(time.Second)
			}
			if _, fault := n.Pulse(); fault == nil {
				t.Errorf("%s: the pulse says that all is well", how)
			}
			s.mu.Lock()
			s.down = false
			delete(s.script, "greeting")
			s.mu.Unlock()
			back := time.Now()
			for {
				if _, _, err := send(t, n, notice); err == nil {
					break
				}
				time.Sleep(time.Second)
			}
			if late := time.Since(back); late > 5*time.Second {
				t.Errorf("%s: found again after %v", how, late)
			}
			if mails, _ := s.got(); len(mails) != 1 {
				t.Errorf("%s: %d mails", how, len(mails))
			}
			synctest.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.open != 0 {
				t.Errorf("%s: %d lines are left open", how, s.open)
			}
			t.Logf("%s: %d tries in an hour", how, tries)
		})
	}
}
