package main

import (
	"encoding/json"
	"os"
	"strconv"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// Arguments: `journey`, the base URL, the key, the end user, the size of a file and of its parts; or `refusals`, the
// base URL, a key, a key that may only read, and a key of a project that may have no more files.
func main() {
	arguments := os.Args[2:]
	connect := func(key string, options ...option.RequestOption) openai.Client {
		return openai.NewClient(append(options, option.WithBaseURL(arguments[0]), option.WithAPIKey(key))...)
	}
	var seen any
	if os.Args[1] == "journey" {
		client := connect(arguments[1], option.WithHeader("X-On-Behalf-Of", arguments[2]))
		seen = journey(client, must(strconv.Atoi(arguments[3])), must(strconv.Atoi(arguments[4])))
	} else {
		seen = refusals(connect(arguments[1]), connect(arguments[2]), connect(arguments[3]))
	}
	check(json.NewEncoder(os.Stdout).Encode(seen))
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func second[T any](_ T, err error) error { return err }

func check(err error) {
	if err != nil {
		panic(err)
	}
}
