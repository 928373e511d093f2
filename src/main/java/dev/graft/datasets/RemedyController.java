package dev.graft.datasets;

import dev.graft.datasets.DerivedFiles.RemedyFile.RemedyRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Does on request what a report says can be done. */
@RestController
class RemedyController {
  private final StoredFiles files;
  private final DerivedFiles.RemedyFile remedyFile;

  RemedyController(StoredFiles files, DerivedFiles.RemedyFile remedyFile) {
    this.files = files;
    this.remedyFile = remedyFile;
  }

  @PostMapping("/v1/files/{id}/remedies")
  FileRow.FileObject remedy(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      HttpServletRequest http,
      @RequestBody RemedyRequest body)
      throws IOException {
    FileRow source =
        files.find(caller.departmentId(), id).orElseThrow(() -> RequestFailed.notFound("file", id));
    return files.object(remedyFile.from(http, source, body));
  }
}
