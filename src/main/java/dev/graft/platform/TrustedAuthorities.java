package dev.graft.platform;

import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

/** Whose certificates a client of a server believes, where Java's own list is not the one meant. */
public final class TrustedAuthorities {
  private TrustedAuthorities() {}

  /**
   * Only the authorities of a file: no other can vouch for the server then.
   *
   * @param file one or more certificates as PEM, of authorities or of the server itself
   * @throws MachineLacks if there are none in it
   */
  public static SSLContext of(Path file) {
    if (!Files.isReadable(file)) {
      throw new MachineLacks("the certificates in " + file + " cannot be read");
    }
    try {
      var trusted = PemSslStoreDetails.forCertificate(file.toUri().toString());
      return SslBundle.of(new PemSslStoreBundle(null, trusted)).createSslContext();
    } catch (IllegalStateException e) {
      throw new MachineLacks(file + " is no list of certificates in PEM", e);
    }
  }
}
