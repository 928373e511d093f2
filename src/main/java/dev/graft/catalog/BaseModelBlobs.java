package dev.graft.catalog;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.MANIFEST;

import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
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
