package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.graft.platform.GraftProperties;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import tools.jackson.databind.JsonNode;

/** Sources that are meant to lead elsewhere, and hubs that answer what they should not. */
class HostileSourcesIT extends ImportingServer {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String ROGUE = "hf://datasets/rogue/set/rows.jsonl";
  private static final String SHA1 = "a".repeat(40);

  @Autowired private GraftProperties graft;

  @AfterEach
  void noRogue() {
    HUB.rogues.clear();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "rows.jsonl",
        "hf:acme/support",
        "hf://datasets/acme/rows.jsonl",
        "hf://models/acme/support/rows.jsonl",
        "hf://datasets/acme/support/../secret/rows.jsonl",
        "hf://datasets/acme/../rogue/set/rows.jsonl",
        "hf://datasets/acme/support/%2e%2e/rows.jsonl",
        "hf://datasets/acme/support@../main/rows.jsonl",
        "hf://datasets/acme/support/**/rows.jsonl",
        "hf://datasets/acme/support/*/rows.jsonl",
        "hf://datasets/acme/support/a*b*c*.jsonl",
        "hf://datasets/acme/support/.hidden.jsonl",
        "hf://datasets/acme/support/run.sh",
        "hf://datasets/acme/support/rows.jsonl?x=.jsonl",
        "hf://datasets/acm\u0435/support/rows.jsonl",
        "hf://datasets/\uff41cme/support/rows.jsonl",
        "hf://datasets/acme/support/rows.jsonl\n.jsonl",
        "s3://BUCKET",
        "s3://BUCKET/team/../secret/rows.jsonl",
        "s3://BUCKET/./team/rows.jsonl",
        "s3://BUCKET/team//rows.jsonl",
        "s3://BUCKET/team/*/rows.jsonl",
        "s3://BUCKET/team/rows\u0000.jsonl",
        "s3://BUCKET/team/swor\u202elnosj.jsonl",
        "s3://BUCKET/team\\..\\rows.jsonl",
        "s3://user@BUCKET/team/rows.jsonl",
        "s3://169.254.169.254:80/team/rows.jsonl",
        "http://169.254.169.254/latest/rows.jsonl",
        "file:///etc/rows.jsonl"
      })
  void whatIsNoSourceIsRefusedAtOnce(String source) throws Exception {
    JsonNode error = error(api.post("files/imports", named(source)), 400);
    assertThat(error.path("param").asString()).isEqualTo("source");
    assertThat(ok(api.get("files/imports")).path("data")).isEmpty();
  }

  /** One sentence, whatever is allowed. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "hf://datasets/ACME/support/rows.jsonl",
        "hf://datasets/acme-/support/rows.jsonl",
        "hf://datasets/other/support/rows.jsonl",
        "s3://BUCKET/rows.jsonl",
        "s3://BUCKET/other/rows.jsonl",
        "s3://BUCKET/teammate/rows.jsonl",
        "s3://BUCKET/TEAM/rows.jsonl",
        "s3://BUCKET/*.jsonl",
        "s3://BUCKET/tea*.jsonl",
        "s3://BUCKETs/team/rows.jsonl",
        "s3://169.254.169.254/team/rows.jsonl"
      })
  void whatIsNotAllowedSaysWhomToAskAndNothingElse(String source) throws Exception {
    int asked = HUB.requests.size();
    JsonNode error = error(api.post("files/imports", named(source)), 403);
    assertThat(error.path("message").asString())
        .isEqualTo(
            "Files may not be imported from this source. An administrator of this Graft allows"
                + " sources by graft.datasets.sources.");
    assertThat(HUB.requests).hasSize(asked);
  }

  private static Map<String, Object> named(String source) {
    return wanted(source.replace("BUCKET", BUCKET));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/x",
        "http://0.0.0.0/x",
        "http://224.0.0.1/x"
      })
  void aHubThatSendsOnToTheInsideIsNotFollowed(String target) throws Exception {
    rogue(listed("rows.jsonl", 7), exchange -> redirect(exchange, target));
    assertThat(failure(ROGUE)).contains("redirects to an address that is not public");
    HUB.rogues.put("datasets/rogue/set", exchange -> redirect(exchange, target));
    assertThat(failure(ROGUE)).contains("redirects to an address that is not public");
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:///etc/passwd", "gopher://x/", "http://", "::::"})
  void aHubThatSendsOnToNoWebIsNotFollowed(String target) throws Exception {
    rogue(listed("rows.jsonl", 7), exchange -> redirect(exchange, target));
    assertThat(failure(ROGUE)).contains("redirects to an invalid URL");
  }

  @Test
  void aHubThatSendsRoundInCirclesIsLeft() throws Exception {
    rogue(listed("rows.jsonl", 7), exchange -> redirect(exchange, "rows.jsonl"));
    assertThat(failure(ROGUE)).contains("redirects too often");
  }

  @Test
  void aBodyWithoutEndEndsWhereTheListingSays() throws Exception {
    rogue(
        listed("rows.jsonl", 1000),
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          byte[] chunk = new byte[1 << 16];
          while (true) exchange.getResponseBody().write(chunk);
        });
    assertThat(failure(ROGUE)).contains("is longer than its size in the hub's listing");
    await().untilAsserted(() -> assertThat(leftBytes()).isZero());
  }

  private long leftBytes() throws IOException {
    Path all = graft.dataDir().resolve("file-imports");
    try (Stream<Path> files = Files.walk(all)) {
      return files.filter(Files::isRegularFile).count();
    }
  }

  @Test
  void otherBytesThanTheListingsDigestAreNoFile() throws Exception {
    HUB.add("datasets/acme/damaged", Map.of("rows.jsonl", "{\"text\":\"abc\"}\n".getBytes(UTF_8)));
    HUB.damage("datasets/acme/damaged", "rows.jsonl");
    assertThat(failure("hf://datasets/acme/damaged/rows.jsonl"))
        .contains("does not match the digest");
  }

  @Test
  void aHundredThousandNamesAreLookedThroughAndOnlyAHundredTaken() throws Exception {
    String names =
        IntStream.range(0, 100_000)
            .mapToObj(i -> entry("rows-" + i + ".jsonl", 7))
            .collect(Collectors.joining(",", "[", "]"));
    rogue(names, exchange -> exchange.sendResponseHeaders(404, -1));
    assertThat(failure("hf://datasets/rogue/set/rows-*.jsonl")).contains("more than 100 files");
    assertThat(failure("hf://datasets/rogue/set/other-*.jsonl"))
        .contains("No file matches this source.");
  }

  @Test
  void aListingWithoutEndIsLeft() throws Exception {
    HUB.rogues.put(
        "datasets/rogue/set",
        exchange -> {
          exchange.getResponseHeaders().add("Link", "<?cursor=more>; rel=\"next\"");
          json(exchange, info(exchange, "[]"));
        });
    assertThat(failure(ROGUE)).contains("more files than Graft looks through");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[{\"type\":\"file\",\"path\":\"rows.jsonl\",\"oid\":\"x\",\"size\":7}]",
        "[{\"type\":\"file\",\"path\":\"rows.jsonl\",\"oid\":\"SHA\"}]",
        "[{\"type\":\"file\",\"path\":\"rows.jsonl\",\"oid\":\"SHA\",\"size\":-5}]",
        "[{\"type\":\"file\",\"path\":\"rows.jsonl\",\"oid\":\"SHA\",\"size\":9223372036854775807}]",
        "[{\"type\":\"file\",\"path\":\"../../rows.jsonl\",\"oid\":\"SHA\",\"size\":7}]",
        "[{\"type\":\"file\",\"path\":7,\"oid\":[],\"size\":\"x\"}]",
        "{\"path\":\"rows.jsonl\"}",
        "7",
        "[[[[",
        "<html>"
      })
  void aListingThatLiesEndsTheImport(String listing) throws Exception {
    rogue(listing.replace("SHA", SHA1), exchange -> exchange.sendResponseHeaders(404, -1));
    assertThat(failure(ROGUE)).isNotBlank();
    await().untilAsserted(() -> assertThat(leftBytes()).isZero());
  }

  @Test
  void aRepositoryThatHasBecomeAnothersIsNotTaken() throws Exception {
    HUB.rogues.put(
        "datasets/rogue/set",
        exchange -> json(exchange, "{\"id\":\"other/set\",\"sha\":\"" + COMMIT + "\"}"));
    assertThat(failure(ROGUE)).contains("has been renamed on the hub").doesNotContain("other/");
  }

  private static void rogue(String listing, HttpHandler content) {
    HUB.rogues.put(
        "datasets/rogue/set",
        exchange -> {
          if (exchange.getRequestURI().getPath().startsWith("/api/")) {
            json(exchange, info(exchange, listing));
          } else {
            content.handle(exchange);
          }
        });
  }

  private static String info(HttpExchange exchange, String listing) {
    return exchange.getRequestURI().getPath().contains("/revision/")
        ? "{\"id\":\"rogue/set\",\"sha\":\"" + COMMIT + "\"}"
        : listing;
  }

  private static String listed(String name, long size) {
    return "[" + entry(name, size) + "]";
  }

  private static String entry(String name, long size) {
    return "{\"type\":\"file\",\"path\":\"%s\",\"oid\":\"%s\",\"size\":%d}"
        .formatted(name, SHA1, size);
  }

  private static void redirect(HttpExchange exchange, String target) throws IOException {
    exchange.getResponseHeaders().add("Location", target);
    exchange.sendResponseHeaders(302, -1);
  }

  private static void json(HttpExchange exchange, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
