package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobDownload;
import dev.graft.datasets.DataFile.FileObject;
import dev.graft.datasets.DerivedFiles.ConvertFile.ConversionRequest;
import dev.graft.datasets.DerivedFiles.RemedyFile.RemedyRequest;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's Files API. */
@RestController
@RequestMapping("/v1/files")
class FileController {
  /** Excludes the word of another route. */
  private static final String FILE = "/{id:(?!imports$).+}";

  /** OpenAI's, as limit and as default. */
  private static final int MAX_PAGE = 10_000;

  private final StoredFiles files;
  private final CreateFile uploadFile;
  private final DerivedFiles.ConvertFile convertFile;
  private final DerivedFiles.RemedyFile remedyFile;
  private final ArtifactStore store;
  private final AuditLog audit;

  FileController(
      StoredFiles files,
      CreateFile uploadFile,
      DerivedFiles.ConvertFile convertFile,
      DerivedFiles.RemedyFile remedyFile,
      ArtifactStore store,
      AuditLog audit) {
    this.audit = audit;
    this.files = files;
    this.uploadFile = uploadFile;
    this.convertFile = convertFile;
    this.remedyFile = remedyFile;
    this.store = store;
  }

  @PostMapping(consumes = "multipart/form-data")
  FileObject upload(@AuthenticationPrincipal Caller caller, HttpServletRequest request)
      throws IOException {
    return files.object(uploadFile.from(request, caller));
  }

  @GetMapping
  CursorPage<FileObject> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam @Nullable String purpose,
      @RequestParam @Nullable String limit,
      @RequestParam @Nullable String order,
      @RequestParam @Nullable String after) {
    Cursor page = Cursor.parse(after, limit, order, MAX_PAGE, MAX_PAGE);
    List<FileObject> rows = files.objects(files.list(caller.departmentId(), purpose, page));
    return CursorPage.ofOneMore(rows, page.limit(), FileObject::id);
  }

  @GetMapping(FILE)
  FileObject get(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    return files.object(require(caller, id));
  }

  /** Graft's own. */
  @PostMapping("/{id}/convert")
  FileObject convert(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      HttpServletRequest http,
      @RequestBody(required = false) @Nullable ConversionRequest body)
      throws IOException {
    ConversionRequest request = body == null ? ConversionRequest.EMPTY : body;
    return files.object(convertFile.from(http, require(caller, id), request));
  }

  /** Graft's own: applies remedies that a report proposes. */
  @PostMapping("/{id}/remedies")
  FileObject remedy(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      HttpServletRequest http,
      @RequestBody RemedyRequest body)
      throws IOException {
    return files.object(remedyFile.from(http, require(caller, id), body));
  }

  @GetMapping("/{id}/content")
  ResponseEntity<Resource> content(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      HttpMethod method,
      @RequestHeader HttpHeaders headers) {
    DataFile file = require(caller, id);
    if (file.isUnconverted()) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The rows of " + id + " are not ready, or could not be made: see its status.",
          "id");
    }
    ResponseEntity<Resource> answer =
        BlobDownload.of(
            store,
            file.blob(),
            file.filename(),
            MediaType.APPLICATION_OCTET_STREAM,
            method,
            headers);
    if (BlobDownload.begins(method, answer)) {
      audit.write(
          "file.downloaded", caller.departmentId(), id, Map.of("filename", file.filename()));
    }
    return answer;
  }

  @DeleteMapping(FILE)
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    if (!files.delete(caller.departmentId(), id)) {
      throw RequestFailed.notFound("file", id);
    }
    return new DeletedObject(id, "file", true);
  }

  private DataFile require(Caller caller, String id) {
    return files
        .find(caller.departmentId(), id)
        .orElseThrow(() -> RequestFailed.notFound("file", id));
  }
}
