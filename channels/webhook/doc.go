// Package webhook tells other systems what happens, by signed HTTP requests in
// the form of Standard Webhooks (https://www.standardwebhooks.com): the headers
// webhook-id, webhook-timestamp (Unix seconds) and webhook-signature, which is
// "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body". With two
// secrets in force both signatures are sent, so that a receiver can change over
// at any moment.
//
// Any 2xx is a delivery. 410 Gone is permanent; everything else is tried again
// by the outbox, not before Retry-After. Redirects are followed only within the
// same scheme and host and only when they keep the method (307, 308).
//
// It must not know tickets: bodies come ready-made with the notice. Verify is
// what a receiver does; Notifier may be used by any goroutine.
package webhook
