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
 * Secrets that must be read again, encrypted (AES-256-GCM, bound to what they belong to): whoever
 * has a copy of the database can sign nothing. A sealed secret is a nonce of 12 bytes, the
 * ciphertext and a tag of 16.
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

  /** A secret was sealed with another key, or for something else, or is damaged. */
  public static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(Throwable cause) {
      super("a webhook's secret cannot be decrypted with this server's key", cause);
    }
  }

  /**
   * @param of id of what it belongs to
   */
  public byte[] seal(byte[] secret, String of) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key(true), nonce, of).doFinal(secret);
      return ByteBuffer.allocate(NONCE_BYTES + sealed.length).put(nonce).put(sealed).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has AES-GCM", e);
    } catch (IOException e) {
      throw new UncheckedIOException("the key of webhooks' secrets cannot be kept", e);
    }
  }

  public byte[] open(byte[] sealed, String of) throws Unreadable {
    if (sealed.length <= NONCE_BYTES) throw new Unreadable(new IllegalArgumentException("short"));
    ByteBuffer parts = ByteBuffer.wrap(sealed);
    byte[] nonce = new byte[NONCE_BYTES];
    parts.get(nonce);
    byte[] rest = new byte[parts.remaining()];
    parts.get(rest);
    try {
      return cipher(Cipher.DECRYPT_MODE, key(false), nonce, of).doFinal(rest);
    } catch (GeneralSecurityException | IOException | MachineLacks e) {
      throw new Unreadable(e);
    }
  }

  private static Cipher cipher(int mode, SecretKeySpec key, byte[] nonce, String of)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(of.getBytes(UTF_8));
    return cipher;
  }

  /**
   * @param make where there is none: only before something is sealed, since it opens nothing
   */
  private synchronized SecretKeySpec key(boolean make) throws IOException {
    if (key == null) {
      if (make && !Files.exists(file)) make();
      key = key(Files.readString(file).strip(), file.toString());
    }
    return key;
  }

  /** Nobody else may read it at any time; it is there whole or not, and of two the first stays. */
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
      // read that
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  private static SecretKeySpec key(String base64, String where) {
    try {
      byte[] bytes = Base64.getDecoder().decode(base64);
      if (bytes.length == KEY_BYTES) return new SecretKeySpec(bytes, "AES");
    } catch (IllegalArgumentException notBase64) {
      // told below
    }
    throw new MachineLacks(
        where + " must be 32 bytes in base64, such as of: openssl rand -base64 32");
  }
}
