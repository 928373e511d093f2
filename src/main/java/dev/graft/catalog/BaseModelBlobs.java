package dev.graft.catalog;

import static dev.graft.artifacts.BlobColumn.Names.MANIFEST;

import dev.graft.artifacts.BlobColumn;
import dev.graft.artifacts.BlobReferences;
import java.util.List;
import org.springframework.stereotype.Component;

/** What base models need, enabled or not. */
@Component
class BaseModelBlobs implements BlobReferences {
  @Override
  public List<BlobColumn> columns() {
    return List.of(new BlobColumn("base_model", "manifest", MANIFEST));
  }
}
