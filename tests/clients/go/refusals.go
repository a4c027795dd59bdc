package main

import (
	"context"
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// refusals gives what the client raises for each kind of error: status, code, param and message. `reading` is a client
// with a key that may only read, `limited` one of a project that may have no more files.
func refusals(client, reading, limited openai.Client) map[string][]any {
	ctx := context.Background()
	seen := map[string][]any{}
	note := func(kind string, err error) {
		var refused *openai.Error
		if !errors.As(err, &refused) {
			panic(err)
		}
		seen[kind] = []any{"Error", refused.StatusCode, refused.Code, refused.Param, refused.Message}
	}
	named := func(name string) openai.VectorStoreNewParams {
		return openai.VectorStoreNewParams{Name: openai.String(name)}
	}

	tooMany := int64(101)
	_, err := client.VectorStores.List(ctx, openai.VectorStoreListParams{Limit: openai.Int(tooMany)})
	note("bad", err)
	_, err = client.VectorStores.Get(ctx, "vs_nothing", option.WithAPIKey("sk-unknown"))
	note("key", err)
	_, err = reading.VectorStores.New(ctx, named("a"))
	note("scope", err)
	_, err = client.VectorStores.Get(ctx, "vs_nothing")
	note("missing", err)
	again := option.WithHeader("Idempotency-Key", "the same")
	check(second(client.VectorStores.New(ctx, named("a"), again)))
	note("conflict", second(client.VectorStores.New(ctx, named("b"), again)))
	note("limit", second(limited.Files.New(ctx, text("a", "a.txt"))))
	return seen
}
