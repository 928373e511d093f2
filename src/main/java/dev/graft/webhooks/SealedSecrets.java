package dev.graft.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.platform.GraftProperties;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Encrypts the signing secrets of webhooks (AES-256-GCM, bound to the endpoint's id), so that a
 * copy of the database is not enough to sign a request. A sealed secret is a nonce of 12 bytes, the
 * ciphertext and a tag of 16 bytes.
 */
@Component
class SealedSecrets {
  private static final String FILE = "webhooks.key";
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecureRandom random = new SecureRandom();
  private final Path file;
  private @Nullable SecretKeySpec key;

  SealedSecrets(WebhooksConfiguration.WebhookProperties settings, GraftProperties graft) {
    file = graft.dataDir().resolve(FILE);
    String configured = settings.encryptionKey();
    if (configured != null) key = key(configured, "graft.webhooks.encryption-key");
  }

  /** The secret was sealed with another key or for another endpoint, or it is damaged. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(Throwable cause) {
      super("this server's key does not decrypt the webhook's secret", cause);
    }
  }

  byte[] seal(byte[] secret, String endpointId) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key(true), nonce, endpointId).doFinal(secret);
      return ByteBuffer.allocate(NONCE_BYTES + sealed.length).put(nonce).put(sealed).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has AES-GCM", e);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot store the key that encrypts webhook secrets", e);
    }
  }

  byte[] open(byte[] sealed, String endpointId) throws Unreadable {
    if (sealed.length <= NONCE_BYTES) throw new Unreadable(new IllegalArgumentException("short"));
    ByteBuffer parts = ByteBuffer.wrap(sealed);
    byte[] nonce = new byte[NONCE_BYTES];
    parts.get(nonce);
    byte[] rest = new byte[parts.remaining()];
    parts.get(rest);
    try {
      return cipher(Cipher.DECRYPT_MODE, key(false), nonce, endpointId).doFinal(rest);
    } catch (GeneralSecurityException | IOException | MachineLacks e) {
      throw new Unreadable(e);
    }
  }

  private static Cipher cipher(int mode, SecretKeySpec key, byte[] nonce, String endpointId)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(endpointId.getBytes(UTF_8));
    return cipher;
  }

  /**
   * @param make whether to create a missing key; a new key decrypts no older secret
   */
  private synchronized SecretKeySpec key(boolean make) throws IOException {
    if (key == null) {
      if (make && !Files.exists(file)) make();
      key = key(Files.readString(file).strip(), file.toString());
    }
    return key;
  }

  /**
   * Creates the key file, which only this user may read. The file appears whole; if two servers
   * create it, the first one stays.
   */
  private void make() throws IOException {
    byte[] bytes = new byte[KEY_BYTES];
    random.nextBytes(bytes);
    Path whole = Files.createTempFile(file.getParent(), FILE, ".part");
    try {
      try (FileChannel out = FileChannel.open(whole, StandardOpenOption.WRITE)) {
        out.write(ByteBuffer.wrap(Base64.getEncoder().encode(bytes)));
        out.force(true);
      }
      Files.createLink(file, whole);
      try (FileChannel directory = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
        directory.force(true);
      }
    } catch (FileAlreadyExistsException other) {
      // the caller reads the other server's key
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  private static SecretKeySpec key(String base64, String where) {
    try {
      byte[] bytes = Base64.getDecoder().decode(base64);
      if (bytes.length == KEY_BYTES) return new SecretKeySpec(bytes, "AES");
    } catch (IllegalArgumentException notBase64) {
      // reported below
    }
    throw new MachineLacks(
        where + " must be 32 bytes in base64; make a key with: openssl rand -base64 32");
  }
}
