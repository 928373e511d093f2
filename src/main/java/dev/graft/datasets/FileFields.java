package dev.graft.datasets;

import dev.graft.datasets.NewFile.FilePurpose;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Permission;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Checks the fields of a request that describe a file. */
final class FileFields {
  private static final long MIN_LIFETIME = 3600;
  private static final long MAX_LIFETIME = 2_592_000;
  private static final int MAX_SHOWN = 60;

  private FileFields() {}

  static NewFile of(Caller caller, CreateFile.FileUploadBody upload) {
    return new NewFile(
        caller.departmentId(),
        upload.filename(),
        purpose(upload.field("purpose"), caller),
        lifetime(upload),
        new DecodingOptions(
            columns(upload.columns()), ignoreUnknownKeys(upload.field("ignore_unknown_keys"))));
  }

  /**
   * Departments upload training data. Results of jobs have a purpose of their own, and only
   * administrators upload files of purpose {@code user_data}.
   */
  public static FilePurpose purpose(@Nullable String purpose, Caller caller) {
    if (purpose == null) {
      throw new RequestFailed(
          ProblemType.MISSING_PARAMETER, "The field 'purpose' is missing.", "purpose");
    }
    if (purpose.equals(FilePurpose.FINE_TUNE.wireName())) return FilePurpose.FINE_TUNE;
    if (!purpose.equals(FilePurpose.USER_DATA.wireName())) {
      String shown = purpose.substring(0, Math.min(purpose.length(), MAX_SHOWN));
      throw RequestFailed.invalid(
          "purpose", "Uploads cannot have the purpose '" + shown + "' here; use 'fine-tune'.");
    }
    if (caller.permissions().contains(Permission.ORGANIZATION_WRITE)) return FilePurpose.USER_DATA;
    throw new RequestFailed(
        ProblemType.PERMISSION_DENIED,
        "Only administrators can upload files of purpose 'user_data'; use 'fine-tune' for training data.",
        "purpose");
  }

  public static DecodingOptions.@Nullable CsvColumns columns(
      @Nullable Map<String, String> columns) {
    return columns == null || columns.isEmpty() ? null : new DecodingOptions.CsvColumns(columns);
  }

  private static boolean ignoreUnknownKeys(@Nullable String value) {
    return switch (value) {
      case null -> false;
      case "true" -> true;
      case "false" -> false;
      default ->
          throw RequestFailed.invalid(
              "ignore_unknown_keys", "ignore_unknown_keys must be true or false.");
    };
  }

  private static @Nullable Duration lifetime(CreateFile.FileUploadBody upload) {
    String anchor = upload.field("expires_after[anchor]");
    String seconds = upload.field("expires_after[seconds]");
    if (anchor == null && seconds == null) {
      return null;
    }
    boolean number = seconds != null && seconds.matches("[0-9]{1,9}");
    return lifetime(
        anchor,
        number ? Long.valueOf(seconds) : null,
        "expires_after[anchor]",
        "expires_after[seconds]");
  }

  /** The two names are those of the fields in errors. */
  public static Duration lifetime(
      @Nullable String anchor, @Nullable Long seconds, String anchorName, String secondsName) {
    if (!"created_at".equals(anchor)) {
      throw RequestFailed.invalid(anchorName, "The only anchor is 'created_at'.");
    }
    if (seconds == null || seconds < MIN_LIFETIME || seconds > MAX_LIFETIME) {
      throw RequestFailed.invalid(
          secondsName,
          "A lifetime must be %d to %d seconds.".formatted(MIN_LIFETIME, MAX_LIFETIME));
    }
    return Duration.ofSeconds(seconds);
  }
}
