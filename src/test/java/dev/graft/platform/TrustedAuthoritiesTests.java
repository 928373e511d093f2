package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpsServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustedAuthoritiesTests {
  @TempDir private Path directory;

  @Test
  void eachCertificateOfAFileVouchesWhateverStandsBetweenThem() throws Exception {
    Path other = Files.createDirectory(directory.resolve("other"));
    TestCertificate.in(other).write(other);
    HttpsServer server = TestCertificate.server(directory, "/", new byte[0]);
    try {
      String others = Files.readString(other.resolve("tls.crt"));
      String own = Files.readString(directory.resolve("tls.crt"));
      Path both = directory.resolve("both.pem");
      Files.writeString(both, "0 Others\r\n" + others.replace("\n", "\r\n") + "# ours: é\n" + own);
      assertThat(status(server, both)).isEqualTo(200);
      assertThatExceptionOfType(SSLHandshakeException.class)
          .isThrownBy(() -> status(server, other.resolve("tls.crt")));
    } finally {
      server.stop(0);
    }
  }

  private static int status(HttpsServer server, Path authorities) throws Exception {
    URI uri = URI.create("https://127.0.0.1:" + server.getAddress().getPort() + "/");
    try (HttpClient client =
        HttpClient.newBuilder().sslContext(TrustedAuthorities.of(authorities)).build()) {
      return client
          .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.discarding())
          .statusCode();
    }
  }

  @Test
  void aFileWithoutCertificatesIsRefused() throws Exception {
    Path file = directory.resolve("authorities.pem");
    assertRefused(file, "cannot read");
    String begun = "-----BEGIN CERTIFICATE-----\n";
    for (String text :
        new String[] {"", "hello", begun, begun + "AAAA\n-----END CERTIFICATE-----\n"}) {
      Files.writeString(file, text);
      assertRefused(file, "is not a PEM file with certificates");
    }
  }

  private static void assertRefused(Path file, String why) {
    assertThatExceptionOfType(MachineLacks.class)
        .isThrownBy(() -> TrustedAuthorities.of(file))
        .withMessageContaining(why);
  }
}
