package portal

import (
	"strconv"
	"strings"
)

// text is a sentence in both languages.
type text struct{ en, ru string }

// say returns a sentence in a language.
func say(lang string, s sentence) string {
	t := texts[s]
	if lang == "ru" {
		return t.ru
	}
	return t.en
}

// sentence names one.
type sentence string

// The sentences.
const (
	textInvalid      sentence = "invalid"
	textControl      sentence = "control"
	textTime         sentence = "time"
	textNotFound     sentence = "notFound"
	textRoute        sentence = "route"
	textMethod       sentence = "method"
	textUnauthorized sentence = "unauthorized"
	textForbidden    sentence = "forbidden"
	textNobody       sentence = "nobody"
	textTooMany      sentence = "tooMany"
	textAway         sentence = "away"
	textConflict     sentence = "conflict"
	textDeskAway     sentence = "deskAway"
	textKeyUsed      sentence = "keyUsed"
	textInternal     sentence = "internal"
	textTimeout      sentence = "timeout"
	textSpan         sentence = "span"
	textOnDuty       sentence = "onDuty"
	textUntil        sentence = "until"
	textNext         sentence = "next"
	textNobodyOn     sentence = "nobodyOn"
	textFrom         sentence = "from"
	textAsOf         sentence = "asOf"
)

// texts are the sentences in both languages.
var texts = map[sentence]text{ //nolint:gochecknoglobals // a constant table
	textKeyUsed:      {"this Idempotency-Key was used for another body: nothing of this one is kept; send it with a key of its own", "этот Idempotency-Key уже был у другого тела: из этого ничего не сохранено; пошлите его со своим ключом"},
	textDeskAway:     {"the record can not be reached now; calls are answered all the same. Send the request again later, with the same Idempotency-Key", "хранилище сейчас недоступно, на звонки мы при этом отвечаем; повторите запрос позже с тем же Idempotency-Key"},
	textInvalid:      {"the request is not understood; correct the fields that errors names", "запрос не понят; исправьте поля, названные в errors"},
	textControl:      {"it has control characters; take them out", "в тексте управляющие символы; уберите их"},
	textTime:         {"%q is no time; write 2026-12-31 09:00, or an instant such as 2026-12-31T06:00:00Z", "%q — не время; пишите 2026-12-31 09:00 или момент, например 2026-12-31T06:00:00Z"},
	textNotFound:     {"there is no %s %q", "нет такого: %s %q"},
	textRoute:        {"there is nothing at this address; see /api/v1/openapi.json", "по этому адресу ничего нет; смотрите /api/v1/openapi.json"},
	textMethod:       {"this address does not answer that method; see the Allow header", "этот адрес не отвечает на такой метод; смотрите заголовок Allow"},
	textUnauthorized: {"the token is missing, unknown, revoked or expired; send Authorization: Bearer with a good one (`vahta token add`)", "токена нет, он не известен, отозван или истёк; пришлите Authorization: Bearer с действующим (`vahta token add`)"},
	textForbidden:    {"this needs a token with the scope %s", "для этого нужен токен с правом %s"},
	textNobody:       {"the token's person is not in the rota any more, or is disabled; make a token for somebody else", "человека этого токена больше нет в графике или он отключён; сделайте токен для другого"},
	textTooMany:      {"too many failed requests from this address; wait", "слишком много неудачных запросов с этого адреса; подождите"},
	textAway:         {"the record can not be reached now: who is on duty goes on as it was and can be read; edit again later", "хранилище сейчас недоступно: кто дежурит, остаётся как было и читается; повторите правку позже"},
	textConflict:     {"somebody else has changed this meanwhile; theirs is how it is now, yours is what you sent", "это уже изменил кто-то другой; theirs — как сейчас, yours — что прислали вы"},
	textInternal:     {"an internal fault; the log has it under the number in instance", "внутренняя ошибка; в журнале она под номером из instance"},
	textTimeout:      {"the answer took too long; ask again", "ответ не успел; повторите запрос"},
	textSpan:         {"the span is empty or longer than %d days", "период пуст или длиннее %d дней"},
	textOnDuty:       {"On duty now", "Кто дежурит сейчас"},
	textUntil:        {"until", "до"},
	textNext:         {"next", "дальше"},
	textNobodyOn:     {"nobody", "никто"},
	textFrom:         {"from", "с"},
	textAsOf:         {"as of", "на"},
}

// languageOf chooses between Russian and English by Accept-Language (RFC 9110 section 12.5.4): the one with the greater weight, of
// equal ones the first.
func languageOf(accept string) string {
	best, weight := "en", 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, rest, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(rest), "q="); ok {
			q, _ = strconv.ParseFloat(text, 64)
		}
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if (base == "ru" || base == "en") && q > weight {
			best, weight = base, q
		}
	}
	return best
}

// translate puts what the framework finds wrong with a field into a language.
func translate(lang, message string) string {
	if lang != "ru" {
		return message
	}
	for _, t := range []struct{ en, ru string }{
		{"unexpected property", "такого поля нет"},
		{"unknown query parameter", "такого параметра нет"},
		{"expected required property ", "не хватает поля "},
		{"required query parameter is missing", "не хватает параметра"},
		{"expected value to be one of ", "нужно одно из "},
		{"expected string to match pattern", "запись не та: смотрите образец в описании; это"},
		{"expected string to be ", "нужна запись вида "},
		{"expected string", "нужна строка"},
		{"expected boolean", "нужно true или false"},
		{"expected integer", "нужно целое число"},
		{"expected number", "нужно число"},
		{"expected object", "нужен объект"},
		{"expected array", "нужен список"},
		{"invalid integer", "нужно целое число"},
		{"invalid boolean", "нужно true или false"},
		{"expected number >= ", "нужно число не меньше "},
		{"expected number <= ", "нужно число не больше "},
		{"request body is required", "нужно тело запроса"},
	} {
		if rest, ok := strings.CutPrefix(message, t.en); ok {
			return t.ru + strings.TrimSuffix(rest, " to be present")
		}
	}
	return message
}
