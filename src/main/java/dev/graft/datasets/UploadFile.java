package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.StagedBlob;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Takes an upload: read, checked, published, recorded, in this order. */
@Component
@Profile("server")
class UploadFile {
  private final ArtifactStore store;
  private final Files files;
  private final FileValidation validation;
  private final FileProperties settings;

  UploadFile(ArtifactStore store, Files files, FileValidation validation, FileProperties settings) {
    this.store = store;
    this.files = files;
    this.validation = validation;
    this.settings = settings;
  }

  FileRow from(HttpServletRequest request, String departmentId) throws IOException {
    try (FileUpload upload = FileUpload.read(request, store, settings.maxSize().toBytes())) {
      NewFile file = FileFields.of(departmentId, upload);
      StagedBlob content = upload.content();
      if (validation.isInline(content)) {
        Validation found = validation.require(content);
        return files.add(file, content.publish(), found);
      }
      FileRow row = files.add(file, content.publish(), null);
      validation.later(row.id());
      return row;
    }
  }
}
