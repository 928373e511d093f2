package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpsServer;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.TestCertificate;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionTlsTests {
  @TempDir Path directory;
  private HttpsServer server; // set before each test

  @BeforeEach
  void aServerThatNoAuthorityOfJavasKnows() throws Exception {
    byte[] empty = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    server = TestCertificate.server(directory, "/v1/models", empty);
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void theFileThatSslCertFileNamesIsTrusted() {
    String file = directory.resolve("tls.crt").toString();
    try (GraftApi api = Connection.open(login(), directory, Map.of("SSL_CERT_FILE", file))) {
      assertThat(api.get("/v1/models")).isEmpty();
    }
  }

  @Test
  void aServerThatNobodyVouchesForGetsNoKey() {
    try (GraftApi api = Connection.open(login(), directory, Map.of())) {
      assertThatExceptionOfType(UncheckedIOException.class)
          .isThrownBy(() -> api.post("/v1/models", Map.of()))
          .withRootCauseInstanceOf(java.security.GeneralSecurityException.class)
          .satisfies(e -> assertThat(e.getCause()).isInstanceOf(SSLException.class));
    }
  }

  @Test
  void aFileWithoutCertificatesIsNamed() throws Exception {
    Path wrong = Files.writeString(directory.resolve("wrong.pem"), "no certificate");
    for (Path file : new Path[] {wrong, directory.resolve("missing.pem")}) {
      assertThatExceptionOfType(MachineLacks.class)
          .isThrownBy(
              () ->
                  Connection.open(login(), directory, Map.of("SSL_CERT_FILE", file.toString()))
                      .close())
          .withMessageContaining(file.toString());
    }
  }

  private Login login() {
    return Login.withKey("https://127.0.0.1:" + server.getAddress().getPort(), "sk-graft-test");
  }
}
