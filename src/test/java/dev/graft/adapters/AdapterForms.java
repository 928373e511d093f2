package dev.graft.adapters;

import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.tenancy.ApiClient;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import tools.jackson.databind.JsonNode;

/**
 * The exports of an adapter, asked for and fetched.
 *
 * @param path of all of them
 */
record AdapterForms(ApiClient client, String server, String key, String path) {
  static final Duration LONG = Duration.ofMinutes(3);

  /** The adapter of a job on {@code tiny}. */
  static JsonNode trained(ApiClient client, String settings) throws Exception {
    String form =
        "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--X\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"rows.jsonl\"\r\n\r\n"
            + "{\"text\":\"abcabc\"}\n\r\n--X--\r\n";
    String file = text(ok(client.send("POST", "/v1/files", form)), "id");
    await().until(() -> text(ok(client.get("/v1/files/" + file)), "status").equals("processed"));
    String job =
        text(
            ok(
                client.post(
                    "/v1/fine_tuning/jobs",
                    "{'model': 'tiny', 'training_file': '%s', 'adapter': %s}"
                        .formatted(file, settings))),
            "id");
    String path = "/v1/fine_tuning/jobs/" + job;
    await().atMost(LONG).until(() -> text(ok(client.get(path)), "status").equals("succeeded"));
    return ok(client.get("/v1/adapters")).at("/data/0");
  }

  JsonNode made(String asked) throws Exception {
    JsonNode begun = ok(client.post(path, asked));
    assertThat(text(begun, "object")).isEqualTo("adapter.export");
    JsonNode end =
        await()
            .atMost(LONG)
            .until(
                () -> ok(client.get(path + "/" + text(begun, "id"))),
                each -> !each.path("finished_at").isNull());
    assertThat(text(end, "status")).as(end.toString()).isEqualTo("succeeded");
    return end;
  }

  HttpResponse<byte[]> content(JsonNode export, String method, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server + path + "/" + text(export, "id") + "/content"))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .header("Authorization", "Bearer " + key);
    if (headers.length > 0) request.headers(headers);
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(request.build(), BodyHandlers.ofByteArray());
    }
  }

  byte[] downloaded(JsonNode export) throws Exception {
    byte[] bytes = content(export, "GET").body();
    assertThat(bytes).hasSize(export.path("bytes").asInt());
    byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(bytes);
    assertThat(HexFormat.of().formatHex(sha256)).isEqualTo(text(export, "sha256"));
    return bytes;
  }

  Path unpacked(JsonNode export, Path directory) throws Exception {
    assertThat(text(export, "filename")).endsWith(".tar.gz");
    Path into = Files.createTempDirectory(directory, "form");
    try (var tar =
        new TarArchiveInputStream(
            new GZIPInputStream(new ByteArrayInputStream(downloaded(export))))) {
      for (TarArchiveEntry each = tar.getNextEntry(); each != null; each = tar.getNextEntry()) {
        Path file = into.resolve(each.getName());
        Files.createDirectories(file.getParent());
        Files.copy(tar, file);
      }
    }
    return into;
  }
}
