package letter

import (
	"slices"
	"strings"
	"unicode"
)

// quoter knows how mail programs quote and sign, in Russian and English.
type quoter struct {
	wrote    []string // ends of the line over a quote
	original []string // lines that part an answer from what it answers
	mobile   []string // starts of the lines that telephones add
	farewell []string // starts of a signature
}

func newQuoter() quoter {
	return quoter{
		wrote: []string{
			"пишет:", "писал:", "писала:", "писал(а):", "написал:", "написала:", "написал(а):", "написал (а):", "сообщил:", "сообщает:", "wrote:", "writes:", "schrieb:", "a écrit :", "написали:",
		},
		original: []string{"исходное сообщение", "original message", "исходное письмо", "reply message", "ursprüngliche nachricht", "original appointment", "ответ на сообщение", "предыдущее сообщение"},
		mobile: []string{
			"отправлено из мобильной", "отправлено из почты", "отправлено с iphone", "отправлено с моего", "отправлено с ipad", "отправлено с устройства", "отправлено с телефона", "отправлено с помощью",
			"отправлено из outlook", "отправлено из приложения", "отправлено из яндекс", "отправлено из gmail", "отправлено с мобильного", "отправлено из mail.ru", "отправлено из myMail", "отправлено со смартфона",
			"с iphone", "sent from my", "sent from outlook", "sent from mail for", "sent from yahoo", "get outlook for", "скачать outlook для", "скачайте outlook для", "получить outlook для", "получите outlook для",
			"sent via", "отправлено через",
		},
		farewell: []string{
			"с уважением", "с ув.", "с наилучшими", "с почтением", "с наилучшим", "всего доброго", "всего хорошего", "хорошего дня", "искренне ваш", "best regards", "kind regards", "warm regards", "regards,", "regards",
			"sincerely", "yours faithfully", "with best", "с искренним", "best wishes", "cheers,", "многие лета",
		},
	}
}

// strip returns what the sender has written now: without what he quotes, his
// signature and the lines of his telephone. When nothing would be left, all is
// returned.
func (q quoter) strip(text string) string {
	in := strings.Split(text, "\n")
	var kept []string
	for i := 0; i < len(in); {
		switch n := q.over(in[i:]); {
		case strings.HasPrefix(in[i], ">"):
			kept, i = seam(kept), passQuote(in, i)
		case n > 0 && quoteFollows(in, i+n):
			kept, i = seam(kept), passQuote(in, i+n)
		case n > 0 && !wordsOnly(kept) && i+n >= len(in):
			kept, i = append(kept, in[i]), i+1
		case n > 0, q.header(in[i:]), q.parts(in[i]):
			i = len(in)
		case strings.TrimSpace(in[i]) == "--" || in[i] == "—":
			i = q.passSignature(in, i+1)
		case q.isMobile(in[i]):
			i++
		default:
			kept, i = append(kept, in[i]), i+1
		}
	}
	kept = q.unsigned(trimRules(kept))
	if out := strings.TrimSpace(strings.Join(kept, "\n")); out != "" {
		return lines(out)
	}
	return text
}

// wordsOnly says whether lines have words in them.
func wordsOnly(ls []string) bool {
	for _, l := range ls {
		if strings.TrimSpace(l) != "" {
			return true
		}
	}
	return false
}

// seam leaves one blank line where a quote stood.
func seam(kept []string) []string {
	for len(kept) > 0 && strings.TrimSpace(kept[len(kept)-1]) == "" {
		kept = kept[:len(kept)-1]
	}
	return append(kept, "")
}

// passQuote returns where the quoted lines from i end; blank lines among and
// behind them belong to them.
func passQuote(in []string, i int) int {
	for i < len(in) && (strings.HasPrefix(in[i], ">") || strings.TrimSpace(in[i]) == "") {
		i++
	}
	return i
}

// quoteFollows says whether the next line with words is quoted by ">".
func quoteFollows(in []string, i int) bool {
	for ; i < len(in); i++ {
		if strings.TrimSpace(in[i]) != "" {
			return strings.HasPrefix(in[i], ">")
		}
	}
	return false
}

// passSignature returns where a signature ends: at a quote, or with the text.
func (q quoter) passSignature(in []string, i int) int {
	for ; i < len(in); i++ {
		if strings.HasPrefix(in[i], ">") || q.over(in[i:]) > 0 || q.header(in[i:]) || q.parts(in[i]) {
			return i
		}
	}
	return i
}

// over says how many lines the line over a quote takes: when somebody wrote,
// and who, with a colon at the end. It may be broken into three. 0: none is here.
func (q quoter) over(in []string) int {
	first := strings.TrimSpace(in[0])
	if first == "" || len(first) > 400 || !hasDate(first) && !hasClock(first) && !q.says(first) && !strings.HasPrefix(first, "On ") {
		return 0
	}
	joined := ""
	for n, l := range in[:min(len(in), 3)] {
		l = strings.TrimSpace(l)
		if l == "" || len(l) > 400 {
			return 0
		}
		joined = strings.TrimSpace(joined + " " + l)
		if !strings.HasSuffix(joined, ":") {
			continue
		}
		dated := hasDate(joined) && hasClock(joined)
		mail := strings.Contains(joined, "@") || strings.Contains(joined, "<")
		you := strings.Contains(strings.ToLower(joined), "вы писали")
		if dated && (mail || q.says(joined) || you) || q.says(joined) && quoteFollows(in, n+1) {
			return n + 1
		}
		return 0
	}
	return 0
}

func (q quoter) says(l string) bool {
	l = strings.ToLower(l)
	for _, w := range q.wrote {
		if strings.HasSuffix(l, w) {
			return true
		}
	}
	return false
}

// header says whether Outlook's head of a quoted mail begins here: who, and
// two of when, to whom, about what.
func (q quoter) header(in []string) bool {
	key, value, ok := strings.Cut(in[0], ":")
	if !ok || strings.HasPrefix(in[0], ">") || strings.TrimSpace(value) == "" && len(in) < 2 || headWord(key) != "from" {
		return false
	}
	seen := map[string]bool{}
	for _, l := range in[1:min(len(in), 10)] {
		if key, _, ok := strings.Cut(l, ":"); ok {
			if w := headWord(key); w != "" && w != "from" {
				seen[w] = true
			}
		}
	}
	return len(seen) >= 2
}

// parts says whether a line parts the answer from what it answers.
func (q quoter) parts(l string) bool {
	bare := strings.ToLower(strings.Trim(l, "-_=* \t"))
	if len(bare) == len(l) || len(bare) > 80 || !strings.HasPrefix(strings.TrimSpace(l), "-") && !strings.HasPrefix(strings.TrimSpace(l), "_") {
		return false
	}
	return slices.Contains(q.original, bare)
}

func (q quoter) isMobile(l string) bool {
	l = strings.ToLower(strings.TrimSpace(l))
	if l == "" || len(l) > 200 {
		return false
	}
	for _, w := range q.mobile {
		if strings.HasPrefix(l, strings.ToLower(w)) {
			return true
		}
	}
	return false
}

// trimRules takes blank lines and rules off the end, which stood over a quote.
func trimRules(ls []string) []string {
	for len(ls) > 0 && strings.Trim(ls[len(ls)-1], "_-=* \t") == "" {
		ls = ls[:len(ls)-1]
	}
	return ls
}

// Shape of a signature under "С уважением": more, or longer, is text.
const (
	signatureLines = 14
	signatureRunes = 120
)

// unsigned takes a signature off the end.
func (q quoter) unsigned(ls []string) []string {
	for i, l := range ls {
		low := strings.ToLower(strings.TrimSpace(l))
		if !wordsOnly(ls[:i]) || len([]rune(low)) > 60 {
			continue
		}
		for _, w := range q.farewell {
			if strings.HasPrefix(low, w) && isSignature(ls[i+1:]) {
				return trimRules(ls[:i])
			}
		}
	}
	return ls
}

// isSignature says whether lines are short and few.
func isSignature(ls []string) bool {
	n := 0
	for _, l := range ls {
		l = strings.TrimSpace(l)
		if l == "" {
			continue
		}
		if n++; n > signatureLines || len([]rune(l)) > signatureRunes || strings.HasSuffix(l, "?") {
			return false
		}
	}
	return true
}

// hasClock finds 2:15 or 02:15.
func hasClock(s string) bool {
	for i := 1; i+2 < len(s); i++ {
		if s[i] == ':' && digit(s[i-1]) && digit(s[i+1]) && digit(s[i+2]) {
			return true
		}
	}
	return false
}

// hasDate finds a year of four digits, or 21.11.25.
func hasDate(s string) bool {
	for i := 0; i+3 < len(s); i++ {
		if (s[i] == '1' && s[i+1] == '9' || s[i] == '2' && s[i+1] == '0') && digit(s[i+2]) && digit(s[i+3]) &&
			(i == 0 || !digit(s[i-1])) && (i+4 == len(s) || !digit(s[i+4])) {
			return true
		}
		if i+7 < len(s) && digit(s[i]) && digit(s[i+1]) && strings.IndexByte("./", s[i+2]) >= 0 && digit(s[i+3]) && digit(s[i+4]) && s[i+5] == s[i+2] && digit(s[i+6]) && digit(s[i+7]) {
			return true
		}
	}
	return false
}

func digit(c byte) bool { return unicode.IsDigit(rune(c)) }
