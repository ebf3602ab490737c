package phone

import (
	"testing"

	"github.com/butlerspb/vahta/sip/wire"
)

func TestInfoDigit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, body string
		want       byte
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5'},
		{"application/dtmf-relay", "Duration = 160\nsignal = #\n", '#'},
		{"application/dtmf-relay", "Signal=55\r\n", 0},
		{"application/dtmf-relay", "Duration=160\r\n", 0},
		{"application/dtmf", "*", '*'},
		{"application/dtmf", "x", 0},
		{"application/dtmf", "", 0},
		{"text/plain", "5", 0},
	} {
		req := wire.NewRequest(wire.INFO, wire.URI{Scheme: "sip", Host: "127.0.0.1"})
		req.SetBody(c.kind, []byte(c.body))
		if got, ok := infoDigit(req); got != c.want || ok != (c.want != 0) {
			t.Errorf("%s %q is %q, %v; want %q", c.kind, c.body, got, ok, c.want)
		}
	}
}

func TestScriptsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"tone":   Talk{Tone: 5000}.Validate(),
		"key":    Talk{Keys: []Key{{Digits: "1x"}}}.Validate(),
		"codec":  Talk{Codec: "G729"}.Validate(),
		"status": Answer{Status: 180}.Validate(),
		"config": Config{Transport: "tls"}.Validate(),
	} {
		if err == nil {
			t.Errorf("%s: no fault found", name)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestNumbersAreMaskedInErrors(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"sip:+79161234567@10.0.0.1": "sip:…567@10.0.0.1", "sip:112@10.0.0.1": "sip:112@10.0.0.1", "tel:+79161234567": "tel:…567",
	} {
		if got := masked(uri); got != want {
			t.Errorf("%s is shown as %s, want %s", uri, got, want)
		}
	}
}
