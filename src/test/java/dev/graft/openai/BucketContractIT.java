package dev.graft.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.S3ArtifactStore;
import dev.graft.artifacts.S3Server;
import dev.graft.client.ApiRefused;
import dev.graft.client.GraftApi;
import dev.graft.pg.BucketStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.TestPropertySource;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * The same promises where all artifacts lie in a bucket and clients are sent there for content: the
 * official client follows without being told.
 */
@ContextConfiguration(initializers = BucketStore.class)
@TestPropertySource(
    properties = {
      "graft.artifacts.s3.redirect-downloads=true",
      "graft.artifacts.s3.prefix=contract"
    })
class BucketContractIT extends OpenAiContractIT {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String CONTENT =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},"
          + "{\"role\":\"assistant\",\"content\":\"ho\"}]}\n";

  @Autowired private ArtifactStore store;
  @Autowired private Environment environment;
  @Autowired private JdbcClient bucketSql;

  private HttpResponse<String> content(String key, String file, String method, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url() + "/v1/files/" + file + "/content"))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .header("authorization", "Bearer " + key);
    if (headers.length > 0) request.headers(headers);
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }

  @Test
  void everythingLiesInTheBucketAndNothingInTheDataDirectory() throws IOException {
    assertThat(store).isInstanceOf(S3ArtifactStore.class);
    Path data = Path.of(environment.getRequiredProperty("graft.data-dir"));
    Path artifacts = data.resolve("artifacts");
    assertThat(data.resolve("copies/blobs/sha256")).as("of the base model").isNotEmptyDirectory();
    try (Stream<Path> files = Files.walk(artifacts);
        S3Client s3 = S3Server.shared().client();
        Stream<?> blobs = store.blobs()) {
      assertThat(files.filter(Files::isRegularFile)).allMatch(f -> f.toString().endsWith(".lock"));
      assertThat(blobs).hasSizeGreaterThan(10);
      String bucket = environment.getRequiredProperty("graft.artifacts.s3.bucket");
      assertThat(s3.listObjectsV2(r -> r.bucket(bucket)).contents())
          .allMatch(object -> object.key().startsWith("contract/"));
    }
  }

  @Test
  void aDownloadIsSentToTheBucketUnderItsNameAndInRanges() throws Exception {
    String key = key("contract of buckets");
    try (GraftApi api = new GraftApi(URI.create(url()), key)) {
      String file = api.upload("größe.jsonl", CONTENT);
      HttpResponse<String> sent = content(key, file, "GET", "range", "bytes=2-9");
      assertThat(sent.statusCode()).isEqualTo(302);
      assertThat(sent.headers().firstValue("cache-control")).hasValue("no-store");
      URI link = URI.create(sent.headers().firstValue("location").orElseThrow());
      assertThat(link.getPort()).isEqualTo(S3Server.shared().endpoint().getPort());
      HttpRequest.Builder there = HttpRequest.newBuilder(link);
      HttpResponse<String> whole = HTTP.send(there.build(), BodyHandlers.ofString());
      assertThat(whole.body()).isEqualTo(CONTENT);
      assertThat(whole.headers().firstValue("content-disposition").orElseThrow())
          .startsWith("attachment;")
          .contains("gr%C3%B6%C3%9Fe.jsonl");
      HttpResponse<String> part =
          HTTP.send(there.header("range", "bytes=2-9").build(), BodyHandlers.ofString());
      assertThat(part.statusCode()).isEqualTo(206);
      assertThat(part.body()).isEqualTo(CONTENT.substring(2, 10));
      assertThat(
              bucketSql
                  .sql(
                      "select count(*) from audit_log where type = 'file.downloaded' and"
                          + " resource_id = ?")
                  .param(file)
                  .query(Integer.class)
                  .single())
          .isOne();
    }
  }

  @Test
  void whoAsksForHeadersAloneOrHasTheContentIsNotSentAway() throws Exception {
    String key = key("contract of buckets");
    try (GraftApi api = new GraftApi(URI.create(url()), key)) {
      String file = api.upload("rows.jsonl", CONTENT);
      HttpResponse<String> head = content(key, file, "HEAD");
      assertThat(head.statusCode()).isEqualTo(200);
      assertThat(head.headers().firstValueAsLong("content-length")).hasValue(CONTENT.length());
      String tag = head.headers().firstValue("etag").orElseThrow();
      assertThat(content(key, file, "GET", "if-none-match", tag).statusCode()).isEqualTo(304);
    }
  }

  @Test
  void graftsOwnClientFollowsAndTellsTheBucketNoKey(@TempDir Path directory) throws Exception {
    String key = key("contract of buckets");
    try (GraftApi api = new GraftApi(URI.create(url()), key)) {
      String file = api.upload("rows.jsonl", CONTENT);
      api.download("/v1/files/" + file + "/content", directory.resolve("rows.jsonl"));
      assertThat(directory.resolve("rows.jsonl")).content(UTF_8).isEqualTo(CONTENT);
      assertThatExceptionOfType(ApiRefused.class)
          .isThrownBy(() -> api.download("/v1/files/file-none/content", directory.resolve("none")))
          .withMessageContaining("file-none");
      assertThat(directory.resolve("none")).doesNotExist();
    }
  }
}
