package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpsServer;
import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.cli.doctor.DoctorReport.CheckStatus;
import dev.graft.platform.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose certificate no authority of Java's vouches for. */
class TlsServerTests {
  @TempDir Path directory;
  private HttpsServer server; // set before each test

  @BeforeEach
  void start() throws Exception {
    byte[] document = Files.readAllBytes(Path.of("docs/openapi.yaml"));
    server = TestCertificate.server(directory, "/openapi.yaml", document);
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void itIsMissingUntilItsAuthorityIsNamed() throws IOException {
    CheckResult untrusted = look(null);
    assertThat(untrusted.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(untrusted.detail()).contains("is not trusted");
    assertThat(untrusted.cure()).contains("SSL_CERT_FILE");
    assertThat(look("tls.crt").status()).isEqualTo(CheckStatus.OK);
    CheckResult noFile = look("missing.pem");
    assertThat(noFile.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(noFile.cure()).isEqualTo("correct SSL_CERT_FILE");
  }

  @Test
  void aPortThatSpeaksTlsMayBeAGrafts() {
    int port = server.getAddress().getPort();
    CheckResult held =
        new ServerChecks.Port("127.0.0.1", port, "https", Map.of()).findings().getFirst();
    assertThat(held.status()).isEqualTo(CheckStatus.WARNING);
    assertThat(held.detail()).contains("perhaps by Graft");
  }

  private CheckResult look(@org.jspecify.annotations.Nullable String authorities)
      throws IOException {
    Map<String, String> environment = new HashMap<>();
    environment.put("XDG_CONFIG_HOME", directory.toString());
    if (authorities != null) {
      environment.put("SSL_CERT_FILE", directory.resolve(authorities).toString());
    }
    String url = "https://127.0.0.1:" + server.getAddress().getPort();
    return new ServerChecks.ApiServer(url, environment).findings().getFirst();
  }
}
