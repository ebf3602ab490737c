package portal

import "strings"

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
	textNotFound     sentence = "notFound"
	textRoute        sentence = "route"
	textMethod       sentence = "method"
	textUnauthorized sentence = "unauthorized"
	textForbidden    sentence = "forbidden"
	textNobody       sentence = "nobody"
	textTooMany      sentence = "tooMany"
	textAway         sentence = "away"
	textConflict     sentence = "conflict"
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
	textInvalid:      {"the request is not understood; correct the fields that errors names", "запрос не понят; исправьте поля, названные в errors"},
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

// languageOf chooses between Russian and English by Accept-Language: whichever comes first.
func languageOf(accept string) string {
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base {
		case "ru":
			return "ru"
		case "en":
			return "en"
		}
	}
	return "en"
}
