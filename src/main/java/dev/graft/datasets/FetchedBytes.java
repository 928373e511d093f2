package dev.graft.datasets;

import dev.graft.platform.FileTrees;
import dev.graft.platform.GraftProperties;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/** What this server has of imports that have not ended: a directory each. */
@Component
class FetchedBytes {
  private final Path all;
  private final FileImports imports;

  FetchedBytes(GraftProperties settings, FileImports imports) {
    this.all = settings.dataDir().resolve("file-imports");
    this.imports = imports;
  }

  Path of(String importId) {
    return all.resolve(importId);
  }

  /** Removes what nobody goes on with, as another server has, or it was cancelled. */
  void tidy() throws IOException {
    Files.createDirectories(all);
    List<Path> there;
    try (Stream<Path> directories = Files.list(all)) {
      there = directories.toList();
    }
    for (Path each : there) {
      if (imports.wanted(each.getFileName().toString()).isEmpty()) FileTrees.delete(each);
    }
  }
}
