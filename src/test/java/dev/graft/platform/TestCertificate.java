package dev.graft.platform;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

/** A certificate that vouches for 127.0.0.1 and for itself, made by the JDK's keytool. */
public record TestCertificate(X509Certificate certificate, PrivateKey key) {
  private static final char[] PASSWORD = "changeit".toCharArray();

  /**
   * @param directory for keytool; must not hold another
   */
  public static TestCertificate in(Path directory) throws Exception {
    Path store = directory.resolve("store.p12");
    Process keytool =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                    "-genkeypair",
                    "-alias",
                    "server",
                    "-keyalg",
                    "EC",
                    "-dname",
                    "CN=graft",
                    "-ext",
                    "SAN=IP:127.0.0.1",
                    "-storetype",
                    "PKCS12",
                    "-keystore",
                    store.toString(),
                    "-storepass",
                    new String(PASSWORD)))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (keytool.waitFor() != 0) throw new IOException("keytool failed");
    KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD);
    return new TestCertificate(
        (X509Certificate) keys.getCertificate("server"),
        (PrivateKey) keys.getKey("server", PASSWORD));
  }

  /** {@code tls.crt} and {@code tls.key}, each replaced as a whole. */
  public void write(Path directory) throws IOException, GeneralSecurityException {
    write(directory.resolve("tls.key"), "PRIVATE KEY", key.getEncoded());
    write(directory.resolve("tls.crt"), "CERTIFICATE", certificate.getEncoded());
  }

  /**
   * A server on 127.0.0.1 with a certificate of its own, {@code tls.crt} in the directory, that
   * answers one path; to be stopped.
   *
   * @param directory must not hold another certificate
   */
  public static HttpsServer server(Path directory, String path, byte[] answer) throws Exception {
    in(directory).write(directory);
    var keys =
        PemSslStoreDetails.forCertificate(directory.resolve("tls.crt").toUri().toString())
            .withPrivateKey(directory.resolve("tls.key").toUri().toString());
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setHttpsConfigurator(
        new HttpsConfigurator(SslBundle.of(new PemSslStoreBundle(keys, null)).createSslContext()));
    server.createContext(
        path,
        exchange -> {
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    return server;
  }

  private static void write(Path file, String type, byte[] der) throws IOException {
    String body = Base64.getMimeEncoder().encodeToString(der);
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(
        part, "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(type, body, type));
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
