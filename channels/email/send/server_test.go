package send

import (
	"bufio"
	"context"
	"encoding/base64"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a submission server that answers by a script: the reply to each step, "hang" for none, "close" for the end of the line,
// "slow " before one that comes late.
// Steps are greeting, EHLO, AUTH, MAIL, RCPT, DATA, mail.
type server struct {
	mu     sync.Mutex
	script map[string]string // guarded by mu
	heard  []string          // guarded by mu
	mails  []string          // guarded by mu
	lines  []net.Conn        // guarded by mu
	open   int               // guarded by mu
	down   bool              // guarded by mu
}

// listen starts the server on a port of its own.
func listen(t *testing.T, script map[string]string) (*server, int) {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{script: script}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		s.hangUp()
		running.Wait()
	})
	return s, l.Addr().(*net.TCPAddr).Port
}

// dial is a line to the server without a network.
func (s *server) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: io.ErrClosedPipe}
	}
	near, far := net.Pipe()
	go s.serve(far)
	return near, nil
}

func (s *server) set(step, reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script[step] = reply
}

func (s *server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.lines {
		_ = c.Close()
	}
}

// got are the mails that were taken, and what was said to the server.
func (s *server) got() (mails, heard []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails...), append([]string(nil), s.heard...)
}

func (s *server) serve(c net.Conn) {
	s.mu.Lock()
	s.lines = append(s.lines, c)
	s.open++
	s.mu.Unlock()
	defer func() {
		_ = c.Close()
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}()
	in := bufio.NewReader(c)
	say := func(step, usual string) bool {
		s.mu.Lock()
		reply, ok := s.script[step]
		s.mu.Unlock()
		if !ok {
			reply = usual
		}
		switch reply {
		case "close":
			return false
		case "hang":
			_, _ = io.Copy(io.Discard, in)
			return false
		}
		if late, slow := strings.CutPrefix(reply, "slow "); slow {
			reply = late
			<-time.After(4 * time.Second) // by the clock of a bubble
		}
		_, err := io.WriteString(c, reply+"\r\n")
		return err == nil
	}
	if !say("greeting", "220 test ESMTP") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		s.mu.Lock()
		s.heard = append(s.heard, line)
		s.mu.Unlock()
		verb := strings.ToUpper(strings.SplitN(line, " ", 2)[0])
		var going bool
		switch verb {
		case "EHLO":
			going = say(verb, "250-test\r\n250-DSN\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN XOAUTH2")
		case "AUTH":
			going = say(verb, "235 2.7.0 welcome")
		case "DATA":
			if going = say(verb, "354 go on"); going && !strings.HasPrefix(s.reply(verb), "5") {
				going = s.mail(in) && say("mail", "250 2.0.0 taken")
			}
		case "QUIT":
			say(verb, "221 bye")
			return
		default:
			going = say(verb, "250 2.1.0 fine")
		}
		if !going {
			return
		}
	}
}

func (s *server) reply(step string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.script[step]
}

// mail reads a mail to its end.
func (s *server) mail(in *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	if r := s.reply("mail"); r == "" || strings.HasPrefix(r, "2") {
		s.mu.Lock()
		s.mails = append(s.mails, b.String())
		s.mu.Unlock()
	}
	return true
}

// xoauth2 is the token that a line of AUTH XOAUTH2 holds.
func xoauth2(line string) string {
	enc := strings.TrimPrefix(line, "AUTH XOAUTH2 ")
	raw, _ := base64.StdEncoding.DecodeString(enc)
	_, token, _ := strings.Cut(string(raw), "auth=Bearer ")
	return strings.TrimRight(token, "\x01")
}
