package dev.graft.platform;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Trusted certificate authorities of a client, instead of Java's. Does not use Spring, so that
 * client commands start fast.
 */
public final class TrustedAuthorities {
  private static final Pattern CERTIFICATE =
      Pattern.compile("-+BEGIN [A-Z0-9 ]*CERTIFICATE-+\\s+([A-Za-z0-9+/=\\s]+)-+END");

  private TrustedAuthorities() {}

  /**
   * Returns a context that trusts only the authorities in a file.
   *
   * @param file one or more PEM certificates, of authorities or of the server itself
   * @throws MachineLacks if the file contains none
   */
  public static SSLContext of(Path file) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers(file), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the trust managers, for a client that makes its own connections. */
  public static TrustManager[] managers(Path file) {
    String pem;
    try {
      pem = Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new MachineLacks("cannot read the certificates in " + file, e);
    }
    try {
      return trusting(certificates(pem));
    } catch (GeneralSecurityException | IllegalArgumentException | IOException e) {
      throw new MachineLacks(file + " is not a PEM file with certificates", e);
    }
  }

  private static List<String> certificates(String pem) {
    List<String> found =
        CERTIFICATE.matcher(pem).results().map((MatchResult each) -> each.group(1)).toList();
    if (found.isEmpty()) throw new IllegalArgumentException("no certificate");
    return found;
  }

  private static TrustManager[] trusting(List<String> certificates)
      throws GeneralSecurityException, IOException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (String each : certificates) {
      byte[] encoded = Base64.getMimeDecoder().decode(each);
      Certificate one = factory.generateCertificate(new ByteArrayInputStream(encoded));
      store.setCertificateEntry("authority-" + store.size(), one);
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    return trust.getTrustManagers();
  }
}
