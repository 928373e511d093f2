package dev.graft.adapters;

import static dev.graft.artifacts.BlobColumn.Names.BLOB;

import dev.graft.artifacts.BlobColumn;
import dev.graft.artifacts.BlobReferences;
import java.util.List;
import org.springframework.stereotype.Component;

/** What exports need. */
@Component
class ExportBlobs implements BlobReferences {
  @Override
  public List<BlobColumn> columns() {
    return List.of(new BlobColumn("adapter_export", "content_digest", BLOB));
  }
}
