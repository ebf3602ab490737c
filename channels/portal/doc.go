// Package portal is the web face of the desk and of the rota: the API under /api/v1/, calendars that subscribe by a secret address, and a
// small page that says who is on duty.
//
// # What it knows
//
// HTTP, tokens and what each may, how an answer is written, and how a refusal is: every one is a problem (RFC 9457). What there is
// to say comes from a [Rota] and its evaluator, what is changed goes through it; the portal decides nothing about rotas. It must
// not know telephony, SQL and Redis.
//
// # Tokens
//
// A token is 256 random bits, shown once; kept is its SHA-256. It carries scopes (see [Scope]), perhaps the person whose rights it
// has, and perhaps an end. A request with a token that is not good gets 401 whatever is wrong with it, after one look-up; many
// such from one address get 429 without one. Tokens that were good lately are remembered, so that who is on duty can be read while
// the record is away.
//
// Devices (phone numbers, SIP addresses) are shown to oncall:people alone, and people are edited with it alone: whoever does not
// see devices would take them away by writing a person back.
//
// # Addresses with a secret
//
// Calendars and pages that are embedded can not send a header: their token is a part of the path, has a scope of its own that
// opens nothing else, and is revoked like any other. Paths are never logged, counted or quoted, only their patterns.
//
// # Form
//
// Names and values are those of the configuration file: snake_case, durations "20s", civil times "2026-01-05 09:00", instants RFC
// 3339. The description (OpenAPI 3.1) is made of this code. Unknown fields and parameters are refused.
//
// # Concurrency
//
// A [Server] may be asked by any number of goroutines. Run keeps what is remembered of the tokens fresh.
package portal
