package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/wire"
)

// callFlags are the flags of vahta call that are no part of the script itself.
type callFlags struct {
	keys, dtmf       string
	keysAfter        time.Duration
	listen, save     string
	tcp, tls, answer bool
	ring, giveUp     time.Duration
	user, password   string
	realm, register  string
	tlsCA, tlsName   string
	tlsInsecure      bool
	srtp, reliable   string
	sessionExpires   time.Duration
}

func callCommand() *cobra.Command {
	var (
		o phone.Options
		f callFlags
	)
	cmd := &cobra.Command{
		Use:   "call [sip:number@host:port]",
		Short: tr("a scripted phone: place a call, or wait for one with --answer", "телефон по сценарию: позвонить или с --answer ждать звонка"),
		Example: `  vahta call sip:hotline@127.0.0.1:5060 --from +79215550123 --tone 440 --talk 10s
  vahta call --answer --listen 127.0.0.1:5072 --ring 1s --keys 1 --keys-after 3s
  vahta call --answer --listen 192.0.2.7:0 --register "sip:vahta.example;transport=tls" --user anna --password-file pw --srtp required --keys 1`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := f.phone(args)
			if err != nil {
				return err
			}
			if err := f.script(&o); err != nil {
				return err
			}
			p, stop, err := phone.Start(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "listening as", p.URI())
			return errors.Join(f.run(cmd, p, args, o), stop())
		},
	}
	f.define(cmd, &o)
	return cmd
}

func (c *callFlags) define(cmd *cobra.Command, o *phone.Options) {
	f := cmd.Flags()
	f.StringVar(&o.From, "from", "", tr("caller's number or address", "номер или адрес звонящего"))
	f.Float64Var(&o.Talk.Tone, "tone", 440, tr("tone to talk, Hz; 0 = silence", "тон вместо голоса, Гц; 0 — тишина"))
	f.DurationVar(&o.Talk.For, "talk", 0, tr("hang up this long after the answer; 0 = the other side hangs up", "положить трубку через столько после ответа; 0 — кладёт другая сторона"))
	f.StringVar(&c.keys, "keys", "", tr("keys to press once the call is up", "клавиши, которые нажать после ответа"))
	f.DurationVar(&c.keysAfter, "keys-after", time.Second, tr("how long after the answer", "через сколько после ответа"))
	f.StringVar(&c.dtmf, "dtmf", "rfc4733", tr("how keys travel: rfc4733, info or inband", "как передать клавиши: rfc4733, info или inband"))
	f.StringVar(&c.listen, "listen", "127.0.0.1:0", tr("own address, ip:port; port 0 takes a free one", "свой адрес, ip:порт; порт 0 — любой свободный"))
	f.StringVar(&o.Via, "via", "", tr("send the call to this host:port in place of the address called", "отправить звонок на этот хост:порт вместо вызываемого адреса"))
	f.BoolVar(&c.tcp, "tcp", false, tr("call over TCP", "звонить по TCP"))
	f.BoolVar(&c.tls, "tls", false, tr("call and register over TLS; also by ;transport=tls in an address", "звонить и регистрироваться по TLS; то же — ;transport=tls в адресе"))
	f.StringVar(&c.tlsCA, "tls-ca", "", tr("file of who must have signed the far end's certificate; empty = whom the system trusts", "файл с теми, кто должен был подписать сертификат другой стороны; пусто — кому верит система"))
	f.StringVar(&c.tlsName, "tls-name", "", tr("name that its certificate must be for; empty = the host that is called", "имя, на которое он должен быть выдан; пусто — вызываемый хост"))
	f.BoolVar(&c.tlsInsecure, "tls-insecure", false, tr("take any certificate: for tries", "принять любой сертификат: для проб"))
	f.StringVar(&c.srtp, "srtp", "off", tr("encrypt the sound: off, offered or required", "шифровать звук: off, offered или required"))
	f.StringVar(&c.user, "user", "", tr("login, when the other side asks for a password", "имя входа, если другая сторона спросит пароль"))
	f.StringVar(&c.password, "password-file", "", tr("file with the password, one line", "файл с паролем, одна строка"))
	f.StringVar(&c.realm, "realm", "", tr("answer challenges of this realm only; empty = any", "отвечать на запросы только этой области; пусто — любой"))
	f.StringVar(&c.register, "register", "", tr("register here first, such as sip:vahta.example;transport=tls, until the call is over", "сначала зарегистрироваться здесь, например sip:vahta.example;transport=tls, пока звонок не кончится"))
	f.StringVar(&c.reliable, "100rel", "auto", tr("reliable ringing (PRACK): auto, require or off", "надёжные гудки (PRACK): auto, require или off"))
	f.DurationVar(&c.sessionExpires, "session-expires", 0, tr("ask for a session timer of this length, 90s and more; 0 = the usual", "просить таймер сеанса такой длины, от 90s; 0 — обычный"))
	f.StringVar(&c.save, "save", "", tr("write what was heard to this WAV file", "записать услышанное в этот файл WAV"))
	f.DurationVar(&c.giveUp, "give-up", time.Minute, tr("cancel when nobody answered for so long", "отменить, если столько никто не отвечает"))
	f.BoolVar(&c.answer, "answer", false, tr("wait for one call instead of placing one", "ждать звонка, а не звонить"))
	f.DurationVar(&c.ring, "ring", time.Second, tr("with --answer: ring so long before answering", "с --answer: столько гудков до ответа"))
}

// script completes the script of the call.
func (c *callFlags) script(o *phone.Options) error {
	by, err := phone.ParseDTMF(c.dtmf)
	if err != nil {
		return fmt.Errorf("--dtmf: %w", err)
	}
	if c.keys != "" {
		o.Talk.Keys = []phone.Key{{Digits: c.keys, After: c.keysAfter, By: by}}
	}
	o.NoAnswer = c.giveUp
	if o.Talk.Security, err = sdp.ParseSecurity(c.srtp); err != nil {
		return fmt.Errorf("--srtp: %w", err)
	}
	if err := o.Reliable.UnmarshalText([]byte(c.reliable)); err != nil {
		return fmt.Errorf("--100rel: %w", err)
	}
	o.Timer = dialog.SessionTimer{Expires: c.sessionExpires}
	if err := o.Timer.Validate(); err != nil {
		return fmt.Errorf("--session-expires: %w", err)
	}
	return nil
}

// phone says which phone it is.
func (c *callFlags) phone(args []string) (phone.Config, error) {
	addr, err := netip.ParseAddrPort(c.listen)
	if err != nil {
		return phone.Config{}, fmt.Errorf(tr("--listen %q: write ip:port, such as 127.0.0.1:0", "--listen %q: напишите ip:порт, например 127.0.0.1:0"), c.listen)
	}
	cfg := phone.Default()
	cfg.Name, cfg.Addr, cfg.UDPPort, cfg.TCPPort = "vahta-call", addr.Addr(), addr.Port(), addr.Port()
	switch {
	case c.tls || slices.ContainsFunc(append([]string{c.register}, args...), func(a string) bool { return strings.Contains(a, "transport=tls") }):
		cfg.Transport = "tls"
		cfg.TLS = phone.TLS{CA: c.tlsCA, ServerName: c.tlsName, Insecure: c.tlsInsecure}
		if c.tlsName == "" {
			cfg.TLS.ServerName = hostName(append([]string{c.register}, args...))
		}
	case c.tcp:
		cfg.Transport = "tcp"
	}
	if c.user == "" {
		return cfg, nil
	}
	cfg.Name, cfg.Account = c.user, phone.Account{User: c.user, Realm: c.realm}
	if c.password != "" {
		text, err := os.ReadFile(c.password)
		if err != nil {
			return cfg, fmt.Errorf("--password-file: %w", err)
		}
		cfg.Account.Password = strings.TrimSpace(string(text))
	}
	return cfg, nil
}

// hostName is the first host among addresses that is a name: a certificate is made out to it.
func hostName(addresses []string) string {
	for _, a := range addresses {
		uri, err := wire.ParseURI(a)
		if err != nil {
			continue
		}
		if _, err := netip.ParseAddr(uri.Host); err != nil {
			return uri.Host
		}
	}
	return ""
}

// run registers if asked to, and follows one call.
func (c *callFlags) run(cmd *cobra.Command, p *phone.Phone, args []string, o phone.Options) error {
	if c.register != "" {
		if err := p.Register(cmd.Context(), phone.Registration{Registrar: c.register}); err != nil {
			return err
		}
		granted, _ := p.Registered()
		fmt.Fprintln(cmd.OutOrStdout(), "registered for", granted)
	}
	s, err := begin(cmd.Context(), p, args, c.answer, c.ring, o)
	if err != nil {
		return err
	}
	return follow(cmd, s, c.save)
}

// begin places the call, or waits for one.
func begin(ctx context.Context, p *phone.Phone, args []string, answer bool, ring time.Duration, o phone.Options) (*phone.Session, error) {
	switch {
	case answer && len(args) == 0:
		script := phone.Answering(ring, o.Talk)
		script.Reliable, script.Timer = o.Reliable, o.Timer
		if err := p.Answer(script); err != nil {
			return nil, err
		}
		return p.Incoming(ctx, 0)
	case !answer && len(args) == 1:
		return p.Dial(ctx, args[0], o)
	}
	return nil, errors.New(tr("call: give the address to call, or --answer to wait for a call", "назовите, куда звонить, или --answer, чтобы ждать звонка"))
}

// follow prints each step as it happens until the call is over.
func follow(cmd *cobra.Command, s *phone.Session, save string) error {
	go func() { // an interrupted command hangs up; Follow then ends with the call
		select {
		case <-cmd.Context().Done():
			s.Hangup()
		case <-s.Done():
		}
	}()
	var answered bool
	err := s.Follow(context.WithoutCancel(cmd.Context()), func(e phone.Event) {
		answered = answered || e.Kind == phone.Answered
		fmt.Fprintln(cmd.OutOrStdout(), e)
	})
	if err != nil {
		return err
	}
	if d := s.Digits(); d != "" {
		fmt.Fprintln(cmd.OutOrStdout(), "the other side pressed", d)
	}
	if save != "" {
		if err := s.WriteWAV(save); err != nil {
			return err
		}
	}
	if !answered {
		return errors.New(tr("the call was not answered", "на звонок не ответили"))
	}
	return nil
}
