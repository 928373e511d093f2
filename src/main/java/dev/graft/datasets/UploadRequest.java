package dev.graft.datasets;

import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/uploads}; {@code columns} and {@code ignore_unknown_keys} are Graft's
 * own.
 */
record UploadRequest(
    @Nullable String filename,
    @Nullable String purpose,
    @Nullable Long bytes,
    @Nullable String mimeType,
    @Nullable ExpiresAfter expiresAfter,
    @Nullable Map<String, String> columns,
    @Nullable Boolean ignoreUnknownKeys) {
  private static final Pattern MIME_TYPE =
      Pattern.compile("[\\w.+-]{1,60}/[\\w.+-]{1,60}(;[\\w .=\"+-]{0,100})?");

  record ExpiresAfter(@Nullable String anchor, @Nullable Long seconds) {}

  /** Throws {@link RequestFailed} that names the field to blame. */
  NewUpload check(Caller caller, long maxBytes) {
    String name = RequestFailed.required(filename, "filename");
    FilePurpose checkedPurpose = FileFields.purpose(purpose, caller);
    long size = RequestFailed.required(bytes, "bytes");
    String type = RequestFailed.required(mimeType, "mime_type");
    if (size < 1 || size > maxBytes) {
      throw RequestFailed.invalid("bytes", "An upload has 1 to " + maxBytes + " bytes.");
    }
    if (!MIME_TYPE.matcher(type).matches()) {
      throw RequestFailed.invalid("mime_type", "That is no MIME type, such as application/jsonl.");
    }
    Duration lifetime =
        expiresAfter == null
            ? null
            : FileFields.lifetime(
                expiresAfter.anchor(),
                expiresAfter.seconds(),
                "expires_after.anchor",
                "expires_after.seconds");
    boolean ignored = Boolean.TRUE.equals(ignoreUnknownKeys);
    DecodingOptions decoding = new DecodingOptions(FileFields.columns(columns), ignored);
    NewFile file = new NewFile(caller.departmentId(), name, checkedPurpose, lifetime, decoding);
    return new NewUpload(file, size, type);
  }
}
