// Package prompt knows what the hotline says: the text of each sentence in
// Russian and English, how numbers, times and ticket numbers are spoken in
// both, and where the recorded or rendered sound of a sentence comes from.
//
// It must not know calls, legs, tickets or schedules: a [Sentence] carries
// plain values.
//
// # Terms
//
//   - key: the name of a sentence ("accept_menu"); one table holds its text in
//     both languages, for the voice, for chat and for mail alike;
//   - clip: one indivisible sound ("accept_menu", "n.7", "w.minute.few"); a
//     sentence with values in it is a row of clips;
//   - voice: a set of clips spoken by one person or machine.
//
// # Rules
//
// A sentence is spoken by one voice from its first clip to its last: the first
// voice in the order operator, recorded pack, starter that has every clip of
// it. A sentence that contains a name is spoken by the operator's
// text-to-speech command, whole; when there is none, or it fails, the fallback
// sentence of that key is said. There is always something to say.
//
// The starter voices are synthetic (festival for Russian, espeak-ng for
// English) and were checked by measurement ([Audit]: level, silence, speed,
// hash, licence), not auditioned by ear. Replace them with a colleague's
// recordings: see Library.RecordingScript.
//
// Sound is A-law, 8 kHz, mono (ITU-T G.711). Levels are in dBFS of a
// full-scale sine's peak. A [Library] may be used from any goroutine.
package prompt
