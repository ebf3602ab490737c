package siptest

import "testing"

func FuzzParseMessage(f *testing.F) {
	for _, seed := range []string{
		"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\nTo: <sip:a@b>;tag=x\r\n\r\nv=0\r\n",
		"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n", "SIP/2.0 x\r\n\r\n", "\r\n\r\n", "A B",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseMessage(raw)
		if err != nil {
			return
		}
		if m.Method != "" && m.Status != 0 {
			t.Errorf("both request and response: %+v", m)
		}
		_, _ = m.CSeq()
		_, _, _ = m.Branch(), m.ToTag(), m.Summary()
		_ = swapAddresses(raw, []swap{{"127.0.0.1:5060", "127.0.0.1:50600"}})
		if target, ok := sdpTarget(string(raw)); ok && !target.IsValid() {
			t.Errorf("an invalid audio address: %v", target)
		}
	})
}

func TestSwapAddressesTouchesWholeAddressesOnly(t *testing.T) {
	t.Parallel()
	swaps := []swap{{"10.0.0.1:506", "X"}, {"X", "10.0.0.1:506"}}
	const in = "10.0.0.1:5060 110.0.0.1:506 10.0.0.1:506;a=X 10.0.0.1:506."
	const want = "10.0.0.1:5060 110.0.0.1:506 X;a=10.0.0.1:506 X."
	if got := string(swapAddresses([]byte(in), swaps)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
