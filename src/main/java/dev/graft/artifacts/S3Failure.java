package dev.graft.artifacts;

import java.io.IOException;
import java.util.Objects;
import java.util.Set;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** An S3 server refused a request, or could not be reached. */
public final class S3Failure extends IOException {
  private static final Set<String> FULL =
      Set.of("QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "InsufficientCapacity");
  private static final int INSUFFICIENT_STORAGE = 507;

  private S3Failure(String message, SdkException cause) {
    super(message, cause);
  }

  /**
   * @param doing the attempt that failed, such as "blob x cannot be stored"
   */
  static S3Failure of(String doing, SdkException failure) {
    if (!(failure instanceof S3Exception refused)) {
      return new S3Failure(doing + ": " + firstLine(failure), failure);
    }
    String code = code(refused);
    boolean full = refused.statusCode() == INSUFFICIENT_STORAGE || FULL.contains(code);
    // In the words of a file system: StorageFull recognises a full disk by them.
    String why = full ? "Disk quota exceeded" : "S3 answered " + refused.statusCode();
    return new S3Failure(doing + ": " + why + (code.isEmpty() ? "" : " " + code), refused);
  }

  /** Returns an empty string if the server sent no code, as after HEAD. */
  static String code(S3Exception refused) {
    AwsErrorDetails details = refused.awsErrorDetails();
    return details == null ? "" : Objects.requireNonNullElse(details.errorCode(), "");
  }

  /** Returns the HTTP status of the answer; 0 if there was none. */
  public int status() {
    return getCause() instanceof S3Exception refused ? refused.statusCode() : 0;
  }

  static String firstLine(Throwable failure) {
    String message = failure.getMessage();
    return message == null
        ? failure.getClass().getSimpleName()
        : message.lines().findFirst().orElse(message);
  }
}
