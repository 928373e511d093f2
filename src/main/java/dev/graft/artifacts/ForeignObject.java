package dev.graft.artifacts;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * An object as it was looked at; reading it names its ETag, so that another is never read for it.
 *
 * @param etag as the server writes it, with its quotes
 * @param algorithm of {@code digest}; null where the server tells no digest of the whole
 * @param digest in hexadecimal
 */
public record ForeignObject(
    String key, long bytes, String etag, @Nullable String algorithm, @Nullable String digest) {
  private static final Pattern MD5 = Pattern.compile("\"?([0-9a-f]{32})\"?");

  /** The ETag is an MD5 where one put wrote it, and S3's own keys encrypt it, or none. */
  static ForeignObject of(String bucket, String key, HeadObjectResponse there) {
    String etag = there.eTag();
    String sha256 = there.checksumSHA256();
    if (sha256 != null && !sha256.contains("-")) {
      String hex = HexFormat.of().formatHex(Base64.getDecoder().decode(sha256));
      return new ForeignObject(key, there.contentLength(), etag, "SHA-256", hex);
    }
    ServerSideEncryption by = there.serverSideEncryption();
    boolean plain = by == null || by == ServerSideEncryption.AES256;
    var md5 = MD5.matcher(etag);
    boolean told = plain && md5.matches() && !bucket.endsWith("--x-s3");
    return new ForeignObject(
        key, there.contentLength(), etag, told ? "MD5" : null, told ? md5.group(1) : null);
  }

  /** Whether a file has its bytes, as far as the server has told what they are. */
  public boolean isIn(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) != bytes) return false;
    if (algorithm == null) return true;
    try (DigestInputStream in =
        new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance(algorithm))) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(in.getMessageDigest().digest()).equals(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + algorithm, e);
    }
  }
}
