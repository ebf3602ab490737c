package sdp

import "strconv"

// Marshal writes the description in the order of RFC 8866 §5 with CRLF ends.
func (s *Session) Marshal() []byte {
	b := make([]byte, 0, 256+192*len(s.Media))
	b = append(b, "v=0\r\no="...)
	b = append(b, orDash(s.Origin.User)...)
	b = append(b, ' ')
	b = strconv.AppendUint(b, s.Origin.ID, 10)
	b = append(b, ' ')
	b = strconv.AppendUint(b, s.Origin.Version, 10)
	b = append(b, ' ')
	b = appendAddr(b, s.originHost())
	b = append(b, "\r\ns="...)
	b = append(b, orDash(s.Name)...)
	b = append(b, "\r\n"...)
	b = appendConn(b, s.Conn)
	b = append(b, "t=0 0\r\n"...)
	b = appendAttrs(b, s.Attrs)
	for i := range s.Media {
		b = s.Media[i].appendTo(b)
	}
	return b
}

func (s *Session) originHost() string {
	switch {
	case s.Origin.Host != "":
		return s.Origin.Host
	case s.Conn != "":
		return s.Conn
	}
	return "0.0.0.0"
}

func (m *Media) appendTo(b []byte) []byte {
	b = append(b, "m="...)
	b = append(b, m.Kind...)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(m.Port), 10)
	b = append(b, ' ')
	b = append(b, m.Proto...)
	for _, f := range m.Formats {
		b = append(b, ' ')
		b = append(b, f...)
	}
	b = append(b, "\r\n"...)
	b = appendConn(b, m.Conn)
	return appendAttrs(b, m.Attrs)
}

func appendAttrs(b []byte, attrs []Attr) []byte {
	for _, a := range attrs {
		b = append(b, "a="...)
		b = append(b, a.Name...)
		if a.Value != "" {
			b = append(b, ':')
			b = append(b, a.Value...)
		}
		b = append(b, "\r\n"...)
	}
	return b
}

func appendConn(b []byte, host string) []byte {
	if host == "" {
		return b
	}
	b = append(b, "c="...)
	b = appendAddr(b, host)
	return append(b, "\r\n"...)
}

func appendAddr(b []byte, host string) []byte {
	if parseAddr(host).Is6() {
		b = append(b, "IN IP6 "...)
	} else {
		b = append(b, "IN IP4 "...)
	}
	return append(b, host...)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
