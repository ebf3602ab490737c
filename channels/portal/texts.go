package portal

import "strings"

// text is a sentence in both languages.
type text struct{ en, ru string }

func say(lang string, t text) string {
	if lang == "ru" {
		return t.ru
	}
	return t.en
}

// The sentences.
var ( //nolint:gochecknoglobals // constant texts
	textInvalid      = text{"the request is not understood; correct the fields that errors names", "запрос не понят; исправьте поля, названные в errors"}
	textNotFound     = text{"there is no %s %q", "нет такого: %s %q"}
	textRoute        = text{"there is nothing at this address; see /api/v1/openapi.json", "по этому адресу ничего нет; смотрите /api/v1/openapi.json"}
	textMethod       = text{"this address does not answer that method; see the Allow header", "этот адрес не отвечает на такой метод; смотрите заголовок Allow"}
	textUnauthorized = text{"the token is missing, unknown, revoked or expired; send Authorization: Bearer with a good one (`vahta token add`)", "токена нет, он не известен, отозван или истёк; пришлите Authorization: Bearer с действующим (`vahta token add`)"}
	textForbidden    = text{"this needs a token with the scope %s", "для этого нужен токен с правом %s"}
	textNobody       = text{"the token's person is not in the rota any more, or is disabled; make a token for somebody else", "человека этого токена больше нет в графике или он отключён; сделайте токен для другого"}
	textTooMany      = text{"too many failed requests from this address; wait", "слишком много неудачных запросов с этого адреса; подождите"}
	textAway         = text{"the record can not be reached now: who is on duty goes on as it was and can be read; edit again later", "хранилище сейчас недоступно: кто дежурит, остаётся как было и читается; повторите правку позже"}
	textConflict     = text{"somebody else has changed this meanwhile; theirs is how it is now, yours is what you sent", "это уже изменил кто-то другой; theirs — как сейчас, yours — что прислали вы"}
	textInternal     = text{"an internal fault; the log has it under the number in instance", "внутренняя ошибка; в журнале она под номером из instance"}
	textTimeout      = text{"the answer took too long; ask again", "ответ не успел; повторите запрос"}
	textSpan         = text{"the span is empty or longer than %d days", "период пуст или длиннее %d дней"}
	textOnDuty       = text{"On duty now", "Кто дежурит сейчас"}
	textUntil        = text{"until", "до"}
	textNext         = text{"next", "дальше"}
	textNobodyOn     = text{"nobody", "никто"}
	textFrom         = text{"from", "с"}
	textAsOf         = text{"as of", "на"}
)

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
