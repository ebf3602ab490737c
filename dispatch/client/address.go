package client

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
)

// Address is where somebody can be reached, or writes from, on a channel that
// is no telephone. Its written form is channel:value, such as
// email:info@romashka.example or telegram:123456789; an address with an at sign
// and no channel is one of mail.
type Address struct {
	Channel string // email, telegram, portal, monitor …
	Value   string // as the channel writes it
}

// Channels whose addresses have a form that is known here. Others are compared
// as they are written, whatever the case.
const (
	ChannelCall  = "call"
	ChannelSMS   = "sms"
	ChannelEmail = "email"
)

// maxAddress is the longest address that is looked at, in bytes: RFC 5321
// §4.5.3.1.3 allows a path of 256.
const maxAddress = 256

// errNotAddress says what an address looks like.
var errNotAddress = errors.New("no address; write channel:value, such as email:info@romashka.example or telegram:123456789")

// String returns the written form.
func (a Address) String() string { return a.Channel + ":" + a.Value }

// MarshalText implements encoding.TextMarshaler.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Address) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	channel, value, ok := strings.Cut(s, ":")
	if !ok || strings.Contains(channel, "@") {
		if !strings.Contains(s, "@") || strings.HasPrefix(s, "@") {
			return fmt.Errorf("read address %q: %w", s, errNotAddress)
		}
		channel, value = ChannelEmail, s
	}
	*a = Address{strings.ToLower(strings.TrimSpace(channel)), strings.TrimSpace(value)}
	if a.Channel == "" || a.Value == "" || len(s) > maxAddress {
		return fmt.Errorf("read address %q: %w", s, errNotAddress)
	}
	return nil
}

// key is the form in which addresses of a channel are compared; ok is false
// when it is none. Those of telephones are compared as numbers, not here.
func (a Address) key() (key Address, ok bool) {
	value := strings.TrimSpace(a.Value)
	if len(value) > maxAddress {
		return Address{}, false
	}
	if a.Channel == ChannelEmail {
		value, ok = mailbox(value)
		return Address{a.Channel, value}, ok
	}
	value = strings.ToLower(value)
	return Address{a.Channel, value}, a.Channel != "" && value != ""
}

// mailbox brings a mail address, with or without a name before it, to the form
// that is compared.
func mailbox(s string) (string, bool) {
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return "", false
	}
	return strings.ToLower(parsed.Address), true
}

// domainOf is the part of a mailbox after the at sign.
func domainOf(mailbox string) string { return mailbox[strings.LastIndexByte(mailbox, '@')+1:] }

// domain brings a domain of a card to the form that is compared.
func domain(raw string) (string, error) {
	d := strings.ToLower(strings.Trim(strings.TrimSpace(raw), "@."))
	switch {
	case d == "" || !strings.Contains(d, ".") || strings.ContainsAny(d, " @/:,;"):
		return "", fmt.Errorf("%q is no domain; write one such as romashka.example", raw)
	case FreeMail(d):
		return "", fmt.Errorf("%s is a free-mail service, where everybody has an address; list the people's addresses instead", d)
	}
	return d, nil
}

// FreeMail reports whether mail addresses of a domain are given to anybody, so
// that it says nothing about the organisation.
func FreeMail(domain string) bool {
	_, found := slices.BinarySearch(freeMail(), strings.ToLower(domain))
	return found
}

// freeMail are the services that our clients' people write from, sorted.
func freeMail() []string {
	return []string{
		"126.com", "163.com", "aol.com", "autorambler.ru", "bigmir.net", "bk.ru", "duck.com", "email.com", "email.su", "fastmail.com",
		"gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hey.com", "hotmail.com", "hotmail.ru", "hushmail.com", "i.ua",
		"icloud.com", "inbox.ru", "internet.ru", "km.ru", "lenta.ru", "list.ru", "live.com", "live.ru", "mac.com", "mail.com", "mail.kz",
		"mail.ru", "mail.ua", "mailbox.org", "me.com", "meta.ua", "msn.com", "myrambler.ru", "narod.ru", "naver.com", "newmail.ru",
		"nextmail.ru", "outlook.com", "outlook.de", "pisem.net", "pm.me", "pochta.ru", "post.ru", "proton.me", "protonmail.com", "qip.ru",
		"qq.com", "rambler.ru", "rambler.ua", "ro.ru", "seznam.cz", "t-online.de", "tut.by", "tuta.io", "tutanota.com", "ukr.net", "vivaldi.net",
		"vk.com", "web.de", "ya.ru", "yahoo.com", "yandex.by", "yandex.com", "yandex.kz", "yandex.ru", "yandex.ua", "ymail.com", "zoho.com",
	}
}
