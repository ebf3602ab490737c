package siptest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Baresip describes a run of Debian's baresip 1.0.0.
//
// What works in that version, and is therefore used: the aufile module as a
// source (it must be 16-bit mono at 8 kHz and plays once), aubridge as a player
// that needs no sound card, the sndfile filter as a recorder of what is decoded
// (dump-*-dec.wav), and ctrl_tcp for commands and events. aufile is no player
// there. baresip also listens for TLS on the port behind its SIP port.
type Baresip struct {
	User       string
	Transport  string  // "udp" (default) or "tcp"
	Tone       float64 // Hz, what it talks
	AutoAnswer bool    // answer each call at once
	Codec      string  // "PCMA" (default) or "PCMU"
	DTMF       string  // "rtpevent" (default) or "info"
	SRTP       string  // "" (default) plain, "srtp" offered, "srtp-mand" required

	Register Register // where it registers; the zero value: nowhere
	Network  Network  // where it runs; nil = here, on the loopback
}

// Register is a registration of baresip.
type Register struct {
	Server   netip.AddrPort // by Baresip.Transport, which may then be "tls" too
	Password string
	Every    int    // seconds between refreshes are somewhat less; 0 = 60
	CA       string // PEM; who signed the server's certificate
	SRTP     bool   // mandatory
	Instance string // UUID of the phone; "" = it tells none
}

// Network is where a phone of a test lives; a NAT is one.
type Network interface {
	Name() string                                   // of the network namespace
	Addr() netip.Addr                               // of the phone
	Dial(network, address string) (net.Conn, error) // from within
}

// BaresipRun is baresip at work.
type BaresipRun struct {
	*child
	cfg  Baresip
	addr netip.AddrPort
	dir  string
	log  Log[BaresipEvent]
	ctl  net.Conn
	wg   sync.WaitGroup
}

// BaresipEvent is one event or command answer of ctrl_tcp.
type BaresipEvent struct {
	Event    bool   `json:"event"`
	Type     string `json:"type"` // CALL_INCOMING, CALL_RINGING, CALL_ESTABLISHED, CALL_DTMF_START, CALL_CLOSED …
	Peer     string `json:"peeruri"`
	Param    string `json:"param"`
	Response bool   `json:"response"`
	OK       bool   `json:"ok"`
	Token    string `json:"token"`
	Data     string `json:"data"`
}

// talkSeconds is the length of the tone file: longer than any test talks.
const talkSeconds = 120

// StartBaresip runs baresip for the time of the test. It is reachable when
// StartBaresip returns.
func StartBaresip(tb testing.TB, cfg Baresip) *BaresipRun {
	tb.Helper()
	cfg = cfg.withDefaults()
	dir := tb.TempDir()
	sip, ctl, rtp := freePorts(tb, 2), freePorts(tb, 1), freePorts(tb, 20)
	host, dial := netip.AddrFrom4([4]byte{127, 0, 0, 1}), net.Dial
	program, args := "baresip", []string{"-f", dir}
	if cfg.Network != nil {
		host, dial = cfg.Network.Addr(), cfg.Network.Dial
		program, args = "ip", append([]string{"netns", "exec", cfg.Network.Name(), "baresip"}, args...)
	}
	r := &BaresipRun{cfg: cfg, dir: dir, addr: netip.AddrPortFrom(host, sip)}
	if err := os.Mkdir(filepath.Join(dir, "recorded"), 0o700); err != nil {
		tb.Fatalf("make a folder for baresip: %v", err)
	}
	writeFile(tb, filepath.Join(dir, "tone.wav"), toneWAV(cfg.Tone, talkSeconds))
	writeFile(tb, filepath.Join(dir, "config"), []byte(cfg.config(dir, r.addr, ctl, rtp)))
	writeFile(tb, filepath.Join(dir, "accounts"), []byte(cfg.account(dir, r.addr)))
	writeFile(tb, filepath.Join(dir, "contacts"), nil)
	writeFile(tb, filepath.Join(dir, "uuid"), []byte(cfg.Register.Instance))

	r.child = startChild(tb, program, "baresip-core", dir, args...)
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("baresip %s:\n%s", cfg.User, r.text())
		}
	})
	r.awaitPort("tcp", ctl)
	r.awaitPort("udp", sip)
	var err error
	if r.ctl, err = dial("tcp", fmt.Sprintf("127.0.0.1:%d", ctl)); err != nil {
		tb.Fatalf("connect to baresip's ctrl_tcp: %v", err)
	}
	r.wg.Go(r.listen)
	tb.Cleanup(func() { _ = r.ctl.Close(); r.wg.Wait() })
	return r
}

func (c Baresip) withDefaults() Baresip {
	for _, d := range []struct {
		field *string
		value string
	}{{&c.User, "baresip"}, {&c.Transport, "udp"}, {&c.Codec, "PCMA"}, {&c.DTMF, "rtpevent"}} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if c.Register.Every == 0 {
		c.Register.Every = 60
	}
	return c
}

func (c Baresip) config(dir string, addr netip.AddrPort, ctl, rtp uint16) string {
	more, listen := "", addr.String()
	if c.Register.CA != "" {
		more = "sip_cafile " + c.Register.CA + "\nsip_verify_server yes\n"
	}
	if c.Register.Instance != "" {
		more += "module_tmp uuid.so\n"
	}
	if c.SRTP != "" || c.Register.SRTP {
		more += "module srtp.so\n"
	}
	return more + fmt.Sprintf(`poll_method epoll
sip_listen %s
net_interface %[6]s
call_local_timeout 120
call_max_calls 4
audio_player aubridge,nil
audio_source aufile,%[2]s/tone.wav
audio_alert aubridge,nil
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_txmode poll
audio_level no
rtp_ports %[3]d-%[4]d
jitter_buffer_delay 1-5
rtp_stats no
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app ctrl_tcp.so
module_app menu.so
ctrl_tcp_listen 127.0.0.1:%[5]d
snd_path %[2]s/recorded
`, listen, dir, rtp, rtp+19, ctl, c.netInterface(addr))
}

func (c Baresip) account(dir string, addr netip.AddrPort) string {
	mode := "manual"
	if c.AutoAnswer {
		mode = "auto"
	}
	where, register := addr, ";regint=0"
	if r := c.Register; r.Server.IsValid() {
		where = r.Server
		register = fmt.Sprintf(";auth_user=%s;auth_pass=%s;regint=%d", c.User, r.Password, r.Every)
		if r.SRTP {
			register += ";mediaenc=srtp-mand"
		}
		if r.Instance != "" {
			register += fmt.Sprintf(";sipnat=outbound;outbound=\"sip:%s;transport=%s\"", r.Server, c.Transport)
		}
	}
	if c.SRTP != "" {
		register += ";mediaenc=" + c.SRTP
	}
	return fmt.Sprintf("<sip:%s@%s;transport=%s>%s;answermode=%s;audio_codecs=%s;dtmfmode=%s;audio_source=aufile,%s/tone.wav\n",
		c.User, where, c.Transport, register, mode, c.Codec, c.DTMF, dir)
}

// netInterface is the interface, or the address of the loopback, that baresip is bound to.
func (c Baresip) netInterface(addr netip.AddrPort) string {
	if c.Network != nil {
		return insideInterface
	}
	return addr.Addr().String()
}

// URI is baresip's address.
func (r *BaresipRun) URI() string {
	return "sip:" + r.cfg.User + "@" + r.addr.String() + ";transport=" + r.cfg.Transport
}

// Addr is where baresip listens.
func (r *BaresipRun) Addr() netip.AddrPort { return r.addr }

// Command gives a command of baresip's menu, such as "dial sip:…", "accept",
// "hangup", "hold", "resume", "sndcode 1", and waits until it is taken.
func (r *BaresipRun) Command(line string) {
	r.tb.Helper()
	name, params, _ := strings.Cut(line, " ")
	token := strconv.Itoa(len(r.log.All())) + "." + name
	text, err := json.Marshal(map[string]string{"command": name, "params": params, "token": token})
	if err != nil {
		r.tb.Fatalf("encode the baresip command %q: %v", line, err)
	}
	if _, err := fmt.Fprintf(r.ctl, "%d:%s,", len(text), text); err != nil {
		r.tb.Fatalf("give baresip the command %q: %v", line, err)
	}
	answer := r.expect("answer to "+line, func(e BaresipEvent) bool { return e.Response && e.Token == token })
	if !answer.OK {
		r.tb.Fatalf("baresip refused %q: %s", line, answer.Data)
	}
}

// Expect waits for the first event of that type, past or to come.
func (r *BaresipRun) Expect(kind string) BaresipEvent {
	r.tb.Helper()
	return r.expect(kind, func(e BaresipEvent) bool { return e.Type == kind })
}

func (r *BaresipRun) expect(what string, match func(BaresipEvent) bool) BaresipEvent {
	r.tb.Helper()
	ctx, cancel := patient(r.tb)
	defer cancel()
	e, err := r.log.Wait(ctx, match)
	if err != nil {
		r.tb.Fatalf("baresip %s: no %s: %v; its output:\n%s", r.cfg.User, what, err, r.text())
	}
	return e
}

// Digits are the keys baresip has heard so far.
func (r *BaresipRun) Digits() string {
	var digits strings.Builder
	for _, e := range r.log.All() {
		if e.Type == "CALL_DTMF_START" {
			digits.WriteString(e.Param)
		}
	}
	return digits.String()
}

// Heard is the audio of its call, 8 kHz linear. It is complete once
// CALL_CLOSED has come.
func (r *BaresipRun) Heard() []int16 {
	r.tb.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "recorded", "*-dec.wav"))
	if err != nil || len(files) == 0 {
		r.tb.Fatalf("find what baresip recorded: %d files, %v", len(files), err)
	}
	data, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		r.tb.Fatalf("read what baresip recorded: %v", err)
	}
	return wavSamples(data)
}

// listen reads netstrings of JSON until the connection ends.
func (r *BaresipRun) listen() {
	in := bufio.NewReader(r.ctl)
	for {
		size, err := in.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimRight(size, ":"))
		if err != nil {
			return
		}
		text := make([]byte, n+1) // and the comma
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		var e BaresipEvent
		if json.Unmarshal(text[:n], &e) == nil {
			r.log.Add(e)
		}
	}
}

// toneWAV is a mono 16-bit WAV file of 8 kHz with a tone; 0 Hz is silence.
func toneWAV(hz float64, seconds int) []byte {
	n := 8000 * seconds
	out := make([]byte, 44, 44+2*n)
	copy(out, "RIFF")
	le32(out[4:], uint32(36+2*n))
	copy(out[8:], "WAVEfmt ")
	copy(out[16:], []byte{16, 0, 0, 0, 1, 0, 1, 0})
	le32(out[24:], 8000)
	le32(out[28:], 16000)
	copy(out[32:], []byte{2, 0, 16, 0})
	copy(out[36:], "data")
	le32(out[40:], uint32(2*n))
	for i := range n {
		s := int16(toneLevel * math.Sin(2*math.Pi*hz*float64(i)/8000))
		out = append(out, byte(s), byte(uint16(s)>>8))
	}
	return out
}

func le32(b []byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// wavSamples are the 16-bit samples behind the "data" mark of a mono file; a
// length that was never filled in means to the end.
func wavSamples(file []byte) []int16 {
	at := strings.Index(string(file), "data")
	if at < 0 || at+8 > len(file) {
		return nil
	}
	data := file[at+8:]
	pcm := make([]int16, len(data)/2)
	for i := range pcm {
		pcm[i] = int16(uint16(data[2*i]) | uint16(data[2*i+1])<<8)
	}
	return pcm
}
