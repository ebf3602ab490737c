// Package trunk knows the peers the telephony engine talks to: operators that are recognised by
// their source address, and the softphones named in the configuration.
//
// It answers four questions. May this source address speak to us at all ([Trunks.Admit])? Which
// operator sent this INVITE, which of our numbers was called and by whom ([Trunks.Identify])? By
// which ways, in which order, can this number or softphone be rung ([Trunks.Route],
// [Trunks.Phone])? Was this failure the trunk's or the person's ([Result.WayFailed])? Beside that it keeps
// operators' health by OPTIONS and their limits of channels and calls per second, keeps us
// registered where an operator wants that (RFC 3261 §10.2, RFC 3608), proves our password to those
// who may ask for it ([Trunk.Authorize]), and carries texts by MESSAGE (RFC 3428) as plain values.
//
// It must not know calls, media, tickets or rotas, and it never connects a trunk to a trunk: a
// route is made for numbers and phones that the owner of a call asks for, never for what an
// operator sent.
//
// Terms. A DID is one of our numbers as an operator presents it. The caller's number is a hint:
// P-Asserted-Identity (RFC 3325), then Remote-Party-ID, then From, as an operator's entry says, and
// only from operators; phones are believed their From. Numbers are E.164 with a plus where the form allows it, otherwise as
// received. A channel is one call in either direction. A target, or way, is one address of one of
// an operator's servers, as sip/locate finds them; one that failed rests: it is tried last for a
// while. A profile is what is known of a named operator's ways, each setting confirmed or assumed. A registration is bound while the registrar sends our calls here; a
// registrar that does not want our account has refused it, which is an alarm and not a fault of the
// way.
//
// Outgoing calls to operators carry our own number as the caller: operators drop calls with
// numbers that are not ours.
//
// All methods of [Trunks] may be called concurrently. [Trunks.Admit] and [Trunks.Identify] read one
// immutable snapshot and take no lock. [Trunks.Run] owns probing, name resolution and one goroutine
// for each registration.
package trunk
