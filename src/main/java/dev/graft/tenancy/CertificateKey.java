package dev.graft.tenancy;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The Ed25519 key (RFC 8032) of this database, which signs certificates: any server has it. */
@Component
class CertificateKey {
  private static final String ALGORITHM = "Ed25519";

  private final JdbcClient sql;

  CertificateKey(JdbcClient sql) {
    this.sql = sql;
  }

  private record Stored(byte[] privateKey, byte[] publicKey) {}

  Erasure.Signed sign(String certificate) {
    try {
      Stored key = stored();
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(
          KeyFactory.getInstance(ALGORITHM)
              .generatePrivate(new PKCS8EncodedKeySpec(key.privateKey())));
      signature.update(certificate.getBytes(UTF_8));
      return new Erasure.Signed(certificate, signature.sign(), key.publicKey());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the key of certificates is damaged", e);
    }
  }

  /** Of two servers that make one at once, the first one's is everybody's. */
  private Stored stored() throws GeneralSecurityException {
    String find = "select private_key, public_key from certificate_key";
    var known = sql.sql(find).query((row, n) -> new Stored(row.getBytes(1), row.getBytes(2)));
    if (known.optional().isPresent()) return known.single();
    KeyPair made = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
    sql.sql(
            "insert into certificate_key (private_key, public_key) values (:private, :public)"
                + " on conflict do nothing")
        .param("private", made.getPrivate().getEncoded())
        .param("public", made.getPublic().getEncoded())
        .update();
    return known.single();
  }
}
