package dev.graft.datasets;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The form fields beside an uploaded file, checked. */
final class FileFields {
  private static final long MIN_LIFETIME = 3600;
  private static final long MAX_LIFETIME = 2_592_000;

  private FileFields() {}

  static NewFile of(String departmentId, FileUpload upload) {
    return new NewFile(departmentId, upload.filename(), purpose(upload), lifetime(upload));
  }

  private static FilePurpose purpose(FileUpload upload) {
    String purpose = upload.field("purpose");
    if (purpose == null) {
      throw new RequestFailed(
          ProblemType.MISSING_PARAMETER, "The field 'purpose' is missing.", "purpose");
    }
    if (!purpose.equals(FilePurpose.FINE_TUNE.wireName())) {
      String shown = purpose.substring(0, Math.min(purpose.length(), 60));
      throw RequestFailed.invalid(
          "purpose",
          "'" + shown + "' is not a purpose that uploads may have here; 'fine-tune' is.");
    }
    return FilePurpose.FINE_TUNE;
  }

  private static @Nullable Duration lifetime(FileUpload upload) {
    String anchor = upload.field("expires_after[anchor]");
    String seconds = upload.field("expires_after[seconds]");
    if (anchor == null && seconds == null) {
      return null;
    }
    if (!"created_at".equals(anchor)) {
      throw RequestFailed.invalid("expires_after[anchor]", "The only anchor is 'created_at'.");
    }
    if (seconds == null || !seconds.matches("[0-9]{1,9}")) {
      throw outOfRange();
    }
    long lifetime = Long.parseLong(seconds);
    if (lifetime < MIN_LIFETIME || lifetime > MAX_LIFETIME) {
      throw outOfRange();
    }
    return Duration.ofSeconds(lifetime);
  }

  private static RequestFailed outOfRange() {
    return RequestFailed.invalid(
        "expires_after[seconds]",
        "A lifetime is %d to %d seconds.".formatted(MIN_LIFETIME, MAX_LIFETIME));
  }
}
