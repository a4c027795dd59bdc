import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.MultipartField;
import com.openai.core.http.HttpResponse;
import com.openai.errors.OpenAIServiceException;
import com.openai.models.ComparisonFilter;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import com.openai.models.uploads.UploadCompleteParams;
import com.openai.models.uploads.UploadCreateParams;
import com.openai.models.uploads.parts.PartCreateParams;
import com.openai.models.vectorstores.VectorStoreCreateParams;
import com.openai.models.vectorstores.VectorStoreListParams;
import com.openai.models.vectorstores.VectorStoreSearchParams;
import com.openai.models.vectorstores.VectorStoreUpdateParams;
import com.openai.models.vectorstores.filebatches.FileBatchCreateParams;
import com.openai.models.vectorstores.filebatches.FileBatchRetrieveParams;
import com.openai.models.vectorstores.filebatches.VectorStoreFileBatch;
import com.openai.models.vectorstores.files.FileContentParams;
import com.openai.models.vectorstores.files.FileDeleteParams;
import com.openai.models.vectorstores.files.FileListParams;
import com.openai.models.vectorstores.files.FileRetrieveParams;
import com.openai.models.vectorstores.files.VectorStoreFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The official `openai` client for Java on a running server: what a program does with files, stores, batches, uploads
 * and search, and the errors that it gets. Every answer is compared with the client's own models. It prints what it saw
 * as JSON; test_go_and_java.py compares that.
 *
 * <p>Arguments: `journey`, the base URL, the key, the end user, the size of a file and of its parts; or `refusals`, the
 * base URL, a key, a key that may only read, and a key of a project that may have no more files.
 */
public final class Program {
    private static final int POLL_MS = 100;

    public static void main(String[] arguments) throws Exception {
        Object seen;
        if (arguments[0].equals("journey")) {
            OpenAIClient client = connect(arguments[1], arguments[2], Map.of("X-On-Behalf-Of", List.of(arguments[3])));
            seen = journey(client, Integer.parseInt(arguments[4]), Integer.parseInt(arguments[5]));
        } else {
            seen = refusals(
                    connect(arguments[1], arguments[2], Map.of()),
                    connect(arguments[1], arguments[3], Map.of()),
                    connect(arguments[1], arguments[4], Map.of()),
                    connect(arguments[1], "sk-unknown", Map.of()));
        }
        System.out.println(new ObjectMapper().writeValueAsString(seen));
        System.exit(0); // the client's threads would keep the program for a minute
    }

    private static OpenAIClient connect(String url, String key, Map<String, List<String>> headers) {
        return OpenAIOkHttpClient.builder()
                .baseUrl(url)
                .apiKey(key)
                .putAllHeaders(headers)
                .responseValidation(true)
                .build();
    }

    private static Map<String, Object> journey(OpenAIClient client, int size, int partSize) throws Exception {
        Map<String, Object> seen = new LinkedHashMap<>();
        var asked = VectorStoreCreateParams.builder()
                .name("journey")
                .metadata(VectorStoreCreateParams.Metadata.builder()
                        .putAdditionalProperty("a", JsonValue.from("1"))
                        .build())
                .build();
        var answer = client.vectorStores().withRawResponse().create(asked);
        var store = answer.parse().validate();
        seen.put("created", List.of(store.name(), store.status().asString(), store.fileCounts().total()));
        seen.put("requestId", answer.requestId().orElse("").startsWith("req_"));

        FileObject owl = upload(client, "the owl flies at night", "owl.txt");
        VectorStoreFile row = client.vectorStores().files().create(
                store.id(),
                com.openai.models.vectorstores.files.FileCreateParams.builder().fileId(owl.id()).build());
        while (row.status().equals(VectorStoreFile.Status.IN_PROGRESS)) {
            Thread.sleep(POLL_MS);
            var which = FileRetrieveParams.builder().vectorStoreId(store.id()).build();
            row = client.vectorStores().files().retrieve(owl.id(), which);
        }
        seen.put("attached", List.of(row.status().asString(), row.lastError().map(each -> each.message()).orElse("")));

        FileObject bees = upload(client, "bees make honey", "0.txt");
        FileObject fox = upload(client, "the fox is quick", "1.txt");
        VectorStoreFileBatch batch = client.vectorStores().fileBatches().create(
                store.id(),
                FileBatchCreateParams.builder().addFile(numbered(bees, 0)).addFile(numbered(fox, 1)).build());
        while (batch.status().equals(VectorStoreFileBatch.Status.IN_PROGRESS)) {
            Thread.sleep(POLL_MS);
            var which = FileBatchRetrieveParams.builder().vectorStoreId(store.id()).build();
            batch = client.vectorStores().fileBatches().retrieve(batch.id(), which);
        }
        var counts = batch.fileCounts();
        seen.put("batch", List.of(batch.status().asString(), counts.completed(), counts.total()));

        List<Object> found = new ArrayList<>();
        var search = VectorStoreSearchParams.builder()
                .query("honey")
                .filters(ComparisonFilter.builder().key("n").type(ComparisonFilter.Type.EQ).value(0.0).build())
                .build();
        for (var hit : client.vectorStores().search(store.id(), search).autoPager()) {
            var n = hit.attributes().orElseThrow()._additionalProperties().get("n").convert(Double.class);
            found.add(List.of(hit.filename(), hit.content().get(0).text(), n));
        }
        seen.put("found", found);

        List<String> listed = new ArrayList<>();
        var oneByOne = FileListParams.builder().limit(1L).order(FileListParams.Order.ASC).build();
        for (var each : client.vectorStores().files().list(store.id(), oneByOne).autoPager()) {
            listed.add(each.id());
        }
        Set<String> different = new HashSet<>(listed);
        seen.put("pages", List.of(listed.size(), different.size()));

        List<String> texts = new ArrayList<>();
        var inStore = FileContentParams.builder().vectorStoreId(store.id()).build();
        for (var part : client.vectorStores().files().content(fox.id(), inStore).autoPager()) {
            texts.add(part.text().orElseThrow());
        }
        seen.put("text", texts);
        seen.put("content", new String(download(client, bees.id()), StandardCharsets.UTF_8));
        var renamed = VectorStoreUpdateParams.builder().name("renamed").build();
        seen.put("updated", client.vectorStores().update(store.id(), renamed).name());
        seen.put("unnamed", client.files().create(FileCreateParams.builder()
                        .file("no name".getBytes(StandardCharsets.UTF_8))
                        .purpose(FilePurpose.ASSISTANTS)
                        .build()).filename());
        seen.put("uploaded", inParts(client, size, partSize));

        var detached = FileDeleteParams.builder().vectorStoreId(store.id()).build();
        seen.put("deleted", List.of(
                client.vectorStores().files().delete(owl.id(), detached).deleted(),
                client.files().delete(bees.id()).deleted(),
                client.vectorStores().delete(store.id()).deleted()));
        return seen;
    }

    private static List<Object> inParts(OpenAIClient client, int size, int partSize) throws Exception {
        byte[] pattern = "the quick brown fox jumps over the lazy dog\n".getBytes(StandardCharsets.UTF_8);
        byte[] data = new byte[size];
        for (int n = 0; n < size; n++) {
            data[n] = pattern[n % pattern.length];
        }
        var body = UploadCreateParams.builder()
                .bytes(size)
                .filename("java.txt")
                .mimeType("text/plain")
                .purpose(FilePurpose.ASSISTANTS)
                .build();
        var upload = client.uploads().create(body);
        List<String> ids = new ArrayList<>();
        for (int start = 0; start < size; start += partSize) {
            byte[] piece = Arrays.copyOfRange(data, start, Math.min(start + partSize, size));
            ids.add(client.uploads().parts().create(
                    upload.id(), PartCreateParams.builder().data(piece).build()).id());
        }
        var md5 = HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(data));
        var completed = client.uploads().complete(
                upload.id(), UploadCompleteParams.builder().partIds(ids).md5(md5).build());
        boolean same = Arrays.equals(download(client, completed.file().orElseThrow().id()), data);
        var cancelled = client.uploads().cancel(client.uploads().create(body).id());
        return List.of(completed.status().asString(), ids.size(), same, cancelled.status().asString());
    }

    private static Map<String, Object> refusals(
            OpenAIClient client, OpenAIClient reading, OpenAIClient limited, OpenAIClient unknown) {
        Map<String, Object> seen = new LinkedHashMap<>();
        var tooMany = VectorStoreListParams.builder().limit(101L).build();
        seen.put("bad", refused(() -> client.vectorStores().list(tooMany)));
        seen.put("key", refused(() -> unknown.vectorStores().retrieve("vs_nothing")));
        seen.put("scope", refused(() -> reading.vectorStores().create(named("a"))));
        seen.put("missing", refused(() -> client.vectorStores().retrieve("vs_nothing")));
        client.vectorStores().create(named("a"));
        seen.put("conflict", refused(() -> client.vectorStores().create(named("b"))));
        seen.put("limit", refused(() -> upload(limited, "a", "a.txt")));
        return seen;
    }

    private static VectorStoreCreateParams named(String name) {
        return VectorStoreCreateParams.builder().name(name).putAdditionalHeader("Idempotency-Key", "the same").build();
    }

    private static List<Object> refused(Runnable call) {
        try {
            call.run();
        } catch (OpenAIServiceException error) {
            return Arrays.asList(
                    error.getClass().getSimpleName(),
                    error.statusCode(),
                    error.code().orElse(""),
                    error.param().orElse(""),
                    error.getMessage());
        }
        throw new IllegalStateException("the call was not refused");
    }

    private static FileBatchCreateParams.File numbered(FileObject file, int n) {
        var attributes = FileBatchCreateParams.File.Attributes.builder()
                .putAdditionalProperty("n", JsonValue.from(n))
                .build();
        return FileBatchCreateParams.File.builder().fileId(file.id()).attributes(attributes).build();
    }

    private static FileObject upload(OpenAIClient client, String content, String name) {
        var file = MultipartField.<InputStream>builder()
                .value(new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8)))
                .filename(name)
                .contentType("text/plain")
                .build();
        return client.files().create(
                FileCreateParams.builder().file(file).purpose(FilePurpose.ASSISTANTS).build());
    }

    private static byte[] download(OpenAIClient client, String id) throws IOException {
        try (HttpResponse response = client.files().content(id)) {
            return response.body().readAllBytes();
        }
    }
}
