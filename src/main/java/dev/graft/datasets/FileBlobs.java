package dev.graft.datasets;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;

import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/** What files need: what was uploaded, and the rows made of it. */
@Component
class FileBlobs implements BlobReferences {
  @Override
  public List<BlobColumn> columns() {
    return List.of(
        new BlobColumn("file", "digest", BLOB), new BlobColumn("file", "rows_digest", BLOB));
  }

  /** Parts of uploads. */
  @Override
  public Map<String, String> kept() {
    return Map.of("upload_part", "id");
  }
}
