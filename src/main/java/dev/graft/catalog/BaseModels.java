package dev.graft.catalog;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;

/** The base models of this Graft. */
@Service
@Profile("server")
public class BaseModels {
  public Optional<BaseModel> find(String name) {
    throw new UnsupportedOperationException("owner: catalog");
  }

  public List<BaseModel> list() {
    throw new UnsupportedOperationException("owner: catalog");
  }

  /**
   * Checks a Hugging Face directory, stores its files as blobs, records it; idempotent for equal
   * content.
   */
  public BaseModel register(String name, Path directory) {
    throw new UnsupportedOperationException("owner: catalog");
  }
}
