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
 * Whose certificates a client of a server believes, where Java's own list is not the one meant.
 * Without Spring, so that commands of clients start fast.
 */
public final class TrustedAuthorities {
  private static final Pattern CERTIFICATE =
      Pattern.compile("-+BEGIN [A-Z0-9 ]*CERTIFICATE-+\\s+([A-Za-z0-9+/=\\s]+)-+END");

  private TrustedAuthorities() {}

  /**
   * Only the authorities of a file: no other can vouch for the server then.
   *
   * @param file one or more certificates as PEM, of authorities or of the server itself
   * @throws MachineLacks if there are none in it
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

  /** The same, for a client that makes its own connections. */
  public static TrustManager[] managers(Path file) {
    String pem;
    try {
      pem = Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new MachineLacks("the certificates in " + file + " cannot be read", e);
    }
    try {
      return trusting(certificates(pem));
    } catch (GeneralSecurityException | IllegalArgumentException | IOException e) {
      throw new MachineLacks(file + " is no list of certificates in PEM", e);
    }
  }

  private static List<String> certificates(String pem) {
    List<String> found =
        CERTIFICATE.matcher(pem).results().map((MatchResult each) -> each.group(1)).toList();
    if (found.isEmpty()) throw new IllegalArgumentException("no certificate in it");
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
