package dev.graft.platform;

import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
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
    return bundle(file).createSslContext();
  }

  /** The same, for a client that makes its own connections. */
  public static TrustManager[] managers(Path file) {
    return bundle(file).getManagers().getTrustManagers();
  }

  private static SslBundle bundle(Path file) {
    if (!Files.isReadable(file)) {
      throw new MachineLacks("the certificates in " + file + " cannot be read");
    }
    try {
      var trusted = PemSslStoreDetails.forCertificate(file.toUri().toString());
      SslBundle bundle = SslBundle.of(new PemSslStoreBundle(null, trusted));
      bundle.getManagers().getTrustManagers();
      return bundle;
    } catch (IllegalStateException e) {
      throw new MachineLacks(file + " is no list of certificates in PEM", e);
    }
  }
}
