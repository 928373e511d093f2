package dev.graft.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of an S3 server, and what is made of answers that S3Proxy never gives. */
class BucketRequestsTests {
  private static final String SHA256 =
      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

  @TempDir Path directory;
  private HttpServer server;
  private UploadSource hello;

  /** Of objects, not of the check. */
  private final List<Headers> puts = new CopyOnWriteArrayList<>();

  private final List<Headers> checks = new CopyOnWriteArrayList<>();

  /** Of puts, then 200. */
  private final Deque<Integer> answers = new ArrayDeque<>();

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    hello = new UploadSource(Files.writeString(directory.resolve("hello"), "hello"), 5, SHA256);
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    boolean put = exchange.getRequestMethod().equals("PUT");
    boolean ofTheCheck = exchange.getRequestURI().getPath().contains("probe/");
    int status = 200;
    if (put && ofTheCheck) checks.add(exchange.getRequestHeaders());
    synchronized (answers) {
      if (put && !ofTheCheck) {
        puts.add(exchange.getRequestHeaders());
        if (!answers.isEmpty()) status = answers.remove();
      }
    }
    byte[] body = body(exchange, status).getBytes();
    exchange.getResponseHeaders().set("etag", "\"e\"");
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static String body(HttpExchange exchange, int status) {
    if (status != 200) return "<Error><Code>%s</Code></Error>".formatted(code(status));
    boolean list = exchange.getRequestURI().toString().contains("list-type");
    return list ? "<ListBucketResult></ListBucketResult>" : "";
  }

  private static String code(int status) {
    return switch (status) {
      case 409 -> "ConditionalRequestConflict";
      case 412 -> "PreconditionFailed";
      case 507 -> "XMinioStorageFull";
      default -> "AccessDenied";
    };
  }

  private S3Bucket bucket(String... settings) {
    URI endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    return S3Bucket.open(S3Server.settings(endpoint, "b", settings));
  }

  @Test
  void aPutIsConditionalAndCarriesItsDigestAndNoOtherChecksum() throws IOException {
    try (S3Bucket bucket = bucket()) {
      assertThat(bucket.putIfAbsent("k", hello)).isTrue();
    }
    Headers put = puts.getFirst();
    assertThat(put.getFirst("If-None-Match")).isEqualTo("*");
    assertThat(put.getFirst("X-amz-checksum-sha256"))
        .isEqualTo("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    assertThat(put.keySet())
        .noneMatch(name -> name.toLowerCase().contains("crc"))
        .noneMatch(name -> name.toLowerCase().contains("encryption"));
  }

  @Test
  void theServerIsToldHowToEncrypt() throws IOException {
    try (S3Bucket own = bucket("encryption=sse-s3");
        S3Bucket kms = bucket("encryption=sse-kms", "kms-key-id=alias/graft")) {
      own.putIfAbsent("k", hello);
      kms.replace("k", hello);
    }
    assertThat(puts.get(0).getFirst("X-amz-server-side-encryption")).isEqualTo("AES256");
    assertThat(puts.get(1).getFirst("X-amz-server-side-encryption")).isEqualTo("aws:kms");
    assertThat(puts.get(1).getFirst("X-amz-server-side-encryption-aws-kms-key-id"))
        .isEqualTo("alias/graft");
    assertThat(puts.get(1).containsKey("If-None-Match")).isFalse();
    assertThat(checks)
        .as("a policy may refuse what is not encrypted so")
        .extracting(put -> put.getFirst("X-amz-server-side-encryption"))
        .containsExactly("AES256", "aws:kms");
  }

  @Test
  void aConflictIsTriedAgainAndAnObjectThatIsThereIsNoFailure() throws IOException {
    answers.addAll(List.of(409, 409));
    try (S3Bucket bucket = bucket()) {
      assertThat(bucket.putIfAbsent("k", hello)).isTrue();
      assertThat(puts).hasSize(3);
      answers.add(412);
      assertThat(bucket.putIfAbsent("k", hello)).isFalse();
    }
  }

  @Test
  void aFullBucketIsToldAsAFullDiskIs() throws IOException {
    try (S3Bucket bucket = bucket()) {
      // The SDK asks again after a 5xx.
      answers.addAll(List.of(507, 507, 507, 507));
      assertThatThrownBy(() -> bucket.replace("k", hello))
          .isInstanceOf(S3Failure.class)
          .hasMessageContaining("Disk quota exceeded");
    }
  }

  @Test
  void aRefusalIsToldInOneLineWithItsStatus() throws IOException {
    try (S3Bucket bucket = bucket()) {
      answers.add(403);
      assertThatThrownBy(() -> bucket.replace("k", hello))
          .isInstanceOf(S3Failure.class)
          .hasMessage("k cannot be stored: S3 answered 403 AccessDenied");
    }
  }
}
