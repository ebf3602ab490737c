package oncall

// WarningCode names a kind of warning.
type WarningCode string

// The kinds of warnings.
const (
	// WarnGap: nobody is on the first track. WarnHole: so short that it looks like a slip.
	WarnGap  WarningCode = "gap"
	WarnHole WarningCode = "hole"
	// WarnNoSecond: nobody is on a track behind the first.
	WarnNoSecond WarningCode = "no_second"
	// WarnOnePerson: a track has only one person.
	WarnOnePerson WarningCode = "one_person"
	// WarnNoCalendar: the production calendar lacks a year.
	WarnNoCalendar WarningCode = "no_calendar"
	// WarnIdleLayer: a layer puts nobody on duty. WarnIdleMember: some of its members never have a turn.
	WarnIdleLayer  WarningCode = "idle_layer"
	WarnIdleMember WarningCode = "idle_member"
	// WarnShortDay: a layer is for workdays, and nobody is there on shortened ones.
	WarnShortDay WarningCode = "short_day"
	// WarnIdleOverride: an override to come changes nothing.
	WarnIdleOverride WarningCode = "idle_override"
	// WarnDisabledMember: a member of a layer is disabled.
	WarnDisabledMember WarningCode = "disabled_member"
	// WarnNoDevice: somebody on duty can not be called.
	WarnNoDevice WarningCode = "no_device"
	// WarnTwoPlaces: somebody is on duty on two schedules at once.
	WarnTwoPlaces WarningCode = "two_places"
	// WarnCertificateOver, WarnCertificateEnds: a proof of a skill has ended, or does so within a month.
	WarnCertificateOver WarningCode = "certificate_over"
	WarnCertificateEnds WarningCode = "certificate_ends"
)

// String returns the code.
func (c WarningCode) String() string { return string(c) }

// warningText is a warning in words; {0}, {1}, … are its arguments.
type warningText struct{ en, ru string }

// warningTexts are all warnings.
var warningTexts = map[WarningCode]warningText{ //nolint:gochecknoglobals // a constant table
	WarnGap: {
		"schedule {0}: nobody is on duty from {1} to {2} (gaps in the next 14 days: {3}, {4} together); fill them with an override or a layer",
		"график {0}: с {1} до {2} не дежурит никто (дыр за 14 дней: {3}, всего {4}); закройте их подменой или слоем",
	},
	WarnHole: {
		"schedule {0}: nobody is on duty for a short while, from {1} to {2} (times in the next 14 days: {3}, {4} together); check the hand-off times and windows, one may begin later than the other ends",
		"график {0}: короткая дыра с {1} до {2} (за 14 дней: {3}, всего {4}); проверьте время пересменки и окна, возможно, одно начинается позже, чем кончается другое",
	},
	WarnNoSecond: {
		"schedule {0}: nobody is on track {1} from {2} to {3} (gaps in the next 14 days: {4}, {5} together); if the first does not answer, the call goes on without a second",
		"график {0}: на линии {1} никого с {2} до {3} (дыр за 14 дней: {4}, всего {5}); если первый не ответит, второго не будет",
	},
	WarnOnePerson: {
		"schedule {0}: {2} alone is on track {1}; add somebody, one person falls ill some day",
		"график {0}: на линии {1} дежурит только {2}; добавьте ещё кого-нибудь, один человек рано или поздно заболеет",
	},
	WarnShortDay: {
		"schedule {0}: layer {1} is for workdays, and no layer of track {2} is for shortened ones: nobody is there on the day before a holiday; add the class short to require",
		"график {0}: слой {1} работает по рабочим дням, а в сокращённые на линии {2} нет никого, например накануне праздника; добавьте в require класс short",
	},
	WarnNoCalendar: {
		"schedule {0}: calendar {1} lacks {2}, holidays of that year count as ordinary days; add the year",
		"график {0}: в календаре {1} нет {2} года, его праздники считаются обычными днями; добавьте год",
	},
	WarnIdleLayer: {
		"schedule {0}: layer {1} puts nobody on duty within a year; its windows never open, or a layer of a higher priority hides it",
		"график {0}: слой {1} за год ни разу никого не ставит; его окна не открываются, или его закрывает слой с большим приоритетом",
	},
	WarnIdleMember: {
		"schedule {0}: in layer {1} the turn of {2} never comes within a year, because turns pass while the windows are closed; let the layer count worked periods only (advance: worked), or change the number of members",
		"график {0}: в слое {1} за год ни разу не приходит очередь {2}, потому что очередь идёт и при закрытых окнах; считайте только рабочие периоды (advance: worked) или измените число участников",
	},
	WarnIdleOverride: {
		"schedule {0}: override {1} from {2} changes nothing; whom it replaces is not on duty then, or who comes is absent",
		"график {0}: подмена {1} с {2} ничего не меняет; тот, кого заменяют, тогда не дежурит, или заменяющего нет",
	},
	WarnDisabledMember: {
		"schedule {0}: {2} in layer {1} is disabled, nobody has those turns; take them out, or enable the person",
		"график {0}: {2} в слое {1} отключён, в эту очередь не дежурит никто; уберите его из слоя или включите",
	},
	WarnNoDevice: {
		"{0} is on duty from {1} and has no device; add a phone",
		"{0} дежурит с {1}, а телефона нет; добавьте телефон",
	},
	WarnTwoPlaces: {
		"{0} is on duty on {1} and {2} at once from {3}; put somebody else on one of them",
		"{0} с {3} дежурит сразу в двух графиках: {1} и {2}; поставьте на один из них другого",
	},
	WarnCertificateOver: {
		"{0}: certificate {1} ended on {2}; renew it, or remove it",
		"{0}: сертификат {1} истёк {2}; продлите его или удалите",
	},
	WarnCertificateEnds: {
		"{0}: certificate {1} ends on {2}; renew it in time",
		"{0}: сертификат {1} истекает {2}; продлите его заранее",
	},
}
