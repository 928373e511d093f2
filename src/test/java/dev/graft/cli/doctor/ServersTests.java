package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.cli.doctor.DoctorReport.CheckStatus;
import dev.graft.cli.doctor.ServerChecks.ApiServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.mock.env.MockEnvironment;

/** Ports and servers: what holds them, and what answers. */
class ServersTests {
  private static final String LOOPBACK = "127.0.0.1";
  private static final String DOCUMENT =
      "openapi: 3.1.0\ninfo:\n  title: Graft\n  version: 9.9.9\n";
  @TempDir Path home;
  private HttpServer server; // set before each test
  private volatile String document = DOCUMENT;

  @BeforeEach
  void aServerThatTakesOneKey() throws IOException {
    server = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
    server.createContext("/openapi.yaml", exchange -> answer(exchange, 200, document));
    server.createContext(
        "/v1/models",
        exchange -> {
          String key = exchange.getRequestHeaders().getFirst("authorization");
          answer(exchange, "Bearer good".equals(key) ? 200 : 401, "{}");
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Test
  void aFreePortIsWellAndStaysFree() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(LOOPBACK))) {
      free = socket.getLocalPort();
    }
    assertThat(port(free).detail()).isEqualTo(free + " is free");
    assertThat(port(free).status()).isEqualTo(CheckStatus.OK);
    assertThat(port(0).detail()).isEqualTo("any free port");
  }

  @Test
  void aPortThatAGraftHoldsIsWellAndThatOfAnotherProgramIsNot() {
    assertThat(port(portOfServer()).detail()).endsWith("is in use by a running Graft");
    document = "title: Something else";
    CheckResult other = port(portOfServer());
    assertThat(other.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(other.cure()).contains("--port");
  }

  @Test
  void aPortWhoseHolderSaysNothingIsMissing() throws IOException {
    try (ServerSocket mute = new ServerSocket(0, 1, InetAddress.getByName(LOOPBACK))) {
      Thread.ofPlatform().start(() -> hangUpOnAll(mute));
      assertThat(port(mute.getLocalPort()).status()).isEqualTo(CheckStatus.MISSING);
    }
  }

  private static void hangUpOnAll(ServerSocket socket) {
    try {
      while (true) socket.accept().close();
    } catch (IOException closed) {
      return;
    }
  }

  private static CheckResult port(int port) {
    return new ServerChecks.Port(LOOPBACK, port, "http", Map.of()).findings().getFirst();
  }

  @Test
  void anAddressThatThisMachineDoesNotHaveIsMissing() {
    CheckResult elsewhere =
        new ServerChecks.Port("192.0.2.1", 8080, "http", Map.of()).findings().getFirst();
    assertThat(elsewhere.status()).isEqualTo(CheckStatus.MISSING);
  }

  @Test
  void withoutALoginThereIsNoServerToLookAt() throws IOException {
    assertThat(new ApiServer(null, environment()).findings()).isEmpty();
  }

  @Test
  void aServerOfAnotherVersionIsAWarningAndAKeyIsTried() throws IOException {
    List<CheckResult> asked = new ApiServer(url(), environment()).findings();
    assertThat(asked).hasSize(1);
    assertThat(asked.getFirst().status()).isEqualTo(CheckStatus.WARNING);
    assertThat(asked.getFirst().detail()).contains("(9.9.9) differs from this version's");

    document = Files.readString(Path.of("docs/openapi.yaml"));
    assertThat(withKey("good"))
        .extracting(CheckResult::status)
        .containsOnly(CheckStatus.OK)
        .hasSize(2);
    CheckResult refused = withKey("wrong-secret").get(1);
    assertThat(refused.status()).isEqualTo(CheckStatus.WARNING);
    assertThat(refused.detail()).endsWith("answers with status 401").doesNotContain("wrong-secret");
  }

  private List<CheckResult> withKey(String key) throws IOException {
    var environment =
        Map.of("XDG_CONFIG_HOME", home.toString(), "GRAFT_SERVER", url(), "GRAFT_API_KEY", key);
    return new ApiServer(null, environment).findings();
  }

  @Test
  void aServerThatIsAwayIsMissingOnlyIfItWasAskedFor() throws IOException {
    server.stop(0);
    assertThat(new ApiServer(url(), environment()).findings().getFirst().status())
        .isEqualTo(CheckStatus.MISSING);
    assertThat(withKey("good"))
        .hasSize(1)
        .allMatch(finding -> finding.status() == CheckStatus.WARNING);
  }

  @Test
  void aWorkerNeedsAServerAndATokenToJoinIt() throws IOException {
    assertThat(ofWorker(new MockEnvironment()).detail()).isEqualTo("no server is specified");
    MockEnvironment named = new MockEnvironment().withProperty("graft.worker.server-url", url());
    named.setProperty("graft.worker.directory", home.toString());
    CheckResult stranger = ofWorker(named);
    assertThat(stranger.status()).isEqualTo(CheckStatus.WARNING);
    assertThat(stranger.cure()).contains("worker-token create");
    CheckResult wrong = ofWorker(named.withProperty("graft.worker.server-url", "ftp://elsewhere"));
    assertThat(wrong.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(wrong.detail())
        .isEqualTo("graft.worker.server-url is not a valid URL: ftp://elsewhere");
  }

  private static CheckResult ofWorker(MockEnvironment settings) throws IOException {
    return new ServerChecks.WorkersServer(settings).findings().getFirst();
  }

  private Map<String, String> environment() {
    return Map.of("XDG_CONFIG_HOME", home.toString());
  }

  private int portOfServer() {
    return server.getAddress().getPort();
  }

  private String url() {
    return "http://" + LOOPBACK + ":" + portOfServer();
  }
}
