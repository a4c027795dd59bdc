// The official `openai` client for Go on a running server: the journey of a program that works with files, stores,
// batches, uploads and search. It gives what it saw; test_go_and_java.py compares it.
package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"net/http"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

func journey(client openai.Client, size, partSize int) map[string]any {
	ctx := context.Background()
	seen := map[string]any{}

	var raw *http.Response
	store := must(client.VectorStores.New(ctx, openai.VectorStoreNewParams{
		Name:     openai.String("journey"),
		Metadata: shared.Metadata{"a": "1"},
	}, option.WithResponseInto(&raw)))
	seen["created"] = []any{store.Name, store.Status, store.FileCounts.Total}
	seen["requestId"] = strings.HasPrefix(raw.Header.Get("x-request-id"), "req_")

	owl := must(client.VectorStores.Files.UploadAndPoll(ctx, store.ID, text("the owl flies at night", "owl.txt"), 0))
	seen["attached"] = []any{owl.Status, owl.LastError.Message}

	bees := must(client.Files.New(ctx, text("bees make honey", "0.txt")))
	fox := must(client.Files.New(ctx, text("the fox is quick", "1.txt")))
	numbered := func(id string, n float64) openai.VectorStoreFileBatchNewParamsFile {
		number := openai.VectorStoreFileBatchNewParamsFileAttributeUnion{OfFloat: openai.Float(n)}
		attributes := map[string]openai.VectorStoreFileBatchNewParamsFileAttributeUnion{"n": number}
		return openai.VectorStoreFileBatchNewParamsFile{FileID: id, Attributes: attributes}
	}
	batch := must(client.VectorStores.FileBatches.NewAndPoll(ctx, store.ID, openai.VectorStoreFileBatchNewParams{
		Files: []openai.VectorStoreFileBatchNewParamsFile{numbered(bees.ID, 0), numbered(fox.ID, 1)},
	}, 0))
	seen["batch"] = []any{batch.Status, batch.FileCounts.Completed, batch.FileCounts.Total}

	found := []any{}
	hits := client.VectorStores.SearchAutoPaging(ctx, store.ID, openai.VectorStoreSearchParams{
		Query: openai.VectorStoreSearchParamsQueryUnion{OfString: openai.String("honey")},
		Filters: openai.VectorStoreSearchParamsFiltersUnion{OfComparisonFilter: &shared.ComparisonFilterParam{
			Key:   "n",
			Type:  shared.ComparisonFilterTypeEq,
			Value: shared.ComparisonFilterValueUnionParam{OfFloat: openai.Float(0)},
		}},
	})
	for hits.Next() {
		hit := hits.Current()
		found = append(found, []any{hit.Filename, hit.Content[0].Text, hit.Attributes["n"].OfFloat})
	}
	check(hits.Err())
	seen["found"] = found

	ids := map[string]bool{}
	order := openai.VectorStoreFileListParamsOrderAsc
	rows := client.VectorStores.Files.ListAutoPaging(ctx, store.ID, openai.VectorStoreFileListParams{
		Limit: openai.Int(1),
		Order: order,
	})
	for rows.Next() {
		ids[rows.Current().ID] = true
	}
	check(rows.Err())
	seen["pages"] = []any{rows.Index(), len(ids)}

	texts := []string{}
	parts := client.VectorStores.Files.ContentAutoPaging(ctx, store.ID, fox.ID)
	for parts.Next() {
		texts = append(texts, parts.Current().Text)
	}
	check(parts.Err())
	seen["text"] = texts
	seen["content"] = string(download(ctx, client, bees.ID))
	renamed := must(client.VectorStores.Update(ctx, store.ID, openai.VectorStoreUpdateParams{Name: openai.String("renamed")}))
	seen["updated"] = renamed.Name

	unnamed := must(client.Files.New(ctx, openai.FileNewParams{
		File:    strings.NewReader("no name"),
		Purpose: openai.FilePurposeAssistants,
	}))
	seen["unnamed"] = unnamed.Filename
	seen["uploaded"] = inParts(ctx, client, size, partSize)

	detached := must(client.VectorStores.Files.Delete(ctx, store.ID, owl.ID))
	gone := must(client.Files.Delete(ctx, bees.ID))
	deleted := must(client.VectorStores.Delete(ctx, store.ID))
	seen["deleted"] = []bool{detached.Deleted, gone.Deleted, deleted.Deleted}
	return seen
}

func inParts(ctx context.Context, client openai.Client, size, partSize int) []any {
	pattern := []byte("the quick brown fox jumps over the lazy dog\n")
	data := bytes.Repeat(pattern, size/len(pattern)+1)[:size]
	body := openai.UploadNewParams{
		Bytes:    int64(size),
		Filename: "go.txt",
		MimeType: "text/plain",
		Purpose:  openai.FilePurposeAssistants,
	}
	upload := must(client.Uploads.New(ctx, body))
	ids := []string{}
	for start := 0; start < size; start += partSize {
		piece := bytes.NewReader(data[start:min(start+partSize, size)])
		part := must(client.Uploads.Parts.New(ctx, upload.ID, openai.UploadPartNewParams{Data: piece}))
		ids = append(ids, part.ID)
	}
	sum := md5.Sum(data)
	completed := must(client.Uploads.Complete(ctx, upload.ID, openai.UploadCompleteParams{
		PartIDs: ids,
		Md5:     openai.String(hex.EncodeToString(sum[:])),
	}))
	same := bytes.Equal(download(ctx, client, completed.File.ID), data)
	cancelled := must(client.Uploads.Cancel(ctx, must(client.Uploads.New(ctx, body)).ID))
	return []any{completed.Status, len(ids), same, cancelled.Status}
}

func text(content, name string) openai.FileNewParams {
	file := openai.File(strings.NewReader(content), name, "text/plain")
	return openai.FileNewParams{File: file, Purpose: openai.FilePurposeAssistants}
}

// stay leaves redirects to the program: the client itself refuses one to another address, such as the bucket's.
var stay = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func download(ctx context.Context, client openai.Client, id string) []byte {
	response := must(client.Files.Content(ctx, id, option.WithHTTPClient(stay)))
	if address, err := response.Location(); err == nil {
		response.Body.Close()
		response = must(http.Get(address.String()))
	}
	defer response.Body.Close()
	return must(io.ReadAll(response.Body))
}
