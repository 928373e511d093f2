package dev.graft.datasets;

import dev.graft.artifacts.Digest;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
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
  private final Uploads uploads;
  private final UploadParts parts;
  private final CompleteUpload completion;
  private final Idempotency idempotency;
  private final FileProperties settings;
  private final JsonMapper json;

  UploadController(
      Uploads uploads,
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
  UploadObject create(
      @AuthenticationPrincipal Caller caller, HttpServletRequest http, @RequestBody byte[] body) {
    NewUpload upload =
        RequestFailed.required(json.readValue(body, UploadRequest.class), "filename")
            .check(caller, settings.maxUploadSize().toBytes());
    IdempotentRequest submission =
        IdempotentRequest.of(
            http, caller.departmentId(), "POST /v1/uploads", Digest.of(body).hex());
    String id = idempotency.once(submission, () -> uploads.create(upload));
    return uploads.object(uploads.require(caller.departmentId(), id));
  }

  @PostMapping(path = "/{id}/parts", consumes = "multipart/form-data")
  PartRow.PartObject addPart(
      @AuthenticationPrincipal Caller caller, @PathVariable String id, HttpServletRequest request)
      throws IOException {
    return parts.receive(request, caller.departmentId(), id);
  }

  @PostMapping("/{id}/complete")
  UploadObject complete(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestBody CompleteUploadRequest request)
      throws IOException {
    return completion.complete(caller.departmentId(), id, request);
  }

  @PostMapping("/{id}/cancel")
  UploadObject cancel(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    UploadRow upload = uploads.cancel(caller.departmentId(), id);
    parts.tidy(id);
    return uploads.object(upload);
  }
}
