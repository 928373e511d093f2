package dev.graft.datasets;

import dev.graft.artifacts.Digest;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** OpenAI's Uploads API: a large file in parts. */
@RestController
@RequestMapping("/v1/uploads")
class UploadController {
  private final UploadService uploads;
  private final UploadParts parts;
  private final CompleteUpload completion;
  private final Idempotency idempotency;
  private final FileProperties settings;
  private final JsonMapper json;

  UploadController(
      UploadService uploads,
      UploadParts parts,
      CompleteUpload completion,
      Idempotency idempotency,
      FileProperties settings,
      JsonMapper json) {
    this.uploads = uploads;
    this.parts = parts;
    this.completion = completion;
    this.idempotency = idempotency;
    this.settings = settings;
    this.json = json;
  }

  @PostMapping
  Upload.UploadObject create(
      @AuthenticationPrincipal Caller caller, HttpServletRequest http, @RequestBody byte[] body) {
    UploadService.NewUpload upload =
        RequestFailed.required(json.readValue(body, UploadRequest.class), "filename")
            .check(caller, settings.maxUploadSize().toBytes());
    IdempotentRequest submission =
        IdempotentRequest.of(
            http, caller.departmentId(), "POST /v1/uploads", Digest.of(body).hex());
    String id = idempotency.once(submission, () -> uploads.create(upload));
    return uploads.object(uploads.require(caller.departmentId(), id));
  }

  @PostMapping(path = "/{id}/parts", consumes = "multipart/form-data")
  Upload.PartObject addPart(
      @AuthenticationPrincipal Caller caller, @PathVariable String id, HttpServletRequest request)
      throws IOException {
    return parts.receive(request, caller.departmentId(), id);
  }

  @PostMapping("/{id}/complete")
  Upload.UploadObject complete(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestBody CompleteUpload.CompleteUploadRequest request)
      throws IOException {
    return completion.complete(caller.departmentId(), id, request);
  }

  @PostMapping("/{id}/cancel")
  Upload.UploadObject cancel(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    Upload upload = uploads.cancel(caller.departmentId(), id);
    parts.tidy(id);
    return uploads.object(upload);
  }

  /**
   * The body of {@code POST /v1/uploads}; {@code columns} and {@code ignore_unknown_keys} are
   * Graft's own.
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
    UploadService.NewUpload check(Caller caller, long maxBytes) {
      String name = RequestFailed.required(filename, "filename");
      NewFile.FilePurpose checkedPurpose = FileFields.purpose(purpose, caller);
      long size = RequestFailed.required(bytes, "bytes");
      String type = RequestFailed.required(mimeType, "mime_type");
      if (size < 1 || size > maxBytes) {
        throw RequestFailed.invalid("bytes", "An upload must have 1 to " + maxBytes + " bytes.");
      }
      if (!MIME_TYPE.matcher(type).matches()) {
        throw RequestFailed.invalid(
            "mime_type", "mime_type must be a MIME type, such as application/jsonl.");
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
      return new UploadService.NewUpload(file, size, type);
    }
  }
}
