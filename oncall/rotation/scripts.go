package rotation

import (
	"embed"

	"github.com/redis/go-redis/v9"
)

// Every change of a claim is one script, so that it happens at once, judged by the server's clock.
//
//go:embed scripts/*.lua
var sources embed.FS

// scripts are sent by their hash; go-redis sends the text where the server has forgotten it.
type scripts struct {
	claim, epoch, renew, release, accept, adopt, put, get *redis.Script
}

func loadScripts() scripts {
	load := func(name string) *redis.Script {
		text, err := sources.ReadFile("scripts/" + name + ".lua")
		if err != nil {
			panic(err) // they are in the binary
		}
		return redis.NewScript(string(text))
	}
	return scripts{
		claim: load("claim"), epoch: load("epoch"), renew: load("renew"), release: load("release"),
		accept: load("accept"), adopt: load("adopt"), put: load("put"), get: load("get"),
	}
}
