package ical

// texts are the words of one language.
type texts struct {
	language                                         string
	schedule, track, time, people, together, endless string
	person, name, from, to, nobody                   string
	faults                                           map[Code]faultText
	faultsHead, line                                 string
}

func textsOf(language string) *texts {
	if language == "en" {
		return &texts{
			language: "en", schedule: "Schedule", track: "Track", time: "Time", people: "On duty", together: "Together with",
			endless: "no end in sight", person: "person", name: "name", from: "from", to: "to", nobody: "nobody",
			faults: englishFaults(), faultsHead: "nothing was imported", line: "line",
		}
	}
	return &texts{
		language: "ru", schedule: "Расписание", track: "Линия", time: "Время", people: "Дежурят", together: "Вместе",
		endless: "конца не видно", person: "дежурный", name: "имя", from: "с", to: "по", nobody: "никого",
		faults: russianFaults(), faultsHead: "ничего не импортировано", line: "строка",
	}
}
