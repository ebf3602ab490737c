package ticket

import "testing"

func TestOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   "",
		" a\n b ":                            "a b",
		"RAID degraded\n\nDisk 3 has failed": "RAID degraded. Disk 3 has failed",
		"Внимание!\r\n \r\n\r\nДиск 3 умер.": "Внимание! Диск 3 умер.",
		"Итог…\n\nдальше":                    "Итог… дальше",
		"\n\nодин\n\n":                       "один",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
