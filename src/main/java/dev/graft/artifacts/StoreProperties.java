package dev.graft.artifacts;

import dev.graft.platform.GraftProperties;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Where artifacts are stored without a bucket.
 *
 * @param directory of the artifacts, by default {@code artifacts} in the data directory; several
 *     servers share one
 */
@ConfigurationProperties("graft.artifacts.filesystem")
public record StoreProperties(@Nullable Path directory) {
  public Path root(GraftProperties graft) {
    return directory != null ? directory : graft.dataDir().resolve("artifacts");
  }
}
